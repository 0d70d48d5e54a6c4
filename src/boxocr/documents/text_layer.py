"""The text layer of a PDF's page: its words as lines of a page."""

import ctypes
import math
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from unicodedata import bidirectional, normalize

import pypdfium2
import pypdfium2.raw as pdfium

from boxocr.reading.ordering import in_reading_order
from boxocr.reading.text import join_unspaced
from boxocr.reading.whole_page import Line, Piece, line_of

# A wider gap between two words, in line heights, is between cells of a table.
_CELL_GAP = 1.8

# Words whose lower edges differ by more than this, in line heights, are on different lines.
_SAME_LINE = 0.6

# Codes that PDFium reports for a hyphen at the end of a line, and for characters without Unicode.
_HYPHENS = frozenset({0x02, 0xAD})
_UNKNOWN = frozenset({0x00, 0xFFFE, 0xFFFF})

# Presentation forms such as the ligature fi, which annotators type as two letters.
_LIGATURES = range(0xFB00, 0xFB07)

_RIGHT_TO_LEFT = frozenset({"R", "AL"})

_FULL_TURN = 360


@dataclass(frozen=True, slots=True)
class _Character:
    """A character, its origin and its bounds on the rendered page, px, and its rotation, degrees clockwise."""

    text: str
    turned: int
    x: float
    y: float
    left: float
    top: float
    right: float
    bottom: float


def lines_of(page: pypdfium2.PdfPage, on_image: pypdfium2.PdfPosConv, width: int, height: int) -> tuple[Line, ...]:
    """The lines of a page's text layer in reading order.

    Text at other angles than multiples of 90 degrees, such as watermarks, and text outside the page is left out.

    Args:
        page: the page.
        on_image: converts points of the page to pixels of the image.
        width: of the image, px.
        height: of the image, px.
    """
    textpage = page.get_textpage()
    try:
        words = list(_words(_characters(textpage, on_image, _turn_of(page))))
    finally:
        textpage.close()
    shown = [word for word in words if 0 <= _middle(word)[0] < width and 0 <= _middle(word)[1] < height]
    lines = [line_of(words, 0) for words in _in_lines(shown)]
    lines = [replace(line, text=join_unspaced(line.text)) for line in lines]
    turned = statistics.mode(line.rotation for line in lines) if lines else 0.0
    return tuple(line for row in in_reading_order(lines, turned) for line in row)


def _turn_of(page: pypdfium2.PdfPage) -> int:
    return int(page.get_rotation())


def _characters(
    textpage: pypdfium2.PdfTextPage, on_image: pypdfium2.PdfPosConv, page_turn: int
) -> Iterator[_Character | None]:
    """The characters in the order of the page's content; None between two words."""
    left, right, bottom, top, x, y = (ctypes.c_double() for _ in range(6))
    high = 0
    for index in range(textpage.count_chars()):
        code = int(pdfium.FPDFText_GetUnicode(textpage, index))
        if 0xD800 <= code < 0xDC00:  # noqa: PLR2004 - the first half of a character of UTF-16
            high = code
            continue
        if 0xDC00 <= code < 0xE000 and high:  # noqa: PLR2004 - the second half
            code = 0x10000 + ((high - 0xD800) << 10) + (code - 0xDC00)
        high = 0
        text = _text_of(code)
        found = pdfium.FPDFText_GetCharBox(textpage, index, left, right, bottom, top)
        angle = math.degrees(pdfium.FPDFText_GetCharAngle(textpage, index))
        turned = round(angle / 90) * 90
        if not text.strip() or not found:
            yield None
        elif abs(angle - turned) < 1:
            # PDF counts counterclockwise. Pages are rotated clockwise.
            turn = (page_turn - turned) % _FULL_TURN
            xs, ys = zip(
                on_image.to_bitmap(left.value, bottom.value), on_image.to_bitmap(right.value, top.value), strict=True
            )
            pdfium.FPDFText_GetCharOrigin(textpage, index, x, y)
            origin_x, origin_y = on_image.to_bitmap(x.value, y.value)
            yield _Character(text, turn, origin_x, origin_y, min(xs), min(ys), max(xs), max(ys))


def _text_of(code: int) -> str:
    if code in _HYPHENS:
        return "-"
    if code in _UNKNOWN or 0xD800 <= code < 0xE000:  # noqa: PLR2004 - halves of characters
        return "\ufffd"
    return normalize("NFKC", chr(code)) if code in _LIGATURES else chr(code)


def _words(characters: Iterator[_Character | None]) -> Iterator[Piece]:
    word: list[_Character] = []
    flipped = False
    # None ends the last word.
    for character in (*characters, None):
        if word and (character is None or character.turned != word[0].turned):
            if len(word) > 1:
                flipped = _is_flipped(word)
            turned = (word[0].turned + 180 * flipped) % _FULL_TURN
            yield _word(word, turned)
            word = []
        if character is not None:
            word.append(character)


def _is_flipped(word: Sequence[_Character]) -> bool:
    """Whether a word runs against its rotation, as text with a negative font size does.

    Text that is written from right to left does so too, but is not flipped.
    """
    first, last = word[0], word[-1]
    along = {
        0: last.x - first.x,
        90: last.y - first.y,
        180: first.x - last.x,
        270: first.y - last.y,
    }[first.turned]
    return along < 0 and not any(bidirectional(letter) in _RIGHT_TO_LEFT for one in word for letter in one.text)


def _word(characters: Sequence[_Character], turned: int) -> Piece:
    left, top = min(one.left for one in characters), min(one.top for one in characters)
    right, bottom = max(one.right for one in characters), max(one.bottom for one in characters)
    # The corner that is the upper left one as the text is read.
    x, y, across = {
        0: (left, top, False),
        90: (right, top, True),
        180: (right, bottom, False),
        270: (left, bottom, True),
    }[turned]
    width, height = max(right - left, 1.0), max(bottom - top, 1.0)
    if across:
        width, height = height, width
    return Piece("".join(one.text for one in characters), 0.0, x, y, width, height, float(turned))


def _in_lines(words: Sequence[Piece]) -> Iterator[list[Piece]]:
    """Words that follow each other on a line."""
    line: list[Piece] = []
    for word in words:
        if line and not _continues(line, word):
            yield line
            line = []
        line.append(word)
    if line:
        yield line


def _continues(line: Sequence[Piece], word: Piece) -> bool:
    last = line[-1]
    if last.rotation != word.rotation:
        return False
    height = max(*(one.height for one in line), word.height)
    end, base = _along(last, last.width), _across(last, last.height)
    gap = _along(word, 0.0) - end
    # The bounds of a comma or an apostrophe are much lower than the line.
    level = abs(_across(word, word.height) - base) < _SAME_LINE * height
    return level and -height / 2 < gap < _CELL_GAP * height


def _along(piece: Piece, further: float) -> float:
    """Position along the text's own direction, px."""
    return {0: piece.x, 90: piece.y, 180: -piece.x, 270: -piece.y}[round(piece.rotation)] + further


def _across(piece: Piece, further: float) -> float:
    """Position across the text's own direction, px, downwards as it is read."""
    return {0: piece.y, 90: -piece.x, 180: -piece.y, 270: piece.x}[round(piece.rotation)] + further


def _middle(piece: Piece) -> tuple[float, float]:
    xs, ys = zip(*piece.corners(), strict=True)
    return sum(xs) / len(xs), sum(ys) / len(ys)
