"""The line that ends a start: where the server listens, what reads, and what is not set up."""

from boxocr import runtime
from boxocr.settings import Settings

_NAMED = 12

_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - looked for, not bound to # nosec B104


def announcement(settings: Settings) -> str:
    """One line for whoever started the server.

    Args:
        settings: of the server that just started in this process.
    """
    readers = runtime.current().readers
    missing = []
    if settings.label_studio_url is None:
        missing.append("Label Studio (LABEL_STUDIO_URL, LABEL_STUDIO_ACCESS_TOKEN)")
    elif settings.label_studio_token is None:
        missing.append("a token for Label Studio (LABEL_STUDIO_ACCESS_TOKEN)")
    if settings.aws_access_key_id is None:
        missing.append("S3 (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY)")
    languages = _listed(readers.languages())
    address = f"http://{'localhost' if settings.host in _EVERYWHERE else settings.host}:{settings.port}"
    return (
        f"BoxOCR is ready on {address} and reads with {readers.describe()}: {languages}."
        + (" Its status page is at that address." if settings.status_page else "")
        + (f" Not configured: {'; '.join(missing)}." if missing else "")
    )


def _listed(languages: list[str]) -> str:
    """The languages, the first ones by name: some engines read dozens."""
    named = ", ".join(languages[:_NAMED])
    return named if len(languages) <= _NAMED else f"{named} and {len(languages) - _NAMED} more"
