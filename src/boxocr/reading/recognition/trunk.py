"""PP-OCR's recognizer without its last layer."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from boxocr.reading import onnx
from boxocr.reading.ppocr_models import installed_characters
from boxocr.reading.recognition.head import Head
from boxocr.reading.recognition.last_layer import checksum, last_layer, without_last_layer


class Trunk:
    """The model up to the features that its last layer gets.

    Args:
        file: the ONNX file.
        characters: of its classes after the first, which means no character; None for the recognizer of the wheel,
            whose file lists them.
        threads: how many one run may use.
        keeps_memory: see :func:`boxocr.reading.onnx.session_of`.

    Attributes:
        base: the last layer as a head, with all characters of the model.
        model: checksum of the model, which heads are bound to.

    Raises:
        EngineNotUsable: the model's last layer cannot be replaced.
    """

    def __init__(
        self, file: Path, characters: Sequence[str] | None, threads: int, *, keeps_memory: bool = False
    ) -> None:
        model = file.read_bytes()
        self.model = checksum(model)
        layer = last_layer(model)
        trunk = without_last_layer(model, layer)
        # onnxruntime needs memory of its own for the weights while it loads them.
        del model
        self._session = onnx.session_of(trunk, threads, keeps_memory=keeps_memory)
        self._input = self._session.get_inputs()[0].name
        known = installed_characters(self._session) if characters is None else tuple(characters)
        self.base = Head(known, layer.weights, layer.bias, self.model)

    def run(self, blob: NDArray[np.float32]) -> NDArray[np.float32]:
        """Features of lines, ``(lines, steps, size)``, for the model's input."""
        (found,) = self._session.run(None, {self._input: blob})
        return np.asarray(found, np.float32)
