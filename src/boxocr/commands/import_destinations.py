"""Where an import stores pages, so that Label Studio can show them."""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol
from urllib.parse import quote

from boxocr.documents.buckets import SCHEME, Bucket
from boxocr.documents.page_image import PageImage
from boxocr.label_studio.errors import CommandFailed, command_errors
from boxocr.label_studio.imports import ProjectImports
from boxocr.label_studio.storage import Storage
from boxocr.settings.environment import Settings

_MEDIA_TYPES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".webp": "image/webp",
    ".gif": "image/gif",
    ".bmp": "image/bmp",
}

# Some file systems refuse longer names, to which Label Studio adds a prefix.
_LONGEST_STEM = 80


@dataclass(frozen=True, slots=True)
class StoredName:
    """Names the stored pages of a document.

    Attributes:
        name: of the document, as it was found.
        checksum: of the document.
    """

    name: str
    checksum: str

    @property
    def stem(self) -> str:
        """The document's name without folders and suffix, reduced to letters, digits, dots, hyphens and underscores."""
        return re.sub(r"[^\w.-]+", "_", PurePosixPath(self.name).stem)[:_LONGEST_STEM].strip("._") or "page"

    def key(self, index: int, suffix: str) -> str:
        """Path of a page below the place where pages are stored; the same in each run."""
        return f"{self.stem}-{self.checksum[:12]}/{index + 1:04d}{suffix}"


class Destination(Protocol):
    """Stores pages."""

    def store(self, document: StoredName, index: int, page: PageImage) -> str:
        """Store a page, and return its address for tasks.

        Raises:
            CommandFailed: it cannot be stored.
        """
        ...


def check_apart(inputs: Iterable[str], to: str | None) -> None:
    """Refuse to store pages among the documents, since the next run would take the pages for documents.

    Args:
        inputs: files, folders, zip archives and ``s3://bucket/prefix``.
        to: a folder or ``s3://bucket/prefix``; None if there is none.

    Raises:
        CommandFailed: ``to`` is one of the inputs, or inside one.
    """
    if to is None:
        return
    for place in inputs:
        in_bucket = place.lower().startswith(SCHEME)
        if in_bucket != to.lower().startswith(SCHEME):
            continue
        if to.startswith(place) if in_bucket else Path(to).resolve().is_relative_to(Path(place).resolve()):
            raise CommandFailed(
                "The place for the pages is among the documents, so the next run would take the pages for documents.",
                "Choose another place with --to.",
            )


def destination(to: str | None, imports: ProjectImports, settings: Settings) -> Destination:
    """The destination for an import.

    Args:
        to: a folder or ``s3://bucket/prefix``; None to upload pages.
        imports: of the project.
        settings: of the server.

    Raises:
        CommandFailed: Label Studio cannot show pages from there.
    """
    if to is None:
        return Uploads(imports)
    if to.lower().startswith(SCHEME):
        return BucketPages(to, settings, imports)
    return FolderPages(Path(to), settings, imports)


class Uploads:
    """Uploads pages into the project.

    Args:
        imports: of the project.
    """

    def __init__(self, imports: ProjectImports) -> None:
        self._imports = imports

    def store(self, document: StoredName, index: int, page: PageImage) -> str:
        """Upload a page, and return its address for tasks.

        Raises:
            CommandFailed: Label Studio does not answer, or refuses.
        """
        name = f"{document.stem}-{index + 1:04d}{page.suffix}"
        return self._imports.upload(name, page.data, _MEDIA_TYPES[page.suffix])


class FolderPages:
    """Writes pages into a folder that Label Studio's local files storage serves.

    Args:
        folder: where to write; made if there is none.
        settings: of the server: LOCAL_FILES_DOCUMENT_ROOT.
        imports: of the project, which gets a storage for the folder unless it has one; None to add no storage.

    Raises:
        CommandFailed: Label Studio cannot serve files from this folder.
    """

    def __init__(self, folder: Path, settings: Settings, imports: ProjectImports | None) -> None:
        self._folder = folder.resolve()
        self._root = document_root(settings)
        self._imports = imports
        if self._folder == self._root or not self._folder.is_relative_to(self._root):
            raise CommandFailed(
                "The folder for the pages is not below LOCAL_FILES_DOCUMENT_ROOT, so Label Studio could not show them.",
                "Choose a folder below it, or correct LOCAL_FILES_DOCUMENT_ROOT.",
            )

    def store(self, document: StoredName, index: int, page: PageImage) -> str:
        """Write a page, and return its address for tasks.

        Raises:
            CommandFailed: it cannot be written, or Label Studio does not serve the folder.
        """
        path = self._folder / document.key(index, page.suffix)
        partial = path.with_name(f".{path.name}.partial")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            partial.write_bytes(page.data)
            partial.replace(path)
        except OSError as error:
            raise CommandFailed(
                f"A page cannot be written: {error.strerror}.", "Check the folder, and the free space on its disk."
            ) from None
        prefix = ""
        if self._imports is not None:
            self._imports.serve_folder(self._folder)
            prefix = self._imports.path_prefix
        return f"{prefix}{local_files_address(path, self._root)}"


class BucketPages:
    """Stores pages in a bucket that Label Studio's S3 storage serves.

    Args:
        url: ``s3://bucket/prefix``.
        settings: of the server: endpoint and keys.
        imports: of the project, which gets a storage for the bucket unless it has one; None to add no storage.

    Raises:
        CommandFailed: the address is invalid, or there are no keys.
    """

    def __init__(self, url: str, settings: Settings, imports: ProjectImports | None) -> None:
        with command_errors():
            self._bucket = Bucket(url, settings)
        self._prefix = self._bucket.prefix.strip("/")
        self._settings = settings
        self._imports = imports

    def store(self, document: StoredName, index: int, page: PageImage) -> str:
        """Store a page, and return its address for tasks.

        Raises:
            CommandFailed: S3 or Label Studio does not answer, or refuses.
        """
        key = "/".join(filter(None, [self._prefix, document.key(index, page.suffix)]))
        with command_errors():
            self._bucket.put(key, page.data, _MEDIA_TYPES[page.suffix])
        if self._imports is not None:
            self._imports.serve_bucket(self._storage())
        return f"{SCHEME}{self._bucket.name}/{key}"

    def _storage(self) -> Storage:
        settings = self._settings
        # Never happens: Bucket has already refused missing keys.
        if settings.aws_access_key_id is None or settings.aws_secret_access_key is None:
            raise CommandFailed
        return Storage(
            self._bucket.name,
            self._prefix,
            settings.aws_endpoint,
            settings.aws_region,
            settings.aws_access_key_id,
            settings.aws_secret_access_key,
            settings.aws_session_token,
        )


def document_root(settings: Settings) -> Path:
    """The folder whose files Label Studio serves.

    Raises:
        CommandFailed: LOCAL_FILES_DOCUMENT_ROOT is not set.
    """
    if settings.local_files_document_root is None:
        raise CommandFailed(
            "Label Studio serves files below one folder only, and this command does not know which.",
            "Set LOCAL_FILES_DOCUMENT_ROOT to the folder that Label Studio has as its local files' document root.",
        )
    return settings.local_files_document_root.resolve()


def local_files_address(path: Path, root: Path) -> str:
    """The address of a file in Label Studio's local files storage.

    Args:
        path: of the file, below the root.
        root: Label Studio's document root.
    """
    return f"/data/local-files/?d={quote(os.fsencode(path.relative_to(root).as_posix()))}"
