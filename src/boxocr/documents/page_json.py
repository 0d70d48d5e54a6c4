"""A page's reading as JSON, for ``boxocr read`` and the status page."""

from typing import Any

from boxocr.reading import scoring
from boxocr.reading.whole_page import Line, Piece, ReadPage


def page_as_json(page: ReadPage) -> dict[str, Any]:
    """The reading with its lines in reading order.

    Places are in pixels of the upright page: the upper left corner, the size along the text's own axes, and degrees
    clockwise about that corner. Scores are from 0 to 1. ``missing`` is the left, top, right and bottom of the area that
    a damaged file does not contain, or null.
    """
    reading = page.reading
    whole = reading.as_one()
    return {
        "width": page.width,
        "height": page.height,
        "engine": reading.engine,
        "languages": reading.languages,
        "turned": reading.turned,
        "missing": page.missing,
        "score": round(whole.confidence, 4),
        "text": whole.text,
        "lines": [_line(line, reading.engine) for line in reading.lines],
    }


def _line(line: Line, engine: str) -> dict[str, Any]:
    return _piece(line) | {
        "block": line.block,
        "engine": line.engine or engine,
        "attempt": line.preparation,
        "doubtful": list(scoring.doubtful(line.words)),
        "words": [_piece(word) for word in line.words],
    }


def _piece(piece: Piece) -> dict[str, Any]:
    sides = {name: round(getattr(piece, name), 2) for name in ("x", "y", "width", "height", "rotation")}
    return {"text": piece.text, "score": round(piece.confidence, 4), **sides}
