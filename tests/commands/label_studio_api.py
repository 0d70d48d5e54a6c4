"""A stand-in for the part of Label Studio's API that the commands use.

Statuses and messages are those with which Label Studio 1.23.2 answered the same requests. Like Label Studio, the
stand-in calls a backend's /health and /setup before it saves a connection, and whenever connections are listed.
"""

import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from pathlib import Path
from time import time
from typing import Any
from urllib.parse import urlsplit

import requests

from tests.servers.label_studio import LEGACY_TOKEN, LabelStudioStandIn, personal_access_token
from tests.servers.web import ISSUED, Reply, Request, web_server

Json = dict[str, Any]

BOXES = """<View>
  <Image name="image" value="$image"/>
  <RectangleLabels name="bbox" toName="image" smart="true"><Label value="Text"/></RectangleLabels>
  <TextArea name="transcription" toName="image" perRegion="true" editable="true" rows="3"/>
</View>"""

_YEAR = 365 * 86_400

_HINT = (
    'Make sure it is up and your firewall is properly configured. <a href="https://labelstud.io/guide/ml.html">Learn '
    "more</a> about how to set up an ML backend."
)
_SETUP_HINT = "\nCheck the ML backend server console logs to check the status."
_LEGACY_OFF = (
    "Authentication token no longer valid: legacy token authentication has been disabled for this organization"
)


class Refused(Exception):
    """The request is refused: raised instead of returning an answer."""

    def __init__(self, status: int, detail: str, **problems: list[str]) -> None:
        self.reply = _json({"detail": detail, **({"validation_errors": problems} if problems else {})}, status)


@dataclass
class ApiStandIn(LabelStudioStandIn):
    """A Label Studio with projects and connections.

    Attributes:
        projects: title and label_config by number.
        tasks: of each project; they are numbered from 1.
        predictions: those that were stored, in order.
        buckets: names of the buckets in each project's S3 storages.
        storages: S3 source storages that were created; ``synced`` counts how often each was synced.
        connections: as the API shows them, passwords included.
        webhooks: as the API shows them.
        webhooks_allowed: whether the token's owner may see and change webhooks.
        guarded: whether the address guard is on.
        known_hosts: host names that the stand-in can resolve.
        personal_tokens: whether the organisation allows personal access tokens.
        seconds_ahead: how far the stand-in's clock is ahead.
        release: the version that the stand-in reports.
    """

    projects: dict[int, Json] = field(default_factory=dict)
    tasks: dict[int, list[Json]] = field(default_factory=dict)
    predictions: list[Json] = field(default_factory=list)
    buckets: dict[int, list[str]] = field(default_factory=dict)
    storages: list[Json] = field(default_factory=list)
    connections: list[Json] = field(default_factory=list)
    webhooks: list[Json] = field(default_factory=list)
    webhooks_allowed: bool = True
    guarded: bool = False
    known_hosts: tuple[str, ...] = ("127.0.0.1", "localhost")
    personal_tokens: bool = True
    seconds_ahead: float = 0
    release: str = "1.23.2"
    changes: int = 0

    def add_project(self, label_config: str = BOXES, *tasks: Json, title: str = "Invoices") -> int:
        """Add a project with a task for each ``data``; returns its number."""
        number = len(self.projects) + 1
        self.projects[number] = {"id": number, "title": title, "label_config": label_config}
        self.tasks[number] = [{"id": place, "data": data} for place, data in enumerate(tasks, start=1)]
        return number

    def dated_answer(self, request: Request) -> Reply:
        """The answer, dated by the stand-in's clock."""
        reply = self.answer(request)
        date = formatdate(time() + self.seconds_ahead, usegmt=True)
        return replace(reply, headers={"Date": date, **reply.headers})

    def answer(self, request: Request) -> Reply:
        path = request.path.removeprefix(self.prefix).rstrip("/")
        if path == "/health":
            return _json({"status": "UP"})
        if path == "/api/version":
            return _json({"release": self.release})
        if not path.startswith("/api/") or path == "/api/token/refresh":
            return super().answer(request)
        try:
            self._authenticate(request)
            return self._api(request, path)
        except Refused as refused:
            return refused.reply

    def _authenticate(self, request: Request) -> None:
        kind, _, token = (request.authorization or "").partition(" ")
        if kind == "Token":
            if token != LEGACY_TOKEN:
                raise Refused(401, "Invalid token.")
            if not self.legacy_tokens:
                raise Refused(401, _LEGACY_OFF)
        elif not self.personal_tokens or not self._known(request):
            raise Refused(401, "Authentication credentials were not provided.")

    def _api(self, request: Request, path: str) -> Reply:
        kind, *rest = path.removeprefix("/api/").split("/")
        project = int(request.query.get("project", 0))
        match request.method, kind:
            case _, "projects" | "ml" | "predictions" | "annotations":
                answer = {
                    "projects": self._projects,
                    "ml": self._ml,
                    "predictions": self._stored,
                    "annotations": self._annotations,
                }[kind]
                return answer(request, rest)
            case "GET", "current-user":
                return _json({"id": 1, "email": "annotator@example.com"})
            case _, "tasks":
                return self._changed_task(request, rest) if rest else self._tasks(request, project)
            case _, "storages":
                return self._storages(request, rest, project)
            case _, "webhooks":
                return self._webhooks(request, rest, project)
        return Reply(b"<!doctype html><html>", 404)

    def _tasks(self, request: Request, project: int) -> Reply:
        """The first tasks that match the filters."""
        query = json.loads(request.query.get("query", "{}"))
        found = self.tasks[project]
        for one in query.get("filters", {}).get("items", []):
            match one["filter"], one["operator"], one["value"]:
                case "filter:tasks:id", "greater", number:
                    found = [task for task in found if task["id"] > number]
                case "filter:tasks:predictions_model_versions", "not_contains", [version]:
                    having = {row["task"] for row in self.predictions if version in row["model_version"]}
                    found = [task for task in found if task["id"] not in having]
                case "filter:tasks:total_annotations", "greater", number:
                    found = [task for task in found if len(task.get("annotations", ())) > number]
                case "filter:tasks:total_annotations", "equal", number:
                    found = [task for task in found if len(task.get("annotations", ())) == number]
                case unknown:
                    raise Refused(400, f"unknown filter {unknown}")
        most = int(request.query.get("page_size", 100))
        return _json({"total": len(found), "tasks": found[:most]})

    def _changed_task(self, request: Request, rest: list[str]) -> Reply:
        (task,) = (one for tasks in self.tasks.values() for one in tasks if one["id"] == int(rest[0]))
        task["data"] = json.loads(request.body)["data"]
        return _json({"id": task["id"], "data": task["data"]})

    def _annotations(self, request: Request, rest: list[str]) -> Reply:
        annotations = [one for tasks in self.tasks.values() for task in tasks for one in task.get("annotations", ())]
        (annotation,) = (one for one in annotations if one["id"] == int(rest[0]))
        if request.method == "PATCH":
            annotation["result"] = json.loads(request.body)["result"]
        return _json(annotation)

    def _store(self, project: int, request: Request) -> Reply:
        rows = json.loads(request.body)
        known = {task["id"] for task in self.tasks[project]}
        if strangers := [row["task"] for row in rows if row["task"] not in known]:
            raise Refused(400, "Validation error", non_field_errors=[f"Prediction 0: Invalid task ID {strangers[0]}"])
        self.predictions += rows
        return _json({"created": len(rows)}, 201)

    def _stored(self, request: Request, rest: list[str]) -> Reply:
        """List a task's stored predictions, or delete one. A prediction's number is its index."""
        if request.method == "DELETE":
            del self.predictions[int(rest[0])]
            return Reply(b"", 204)
        task = int(request.query["task"])
        return _json([{"id": place, **row} for place, row in enumerate(self.predictions) if row["task"] == task])

    def _projects(self, request: Request, rest: list[str]) -> Reply:
        match request.method, *rest:
            case "GET", number:
                return _json(self._project(number))
            case "POST", number, "import", "predictions":
                return self._store(int(number), request)
            case "POST", number, "import":
                return self._import(int(number), request)
            case "POST", *_:
                body = json.loads(request.body)
                return _json(self.projects[self.add_project(body["label_config"], title=body["title"])], 201)
        title = request.query.get("title", "").lower()
        found = [one for one in self.projects.values() if title in one["title"].lower()]
        return _json({"count": len(found), "next": None, "previous": None, "results": found})

    def _ml(self, request: Request, rest: list[str]) -> Reply:
        if request.method == "GET":
            return _json(self._listed(int(self._project(request.query["project"])["id"])))
        if request.method == "PATCH":
            return self._reconnected(int(rest[0]), json.loads(request.body))
        return self._connected(json.loads(request.body))

    def _project(self, number: str) -> Json:
        if int(number) not in self.projects:
            raise Refused(404, "No Project matches the given query.")
        return self.projects[int(number)]

    def _import(self, project: int, request: Request) -> Reply:
        head, _, rest = request.body.partition(b"\r\n\r\n")
        name = head.partition(b'filename="')[2].partition(b'"')[0].decode()
        boundary = head.partition(b"\r\n")[0]
        stored = f"00881504-{name}"
        self.uploads[f"{project}/{stored}"] = rest.partition(b"\r\n" + boundary)[0]
        tasks = self.tasks[project]
        address = f"{self.prefix}/data/upload/{project}/{stored}"
        tasks.append({"id": len(tasks) + 1, "data": {"image": address}, "file_upload": stored})
        return _json({"task_count": 1}, 201)

    def _storages(self, request: Request, rest: list[str], project: int) -> Reply:
        match request.method, *rest:
            case "GET", *_:
                known = [{"id": 1, "bucket": name, "project": 1} for name in self.buckets.get(project, [])]
                return _json(known + [row for row in self.storages if row["project"] == project])
            case "POST", "s3":
                self.storages.append({"id": len(self.storages) + 1, "synced": 0} | json.loads(request.body))
                return _json(self.storages[-1], 201)
            case "PATCH", "s3", number:
                self.storages[int(number) - 1].update(json.loads(request.body))
                return _json(self.storages[int(number) - 1])
            case "POST", "s3", number, "sync":
                self.storages[int(number) - 1]["synced"] += 1
                return _json(self.storages[int(number) - 1])
        return Reply(b"<!doctype html><html>", 404)

    # --- Connections

    def _listed(self, project: int) -> list[Json]:
        rows = [row for row in self.connections if row["project"] == project]
        for row in rows:
            self._update_state(row)
        return [{name: value for name, value in row.items() if name != "basic_auth_pass"} for row in rows]

    def _connected(self, body: Json) -> Reply:
        self._judge(body["url"])
        if "project" not in body:
            raise Refused(400, "Validation error", project=["This field is required."])
        self._test(body)
        row = {"id": len(self.connections) + 1, "auth_method": "NONE", "basic_auth_user": "", "is_interactive": False}
        self.connections.append(row | body)
        self.changes += 1
        hook = body["url"].rstrip("/") + "/webhook"
        if hook not in [one["url"] for one in self.webhooks if one["project"] == body["project"]]:
            # Label Studio silently omits a webhook whose address it does not accept.
            with contextlib.suppress(Refused):
                self._add_webhook({"project": body["project"], "url": hook})
        self._update_state(self.connections[-1])
        return _json(self.connections[-1], 201)

    def _reconnected(self, number: int, body: Json) -> Reply:
        (row,) = (one for one in self.connections if one["id"] == number)
        if "url" not in body or "project" not in body:
            raise Refused(500, "MLBackend.healthcheck_() missing 1 required positional argument: 'url'")
        self._judge(body["url"])
        self._test(body)
        row.update(body)
        self.changes += 1
        self._update_state(row)
        return _json(row)

    # --- Webhooks

    def _webhooks(self, request: Request, rest: list[str], project: int) -> Reply:
        if not self.webhooks_allowed:
            raise Refused(403, "You do not have permission to perform this action.")
        match request.method, *rest:
            case "GET", *_:
                return _json([one for one in self.webhooks if one["project"] == project])
            case "POST", *_:
                return _json(self._add_webhook(json.loads(request.body)), 201)
            case "PATCH", number:
                body = json.loads(request.body)
                _take_webhook(body["url"])
                (row,) = (one for one in self.webhooks if one["id"] == int(number))
                # Label Studio clears the actions unless the request contains them.
                row.update({"actions": []} | body)
                self.changes += 1
                return _json(row)
        return Reply(b"<!doctype html><html>", 404)

    def _add_webhook(self, body: Json) -> Json:
        _take_webhook(body["url"])
        row = {"id": len(self.webhooks) + 1, "send_payload": True, "send_for_all_actions": True, "headers": {}}
        self.webhooks.append(row | {"is_active": True, "actions": []} | body)
        return self.webhooks[-1]

    def _judge(self, url: str) -> None:
        host = urlsplit(url).hostname
        if host not in self.known_hosts:
            raise Refused(500, f"Can't resolve hostname {host}")
        if self.guarded:
            raise Refused(403, "URL resolves to a reserved network address (block: 127.0.0.0/8)")

    def _test(self, body: Json) -> None:
        url = body["url"]
        if error := _call(lambda: requests.get(f"{url}/health", timeout=5, auth=_password(body))):
            said = f"Can't connect to ML backend {url}, health check failed. {_HINT} Additional info: {error}"
            raise Refused(400, "Validation error", non_field_errors=[said])
        if error := self._setup(body):
            said = f"Successfully connected to {url} but it doesn't look like a valid ML backend. Reason: {error}."
            raise Refused(400, "Validation error", non_field_errors=[said + _SETUP_HINT])

    def _update_state(self, row: Json) -> None:
        # Label Studio gives no reason for the state DI.
        if self.guarded or _call(lambda: requests.get(f"{row['url']}/health", timeout=5)):
            row["state"] = "DI"
        elif error := self._setup(row):
            row.update(state="ER", error_message=error)
        else:
            row.update(state="CO", error_message=None, model_version="boxocr-0.1.0")

    def _setup(self, row: Json) -> str:
        schema = self.projects[row["project"]]["label_config"]
        body = {"project": f"{row['project']}.1790000000", "schema": schema}
        return _call(lambda: requests.post(f"{row['url']}/setup", json=body, timeout=10, auth=_password(row)))


def _take_webhook(url: str) -> None:
    """Refuse a webhook's address unless Django accepts it: with an IP address, localhost, or a name with a dot."""
    host = urlsplit(url).hostname or ""
    if "." not in host and host != "localhost":
        raise Refused(400, "Validation error", url=["Enter a valid URL."])


def _call(request: Callable[[], requests.Response]) -> str:
    try:
        request().raise_for_status()
    except requests.RequestException as error:
        return str(error)
    return ""


def _password(row: Json) -> tuple[str, str] | None:
    return (row["basic_auth_user"], row["basic_auth_pass"]) if row.get("basic_auth_user") else None


def _json(body: object, status: int = 200) -> Reply:
    return Reply(json.dumps(body).encode(), status, {"Content-Type": "application/json"})


@contextlib.contextmanager
def label_studio_api(prefix: str = "", *, certificate: Path | None = None) -> Iterator[ApiStandIn]:
    """A Label Studio on a free port of 127.0.0.1, with TLS if a certificate is given."""
    with web_server(tls=certificate is not None, certificate=certificate or ISSUED) as web:
        stand_in = ApiStandIn(web, prefix, token=personal_access_token(life_seconds=_YEAR))
        web.routes[""] = stand_in.dated_answer
        yield stand_in
