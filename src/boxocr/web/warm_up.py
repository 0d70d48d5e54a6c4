"""Prepares a server that has just started for its first request."""

import gc
import threading

from boxocr.labeling import sdk


def warm_up() -> None:
    """Import label-studio-sdk in the background: the server answers meanwhile, and no request has to import it.

    ``gunicorn.conf.py`` disabled the garbage collector, which is enabled again after the import.
    """
    gc.freeze()
    threading.Thread(target=_import_sdk, name="warm-up", daemon=True).start()


def _import_sdk() -> None:
    try:
        sdk.load()
        # Frozen objects are not examined by the collector, and modules are never freed.
        gc.freeze()
    finally:
        gc.enable()
