"""Lines of text to features, with the model that PP-OCR reads lines with."""

import numpy as np
import onnxruntime
from PIL import Image

from boxocr.reading.recognition.head import Head
from boxocr.reading.recognition.last_layer import Features, checksum, last_layer, with_features
from boxocr.reading.recognition.ppocr import model_file
from boxocr.reading.types import Pixels

_HEIGHT = 48

# The longest line that is read, in multiples of its height: memory grows with it.
_LONGEST = 120


class FeatureExtractor:
    """PP-OCR's recognizer up to its last layer.

    Attributes:
        base: the model's own last layer as a head, with all of its characters.
        layer: the same with the name of its features.
        model: checksum of the model.

    Raises:
        EngineNotUsable: the model is not installed, or its last layer cannot be replaced.
    """

    def __init__(self, threads: int = 1) -> None:
        model = model_file().read_bytes()
        self.model = checksum(model)
        self.layer = last_layer(model)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            with_features(model, self.layer), options, providers=["CPUExecutionProvider"]
        )
        self._input = self._session.get_inputs()[0].name
        characters = self._session.get_modelmeta().custom_metadata_map["character"].split("\n")
        self.base = Head((*characters, " "), self.layer.weights, self.layer.bias)

    def features(self, line: Pixels) -> Features:
        """The features of a line, ``(steps, size)``.

        Args:
            line: upright, with little paper around it.
        """
        height, width = line.shape[:2]
        width = min(max(round(width * _HEIGHT / height), _HEIGHT // 2), _LONGEST * _HEIGHT)
        scaled = Image.fromarray(line).convert("RGB").resize((width, _HEIGHT), Image.Resampling.BILINEAR)
        blob = np.asarray(scaled, np.float32)[:, :, ::-1].transpose(2, 0, 1)[None] / 127.5 - 1
        (found,) = self._session.run([self.layer.features], {self._input: np.ascontiguousarray(blob)})
        return np.asarray(found[0], np.float32)
