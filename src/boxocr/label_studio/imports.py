"""Label Studio's API for imports: uploads of pages, tasks with predictions, and the storages that serve pages.

Its answers were recorded with Label Studio 1.23.2.
"""

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from boxocr.label_studio.client import LabelStudioAPI
from boxocr.label_studio.errors import CommandFailed, LabelStudioRefused, LabelStudioUnreachable
from boxocr.label_studio.storage import Storage
from boxocr.labeling.source_columns import SOURCE_CHECKSUM

# While annotators work, SQLite can be locked for some seconds.
_ATTEMPTS = 4
_SECONDS_BETWEEN = 2.0

_IMPORT_SECONDS = 600.0

# The filter matches no file, so that "Sync Storage" does not create a second task for each page.
_NO_TASKS = {"regex_filter": "(?!)", "use_blob_urls": True}
_TITLE = "Pages of boxocr import"

# Part of Label Studio's answer to an upload whose project has several data columns; uploads need exactly one.
_SEVERAL_COLUMNS = "more than one data key"


class ProjectImports:
    """The imports of a project.

    Args:
        api: Label Studio.
        project: its number.
    """

    def __init__(self, api: LabelStudioAPI, project: int) -> None:
        self._api = api
        self._project = project
        self._served: set[str] = set()

    @property
    def path_prefix(self) -> str:
        """The path under which Label Studio is installed on its host; usually empty."""
        return urlsplit(self._api.url).path

    def upload(self, name: str, data: bytes, media_type: str) -> str:
        """Upload a page without creating a task.

        Args:
            name: of the file.
            data: of the file.
            media_type: of the file.

        Returns:
            The page's address for tasks.

        Raises:
            CommandFailed: Label Studio does not answer, or refuses.
        """
        try:
            answer = self._patiently(
                "POST",
                f"projects/{self._project}/import",
                params={"commit_to_project": "false"},
                files={"file": (name, data, media_type)},
            )
        except LabelStudioRefused as refused:
            if _SEVERAL_COLUMNS in refused.detail:
                raise CommandFailed(
                    "Label Studio accepts uploads only for labeling configs with one data column.",
                    "Store the pages in a folder or a bucket with --to, or remove the other columns.",
                ) from None
            raise
        (upload,) = answer["file_upload_ids"]
        stored = str(self._patiently("GET", f"import/file-upload/{int(upload)}")["file"])
        return f"{self.path_prefix}/data/{quote(stored)}"

    def tasks_from(self, checksum: str) -> list[Mapping[str, Any]]:
        """The data of the tasks that were created from a document.

        Args:
            checksum: of the document.
        """
        query = {
            "filters": {
                "conjunction": "and",
                "items": [
                    {
                        "filter": f"filter:tasks:data.{SOURCE_CHECKSUM}",
                        "operator": "equal",
                        "type": "String",
                        "value": checksum,
                    }
                ],
            }
        }
        found: list[Mapping[str, Any]] = []
        while True:
            answer = self._patiently(
                "GET",
                "tasks",
                params={
                    "project": self._project,
                    "page": len(found) // 1000 + 1,
                    "page_size": 1000,
                    "resolve_uri": "false",
                    "query": json.dumps(query),
                },
            )
            found += [task["data"] for task in answer["tasks"]]
            if len(found) >= int(answer["total"]) or not answer["tasks"]:
                return found

    def create_tasks(self, tasks: Sequence[Mapping[str, Any]]) -> None:
        """Create tasks; either all are created or none.

        Args:
            tasks: each with ``data``, and optionally ``predictions``.

        Raises:
            CommandFailed: Label Studio does not answer, or refuses.
        """
        # No second attempt: a request that got no answer may have been executed.
        self._api.send("POST", f"projects/{self._project}/import", json=tasks, timeout=_IMPORT_SECONDS)

    def serve_folder(self, folder: Path) -> None:
        """Give the project a local files storage for a folder, unless it has one. No tasks are made from its files.

        Args:
            folder: as Label Studio sees it.

        Raises:
            CommandFailed: Label Studio refuses, for instance because it does not serve local files.
        """
        if str(folder) in self._served:
            return
        rows = self._patiently("GET", "storages/localfiles/", params={"project": self._project})
        if not any(folder.is_relative_to(row["path"]) for row in rows if row.get("path")):
            fields = {"project": self._project, "title": _TITLE, "path": str(folder)} | _NO_TASKS
            try:
                self._api.send("POST", "storages/localfiles/", json=fields)
            except LabelStudioRefused as refused:
                raise CommandFailed(
                    f"Label Studio does not serve the folder for the pages: {refused.detail[:300]}",
                    "Start Label Studio with LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED=true, and add a local files "
                    "storage for this folder in the project's settings.",
                ) from None
        self._served.add(str(folder))

    def serve_bucket(self, storage: Storage) -> None:
        """Give the project an S3 storage for a bucket, unless it has one. No tasks are made from its objects.

        Label Studio proxies the pages, so that browsers need no access to the S3 server.

        Args:
            storage: with at least one object.

        Raises:
            CommandFailed: Label Studio refuses.
        """
        if storage.bucket in self._served:
            return
        if storage.bucket not in self._api.buckets(self._project):
            fields = {
                "project": self._project,
                "title": _TITLE,
                "bucket": storage.bucket,
                "prefix": storage.prefix,
                "s3_endpoint": storage.endpoint,
                "region_name": storage.region,
                "aws_access_key_id": storage.key_id,
                "aws_secret_access_key": storage.secret.get_secret_value(),
                "aws_session_token": storage.session.get_secret_value() if storage.session else None,
                "presign": False,
            }
            self._api.send("POST", "storages/s3/", json=fields | _NO_TASKS)
        self._served.add(storage.bucket)

    def _patiently(self, method: str, path: str, **request: Any) -> Any:
        """Send a request that is safe to repeat, several times if necessary."""
        for attempt in range(1, _ATTEMPTS):
            try:
                return self._api.send(method, path, **request)
            except LabelStudioRefused as refused:
                if refused.http_status < httpx.codes.INTERNAL_SERVER_ERROR:
                    raise
            except LabelStudioUnreachable:
                pass
            time.sleep(_SECONDS_BETWEEN * attempt)
        return self._api.send(method, path, **request)
