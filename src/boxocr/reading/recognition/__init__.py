"""OCR engines, each behind the same protocol."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from boxocr.reading.types import LineProbabilities, Pixels, ReadingOptions
from boxocr.reading.whole_page import Piece


@dataclass(frozen=True, slots=True)
class RecognizedLine:
    """The text of a line image.

    Attributes:
        words: in pixels of the image; each word's confidence is that of its weakest character.
        mean: the mean confidence over the characters, 0 to 1.
        engine: the name of the engine that recognized it.
        preparation: how the image was prepared for it, for people who wonder about a text.
        probabilities: of its characters, if a text was expected and the engine gives them.
        lacks_sign: whether a part of the ink seems to be a sign that the text lacks.
    """

    words: tuple[Piece, ...]
    mean: float
    engine: str
    preparation: str = ""
    probabilities: LineProbabilities | None = field(default=None, compare=False)
    lacks_sign: bool = False

    @property
    def text(self) -> str:
        """The words, joined by spaces."""
        return " ".join(word.text for word in self.words)

    @property
    def weakest(self) -> float:
        """The confidence of the weakest character; 0 without text."""
        return min((word.confidence for word in self.words), default=0.0)


class LineRecognizer(Protocol):
    """Recognizes the text of lines."""

    name: str
    version: str

    def languages(self) -> Sequence[str]:
        """Return the codes of the languages that can be asked for."""

    def recognize(self, images: Sequence[Pixels], options: ReadingOptions) -> list[RecognizedLine]:
        """Recognize lines, each an image of its own, grey or RGB, upright, with a little paper around it.

        Raises:
            LanguageMissing: when one of the languages is not installed.
        """
