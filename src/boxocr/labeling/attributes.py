"""What the values of ``model_*`` attributes mean; whatever means nothing is refused with what could stand there."""

from collections.abc import Mapping
from typing import TypeVar

from boxocr.errors import LabelingConfigError
from boxocr.labeling.task_data import is_small_number
from boxocr.reading.types import PAGE_SEGMENTATION_MODES

T = TypeVar("T")


def one_of(name: str, written: str, meanings: Mapping[str, T]) -> T:
    """What one of a few words means.

    Args:
        name: of the attribute, after ``model_``.
        written: its value; upper and lower case are the same.
        meanings: by word in lower case; the empty word is what an attribute that is not there means.

    Raises:
        LabelingConfigError: it is none of the words.
    """
    if written.lower() in meanings:
        return meanings[written.lower()]
    known = " or ".join(word for word in meanings if word)
    raise LabelingConfigError(f'model_{name}="{written[:40]}" means nothing.', f"Use {known}, or leave it out.")


def share(name: str, written: str) -> float:
    """A number from 0 to 1.

    Args:
        name: of the attribute, after ``model_``.
        written: its value.

    Raises:
        LabelingConfigError: it is none.
    """
    try:
        number = float(written)
    except ValueError:
        number = -1.0
    if 0 <= number <= 1:
        return number
    raise LabelingConfigError(
        f'model_{name}="{written[:40]}" is not a number from 0 to 1.', "Use one such as 0.5, or leave it out."
    )


def page_segmentation_mode(written: str) -> int:
    """Tesseract's page segmentation mode, one that reads text.

    Raises:
        LabelingConfigError: it is none.
    """
    if is_small_number(written) and int(written) in PAGE_SEGMENTATION_MODES:
        return int(written)
    raise LabelingConfigError(
        f'model_psm="{written[:20]}" is not a page segmentation mode that reads text.',
        "Use 6 for a block, 7 for a line, 8 for a word, 11 for scattered text, or leave it out.",
    )


def engine(written: str, own: str) -> str:
    """The engine that a config asks for. A class of the operator's own only where the server runs with it anyway.

    Whoever edits a project may choose among engines, and not which code this server loads.

    Args:
        written: the attribute's value.
        own: the engine that the server runs with.

    Raises:
        LabelingConfigError: it is not for a project to choose.
    """
    if written == own or written.isalnum():
        return written
    raise LabelingConfigError(
        f'model_engine="{written[:40]}" is not an engine that a project may choose.',
        "Use auto, tesseract, pytesseract or ppocr, or leave it out.",
    )
