"""The PP-OCR models that are used: those in the wheel of rapidocr, and those in the operator's folder.

The operator's recognizers come before the wheel's, and a detector in the folder replaces the wheel's.
"""

import contextlib
import string
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from boxocr.errors import EngineNotUsable
from boxocr.reading import onnx
from boxocr.reading.model_languages import WHEEL, languages_of_file
from boxocr.settings import languages

LANGUAGES_FILE = "languages.toml"
"""Names the languages of models whose file names do not."""

# Recognizers take lines of 48 px, detectors images whose sides are multiples of 32.
_HEIGHTS = (48, 64)

# Axes of the outputs of recognizers, (lines, steps, classes), and of detectors, (images, 1, height, width).
_RECOGNIZER_AXES, _DETECTOR_AXES = 3, 4

# onnxruntime's level for fatal errors: BoxOCR reports unsuitable models itself.
_FATAL = 4

_ROUNDING = 0.01
_MOST_SPACES = 2


@dataclass(frozen=True, eq=False)
class RecognitionModel:
    """A recognition model of the PP-OCR family.

    Attributes:
        file: the ONNX file.
        session: runs it.
        characters: those of its classes after the first, which means no character.
        languages: Tesseract's codes of the languages that it reads.
        version: its name.
    """

    file: Path
    session: onnxruntime.InferenceSession
    characters: tuple[str, ...]
    languages: tuple[str, ...]
    version: str

    def reads(self, languages: str) -> bool:
        """Whether the model reads all languages of codes joined by ``+``; also English, if it has the letters."""
        wanted = set(languages.split("+"))
        others = wanted - {"eng"} if self.known.issuperset(string.ascii_letters) else wanted
        return (others or wanted) <= set(self.languages)

    @cached_property
    def known(self) -> frozenset[str]:
        """The characters, without the space."""
        return frozenset(self.characters) - {" "}


def of_languages(models: Sequence[RecognitionModel], languages: str) -> RecognitionModel:
    """The first model that reads all languages of codes joined by ``+``; the last one if none does."""
    return next((model for model in models if model.reads(languages)), models[-1])


def load(folder: str | None, threads: int) -> tuple[onnxruntime.InferenceSession, Sequence[RecognitionModel]]:
    """Load the models of a folder and those of the wheel.

    Args:
        folder: of the operator, if any.
        threads: how many one run may use.

    Returns:
        The detector, and the recognizers: at least one, the preferred ones first.

    Raises:
        EngineNotUsable: a file of the folder is not a model that can be used, or there is no model at all.
    """
    detectors, recognizers = _supplied(Path(folder), threads) if folder is not None else ({}, [])
    if onnx.is_installed() or not recognizers:
        file = onnx.model_file("rec")
        session = onnx.session_of(str(file), threads)
        recognizers.append(RecognitionModel(file, session, installed_characters(session), WHEEL, "v6"))
    (detector,) = detectors.values() or (onnx.session_of(str(onnx.model_file("det")), threads),)
    return detector, recognizers


def installed_characters(session: onnxruntime.InferenceSession) -> tuple[str, ...]:
    """The characters of the wheel's recognizer, which are in its metadata except for the space."""
    return (*_list_in_model(session), " ")


def described(folder: Path) -> list[str]:
    """Describe each model of the operator's folder.

    Raises:
        EngineNotUsable: as :func:`load`.
    """
    detectors, recognizers = _supplied(folder, threads=1)
    lines = [f"{model.file.name} reads {', '.join(model.languages)}" for model in recognizers]
    return [*lines, *(f"{name} finds lines" for name in detectors)]


def _supplied(folder: Path, threads: int) -> tuple[dict[str, onnxruntime.InferenceSession], list[RecognitionModel]]:
    """The detector, if any, by the name of its file, and the recognizers of the operator's folder."""
    files = sorted(file for file in folder.glob("*") if file.suffix.lower() == ".onnx")
    if not files:
        raise EngineNotUsable(
            "The folder PPOCR_MODELS has no ONNX models.", "Put some into it (docs/models.md), or unset PPOCR_MODELS."
        )
    named = _languages_file(folder, files)
    detectors: dict[str, onnxruntime.InferenceSession] = {}
    recognizers = []
    for file in files:
        session = _session(file, threads)
        output = _sample(session)
        if output is not None and output.ndim == _RECOGNIZER_AXES:
            recognizers.append(_recognizer(file, session, output, named))
        elif output is not None and output.ndim == _DETECTOR_AXES:
            detectors[file.name] = session
        else:
            raise _neither(file)
    if len(detectors) > 1:
        raise EngineNotUsable(
            f"The folder PPOCR_MODELS has several text detectors: {', '.join(detectors)}.",
            "Keep one of them.",
        )
    return detectors, recognizers


def _session(file: Path, threads: int) -> onnxruntime.InferenceSession:
    try:
        return onnx.session_of(str(file), threads)
    except Exception as error:
        # onnxruntime raises errors of its own for each kind of damage, which have no common class.
        raise EngineNotUsable(
            f"The file {file.name} in PPOCR_MODELS cannot be loaded as an ONNX model.",
            "Download it again, or remove it.",
        ) from error


def _sample(session: onnxruntime.InferenceSession) -> NDArray[np.float32] | None:
    """The output of a model for a small image; None if it does not take one. Declared sizes can be symbolic."""
    inputs, outputs = session.get_inputs(), session.get_outputs()
    if len(inputs) != 1 or len(outputs) != 1 or inputs[0].type != "tensor(float)":
        return None
    quiet = onnxruntime.RunOptions()
    quiet.log_severity_level = _FATAL
    for height in _HEIGHTS:
        image = np.zeros((1, 3, height, 2 * height), np.float32)
        # onnxruntime's errors have no common class; each means that the model takes something else.
        with contextlib.suppress(Exception):
            (output,) = session.run(None, {inputs[0].name: image}, quiet)
            return np.asarray(output)
    return None


def _recognizer(
    file: Path,
    session: onnxruntime.InferenceSession,
    output: NDArray[np.float32],
    named: Mapping[str, tuple[str, ...]],
) -> RecognitionModel:
    if not np.allclose(output.sum(axis=2), 1, atol=_ROUNDING):
        raise _neither(file)
    known = named.get(file.name) or languages_of_file(file.stem)
    if not known:
        raise EngineNotUsable(
            f"The languages of {file.name} in PPOCR_MODELS are not known.",
            f'Name them in {LANGUAGES_FILE} in the same folder, as in "{file.name}" = "rus+ukr".',
        )
    characters = _characters(file, session, output.shape[2] - 1)
    return RecognitionModel(file, session, characters, known, file.stem)


def _characters(file: Path, session: onnxruntime.InferenceSession, count: int) -> tuple[str, ...]:
    """The characters of a recognizer: from the text file of the same name, or from the model's metadata."""
    listed = _list_in_text(file) or _list_in_model(session)
    if count == len(listed):
        return listed
    # Lists leave out the space, which comes last. Some also end with a space of their own, which programs strip.
    if listed and 0 < (spaces := count - len(listed)) <= _MOST_SPACES:
        return (*listed, *(" " * spaces))
    has = f"but its list has {len(listed):,}" if listed else "but has no list of them"
    raise EngineNotUsable(
        f"The model {file.name} in PPOCR_MODELS knows {count:,} characters, {has}.",
        f"Save the list that belongs to it as {file.stem}.txt in the same folder, one character a line.",
    )


def _list_in_model(session: onnxruntime.InferenceSession) -> tuple[str, ...]:
    listed = session.get_modelmeta().custom_metadata_map.get("character", "")
    return tuple(listed.split("\n")) if listed else ()


def _list_in_text(file: Path) -> tuple[str, ...]:
    text = file.with_suffix(".txt")
    if not text.is_file():
        return ()
    try:
        # Only line feeds separate characters: some lists have other characters that end lines.
        lines = text.read_text(encoding="utf-8-sig").replace("\r\n", "\n").removesuffix("\n").split("\n")
    except (OSError, UnicodeDecodeError):
        raise EngineNotUsable(
            f"The file {text.name} in PPOCR_MODELS cannot be read.", "Save it as text in UTF-8, one character a line."
        ) from None
    return tuple(lines)


def _languages_file(folder: Path, files: Iterable[Path]) -> dict[str, tuple[str, ...]]:
    """The languages of models, by the names of their files."""
    path = folder / LANGUAGES_FILE
    if not path.is_file():
        return {}
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        named = {name: tuple(languages.parse(codes, ()).split("+")) for name, codes in content.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        raise EngineNotUsable(
            f"The file {LANGUAGES_FILE} in PPOCR_MODELS cannot be read.",
            'Write one line for each model, as in "model.onnx" = "rus+ukr".',
        ) from None
    if strangers := named.keys() - {file.name for file in files}:
        raise EngineNotUsable(
            f"The file {LANGUAGES_FILE} in PPOCR_MODELS names {', '.join(sorted(strangers))}, which is not there.",
            "Correct the name, or remove the line.",
        )
    return named


def _neither(file: Path) -> EngineNotUsable:
    return EngineNotUsable(
        f"The model {file.name} in PPOCR_MODELS is not a text detector or recognizer of PP-OCRv3 or later.",
        "Remove it from the folder.",
    )
