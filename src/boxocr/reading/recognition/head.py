"""Recognizer heads: a last layer of PP-OCR's recognizer, trained on the lines of one project."""

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from boxocr.reading.recognition.last_layer import Features

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Head:
    """A last layer for one project.

    Attributes:
        characters: of the classes after the first, which means no character.
        weights: ``(size, classes)``.
        bias: ``(classes,)``.
    """

    characters: tuple[str, ...]
    weights: Array
    bias: Array

    def probabilities(self, features: Features) -> Array:
        """``(steps, classes)`` for the features of a line, ``(steps, size)``; likewise with lines before the steps."""
        return _softmax(features @ self.weights + self.bias)

    def read(self, features: Features) -> str:
        """The most likely text of a line."""
        best = (features @ self.weights + self.bias).argmax(axis=1)
        kept = best[(best != 0) & (best != np.concatenate(([0], best[:-1])))]
        return " ".join("".join(self.characters[place - 1] for place in kept).split())

    def as_bytes(self) -> bytes:
        """The content of a file; :meth:`from_bytes` reads it."""
        file = io.BytesIO()
        # Code points, since an array of strings drops characters that are zero.
        characters = np.array([ord(character) for character in self.characters], np.uint32)
        np.savez(file, characters=characters, weights=self.weights.astype(np.float16), bias=self.bias)
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
        classes = len(characters) + 1
        if weights.ndim != 2 or weights.shape[1] != classes or bias.shape != (classes,):  # noqa: PLR2004 - a matrix
            message = "the sizes do not fit"
            raise ValueError(message)
        if not (np.isfinite(weights).all() and np.isfinite(bias).all()):
            message = "not a number"
            raise ValueError(message)
        return cls(characters, weights, bias)


def _softmax(logits: Array) -> Array:
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))
