r"""The interface of OCR engines: options, readings, and the protocol of an engine.

An engine is a class with two attributes and two methods. To connect one, name it by import path, for instance
``OCR_ENGINE=mypackage.module:MyEngine``; nothing else changes::

    import easyocr
    from boxocr.reading import Reading, ReadingOptions

    class MyEngine:
        name, version = "easyocr", easyocr.__version__

        def __init__(self):  # runs once in each reader process: load the model here
            self.reader = easyocr.Reader(["en"], gpu=False)

        def languages(self):
            return ["eng"]

        def read(self, crop, options):
            lines = self.reader.readtext(crop, allowlist=options.charset or None)
            text = "\n".join(text for _, text, _ in lines)
            confidence = min((float(score) for _, _, score in lines), default=0.0)
            return Reading(text=text, confidence=confidence, engine=self.name, languages=options.languages)
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from boxocr.errors import LanguageMissing, ReadingError

Pixels: TypeAlias = NDArray[np.uint8]
"""A crop or a page: ``(height, width)`` grey or ``(height, width, 3)`` RGB, 0 is black."""

# Codes name files in the tessdata folder, some in its folder script/. Nothing else may be reached through them.
_LANGUAGE = r"[A-Za-z0-9_-]+(?:/[A-Za-z0-9_-]+)?"
_LANGUAGES = re.compile(rf"{_LANGUAGE}(?:\+{_LANGUAGE})*")

# https://tesseract-ocr.github.io/tessdoc/ImproveQuality.html#page-segmentation-method
# without 0 (reports orientation only) and 2 (never implemented), which give no text.
PAGE_SEGMENTATION_MODES = frozenset({1, *range(3, 14)})


# No slots in classes that are sent to readers: frozen dataclasses with slots are pickled field by field, in Python.
@dataclass(frozen=True)
class ReadingOptions:
    """How a crop is to be read.

    Attributes:
        languages: Tesseract codes joined by ``+``, the main language first.
        psm: Tesseract's page segmentation mode, when the user asked for one; ``None`` lets the reader choose.
        charset: the characters that may occur; empty for all. Spaces and line ends are always allowed.
        engine: ``tesseract``, ``pytesseract``, ``ppocr``, ``auto`` or ``package.module:Class``; empty for the pool's.
        head: path of a recognizer head that PP-OCR uses; empty for its own. The content behind a path never changes.
        expected: a text that the crop may have: PP-OCR then gives probabilities of characters; empty for none.

    Raises:
        LanguageMissing: when ``languages`` is not a list of language codes.
        ReadingError: when ``psm`` is not a mode that gives text.
    """

    languages: str = "eng"
    psm: int | None = None
    charset: str = ""
    engine: str = ""
    head: str = ""
    expected: str = ""

    def __post_init__(self) -> None:
        """Refuse options that no engine has."""
        if not _LANGUAGES.fullmatch(self.languages):
            raise LanguageMissing(
                f'"{self.languages[:60]}" is not a list of language codes.', 'Write codes joined by "+", as in deu+eng.'
            )
        if self.psm is not None and self.psm not in PAGE_SEGMENTATION_MODES:
            raise ReadingError(
                f"Page segmentation mode {self.psm} gives no text.", "Use 6 for a block, 7 for a line, 8 for a word."
            )


@dataclass(frozen=True)
class LineProbabilities:
    """How likely each character is at each step along a line, as a recognizer with CTC sees it.

    Attributes:
        characters: of the columns after the first: the likely ones, and those of the expected text. Quotes and dashes
            are folded into one each.
        steps: ``(steps, 1 + characters)``; the first column is the probability of no character or a space.
    """

    characters: tuple[str, ...]
    steps: NDArray[np.float16]


@dataclass(frozen=True)
class Reading:
    r"""The reading of a crop.

    Attributes:
        text: lines joined by ``\n``; empty when nothing legible was found.
        confidence: the probability that the text needs no correction, 0 to 1; 0 without text.
        engine: the name of the engine that read it.
        languages: the languages it was read with.
        preparation: how the crop was prepared for this text, such as ``"psm 6"``.
        turned: degrees clockwise that the crop was turned by before it could be read: 0, 90, 180 or 270.
        doubtful: words of the text that are likely to be wrong.
        note: a sentence about the reading for the annotator, such as that a part of the box could not be read.
        lines: the probabilities of each line in reading order, if a text was expected and the engine gives them.
    """

    text: str
    confidence: float
    engine: str
    languages: str
    preparation: str = ""
    turned: int = 0
    doubtful: tuple[str, ...] = ()
    note: str = ""
    lines: tuple[LineProbabilities, ...] = field(default=(), compare=False)


@runtime_checkable
class Engine(Protocol):
    """Anything that reads text from a crop. Made without arguments, once in each reader process, used by one thread."""

    name: str
    version: str

    def languages(self) -> Sequence[str]:
        """Return the codes of the languages that can be asked for."""

    def read(self, crop: Pixels, options: ReadingOptions) -> Reading:
        """Read the text in ``crop``, which is as the annotator drew it: neither prepared nor enlarged.

        Text that is not valid Unicode and confidences outside 0 to 1 are corrected afterwards. Any exception becomes a
        :class:`~boxocr.errors.ReadingError`, a dead process a :class:`~boxocr.errors.ReaderCrashed`; neither
        concerns any other box.
        """
