"""The order in which the lines of an image are read: columns, rows of tables, and blocks."""

import itertools
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from boxocr.geometry import directions, extent
from boxocr.reading.whole_page import Line, enclosing, line_of

# Lines whose middles are this near, in heights of the smaller one, are in one row.
_SAME_ROW = 0.5

# Lines this many times longer than high show how the text is slanted. All lines are taken to be at least this high, in
# usual heights.
_SHOWS_SLANT = 5.0
_LOW = 0.8

# A gutter between columns is at least this wide, in line heights. Columns of prose have at least this many rows, mostly
# of this many characters. Smaller columns are a table, which is read row by row, if this share of their rows is level
# with a row on the other side.
_GUTTER = 0.8
_PROSE_ROWS = 3
_PROSE = 14
_LEVEL = 0.5

# Gaps that differ by less than this, px, are equal.
_SAME_GAP = 0.01

# A headline over columns, which can be as near to them as lines are to each other, has at most this many rows.
_HEADLINE_ROWS = 4

# A block ends where the gap to the next row is wider than this, in line heights, or the letters change their size by
# this factor.
_BLOCK_GAP = 1.1
_BLOCK_SIZE = 1.6

# A drop cap is this many times higher than the lines next to it, and this near to them, in its own heights.
_DROP_CAP = 1.6
_DROP_CAP_NEAR = 0.6


@dataclass(frozen=True, slots=True)
class _Item:
    """A line, and its edges on the image turned upright."""

    line: Line
    left: float
    top: float
    right: float
    bottom: float

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2


_Row = list[_Item]


def in_reading_order(lines: Iterable[Line], rotation: float) -> list[list[Line]]:
    """Put lines in reading order.

    Args:
        lines: of one image.
        rotation: degrees clockwise by which the image's text is turned.

    Returns:
        Rows from first to last, each with its lines from left to right: one, or the cells of a table's row. Each line
        has the number of its block.
    """
    lines = list(lines)
    slants = [line.slant(rotation) for line in lines if line.width > _SHOWS_SLANT * line.height]
    rotation += statistics.median(slants) if slants else 0.0
    usual = statistics.median(line.height for line in lines) if lines else 0.0
    items = [_item(line, rotation, usual) for line in lines]
    rows = _in_order(_with_drop_caps(items))
    blocks = itertools.accumulate((_is_apart(*pair) for pair in itertools.pairwise(rows)), initial=0)
    # Without rows, ``blocks`` still has the number of the first block.
    return [[replace(item.line, block=block) for item in row] for row, block in zip(rows, blocks, strict=False)]


def _item(line: Line, rotation: float, usual: float) -> _Item:
    (left, top), (right, bottom) = extent(line.corners(), *directions(rotation))
    # The bounds of a slanted line are higher than the line; those of a word without tall letters are lower than others.
    middle, half = (top + bottom) / 2, max(line.height, _LOW * usual) / 2
    return _Item(line, left, middle - half, right, middle + half)


def _in_order(items: Sequence[_Item]) -> list[_Row]:
    if len(items) <= 1:
        return [list(items)] if items else []
    if columns := _columns(items):
        left, right = columns
        return _in_order(left) + _in_order(right)
    rows = _rows(items)
    if len(rows) == 1:
        return rows
    # Where the widest gap is, other columns can begin.
    at = _below_headline(rows) or _widest_gap(rows)
    above, below = rows[:at], rows[at:]
    return _in_order([item for row in above for item in row]) + _in_order([item for row in below for item in row])


def _widest_gap(rows: Sequence[_Row]) -> int:
    """The number of the row below the widest gap; of equal gaps the middle one, to halve a page of equal lines.

    A gap is between the lower end of all rows above it and the upper end of all below it.
    """
    bottoms = list(itertools.accumulate((max(item.bottom for item in row) for row in rows), max))
    tops = list(itertools.accumulate((min(item.top for item in row) for row in reversed(rows)), min))[::-1]
    gaps = [top - bottom for bottom, top in zip(bottoms[:-1], tops[1:], strict=True)]
    widest = max(gaps)
    equal = [at for at, gap in enumerate(gaps, start=1) if gap > widest - _SAME_GAP]
    return equal[len(equal) // 2]


def _below_headline(rows: Sequence[_Row]) -> int:
    """The number of the row from which on there are columns, below a headline over them; 0 without any."""
    for at in range(1, min(_HEADLINE_ROWS + 1, len(rows))):
        if len(rows[at - 1]) > 1:
            break
        if _columns([item for row in rows[at:] for item in row]):
            return at
    return 0


def _rows(items: Iterable[_Item]) -> list[_Row]:
    """The lines that are level with each other, from top to bottom, each row from left to right."""
    rows: list[_Row] = []
    for item in sorted(items, key=lambda item: item.middle):
        near = [row for row in rows[-3:] if _is_level(row, item, is_next=row is rows[-1])]
        if near:
            near[-1].append(item)
        else:
            rows.append([item])
    return [sorted(row, key=lambda item: item.left) for row in rows]


def _is_level(row: _Row, item: _Item, *, is_next: bool) -> bool:
    """Whether a line belongs to a row; ``is_next``: whether no other row is between them."""
    other = min(row, key=lambda one: abs(one.left - item.left))
    if min(other.right, item.right) - max(other.left, item.left) > _SAME_ROW * item.height:
        return False
    if _are_near(other, item, is_next=is_next):
        return True
    # Raised digits, such as the cents of a price.
    figures, number = sorted((other, item), key=lambda one: one.height)
    return (
        figures.line.text.isdecimal()
        and abs(figures.left - number.right) < _SAME_ROW * number.height
        and number.top - _SAME_ROW * figures.height < figures.top < figures.bottom < number.bottom
    )


def _columns(items: Sequence[_Item]) -> tuple[list[_Item], list[_Item]] | None:
    """The lines left and right of the widest gutter between columns of text; None where there is none."""
    height = statistics.median(item.height for item in items)
    ordered = sorted(items, key=lambda item: item.left)
    right = ordered[0].right
    best: tuple[float, list[_Item], list[_Item]] | None = None
    for at, item in enumerate(ordered):
        gap = item.left - right
        if gap > _GUTTER * height and (best is None or gap > best[0]) and _are_columns(ordered[:at], ordered[at:]):
            best = gap, ordered[:at], ordered[at:]
        right = max(right, item.right)
    return best[1:] if best else None


def _are_columns(left: Sequence[_Item], right: Sequence[_Item]) -> bool:
    rows = _rows(left), _rows(right)
    fewer, more = sorted(rows, key=len)
    if len(fewer) < 2:  # noqa: PLR2004 - one row is not a column
        return False
    lengths = [statistics.median(len(item.line.text) for row in side for item in row) for side in rows]
    if len(fewer) >= _PROSE_ROWS and min(lengths) >= _PROSE:
        return True
    level = sum(any(_are_near(row[0], other[0], is_next=True) for other in more) for row in fewer)
    return level < _LEVEL * len(fewer)


def _are_near(one: _Item, other: _Item, *, is_next: bool) -> bool:
    """Whether two lines are at one height, or stand on one rule as a label and a larger value do."""
    apart = abs(one.middle - other.middle)
    if is_next:
        apart = min(apart, abs(one.bottom - other.bottom))
    return apart < _SAME_ROW * min(one.height, other.height)


def _is_apart(before: _Row, row: _Row) -> bool:
    """Whether a row begins another block than the one before it."""
    height = min(before[0].height, row[0].height)
    gap = min(item.top for item in row) - max(item.bottom for item in before)
    shared = min(before[-1].right, row[-1].right) - max(before[0].left, row[0].left)
    sizes = max(before[0].height, row[0].height) / max(height, 1)
    return gap > _BLOCK_GAP * height or gap < -2 * height or shared <= 0 or sizes > _BLOCK_SIZE


def _with_drop_caps(items: Sequence[_Item]) -> list[_Item]:
    """The lines, with a large initial joined to the line that it begins."""
    joined = list(items)
    for cap in items:
        if len(cap.line.text) != 1 or not cap.line.text.isalpha():
            continue
        near = [
            item
            for item in joined
            if item is not cap
            and cap.height > _DROP_CAP * item.height
            and item.right - cap.right > 0
            and item.left - cap.right < _DROP_CAP_NEAR * cap.height
            and abs(item.middle - cap.middle) < (cap.height + item.height) / 2
        ]
        if len(near) > 1:
            first = min(near, key=lambda item: item.top)
            joined.remove(cap)
            joined[joined.index(first)] = replace(first, line=_begun(cap.line, first.line), left=cap.left)
    return joined


def _begun(cap: Line, line: Line) -> Line:
    """The line with an initial put before its first word."""
    word, *others = line.words or (line,)
    begun = replace(enclosing([cap, word], joint=""), confidence=min(cap.confidence, word.confidence))
    return replace(line_of((begun, *others)), confidence=min(cap.confidence, line.confidence))
