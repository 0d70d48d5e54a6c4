"""Pages of Label Studio's local files storage, read from disk if its folder is mounted on this machine."""

import os
import stat
from pathlib import Path
from urllib.parse import unquote, unquote_plus

from boxocr.errors import PageForbidden, PageNotFound, PageUnreachable
from boxocr.pages.sources.local_file_access import LocalFileAccess
from boxocr.pages.sources.page_url import PageURL
from boxocr.pages.sources.source import Fetched, Limits, Validator
from boxocr.process.deadline import Deadline


class LocalFiles:
    """The source for ``/data/local-files/?d=name`` with a mounted document root.

    Args:
        root: an existing folder, Label Studio's own LOCAL_FILES_DOCUMENT_ROOT.
        limits: only the number of bytes applies.
        access: decides which files may be read.
    """

    def __init__(self, root: Path, limits: Limits, access: LocalFileAccess) -> None:
        self._root = root
        self._limits = limits
        self._access = access

    def has(self, url: PageURL) -> bool:
        """Whether there is such a file below the root.

        Raises:
            PageForbidden: the path leaves the root, through ``..``, a link, or by being absolute.
        """
        return self._find(url) is not None

    def _find(self, url: PageURL) -> tuple[str, Path] | None:
        """The file's name below the root, and its resolved path."""
        # Label Studio decodes a plus as a space, as forms do, but people also write literal plus signs into paths.
        for name in dict.fromkeys((unquote_plus(url.local_file), unquote(url.local_file))):
            if path := self._resolved(name):
                return name, path
        return None

    def fetch(self, url: PageURL, validator: Validator | None, deadline: Deadline) -> Fetched:
        """The file's bytes, or no data if its times, size and inode have not changed.

        Raises:
            PageForbidden: the file is outside the root, or this server may not read it.
            PageNotFound: there is no such file.
            PageTooLarge: it has more bytes than the limit.
            PageUnreachable: reading failed.
            PageError: Label Studio does not serve it; the subclass gives the reason.
        """
        found_file = self._find(url)
        if found_file is None:
            raise PageNotFound
        name, path = found_file
        self._access.check(name, path, deadline)
        try:
            # O_NOFOLLOW, since _find() resolved all links, so a link here was created afterwards. O_NONBLOCK, since
            # opening a named pipe would otherwise wait for a writer.
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

    def _resolved(self, name: str) -> Path | None:
        if name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/"):
            raise _outside()
        try:
            root = self._root.resolve(strict=True)
            path = (root / name).resolve(strict=True)
        except (OSError, RuntimeError, ValueError):
            # The file does not exist, links form a loop, or the name is too long or contains a NUL.
            return None
        if not path.is_relative_to(root):
            raise _outside()
        return path if path.is_file() else None


def _outside() -> PageForbidden:
    return PageForbidden(
        "The page's file is outside the folder of local files.", "Move it below LOCAL_FILES_DOCUMENT_ROOT."
    )
