"""The PP-OCR models in the wheel of rapidocr, and how onnxruntime runs them.

No code of rapidocr is imported: as a whole it needs another build of OpenCV than label-studio-sdk does.
"""

import contextlib
import importlib.util
from functools import cache
from pathlib import Path

import onnxruntime

from boxocr.errors import EngineNotUsable

# The first chunk of the arena has this many bytes; each further one is twice as large.
_FIRST_CHUNK = 1_000_000


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


def session_of(model: str | bytes, threads: int, *, is_alone: bool = False) -> onnxruntime.InferenceSession:
    """Load a model from a file or from memory.

    Args:
        model: path or content.
        threads: how many one run may use.
        is_alone: whether no other session runs at the same time: an arena of its own takes 16 MB less in a training.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    # Threads that spin while they wait take the core from the other readers.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if not is_alone:
        _create_arena()
        options.add_session_config_entry("session.use_env_allocators", "1")
    # Lines and boxes differ in size: with a memory plan for each size, twice as much memory is kept.
    options.enable_mem_pattern = False
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    # onnxruntime keeps the bytes of a model that was not loaded from a file, to load it again for other providers.
    # BoxOCR uses no others: this frees 12 MB.
    session._model_bytes = None  # noqa: SLF001 - there is no public way
    return session


def returns_memory() -> onnxruntime.RunOptions:
    """Options for a model that needs much more memory than the others: it gives the memory back after each run."""
    options = onnxruntime.RunOptions()
    options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
    return options


@cache
def _create_arena() -> None:
    """Create the memory that the sessions of the process share.

    With memory from the operating system for each tensor, a page of 1280 by 960 pixels and its lines take 120 MB more
    at their peak. With the arena, detection takes three quarters of the time, and batches of lines six sevenths. With
    an arena for each session, onnxruntime's default, a reader keeps 546 MB after a page.
    """
    place = onnxruntime.OrtMemoryInfo(
        "Cpu", onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, onnxruntime.OrtMemType.DEFAULT
    )
    growth = onnxruntime.OrtArenaCfg({"initial_chunk_size_bytes": _FIRST_CHUNK})
    # onnxruntime 1.20 refuses to create a second arena; the first one serves as well.
    with contextlib.suppress(RuntimeError):
        onnxruntime.create_and_register_allocator(place, growth)
