"""PP-OCR's text detector, run by onnxruntime.

A model with differentiable binarization (Liao et al., 2020). Its input is ``(1, 3, height, width)``, blue before green
before red, scaled to -1 to 1, both sides multiples of 32. Its output is the probability that each pixel is in the inner
part of a line.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from onnxruntime import InferenceSession

from boxocr.reading import prepare
from boxocr.reading.onnx import returns_memory
from boxocr.reading.types import Pixels, ReadingOptions
from boxocr.reading.whole_page import Line

# With a longer side of at most 1280 px, the bag-of-words F1 on 131 pages of real documents was .81 to .98, depending on
# the kind of document; more pixels gained next to nothing. With at most this many pixels, a reader takes 390 MB; with
# 1.35 million it takes 480 MB.
_LONGEST = 1280
_LARGEST = 1_280_000
_MULTIPLE = 32

# The model's own parameters: the thresholds of a pixel and of a line's mean, and by how much a line is larger than its
# inner part.
_PIXEL = 0.3
_LINE = 0.5
_GROWTH = 1.6

# An inner part that is narrower than this, in pixels of the map, is not a line.
_NARROWEST = 3.0

# Text runs along the longer side of a rectangle that is this many times longer than high.
_LONG = 1.5


class PPOCRDetector:
    """Finds lines, including rotated ones."""

    def __init__(self, session: InferenceSession) -> None:
        self._session = session
        self._input = self._session.get_inputs()[0].name
        self._options = returns_memory()

    def detect(self, image: Pixels, options: ReadingOptions) -> list[Line]:  # noqa: ARG002 - the same for all languages
        """Find the lines of an image; see :class:`~boxocr.reading.detection.TextDetector`.

        A line runs along the longer side of its rectangle, in either direction.
        """
        height, width = image.shape[:2]
        small = prepare.shrunk(image, max(max(height, width) / _LONGEST, (height * width / _LARGEST) ** 0.5, 1.0))
        size = small.shape[1], small.shape[0]
        # Padded to the multiple and not scaled, which would squeeze a box that is two lines high by a third.
        right, below = (-side % _MULTIPLE for side in size)
        small = np.asarray(cv2.copyMakeBorder(small, 0, below, 0, right, cv2.BORDER_REPLICATE), np.uint8)
        if small.ndim == prepare.GREY:
            small = np.repeat(small[..., None], 3, axis=2)
        blob = np.ascontiguousarray(small[..., ::-1].transpose(2, 0, 1)[None], np.float32) / 127.5 - 1
        probabilities: NDArray[np.float32] = self._session.run(None, {self._input: blob}, self._options)[0][0, 0]
        return _rectangles(probabilities, width / size[0], height / size[1])


def _rectangles(probabilities: NDArray[np.float32], across: float, down: float) -> list[Line]:
    """The rectangles of the lines in a map of probabilities, scaled by ``across`` and ``down``."""
    contours, _ = cv2.findContours((probabilities > _PIXEL).astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    found = []
    for contour in contours:
        if min(cv2.minAreaRect(contour)[1]) < _NARROWEST or (score := _mean_inside(probabilities, contour)) < _LINE:
            continue
        # Scaled before the rectangle is fitted, because the two scales differ and it can be turned.
        scaled = np.asarray(contour, np.float32) * np.array((across, down), np.float32)
        (x, y), (width, height), angle = cv2.minAreaRect(scaled)
        growth = _GROWTH * width * height / (width + height)
        found.append(_along_text((x, y), width + growth, height + growth, angle, score))
    return found


def _mean_inside(probabilities: NDArray[np.float32], contour: NDArray[Any]) -> float:
    left, top, width, height = cv2.boundingRect(contour)
    mask = np.zeros((height, width), np.uint8)
    cv2.fillPoly(mask, [contour - (left, top)], (1,))
    return float(cv2.mean(probabilities[top : top + height, left : left + width], mask)[0])


def _along_text(centre: tuple[float, float], width: float, height: float, angle: float, score: float) -> Line:
    """A rectangle of OpenCV, which can begin at any corner, as a line whose width runs along the text."""
    # A nearly square rectangle, of a letter or two, is taken as upright.
    is_long = max(width, height) > _LONG * min(width, height)
    quarters = int(height > width) if is_long else round(angle / 90)
    if quarters % 2:
        width, height = height, width
    # Within a half turn, since a line has no direction yet.
    angle = (angle - 90 * quarters + 90) % 180 - 90
    x, y = centre[0] - width / 2, centre[1] - height / 2
    return Line("", score, x, y, width, height).turned_about_middle(angle)
