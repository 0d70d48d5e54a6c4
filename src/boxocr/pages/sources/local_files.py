"""Pages of Label Studio's local files storage, read straight from this machine's disk where it is mounted here."""

import os
import stat
from pathlib import Path
from urllib.parse import unquote, unquote_plus

from boxocr.errors import PageForbidden, PageNotFound, PageUnreachable
from boxocr.pages.http.deadline import Deadline
from boxocr.pages.page import PageAddress
from boxocr.pages.sources.source import Fetched, Limits, Validator

_OUTSIDE = "The page's file lies outside the folder of local files."
_OUTSIDE_REMEDY = "Move it below LOCAL_FILES_DOCUMENT_ROOT."


def is_local_files_url(url: str) -> bool:
    """Whether this is how Label Studio writes the address of a local file, behind a path prefix or not."""
    return url.partition("?")[0].endswith("/data/local-files/") and bool(_value_of_d(url))


class LocalFiles:
    """The source for ``/data/local-files/?d=name`` with a mounted document root.

    Args:
        root: an existing folder, the same that Label Studio has as LOCAL_FILES_DOCUMENT_ROOT.
        limits: only the number of bytes matters.
    """

    def __init__(self, root: Path, limits: Limits) -> None:
        self._root = root
        self._limits = limits

    def find(self, url: str) -> Path | None:
        """The file that the address means, None when there is no such file below the root.

        Raises:
            PageForbidden: it lies outside the root, by ``..``, as an absolute path, or by a link.
        """
        value = _value_of_d(url)
        # Label Studio reads a plus as a space, as forms do. People write plus signs into paths all the same.
        for name in dict.fromkeys((unquote_plus(value), unquote(value))):
            if path := self._inside(name):
                return path
        return None

    def fetch(self, address: PageAddress, validator: Validator | None, _deadline: Deadline) -> Fetched:
        """The file's bytes, or word that it is the same as before: by its times, size and inode.

        Raises:
            PageForbidden: it lies outside the root, or its permissions forbid to read it.
            PageNotFound: there is none.
            PageTooLarge: it has more bytes than the limit.
            PageUnreachable: the disk does not give it.
        """
        path = self.find(address.url)
        if path is None:
            raise PageNotFound
        try:
            # Links were resolved by find(), so one that stands here now was put there since. Opening a named pipe would
            # wait for its writer.
            with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
                state = os.fstat(file.fileno())
                if not stat.S_ISREG(state.st_mode):
                    raise PageNotFound
                found = Validator(etag=f"{state.st_mtime_ns}-{state.st_ctime_ns}-{state.st_size}-{state.st_ino}")
                if found == validator:
                    return Fetched(None, found)
                data = file.read(self._limits.max_bytes + 1)
        except PermissionError:
            raise PageForbidden(
                "This server may not read the page's file.", "Check the permissions of the mounted local files."
            ) from None
        except FileNotFoundError:
            raise PageNotFound from None
        except OSError:
            raise PageUnreachable("The page's file could not be read from disk.", "Check the mounted folder.") from None
        if len(data) > self._limits.max_bytes:
            raise self._limits.too_large()
        return Fetched(data, found)

    def _inside(self, name: str) -> Path | None:
        if name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/"):
            raise PageForbidden(_OUTSIDE, _OUTSIDE_REMEDY)
        try:
            root = self._root.resolve(strict=True)
            path = (root / name).resolve(strict=True)
        except (OSError, RuntimeError, ValueError):
            # Not there, links in a circle, a name too long or with a NUL in it.
            return None
        if not path.is_relative_to(root):
            raise PageForbidden(_OUTSIDE, _OUTSIDE_REMEDY)
        return path if path.is_file() else None


def _value_of_d(url: str) -> str:
    """The query's ``d``, still encoded. A hash sign or question mark in it is taken literally, an ampersand ends it."""
    query = url.partition("?")[2]
    return next((pair[2:] for pair in query.split("&") if pair.startswith("d=")), "")
