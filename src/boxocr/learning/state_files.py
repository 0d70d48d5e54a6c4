"""Files of learned states: written so that readers see all of a file or nothing, and read without pickle.

pickle can run code (https://numpy.org/doc/stable/reference/generated/numpy.load.html).
"""

import json
import os
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from boxocr.reading.recognition.head import MAX_BYTES, Head

OWNER_ONLY, OWNER_ONLY_FOLDER = 0o600, 0o700

_HEAD = "head-{}.npz"


def write(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, and make sure that it is on the disk.

    Raises:
        OSError: the disk refuses.
    """
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, OWNER_ONLY), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def replace(path: Path, content: bytes) -> None:
    """Write a file under another name and rename it.

    Raises:
        OSError: the disk refuses. An earlier file stays as it is.
    """
    new = path.with_name(f".{path.name}-{os.getpid()}")
    try:
        write(new, content)
        new.replace(path)
    except OSError:
        new.unlink(missing_ok=True)
        raise


def as_json(content: object) -> bytes:
    """The content of a JSON file."""
    return json.dumps(content, indent=2, ensure_ascii=False).encode()


def read_json(path: Path) -> Any:
    """The content of a JSON file.

    Raises:
        OSError, ValueError: there is none, or it is broken.
    """
    return json.loads(_read(path))


def write_heads(folder: Path, heads: Mapping[str, Head]) -> dict[str, str]:
    """Write heads, each once; the names of their files have the checksums of their contents.

    Args:
        folder: of the files.
        heads: by label.

    Returns:
        Name of the file by label.

    Raises:
        OSError: the disk refuses.
    """
    names: dict[int, str] = {}
    for head in heads.values():
        if id(head) not in names:
            content = head.as_bytes()
            names[id(head)] = _HEAD.format(sha256(content).hexdigest())
            write(folder / names[id(head)], content)
    return {label: names[id(head)] for label, head in heads.items()}


def read_head(path: Path) -> Head:
    """A head.

    Raises:
        HEAD_ERRORS: there is none, it is broken, or its content does not match its name.
    """
    content = _read(path)
    if path.name != _HEAD.format(sha256(content).hexdigest()):
        message = "the content has changed"
        raise ValueError(message)
    return Head.from_bytes(content)


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        message = "too large"
        raise ValueError(message)
    return content
