"""The local files that this server may read: those that Label Studio would serve, and folders that the operator lists.

The mounted folder can contain files that belong to no project. Anyone who may import tasks can name such files, so
reading from disk must not give access to more than Label Studio does.
"""

import threading
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from cachetools import TTLCache

from boxocr.errors import PageForbidden
from boxocr.pages.sources.label_studio import LabelStudio
from boxocr.process.deadline import Deadline

# Folders that are remembered because Label Studio serves them, and for how long. It decides by a file's folder, so one
# question per folder is enough.
_FOLDERS = 10_000
_SECONDS = 300.0


class LocalFileAccess:
    """Decides which local files are read. Thread-safe.

    Args:
        root: the document root.
        folders: those that the operator allows, relative to the root; ``.`` is the root.
        label_studio: decides about other folders; None if this server has no token for it.
    """

    def __init__(self, root: Path, folders: Sequence[str], label_studio: LabelStudio | None) -> None:
        self._root = root
        self._folders = tuple(folders)
        self._label_studio = label_studio
        self._lock = threading.Lock()
        self._served: TTLCache[PurePosixPath, bool] = TTLCache(_FOLDERS, _SECONDS)

    def check(self, name: str, path: Path, deadline: Deadline) -> None:
        """Refuse a file that this server may not read.

        Args:
            name: of the file below the root, as the task's address has it, decoded.
            path: of the file, with all links resolved.
            deadline: for Label Studio's answer.

        Raises:
            PageError: the subclass gives the reason.
        """
        if any(path.is_relative_to((self._root / folder).resolve()) for folder in self._folders):
            return
        if self._label_studio is None:
            raise PageForbidden(
                "The page is a local file, and without a token Label Studio cannot be asked who may read it.",
                "Set LABEL_STUDIO_ACCESS_TOKEN, or list the file's folder in LOCAL_FILES_FOLDERS.",
            )
        folder = PurePosixPath(name).parent
        with self._lock:
            if folder in self._served:
                return
        self._label_studio.check_local_file(name, deadline)
        with self._lock:
            self._served[folder] = True
