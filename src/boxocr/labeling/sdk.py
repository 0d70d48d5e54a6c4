"""The parts of label-studio-sdk that labeling needs, imported on first use: together they take 0.8 s of CPU time."""

import sys
import threading
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from label_studio_sdk.label_interface.interface import LabelInterface

# The SDK's modules import each other in cycles. Two threads that enter a cycle at different modules can see a module
# that is half initialized.
_importing = threading.Lock()


def _sample_maker(*arguments: Any, **options: Any) -> Any:
    """Stands in for jsf's class: imports the module now, and returns an object of the real class."""
    del sys.modules["jsf"]
    from jsf import JSF  # noqa: PLC0415 - see below

    return JSF(*arguments, **options)


def _postpone_sample_data() -> None:
    """Postpone importing jsf until its first use: it makes sample tasks, and takes 15 MB and a third of the time."""
    if "jsf" not in sys.modules:
        module = ModuleType("jsf")
        module.JSF = _sample_maker  # type: ignore[attr-defined]
        sys.modules["jsf"] = module


@cache
def label_interface_class() -> "type[LabelInterface]":
    """The parser of labeling configs."""
    with _importing:
        _postpone_sample_data()
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
