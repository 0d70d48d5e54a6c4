"""Recognizer heads: a last layer of PP-OCR's recognizer, trained on the lines of one project."""

import io
import zipfile
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

Features: TypeAlias = NDArray[np.float32]
"""``(steps, size)``: the recognizer's view of a line before its last layer."""

MAX_BYTES = 16_000_000
"""Larger files are not heads of ours: one with 5,000 characters is smaller."""

HEAD_ERRORS = (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile)
"""Raised for files that are missing or broken."""

# A hundred steps take 7 MB with all characters of a model.
_STEPS_AT_ONCE = 32

# Heads of projects that are worked on at the same time; each takes a quarter of a megabyte.
_KEPT = 16


@dataclass(frozen=True)
class Head:
    """A last layer for one project.

    Attributes:
        characters: those of the classes after the first, which means no character.
        weights: ``(size, classes)``.
        bias: ``(classes,)``.
        model: checksum of the model that it belongs to.
    """

    characters: tuple[str, ...]
    weights: Array
    bias: Array
    model: str = ""

    def probabilities(self, features: Features) -> Array:
        """``(steps, classes)`` for features, ``(steps, size)``. Both can have an axis of lines before the steps."""
        logits = self._logits(features)
        # In place: a training spends a third of its time here, much of it on memory for results in between.
        logits -= logits.max(axis=-1, keepdims=True)
        np.exp(logits, out=logits)
        logits /= logits.sum(axis=-1, keepdims=True)
        return logits

    def read(self, features: NDArray[np.floating[Any]]) -> str:
        """The most likely text of a line."""
        steps = features.astype(np.float32, copy=False)
        blocks = [steps[first : first + _STEPS_AT_ONCE] for first in range(0, max(len(steps), 1), _STEPS_AT_ONCE)]
        best = np.concatenate([self._logits(block).argmax(axis=1) for block in blocks])
        kept = best[(best != 0) & (best != np.concatenate(([0], best[:-1])))]
        return " ".join("".join(self.characters[place - 1] for place in kept).split())

    def _logits(self, features: Features) -> Array:
        logits = features @ self.weights
        logits += self.bias
        return logits

    def as_bytes(self) -> bytes:
        """The content of a file; :meth:`from_bytes` reads it."""
        file = io.BytesIO()
        # Code points, since an array of strings drops characters that are zero.
        characters = np.array([ord(character) for character in self.characters], np.uint32)
        model = np.frombuffer(self.model.encode(), np.uint8)
        np.savez(file, characters=characters, weights=self.weights.astype(np.float16), bias=self.bias, model=model)
        return file.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> "Head":
        """A head out of a file, without pickle, which can run code.

        Raises:
            ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile: the file is broken.
        """
        with np.load(io.BytesIO(content), allow_pickle=False) as found:
            characters = tuple(chr(point) for point in found["characters"])
            weights, bias = found["weights"].astype(np.float32), found["bias"].astype(np.float32)
            model = found["model"].tobytes().decode()
        classes = len(characters) + 1
        if weights.ndim != 2 or weights.shape[1] != classes or bias.shape != (classes,):  # noqa: PLR2004 - a matrix
            message = "the sizes do not fit"
            raise ValueError(message)
        if not (np.isfinite(weights).all() and np.isfinite(bias).all()):
            message = "not a number"
            raise ValueError(message)
        return cls(characters, weights, bias, model)


@lru_cache(_KEPT)
def load_head(path: str) -> Head:
    """The head in a file; the most recently used ones are kept.

    Raises:
        ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile: there is none, or it is broken.
    """
    with Path(path).open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        message = "too large"
        raise ValueError(message)
    return Head.from_bytes(content)


def checksum(model: bytes) -> str:
    """Identifies a model; a head fits only the model that it was trained for."""
    return sha256(model).hexdigest()
