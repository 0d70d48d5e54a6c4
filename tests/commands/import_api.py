"""A stand-in for the part of Label Studio's API that imports use, with the answers of Label Studio 1.23.2."""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.commands.label_studio_api import ApiStandIn, Refused
from tests.servers.label_studio import personal_access_token
from tests.servers.web import Reply, Request, web_server

Json = dict[str, Any]

_YEAR = 365 * 86_400


@dataclass
class ImportStandIn(ApiStandIn):
    """A Label Studio that accepts imports.

    Attributes:
        pages: uploads without a task, by number.
        folders: paths of local files storages.
        imports: number of requests that created tasks.
        failing: the next request whose path contains this is answered with status 500; empty for none.
        columns: number of columns in the labeling config; more than one prevents uploads.
    """

    pages: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    imports: int = 0
    failing: str = ""
    columns: int = 1

    def _api(self, request: Request, path: str) -> Reply:
        if self.failing and self.failing in path:
            self.failing = ""
            raise Refused(500, "database is locked")
        match request.method, *path.removeprefix("/api/").split("/"):
            case "POST", "projects", number, "import" if "commit_to_project" in request.query:
                return self._keep(int(number), request)
            case "POST", "projects", number, "import" if request.body.startswith(b"["):
                return self._create(int(number), json.loads(request.body))
            case "GET", "import", "file-upload", number:
                return _json({"id": int(number), "file": self.pages[int(number)], "size": 1})
            case "GET", "storages", "localfiles":
                return _json([{"id": 1, "path": path} for path in self.folders])
            case "POST", "storages", "localfiles":
                body = json.loads(request.body)
                self.folders.append(body["path"])
                return _json(body | {"id": 1}, 201)
        return super()._api(request, path)

    def _keep(self, project: int, request: Request) -> Reply:
        if self.columns > 1:
            said = "Your label config has more than one data key and direct file upload supports only one data key."
            raise Refused(400, "Validation error", non_field_errors=[said])
        head, _, rest = request.body.partition(b"\r\n\r\n")
        name = head.partition(b'filename="')[2].partition(b'"')[0].decode()
        stored = f"{project}/0088150{len(self.pages)}-{name}"
        self.uploads[stored] = rest.partition(b"\r\n" + head.partition(b"\r\n")[0])[0]
        self.pages.append(f"upload/{stored}")
        return _json({"task_count": 1, "file_upload_ids": [len(self.pages) - 1]}, 201)

    def _create(self, project: int, tasks: list[Json]) -> Reply:
        self.imports += 1
        for task in tasks:
            number = len(self.tasks[project]) + 1
            self.tasks[project].append({"id": number, "data": task["data"]})
            self.predictions += [{"task": number, **one} for one in task.get("predictions", [])]
        return _json({"task_count": len(tasks)}, 201)

    def _tasks(self, request: Request, project: int) -> Reply:
        query = json.loads(request.query.get("query", "{}"))
        for one in query.get("filters", {}).get("items", []):
            if one["filter"].startswith("filter:tasks:data."):
                column = one["filter"].removeprefix("filter:tasks:data.")
                found = [task for task in self.tasks[project] if task["data"].get(column) == one["value"]]
                return _json({"total": len(found), "tasks": found})
        return super()._tasks(request, project)


def _json(body: object, status: int = 200) -> Reply:
    return Reply(json.dumps(body).encode(), status, {"Content-Type": "application/json"})


@contextlib.contextmanager
def import_api(prefix: str = "") -> Iterator[ImportStandIn]:
    """A Label Studio on a free port of 127.0.0.1."""
    with web_server() as web:
        stand_in = ImportStandIn(web, prefix, token=personal_access_token(life_seconds=_YEAR))
        web.routes[""] = stand_in.dated_answer
        yield stand_in
