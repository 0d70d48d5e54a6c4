"""The message at the end of a start: address, engine and missing configuration, or the reason why there is no start."""

import logging
import threading

from boxocr.answering import services as runtime
from boxocr.answering.services import Services
from boxocr.errors import BoxOCRError
from boxocr.settings.environment import Settings

logger = logging.getLogger("boxocr")

_MAX_LANGUAGES = 12

_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def refusal(reasons: str) -> str:
    """The message of a server that does not start.

    Args:
        reasons: one per line.
    """
    return "BoxOCR cannot start:" + ("\n" if "\n" in reasons else " ") + reasons


def announce(settings: Settings) -> None:
    """Read a test word, and print or log the result.

    Returns within about a second. For a slower engine, the result is printed later, from the background.

    Args:
        settings: of the server that has started in this process.
    """
    services = runtime.current()
    stopped = threading.Event()
    services.at_close(stopped.set)
    thread = threading.Thread(target=_announce, args=(settings, services, stopped), name="announcement", daemon=True)
    thread.start()
    # Built-in engines read the test word in a tenth of this time. A slower engine must not delay /health.
    thread.join(1.0)


def _announce(settings: Settings, services: Services, stopped: threading.Event) -> None:
    address = settings.address
    try:
        services.probe()
    except BoxOCRError as error:
        # At shutdown the readers are killed, perhaps while they read the word. That is no failure.
        if not stopped.is_set():
            logger.error("BoxOCR runs on %s, but cannot read: %s", address, error.sentence)  # noqa: TRY400 - no traceback for operators
        return
    line = _ready(settings, services, address)
    if settings.log_format == "json":
        logger.warning(line)
    else:
        print(line, flush=True)  # noqa: T201 - for the person at the terminal


def _ready(settings: Settings, services: Services, address: str) -> str:
    missing = []
    if settings.label_studio_url is None:
        missing.append("Label Studio (LABEL_STUDIO_HOST, LABEL_STUDIO_ACCESS_TOKEN)")
    elif settings.label_studio_token is None:
        missing.append("a token for Label Studio (LABEL_STUDIO_ACCESS_TOKEN)")
    if settings.aws_access_key_id is None:
        missing.append("S3 (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY)")
    readers = services.readers
    return (
        f"BoxOCR is ready on {address} and reads with {readers.describe()}: {_listed(readers.languages())}."
        + (" Its status page is at that address." if settings.status_page else "")
        + _openness(settings)
        + (f" Not configured: {'; '.join(missing)}." if missing else "")
    )


def _openness(settings: Settings) -> str:
    """Who can use the server, if it has no password."""
    if not settings.is_open:
        return ""
    if settings.host in _LOOPBACK:
        return (
            " It is open to everyone on this machine, and to no other: for others, set BASIC_AUTH_USER and"
            " BASIC_AUTH_PASS, or HOST."
        )
    return (
        f" It is open to everyone who can reach it, on {settings.host}: set BASIC_AUTH_USER and BASIC_AUTH_PASS to"
        " require a password."
    )


def _listed(languages: list[str]) -> str:
    """The first languages by name, and the number of further ones, since some engines read dozens."""
    named = ", ".join(languages[:_MAX_LANGUAGES])
    return named if len(languages) <= _MAX_LANGUAGES else f"{named} and {len(languages) - _MAX_LANGUAGES} more"
