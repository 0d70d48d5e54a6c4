"""Prepares a server that has just started for its first request."""

import gc
import threading

from boxocr.labeling import sdk


def warm_up() -> None:
    """Import label-studio-sdk in the background, so that the server answers before that and no request waits for it.

    ``gunicorn.conf.py`` disabled the garbage collector, which is enabled after the import.
    """
    gc.freeze()
    threading.Thread(target=_import_sdk, name="warm-up", daemon=True).start()


def _import_sdk() -> None:
    try:
        sdk.load()
        # Modules are never freed.
        gc.freeze()
    finally:
        gc.enable()
