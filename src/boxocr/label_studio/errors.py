"""Errors that end a command.

BoxOCRError
└── CommandFailed
    ├── LabelStudioUnreachable    no connection, or something else answers there
    └── LabelStudioRefused        Label Studio answered with an error
        └── AddressRefused            Label Studio's address guard refuses this backend's address
"""

from collections.abc import Iterator
from contextlib import contextmanager

from boxocr.errors import BoxOCRError

# For Label Studio since 1.23.1. With ML_BLOCK_LOCAL_IP=false alone, it saves the connection but refuses the webhook.
GUARD_VARIABLES = (
    "Start Label Studio with USE_DEFAULT_BANNED_SUBNETS=false, or with both ML_BLOCK_LOCAL_IP=false and "
    "SSRF_PROTECTION_ENABLED=false."
)


class CommandFailed(BoxOCRError):
    """A command cannot continue."""

    code = "command_failed"
    message = "The command could not do its work."
    remedy = "Run boxocr doctor."


class LabelStudioUnreachable(CommandFailed):
    """Label Studio does not answer, or something else answers at its address."""

    code = "label_studio_unreachable"
    message = "Label Studio could not be reached."
    remedy = "Check LABEL_STUDIO_HOST and that Label Studio runs."


class LabelStudioRefused(CommandFailed):
    """Label Studio answered with an error.

    Args:
        message: one sentence.
        remedy: one sentence.
        http_status: of the answer.
        detail: Label Studio's message, on one line and without markup.
    """

    code = "label_studio_refused"
    message = "Label Studio refused."

    def __init__(self, message: str = "", remedy: str = "", *, http_status: int = 0, detail: str = "") -> None:
        super().__init__(message, remedy)
        self.http_status = http_status
        self.detail = detail


class AddressRefused(LabelStudioRefused):
    """Label Studio's address guard refuses the address of this backend."""

    code = "address_refused"
    message = "Label Studio's address guard refuses this backend, since its address is private."
    remedy = GUARD_VARIABLES


@contextmanager
def command_errors() -> Iterator[None]:
    """Raise a CommandFailed with the same message and remedy in place of any other BoxOCRError."""
    try:
        yield
    except CommandFailed:
        raise
    except BoxOCRError as error:
        raise CommandFailed(error.message, error.remedy) from None
