"""The parts of label-studio-sdk that labeling needs, imported on first use: together they take 0.2 s of CPU time."""

import sys
import threading
from collections.abc import Callable
from functools import cache
from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec
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
    # Loaded without its package, whose other modules take 16 MB and 0.3 s of CPU time.
    package = find_spec("label_studio_sdk.converter")
    spec = PathFinder.find_spec("brush", package.submodule_search_locations if package else [])
    if spec is None or spec.loader is None:
        message = "label-studio-sdk has no decoder of brush strokes."
        raise ImportError(message)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    decode: Callable[[bytes], np.ndarray[Any, np.dtype[np.uint8]]] = module.decode_rle
    return decode


def load() -> None:
    """Import everything now."""
    label_interface_class()
    brush_decoder()
