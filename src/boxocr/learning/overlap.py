"""How much two areas of a page have in common."""

import cv2
import numpy as np

from boxocr.geometry import Area
from boxocr.learning.annotated_pages import outline_of


def overlap(one: Area, other: Area) -> float:
    """Intersection over union, 0 to 1. Shapes that are not convex count as their convex hulls."""
    shared, size, other_size = _sizes(one, other)
    union = size + other_size - shared
    return shared / union if union > 0 else 0.0


def share_inside(one: Area, other: Area) -> float:
    """The share of an area that is inside another one, 0 to 1."""
    shared, size, _ = _sizes(one, other)
    return shared / size if size > 0 else 0.0


def _sizes(one: Area, other: Area) -> tuple[float, float, float]:
    """The size of the intersection, and of both areas, in square pixels."""
    first, second = (cv2.convexHull(np.array(outline_of(area), np.float32)) for area in (one, other))
    shared, _ = cv2.intersectConvexConvex(first, second)
    return float(shared), float(cv2.contourArea(first)), float(cv2.contourArea(second))
