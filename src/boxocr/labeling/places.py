"""The ``model_*`` attributes that there are, and the tags on which each has an effect. The one list of them.

``docs/labeling-configs.md`` has it as a table, which is tested against this list.
"""

from dataclasses import dataclass
from enum import StrEnum


class Place(StrEnum):
    """A kind of tag that an attribute may stand on."""

    TEXT_AREA = "TextArea"
    RECTANGLE = "rectangle"
    POLYGON = "polygon"
    ELLIPSE = "ellipse"
    BRUSH = "brush"
    KEYPOINT = "keypoint"
    LABEL = "Label"


DRAWING = frozenset((Place.RECTANGLE, Place.POLYGON, Place.ELLIPSE, Place.BRUSH, Place.KEYPOINT))

# Tags that draw, by their names in lower case, without the "labels" that some end with.
_DRAWING_TAGS = {
    "rectangle": Place.RECTANGLE,
    "polygon": Place.POLYGON,
    "ellipse": Place.ELLIPSE,
    "brush": Place.BRUSH,
    "magicwand": Place.BRUSH,
    "keypoint": Place.KEYPOINT,
}


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute of a labeling config that BoxOCR reads.

    Attributes:
        name: as it is written.
        places: where it has an effect.
        needs: another attribute, without which it has none; empty when there is no such.
    """

    name: str
    places: frozenset[Place]
    needs: str = ""

    @property
    def where(self) -> str:
        """The places in words: ``TextArea, drawing tag, Label``."""
        drawing = ["drawing tag"] if self.places >= DRAWING else [one for one in Place if one in self.places & DRAWING]
        ends = {one: [one] if one in self.places else [] for one in (Place.TEXT_AREA, Place.LABEL)}
        return ", ".join([*ends[Place.TEXT_AREA], *drawing, *ends[Place.LABEL]])


_ANYWHERE = DRAWING | {Place.TEXT_AREA, Place.LABEL}
_BOXES = frozenset((Place.TEXT_AREA, Place.RECTANGLE, Place.LABEL))
_PAGES = frozenset((Place.TEXT_AREA, Place.RECTANGLE, Place.POLYGON))

ATTRIBUTES = {
    attribute.name: attribute
    for attribute in (
        Attribute("model_lang", _ANYWHERE),
        Attribute("model_charset", _ANYWHERE),
        Attribute("model_psm", _ANYWHERE),
        Attribute("model_engine", _ANYWHERE),
        Attribute("model_fill", frozenset((Place.TEXT_AREA,))),
        Attribute("model_preannotate", _PAGES | {Place.LABEL}),
        Attribute("model_label", _PAGES, needs="model_preannotate"),
        Attribute("model_min_confidence", _PAGES | {Place.LABEL}, needs="model_preannotate"),
        Attribute("model_click", frozenset((Place.TEXT_AREA, Place.KEYPOINT, Place.LABEL))),
        Attribute("model_fit", _BOXES),
        Attribute("model_split", _BOXES),
    )
}


def drawing_place(kind: str) -> Place | None:
    """What a tag draws; None for one that draws nothing that is read.

    Args:
        kind: the tag's name in lower case.
    """
    return _DRAWING_TAGS.get(kind.removesuffix("labels"))
