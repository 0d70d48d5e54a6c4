"""PP-OCR's recognizer without its last layer."""

import numpy as np
from numpy.typing import NDArray

from boxocr.reading import onnx
from boxocr.reading.recognition.head import Head
from boxocr.reading.recognition.last_layer import checksum, last_layer, with_features


class Trunk:
    """The model up to the features that its last layer gets.

    Args:
        model: content of the ONNX file.
        characters: of its classes after the first, which means no character.
        threads: how many one run may use.

    Attributes:
        layer: the last layer.
        base: the last layer as a head, with all characters of the model.
        model: checksum of the model, which heads are bound to.

    Raises:
        EngineNotUsable: the model's last layer cannot be replaced.
    """

    def __init__(self, model: bytes, characters: tuple[str, ...], threads: int) -> None:
        self.model = checksum(model)
        self.layer = last_layer(model)
        self._session = onnx.session_of(with_features(model, self.layer), threads)
        self._input = self._session.get_inputs()[0].name
        self.base = Head(characters, self.layer.weights, self.layer.bias, self.model)

    def run(self, blob: NDArray[np.float32]) -> NDArray[np.float32]:
        """Features of lines, ``(lines, steps, size)``, for the model's input."""
        (found,) = self._session.run([self.layer.features], {self._input: blob})
        return np.asarray(found, np.float32)
