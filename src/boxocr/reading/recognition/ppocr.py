"""PP-OCR's recognition model, run by onnxruntime. The only module that knows either.

The model (PP-OCRv6 small, Apache-2.0) comes in the wheel of rapidocr, of which no code is imported: as a whole it needs
another build of OpenCV than label-studio-sdk does. Its input is ``(1, 3, 48, width)``, blue before green before red,
scaled to -1 to 1; its output the probability of each character at each of the steps along the line, the first class
standing for none (CTC, Graves 2006); the characters are in its metadata, a space comes after them.
"""

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from PIL import Image

from boxocr.errors import EngineNotUsable, LanguageMissing
from boxocr.reading import layout, prepare
from boxocr.reading.page.page_lines import Spoken
from boxocr.reading.recognition.engine_settings import EngineSettings
from boxocr.reading.types import Pixels, Reading, ReadingOptions

_HEIGHT = 48

# The longest line that is read, in multiples of its height: memory grows with it.
_LONGEST = 120

# Paper left around a line, in multiples of its height: the model was trained on lines with some.
_PAD = 0.3

# Tesseract's codes of languages that the model's characters suffice for: those in Latin script, Chinese and Japanese.
_LANGUAGES = """
        afr aze bos bre cat ceb ces chi_sim chi_tra cos cym dan deu eng enm epo est eus fao fil fin fra frm
    fry gla gle glg hat hrv hun ind isl ita ita_old jav jpn lat lav lit ltz mlt mri msa nld nor oci pol por
    que ron slk slv spa spa_old sqi srp_latn sun swa swe tur uzb script/HanS script/HanT script/Japanese
    script/Latin
"""
LANGUAGES = tuple(_LANGUAGES.split())


@dataclass(frozen=True, slots=True)
class _Character:
    """A character, how likely it is, and at which step along the line."""

    text: str
    probability: float
    step: int


class PPOCR:
    """PP-OCR as an engine of its own: reads line by line, in any of its languages without being told which.

    Raises:
        EngineNotUsable: when the model is not installed.
    """

    name = "ppocr"
    version = "v6"

    def __init__(self, settings: EngineSettings) -> None:
        self._session = onnxruntime.InferenceSession(
            str(model_file()), _session_options(settings.threads), providers=["CPUExecutionProvider"]
        )
        self._input = self._session.get_inputs()[0].name
        characters = self._session.get_modelmeta().custom_metadata_map["character"].split("\n")
        self._characters = ["", *characters, " "]

    def languages(self) -> Sequence[str]:
        """Return the codes of the languages whose characters the model knows."""
        return LANGUAGES

    def knows(self, options: ReadingOptions) -> bool:
        """Say whether the model can give what is asked for."""
        return all(code in LANGUAGES for code in options.languages.split("+")) and (
            not options.charset or set(options.charset) <= set(self._characters)
        )

    def read(self, crop: Pixels, options: ReadingOptions) -> Reading:
        """Read the lines of ``crop`` from top to bottom.

        Raises:
            LanguageMissing: when a language has characters that the model does not know.
        """
        self.check(options)
        lines = [self._line(line, options.charset) for line in cut_lines(crop)]
        lines = [(text, score) for text, score in lines if text]
        weight = sum(len(text) for text, _ in lines)
        confidence = sum(len(text) * score for text, score in lines) / weight if weight else 0.0
        return Reading("\n".join(text for text, _ in lines), confidence, self.name, options.languages, "line by line")

    def check(self, options: ReadingOptions) -> None:
        """Refuse languages that the model does not know.

        Raises:
            LanguageMissing: naming them.
        """
        if missing := [code for code in options.languages.split("+") if code not in LANGUAGES]:
            raise LanguageMissing(
                f"PP-OCR does not read {', '.join(missing)}.", 'Use model_engine="tesseract" for this language.'
            )

    def words(self, line: Pixels, charset: str) -> list[Spoken]:
        """Return the words of one line with the part of the line that each takes."""
        characters, length = self._characters_of(line, charset)
        words: list[list[_Character]] = [[]]
        # Where the word begins and ends: in the middle of the gaps, at the line's ends for the first and the last.
        cuts = [0.0]
        for character in characters:
            if character.text != " ":
                words[-1].append(character)
            elif words[-1]:
                words.append([])
                cuts.append((character.step + 0.5) / length)
        cuts.append(1.0)
        return [
            Spoken(
                "".join(character.text for character in word),
                float(np.mean([character.probability for character in word])),
                start,
                end,
            )
            for word, start, end in zip(words, cuts, cuts[1:], strict=False)
            if word
        ]

    def _line(self, line: Pixels, charset: str) -> tuple[str, float]:
        """Return the text of one line and the mean probability of its characters."""
        characters, _ = self._characters_of(line, charset)
        # Wide gaps come out as several spaces.
        text = " ".join("".join(character.text for character in characters).split())
        return text, float(np.mean([character.probability for character in characters])) if characters else 0.0

    def _characters_of(self, line: Pixels, charset: str) -> tuple[list[_Character], int]:
        """Return the characters of one line, and in how many steps it was read."""
        height, width = line.shape[:2]
        width = min(max(round(width * _HEIGHT / height), _HEIGHT // 2), _LONGEST * _HEIGHT)
        scaled = Image.fromarray(line).convert("RGB").resize((width, _HEIGHT), Image.Resampling.BILINEAR)
        blob = np.asarray(scaled, np.float32)[:, :, ::-1].transpose(2, 0, 1)[None] / 127.5 - 1
        steps: NDArray[np.float32] = self._session.run(None, {self._input: np.ascontiguousarray(blob)})[0][0]
        if charset:
            steps = steps * np.array([not char or char == " " or char in charset for char in self._characters])
            # Given that nothing else can occur, what remains are the probabilities.
            steps = steps / np.maximum(steps.sum(axis=1, keepdims=True), 1e-9)
        best = steps.argmax(axis=1)
        kept = np.flatnonzero((best != 0) & (best != np.concatenate(([0], best[:-1]))))
        found = [_Character(self._characters[best[step]], float(steps[step, best[step]]), int(step)) for step in kept]
        return found, len(steps)


def model_file() -> Path:
    """Return the recognition model in the installed wheel of rapidocr.

    Raises:
        EngineNotUsable: when there is none.
    """
    spec = importlib.util.find_spec("rapidocr")
    places = (spec.submodule_search_locations if spec else None) or ()
    for file in (file for place in places for file in sorted(Path(place, "models").glob("PP-OCRv*_rec_*.onnx"))):
        return file
    raise EngineNotUsable("PP-OCR is not installed.", "Install it with make run EXTRAS=ppocr.")


def cut_lines(crop: Pixels) -> list[Pixels]:
    """Return the text lines of ``crop``, in its own colours, from top to bottom."""
    crop = prepare.bounded(crop)
    grey = prepare.grey(crop)
    if prepare.is_blank(grey):
        return []
    found = layout.find(prepare.dark_on_even_paper(grey))
    left, right = found.columns
    lines = []
    for index, (top, bottom) in enumerate(found.lines):
        pad = _PAD * (bottom - top) + 1
        # Not into the next line.
        upper = max(top - pad, (found.lines[index - 1][1] + top) / 2 if index else 0)
        lower = min(
            bottom + pad, (bottom + found.lines[index + 1][0]) / 2 if index + 1 < len(found.lines) else len(grey)
        )
        line = crop[int(upper) : int(np.ceil(lower)), max(int(left - pad), 0) : int(right + pad)]
        lines.append(np.ascontiguousarray(line))
    return lines


def _session_options(threads: int) -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Threads that spin while they wait take the core from the other readers.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    return options
