"""The ``model_*`` attributes: their names, the tags on which they have an effect, and their values.

``docs/labeling-configs.md`` lists them in a table, which a test compares with :data:`ATTRIBUTES`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from boxocr.errors import LabelingConfigError
from boxocr.labeling.task_data import is_small_number
from boxocr.reading.types import PAGE_SEGMENTATION_MODES

T = TypeVar("T")


class TagType(StrEnum):
    """A type of tag that can have attributes. A drawing type stands for its tags with and without labels."""

    TEXT_AREA = "TextArea"
    RECTANGLE = "rectangle"
    POLYGON = "polygon"
    ELLIPSE = "ellipse"
    BRUSH = "brush"
    KEYPOINT = "keypoint"
    LABEL = "Label"


DRAWING = frozenset((TagType.RECTANGLE, TagType.POLYGON, TagType.ELLIPSE, TagType.BRUSH, TagType.KEYPOINT))


def drawing_type(kind: str) -> TagType | None:
    """The type of a tag that draws regions; None for any other tag.

    Args:
        kind: the tag's name in lower case.
    """
    shape = kind.removesuffix("labels")
    if shape == "magicwand":
        return TagType.BRUSH
    return TagType(shape) if shape in DRAWING else None


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute of a labeling config that BoxOCR uses.

    Attributes:
        name: in full, ``model_lang``.
        tags: the tags on which it has an effect.
        needs: another attribute without which it has no effect; empty for none.
    """

    name: str
    tags: frozenset[TagType]
    needs: str = ""

    @property
    def placement(self) -> str:
        """The tags in words: ``TextArea, drawing tag, Label``."""
        drawing = ["drawing tag"] if self.tags >= DRAWING else [one for one in TagType if one in self.tags & DRAWING]
        ends = {one: [one] if one in self.tags else [] for one in (TagType.TEXT_AREA, TagType.LABEL)}
        return ", ".join([*ends[TagType.TEXT_AREA], *drawing, *ends[TagType.LABEL]])


_ANY = DRAWING | {TagType.TEXT_AREA, TagType.LABEL}
_BOXES = frozenset((TagType.TEXT_AREA, TagType.RECTANGLE, TagType.LABEL))
_PAGES = frozenset((TagType.TEXT_AREA, TagType.RECTANGLE, TagType.POLYGON))

ATTRIBUTES = {
    attribute.name: attribute
    for attribute in (
        Attribute("model_lang", _ANY),
        Attribute("model_charset", _ANY),
        Attribute("model_psm", _ANY),
        Attribute("model_engine", _ANY),
        Attribute("model_fill", frozenset((TagType.TEXT_AREA,))),
        Attribute("model_preannotate", _PAGES | {TagType.LABEL}),
        Attribute("model_label", _PAGES, needs="model_preannotate"),
        Attribute("model_min_confidence", _PAGES | {TagType.LABEL}, needs="model_preannotate"),
        Attribute("model_click", frozenset((TagType.TEXT_AREA, TagType.KEYPOINT, TagType.LABEL))),
        Attribute("model_fit", _BOXES),
        Attribute("model_split", _BOXES),
    )
}


def one_of(name: str, value: str, choices: Mapping[str, T]) -> T:
    """The value of an attribute that allows only some words.

    Args:
        name: of the attribute, without ``model_``.
        value: as written; case does not matter.
        choices: results by word in lower case; the empty word is the default.

    Raises:
        LabelingConfigError: the value is none of the words.
    """
    if value.lower() in choices:
        return choices[value.lower()]
    known = " or ".join(word for word in choices if word)
    raise LabelingConfigError(f'model_{name}="{value[:40]}" is not a valid value.', f"Use {known}, or leave it out.")


def fraction(name: str, value: str) -> float:
    """The value of an attribute that is a number from 0 to 1.

    Args:
        name: of the attribute, without ``model_``.
        value: as written.

    Raises:
        LabelingConfigError: the value is not such a number.
    """
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if 0 <= number <= 1:
        return number
    raise LabelingConfigError(
        f'model_{name}="{value[:40]}" is not a number from 0 to 1.', "Use a number such as 0.5, or leave it out."
    )


def page_segmentation_mode(value: str) -> int:
    """The value of ``model_psm``: one of Tesseract's page segmentation modes that read text.

    Raises:
        LabelingConfigError: the value is not such a mode.
    """
    if is_small_number(value) and int(value) in PAGE_SEGMENTATION_MODES:
        return int(value)
    raise LabelingConfigError(
        f'model_psm="{value[:20]}" is not a page segmentation mode that reads text.',
        "Use 6 for a block, 7 for a line, 8 for a word, 11 for scattered text, or leave it out.",
    )


def engine(value: str, default: str) -> str:
    """The value of ``model_engine``: a built-in engine, or the one that the server runs with.

    Other import paths are refused, since project editors must not choose the code that this server loads.

    Args:
        value: as written.
        default: the engine that the server runs with.

    Raises:
        LabelingConfigError: projects may not choose this engine.
    """
    if value == default or value.isalnum():
        return value
    raise LabelingConfigError(
        f'model_engine="{value[:40]}" is not an engine that a project may choose.',
        "Use auto, tesseract, pytesseract or ppocr, or leave it out.",
    )
