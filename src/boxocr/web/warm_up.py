"""Prepares a server that has just started for its first request."""

import gc
import threading

from boxocr.labeling import sdk


def warm_up() -> None:
    """Import label-studio-sdk in the background, so that the server answers before that and no request waits for it."""
    freeze()
    threading.Thread(target=_import_sdk, name="warm-up", daemon=True).start()


def freeze() -> None:
    """Exempt all existing objects from garbage collection: modules are never freed."""
    gc.collect()
    gc.freeze()


def _import_sdk() -> None:
    sdk.load()
    freeze()
