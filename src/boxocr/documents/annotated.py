"""Annotated pages, as passed to all export formats."""

from collections.abc import Sequence
from dataclasses import dataclass

from boxocr.geometry import Area, Vector

Bounds = tuple[int, int, int, int]
"""Left, top, right and bottom, px."""


@dataclass(frozen=True, slots=True)
class AnnotatedRegion:
    r"""A region of a page with its text.

    Attributes:
        identity: Label Studio's id of the region; unique on the page.
        label: its labels, joined by ", "; empty without labels.
        text: as submitted, its lines joined by ``\n``; empty without text.
        area: in pixels of the page.
        outline: polygon in pixels of the page; its first side is above the text, its points follow clockwise.
    """

    identity: str
    label: str
    text: str
    area: Area
    outline: tuple[Vector, ...]

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines of the text; none without text."""
        return tuple(self.text.split("\n")) if self.text else ()

    @property
    def angle(self) -> float:
        """Degrees clockwise by which the text is rotated on the page, 0 to 360."""
        return (self.area.rotation - self.area.upright) % 360


@dataclass(frozen=True, slots=True)
class AnnotatedPage:
    """A page with the regions of one annotation.

    Attributes:
        task: Label Studio's number of the task.
        annotation: Label Studio's number of the annotation.
        number: of the page in the task, from 1.
        of: how many pages the task has.
        width, height: of the upright page, px.
        regions: in the order of the annotation.
        links: pairs of ids of regions; the relation points from the first to the second.
        changed: time of the annotation's last change, ISO 8601; empty if it is not known.
    """

    task: int
    annotation: int
    number: int
    of: int
    width: int
    height: int
    regions: tuple[AnnotatedRegion, ...]
    links: tuple[tuple[str, str], ...] = ()
    changed: str = ""

    @property
    def name(self) -> str:
        """A name that is unique in a project and usable as a file name: ``task-12``, or ``task-12-page-3``."""
        return f"task-{self.task}" if self.of == 1 else f"task-{self.task}-page-{self.number}"

    def bounds(self, outline: Sequence[Vector]) -> Bounds:
        """The upright rectangle around a polygon, in the nearest whole pixels within the page."""
        xs, ys = zip(*outline, strict=True)
        left, right = (min(max(round(x), 0), self.width) for x in (min(xs), max(xs)))
        top, bottom = (min(max(round(y), 0), self.height) for y in (min(ys), max(ys)))
        return left, top, right, bottom
