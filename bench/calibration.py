"""Fit the weights of the scores to real documents: ``python -m bench.calibration --data FOLDER``.

The lines of the folder's ``boxes.json`` and ``pages.json`` (see :mod:`bench.documents`) are recognized by Tesseract,
and by PP-OCR where it knows their language. Printed are the weights of :mod:`boxocr.reading.calibration`, and the
expected calibration error on documents that were left out, in five folds. A line or a word is right if its letters and
digits are. ``--historic`` names kinds of documents that together count for a fifth, however many there are.
"""

import argparse
import json
import re
import tempfile
import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench import cut_boxes
from bench.document_contenders import Item, crop_of
from bench.document_scores import letters
from boxocr.reading import calibration, ppocr_models, scoring
from boxocr.reading.recognition import RecognizedLine
from boxocr.reading.recognition.engine_settings import EngineSettings
from boxocr.reading.recognition.ppocr import PPOCR
from boxocr.reading.recognition.tesseract import Tesseract
from boxocr.reading.recognition.tesseract_lines import TesseractLines
from boxocr.reading.types import ReadingOptions
from boxocr.settings import tessdata

_FOLDS = 5
_HISTORIC = 0.2


@dataclass(frozen=True)
class Example:
    """The features of a line or a word, whether it is right, and the document that it comes from."""

    features: list[float]
    is_right: bool
    document: str
    is_historic: bool


Examples = defaultdict[tuple[object, ...], list[Example]]


def main() -> None:
    """Print the weights."""
    parser = argparse.ArgumentParser(prog="bench.calibration", description="Fit the weights of the scores.")
    parser.add_argument("--data", type=Path, action="append", required=True, help="a folder; may be repeated")
    parser.add_argument("--tessdata", help="a folder with Tesseract's language data to look into first")
    parser.add_argument("--cut", type=int, default=60, help="lines of each page at most")
    parser.add_argument("--historic", default="$^", help="a regular expression for kinds of old documents")
    arguments = parser.parse_args()
    examples: Examples = defaultdict(list)
    with tempfile.TemporaryDirectory() as links:
        tesseract = TesseractLines(Tesseract(EngineSettings("eng", arguments.tessdata, links, 120)))
        _, models = ppocr_models.load(None, 1)
        ppocr = PPOCR(models, 1)
        for folder in arguments.data:
            for item in _items(folder, arguments.cut, arguments.tessdata):
                crop, options = crop_of(folder, item), ReadingOptions(languages=item["languages"])
                (first,) = tesseract.recognize([crop], options)
                second = ppocr.recognize([crop], options)[0] if ppocr.supports(options) else None
                is_historic = bool(re.search(arguments.historic, item["category"]))
                _add(examples, item, is_historic=is_historic, first=first, second=second)
    for key, some in sorted(examples.items(), key=str):
        weights, error = _fitted(some)
        print(key, len(some), tuple(round(float(weight), 2) for weight in weights), f"error {error:.3f}")


def _items(folder: Path, cut: int, given: str | None) -> Iterator[Item]:
    """The boxes of a folder that have one line and are in installed languages."""
    installed = set(tessdata.languages(tessdata.folders(given)))
    for name in ("boxes.json", "pages.json"):
        if not (folder / name).exists():
            continue
        items = json.loads((folder / name).read_text(encoding="utf-8"))
        known = [item for item in items if set(item["languages"].split("+")) <= installed]
        yield from (
            item
            for item in (known if name == "boxes.json" else cut_boxes.cut(folder, known, cut))
            if "\n" not in item["text"]
        )


def _add(
    examples: Examples, item: Item, *, is_historic: bool, first: RecognizedLine, second: RecognizedLine | None
) -> None:
    """Add the examples of a line and its words: of each engine alone, and of each compared with the other one."""
    unlisted = replace(first, words=tuple(replace(word, is_known=None) for word in first.words))
    both = [first] if unlisted == first else [first, unlisted]
    pairs: list[tuple[RecognizedLine, RecognizedLine | None]] = [(one, None) for one in both]
    if second is not None:
        second = scoring.completed(second, first)
        pairs += [(second, None)]
        pairs += [pair for one in both for pair in ((one, second), (second, one))]
    wanted = [letters(word) for word in item["text"].split()]
    for line, other in pairs:
        if not line.words or (other is not None and not other.words):
            continue
        key, features = calibration.line_features(line, other)
        is_right = letters(line.text) == letters(item["text"])
        examples["line", *key].append(Example(features, is_right, item["page"], is_historic))
        if unlisted is line or unlisted is other:
            continue
        matcher = SequenceMatcher(None, [letters(word.text) for word in line.words], wanted, autojunk=False)
        right = {at for start, _, size in matcher.get_matching_blocks() for at in range(start, start + size)}
        for at, word in enumerate(line.words):
            key_of_word, features = calibration.word_features(word, line, other)
            examples["word", *key_of_word].append(Example(features, at in right, item["page"], is_historic))


def _fitted(examples: Sequence[Example]) -> tuple[NDArray[np.float64], float]:
    """The weights for all examples, and the calibration error on those that were left out of a fit."""
    features = np.array([one.features for one in examples])
    right = np.array([one.is_right for one in examples], float)
    historic = np.array([one.is_historic for one in examples])
    share = historic.mean()
    importance = np.where(historic, _HISTORIC / max(share, 1e-9), (1 - _HISTORIC) / max(1 - share, 1e-9))
    fold = np.array([zlib.crc32(one.document.encode()) % _FOLDS for one in examples])
    likely = np.zeros(len(examples))
    for number in set(fold.tolist()):
        out = fold == number
        weights = _regression(features[~out], right[~out], importance[~out])
        likely[out] = 1 / (1 + np.exp(-features[out] @ weights))
    place = np.minimum((likely * 10).astype(int), 9)
    error = sum(abs(float((likely - right)[place == at].sum())) for at in range(10)) / len(examples)
    return _regression(features, right, importance), error


def _regression(
    features: NDArray[np.float64], right: NDArray[np.float64], importance: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The weights of a logistic regression, by Newton's method with a small penalty."""
    weights = np.zeros(features.shape[1])
    for _ in range(50):
        likely = 1 / (1 + np.exp(-features @ weights))
        curvature = importance * likely * (1 - likely)
        matrix = features.T @ (features * curvature[:, None]) + 1e-3 * np.eye(len(weights))
        step = np.linalg.solve(matrix, features.T @ (importance * (right - likely)) - 1e-3 * weights)
        weights += step
        if abs(step).max() < 1e-6:
            break
    return weights


if __name__ == "__main__":
    main()
