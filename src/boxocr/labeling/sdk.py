"""The parts of label-studio-sdk that labeling needs, imported on first use: together they take 0.8 s of CPU time."""

import threading
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from label_studio_sdk.label_interface.interface import LabelInterface

# The SDK's modules import each other in circles. Two threads that enter such a circle at different modules can see one
# of them half initialized.
_importing = threading.Lock()


@cache
def label_interface_class() -> "type[LabelInterface]":
    """The parser of labeling configs."""
    with _importing:
        from label_studio_sdk.label_interface.interface import LabelInterface  # noqa: PLC0415 - see the module

    return LabelInterface


@cache
def brush_decoder() -> "Callable[[bytes], np.ndarray[Any, np.dtype[np.uint8]]]":
    """The decoder of brush strokes: from run lengths to a flat array of RGBA."""
    with _importing:
        from label_studio_sdk.converter.brush import decode_rle  # noqa: PLC0415 - see the module

    return decode_rle


def load() -> None:
    """Import everything now."""
    label_interface_class()
    brush_decoder()
