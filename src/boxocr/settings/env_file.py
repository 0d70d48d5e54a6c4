"""Detection of the ``.env`` file's encoding."""

import codecs
from pathlib import Path

_UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

# With or without a byte order mark.
UTF_8 = "utf-8-sig"


class EnvFileError(Exception):
    """The file cannot be read. The message has a remedy and quotes nothing from the file, which contains secrets."""


def encoding(path: Path) -> str:
    """Return the encoding of an ``.env`` file: UTF-8, or UTF-16 with a byte order mark.

    Notepad on Windows writes UTF-16 for "Unicode", and UTF-8 with a byte order mark.

    Args:
        path: need not exist.

    Raises:
        EnvFileError: it is a folder, it cannot be read, or it has another encoding.
    """
    # .env can also be a virtual environment, or a pipe, which must not be read here since it can be read only once.
    if (path / "pyvenv.cfg").is_file() or path.is_fifo():
        return UTF_8
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        if path.is_symlink():
            raise EnvFileError(f"{path.name} is a link to a file that does not exist; remove or correct it") from None
        return UTF_8
    except IsADirectoryError:
        raise EnvFileError(f"{path.name} is a folder; remove it, or put a file with the settings there") from None
    except PermissionError:
        raise EnvFileError(f"{path.name} cannot be read by the user that runs BoxOCR; change its permissions") from None
    except OSError as error:
        raise EnvFileError(f"{path.name} cannot be read ({error.strerror}); correct or remove it") from None
    found = "utf-16" if data.startswith(_UTF_16_MARKS) else UTF_8
    _check(path.name, data, found)
    return found


def _check(name: str, data: bytes, found: str) -> None:
    try:
        text = data.decode(found)
    except UnicodeDecodeError as error:
        line = _line(data[: error.start].decode(found, "replace"))
        problem = "damaged UTF-16" if found == "utf-16" else "not UTF-8 but perhaps Latin-1 or Windows-1252"
        raise EnvFileError(f"{name} is {problem} in line {line}; save it as UTF-8") from None
    before, zero, _ = text.partition("\0")
    if zero:
        raise EnvFileError(
            f"{name} has a zero byte in line {_line(before)}, as UTF-16 without a byte order mark does; "
            "save it as UTF-8"
        )


def _line(before: str) -> int:
    """The line number after this text."""
    return before.replace("\r\n", "\n").replace("\r", "\n").count("\n") + 1
