"""Several PP-OCR models, of which the languages of a text choose one."""

from collections.abc import Sequence

from boxocr.reading import onnx, ppocr_models
from boxocr.reading.recognition import RecognizedLine
from boxocr.reading.recognition.ppocr import PPOCR
from boxocr.reading.recognition.trunk import Trunk
from boxocr.reading.types import Pixels, ReadingOptions


def trunk_of(languages: str, folder: str | None, threads: int) -> Trunk:
    """The trunk of the recognizer that is used for some languages, without the memory that its last layer takes.

    Args:
        languages: codes joined by ``+``.
        folder: with models of the operator's, if any.
        threads: how many one run may use.

    Raises:
        EngineNotUsable: as :func:`boxocr.reading.ppocr_models.load`, or the last layer cannot be replaced.
    """
    if folder is None:
        return installed_trunk(threads)
    models = ppocr_models.load(folder, threads)
    recognizers = PPOCRByLanguage([PPOCR(model, threads) for model in models.recognizers])
    return recognizers.for_languages(languages).trunk


def installed_trunk(threads: int) -> Trunk:
    """The trunk of the recognizer in the wheel. Lines are run one by one, so that it keeps little memory.

    Raises:
        EngineNotUsable: it is not installed.
    """
    return Trunk(onnx.model_file("rec"), None, threads, keeps_memory=True)


class PPOCRByLanguage:
    """Recognizes each line with the first model that reads all of its languages.

    Args:
        recognizers: those that are preferred first, at least one.
    """

    name = PPOCR.name

    def __init__(self, recognizers: Sequence[PPOCR]) -> None:
        self._recognizers = recognizers
        self.version = ", ".join(one.version for one in recognizers)

    def languages(self) -> Sequence[str]:
        """Return the codes of the languages that one of the models reads."""
        return sorted({code for one in self._recognizers for code in one.languages()})

    def for_languages(self, languages: str) -> PPOCR:
        """The recognizer for some languages; the last one if none reads all of them."""
        return next((one for one in self._recognizers if one.reads(languages)), self._recognizers[-1])

    def knows(self, options: ReadingOptions) -> bool:
        """Say whether the model of these languages can read with these options."""
        return self.for_languages(options.languages).knows(options)

    def missing(self, languages: str) -> frozenset[str]:
        """Return the characters of some languages that their model does not know."""
        return self.for_languages(languages).missing(languages)

    def accepts_head(self, options: ReadingOptions) -> bool:
        """Say whether the head in the options is there and belongs to the model of their languages."""
        return self.for_languages(options.languages).accepts_head(options)

    def recognize(self, images: Sequence[Pixels], options: ReadingOptions) -> list[RecognizedLine]:
        """Recognize lines; see :class:`~boxocr.reading.recognition.LineRecognizer`.

        Raises:
            LanguageMissing: when no model reads all of the languages.
        """
        return self.for_languages(options.languages).recognize(images, options)
