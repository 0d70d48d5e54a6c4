"""What a start ends with: a line about where the server listens, what reads and what is not set up, or a refusal."""

import logging
import threading

from boxocr.answering import services as runtime
from boxocr.answering.services import Services
from boxocr.errors import BoxOCRError
from boxocr.settings.environment import Settings

logger = logging.getLogger("boxocr")

_NAMED = 12

_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - looked for, not bound to # nosec B104

# Built-in engines read the test word in a tenth of this. One that is slower must not keep /health waiting.
_WAIT_SECONDS = 1.0


def refusal(reasons: str) -> str:
    """What is printed instead of a start.

    Args:
        reasons: a line for each.
    """
    return "BoxOCR cannot start:" + ("\n" if "\n" in reasons else " ") + reasons


def announce(settings: Settings) -> None:
    """Have the engine read a word, and say how that went.

    Returns after a second at most; an engine that takes longer is waited for in the background.

    Args:
        settings: of the server that just started in this process.
    """
    services = runtime.current()
    stopped = threading.Event()
    services.at_close(stopped.set)
    saying = threading.Thread(target=_say, args=(settings, services, stopped), name="announcement", daemon=True)
    saying.start()
    saying.join(_WAIT_SECONDS)


def _say(settings: Settings, services: Services, stopped: threading.Event) -> None:
    address = f"http://{'localhost' if settings.host in _EVERYWHERE else settings.host}:{settings.port}"
    try:
        services.probe()
    except BoxOCRError as error:
        # Readers that stop in the middle of the word are no fault of the engine's.
        if not stopped.is_set():
            logger.error("BoxOCR runs on %s, but cannot read: %s", address, error.sentence)  # noqa: TRY400
        return
    line = _ready(settings, services, address)
    if settings.log_format == "json":
        logger.warning(line)
    else:
        print(line, flush=True)  # noqa: T201 - the line that a person waits for


def _ready(settings: Settings, services: Services, address: str) -> str:
    missing = []
    if settings.label_studio_url is None:
        missing.append("Label Studio (LABEL_STUDIO_URL, LABEL_STUDIO_ACCESS_TOKEN)")
    elif settings.label_studio_token is None:
        missing.append("a token for Label Studio (LABEL_STUDIO_ACCESS_TOKEN)")
    if settings.aws_access_key_id is None:
        missing.append("S3 (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY)")
    readers = services.readers
    return (
        f"BoxOCR is ready on {address} and reads with {readers.describe()}: {_listed(readers.languages())}."
        + (" Its status page is at that address." if settings.status_page else "")
        + (f" Not configured: {'; '.join(missing)}." if missing else "")
    )


def _listed(languages: list[str]) -> str:
    """The languages, the first ones by name: some engines read dozens."""
    named = ", ".join(languages[:_NAMED])
    return named if len(languages) <= _NAMED else f"{named} and {len(languages) - _NAMED} more"
