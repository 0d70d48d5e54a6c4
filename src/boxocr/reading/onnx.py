"""The PP-OCR models in the wheel of rapidocr, and how onnxruntime runs them.

No code of rapidocr is imported: as a whole it needs another build of OpenCV than label-studio-sdk does.
"""

import importlib.util
from pathlib import Path

import onnxruntime

from boxocr.errors import EngineNotUsable


def is_installed() -> bool:
    """Whether the wheel with the models is installed."""
    return importlib.util.find_spec("rapidocr") is not None


def model_file(kind: str) -> Path:
    """Return a model in the installed wheel of rapidocr.

    Args:
        kind: ``rec`` for the recognizer, ``det`` for the detector.

    Raises:
        EngineNotUsable: when there is none.
    """
    spec = importlib.util.find_spec("rapidocr")
    places = (spec.submodule_search_locations if spec else None) or ()
    for file in (file for place in places for file in sorted(Path(place, "models").glob(f"PP-OCRv*_{kind}_*.onnx"))):
        return file
    raise EngineNotUsable("PP-OCR is not installed.", "Install BoxOCR with all its dependencies.")


def session_of(model: str | bytes, threads: int, *, keeps_memory: bool = False) -> onnxruntime.InferenceSession:
    """Load a model from a file or from memory.

    Args:
        model: path or content.
        threads: how many one run may use.
        keeps_memory: whether the memory of the largest run is kept for the next one.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Threads that spin while they wait take the core from the other readers.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Lines and boxes differ in size, and a reader kept 546 MB after a page instead of 275. A recognizer takes
    # as long without, the detector a third longer.
    options.enable_cpu_mem_arena = keeps_memory
    # A plan for each size would double the memory that is kept.
    options.enable_mem_pattern = not keeps_memory
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    # onnxruntime keeps a model from memory to load it again for other providers, of which there are none: 12 MB.
    session._model_bytes = None  # noqa: SLF001 - there is no public way
    return session
