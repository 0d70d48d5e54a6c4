"""Reads a whole page for the status page, with all that is known about each line."""

from typing import Any

from boxocr.answering.attempts import Attempt, note, observed
from boxocr.answering.services import Services
from boxocr.documents.page_json import page_as_json
from boxocr.errors import MalformedRequest
from boxocr.labeling import attributes
from boxocr.pages.page import PageAddress
from boxocr.reading.pool.jobs import Priority
from boxocr.reading.types import ReadingOptions

_NAME = "page"


def read(body: dict[str, Any], services: Services) -> dict[str, Any]:
    """The lines of a page, as :func:`~boxocr.documents.page_json.page_as_json` returns them.

    Args:
        body: ``page``, a ``data:`` address, and optionally ``lang``, ``charset`` and ``engine``, as in ``model_*``.
        services: read the page.

    Raises:
        MalformedRequest: the body has values of another kind.
        BoxOCRError: the page cannot be read.
    """
    page, *chosen = (body.get(name, "") for name in ("page", "lang", "charset", "engine"))
    if not all(isinstance(value, str) for value in (page, *chosen)) or not page.startswith("data:"):
        raise MalformedRequest("The request has no page with a data: address.")
    languages, charset, engine = chosen
    default = services.default_options
    with observed(Attempt(None, _NAME)):
        options = ReadingOptions(
            languages.replace(" ", "") or default.languages,
            charset=charset,
            engine=attributes.engine(engine, default.engine) if engine else default.engine,
        )
        note(options=options)
        found = services.page_readings.read(PageAddress(page), options, priority=Priority.INTERACTIVE)
        note(reading=found.reading.as_one())
    return page_as_json(found)
