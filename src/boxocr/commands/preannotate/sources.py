"""Tasks from a file in Label Studio's import format, and from images in a folder or a bucket."""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from boxocr import MODEL_VERSION
from boxocr.commands.preannotate.items import Item
from boxocr.label_studio.errors import CommandFailed, command_errors
from boxocr.labeling.config import LabelingConfig
from boxocr.pages.sources.s3_client import make_client, s3_errors
from boxocr.settings.environment import Settings

_IMAGES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".gif"})

_COLUMN = re.compile(r"\$(\w+)")


class TasksFile:
    """A JSON file with a list of ``{"data": {…}}``, as Label Studio imports and exports it.

    Args:
        path: of the file.

    Raises:
        CommandFailed: the content is invalid.
    """

    def __init__(self, path: Path) -> None:
        try:
            found = json.loads(path.read_bytes())
        except OSError as error:
            raise CommandFailed(f"{path.name} cannot be read: {error.strerror}.", "Check --input.") from None
        except ValueError:
            raise CommandFailed(f"{path.name} is not JSON.", "Export the tasks from Label Studio as JSON.") from None
        if not isinstance(found, list) or not all(map(_is_task, found)):
            raise CommandFailed(
                f"{path.name} is not a list of tasks.", 'Write it like [{"data": {"image": "s3://bucket/page.png"}}].'
            )
        self._tasks: list[dict[str, Any]] = found

    def items(self) -> Iterator[Item]:
        """Yield the tasks without a prediction of this version."""
        for number, task in enumerate(self._tasks, start=1):
            if not _is_predicted(task):
                yield Item(f"Task {task['id']}" if "id" in task else f"Task no. {number}", task)

    def count(self) -> int:
        """Number of these tasks."""
        return sum(not _is_predicted(task) for task in self._tasks)

    def entries(self) -> Iterator[Item]:
        """Yield all tasks, for the output."""
        for task in self._tasks:
            yield Item("", task)


class ImagesOf:
    """Tasks with an image each. Subclasses provide the addresses.

    Args:
        label_config: its Image tag defines the column for the address.

    Raises:
        CommandFailed: there is not exactly one such column.
    """

    def __init__(self, label_config: str) -> None:
        labeling = LabelingConfig.parse(label_config, {})
        attributes = [labeling.objects[name].attributes for name in labeling.images()]
        written = [(one.get("valueList") or one.get("value") or "", "valueList" in one) for one in attributes]
        column = _COLUMN.fullmatch(written[0][0]) if len(written) == 1 else None
        if column is None:
            raise CommandFailed(
                "The labeling config does not have exactly one Image whose value is a column, such as $image.",
                "Write the tasks into a file, and name that with --input.",
            )
        self._column, self._is_list = column[1], written[0][1]

    def addresses(self) -> Iterator[str]:
        """Yield the addresses of the images, always in the same order."""
        raise NotImplementedError

    def items(self) -> Iterator[Item]:
        """Yield a task for each image."""
        for address in self.addresses():
            yield Item(address, {"data": {self._column: [address] if self._is_list else address}})

    entries = items

    def count(self) -> int:
        """Number of images."""
        return sum(1 for _ in self.addresses())


class Folder(ImagesOf):
    """The images in a folder and its subfolders, with their addresses in Label Studio's local files storage.

    Args:
        folder: with the images.
        settings: of the server: LOCAL_FILES_DOCUMENT_ROOT.
        label_config: as for :class:`ImagesOf`.

    Raises:
        CommandFailed: it is not a folder, or Label Studio cannot serve its files.
    """

    def __init__(self, folder: Path, settings: Settings, label_config: str) -> None:
        super().__init__(label_config)
        self._folder = folder.resolve()
        if not self._folder.is_dir():
            raise CommandFailed("--folder is not a directory.", "Name the folder with the images.")
        root = settings.local_files_document_root
        if root is None:
            raise CommandFailed(
                "Label Studio serves files below one folder only, and this command does not know which.",
                "Set LOCAL_FILES_DOCUMENT_ROOT to the folder that Label Studio has as its local files' document root.",
            )
        self._root = root.resolve()
        if not self._folder.is_relative_to(self._root):
            raise CommandFailed(
                "The folder is not below LOCAL_FILES_DOCUMENT_ROOT, so Label Studio could not show its images.",
                "Move it there, or correct LOCAL_FILES_DOCUMENT_ROOT.",
            )

    @property
    def below_root(self) -> str:
        """The folder, relative to the document root, for LOCAL_FILES_FOLDERS."""
        return self._folder.relative_to(self._root).as_posix()

    def addresses(self) -> Iterator[str]:
        """Yield ``/data/local-files/?d=…``, sorted by name."""
        for place, folders, files in os.walk(self._folder):
            folders.sort()
            for name in sorted(files):
                if PurePosixPath(name).suffix.lower() in _IMAGES:
                    path = (Path(place) / name).relative_to(self._root).as_posix()
                    yield f"/data/local-files/?d={quote(os.fsencode(path))}"


class Bucket(ImagesOf):
    """The images under a prefix of a bucket of S3.

    Args:
        url: ``s3://bucket/prefix``.
        settings: of the server: endpoint and keys.
        label_config: as for :class:`ImagesOf`.

    Raises:
        CommandFailed: the address is invalid, or there are no keys.
    """

    def __init__(self, url: str, settings: Settings, label_config: str) -> None:
        super().__init__(label_config)
        scheme, _, rest = url.partition("://")
        self._bucket, _, self._prefix = rest.partition("/")
        if scheme != "s3" or not self._bucket:
            raise CommandFailed(f'--s3 "{url[:80]}" does not name a bucket.', "Write it like s3://bucket/prefix.")
        if settings.aws_access_key_id is None:
            raise CommandFailed(
                "This server has no keys for S3.",
                "Set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, for MinIO, AWS_ENDPOINT.",
            )
        self._settings = settings

    def addresses(self) -> Iterator[str]:
        """Yield ``s3://bucket/key``, sorted by key."""
        with command_errors(), s3_errors(self._settings, self._bucket):
            client = make_client(self._settings, read_seconds=10, attempts=5)
            for answer in client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._prefix):
                for entry in answer.get("Contents", []):
                    if PurePosixPath(entry["Key"]).suffix.lower() in _IMAGES:
                        yield f"s3://{self._bucket}/{entry['Key']}"


def _is_task(found: object) -> bool:
    return (
        isinstance(found, dict)
        and isinstance(found.get("data"), dict)
        and isinstance(found.get("predictions", []), list)
    )


def _is_predicted(task: dict[str, Any]) -> bool:
    predictions = (one for one in task.get("predictions", []) if isinstance(one, dict))
    return any(one.get("model_version") == MODEL_VERSION for one in predictions)
