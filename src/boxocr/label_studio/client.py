"""A client for the parts of Label Studio's API that the commands use: label-studio-sdk with timeouts and clear errors.

Its answers, unusual statuses included, were recorded with Label Studio 1.23.2.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast

import httpx
from label_studio_sdk.core.api_error import ApiError
from label_studio_sdk.core.request_options import RequestOptions
from pydantic import SecretStr

from boxocr.label_studio.answers import body_of, detail, plain_errors
from boxocr.label_studio.backends import Connection, DesiredConnection
from boxocr.label_studio.errors import LabelStudioRefused
from boxocr.label_studio.storage import Storage
from boxocr.label_studio.webhooks import Webhook
from boxocr.pages.http.connections import trusting_context
from boxocr.pages.http.tokens import Tokens
from boxocr.process.deadline import Deadline

if TYPE_CHECKING:
    from label_studio_sdk import LabelStudio

# When a project's backends are listed, Label Studio calls each of them and waits for some seconds.
_TIMEOUT = httpx.Timeout(60, connect=5)

# For commands at a terminal: the first error is reported.
_ONCE = RequestOptions(max_retries=0)

# For long runs: Label Studio may be busy for a while.
_PATIENTLY = RequestOptions(max_retries=5)

# Label Studio updates all tasks of a project when predictions are stored.
_STORING = RequestOptions(max_retries=0, timeout_in_seconds=600)


@dataclass(frozen=True, slots=True)
class Project:
    """A project.

    Attributes:
        id: its number.
        title: as displayed.
        label_config: XML.
    """

    id: int
    title: str
    label_config: str


@dataclass(frozen=True, slots=True)
class Task:
    """A task.

    Attributes:
        id: its number.
        data: values by column.
        file_upload: name of the uploaded file, with Label Studio's prefix.
    """

    id: int
    data: Mapping[str, Any]
    file_upload: str = ""


def http_client(timeout: httpx.Timeout = _TIMEOUT) -> httpx.Client:
    """A client that connects as the server does: no proxies, no ``.netrc``, and the same certificate authorities."""
    return httpx.Client(timeout=timeout, trust_env=False, follow_redirects=False, verify=trusting_context())


class LabelStudioAPI:
    """Label Studio's API with this server's token.

    Every method can raise :class:`LabelStudioUnreachable` and :class:`LabelStudioRefused`.

    Args:
        url: Label Studio's address, path prefix included.
        token: personal access token or legacy token.
    """

    def __init__(self, url: str, token: SecretStr) -> None:
        self.url = url
        self._http = http_client()
        self._token = token
        self._tokens = Tokens(url, token)

    def __enter__(self) -> Self:
        """Return the client."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self._http.close()

    @cached_property
    def _sdk(self) -> "LabelStudio":
        """The SDK's client; importing it takes a second and 70 MB."""
        from label_studio_sdk import LabelStudio  # noqa: PLC0415 - see above

        # The SDK joins paths as a browser does, so the path prefix is kept only if it ends with a slash.
        return LabelStudio(
            base_url=f"{self.url}/", api_key=self._token.get_secret_value().strip(), httpx_client=self._http
        )

    def project(self, number: int) -> Project:
        """The project with this number."""
        found = self.send("GET", f"projects/{number}/")
        return Project(number, str(found.get("title") or ""), str(found.get("label_config") or ""))

    def project_called(self, title: str) -> Project | None:
        """The oldest project with exactly this title, or None."""
        with plain_errors(self.url):
            # The API finds all titles that contain this one.
            first: Any = self._sdk.projects.list(title=title, page_size=100, request_options=_ONCE)
            found = [one for one in first.items or () if one.title == title]
        return _project(min(found, key=lambda one: one.id)) if found else None

    def create_project(self, title: str, label_config: str, description: str) -> Project:
        """Create a project."""
        with plain_errors(self.url):
            created = self._sdk.projects.create(
                title=title, label_config=label_config, description=description, request_options=_ONCE
            )
        return _project(created)

    def tasks(self, project: int, most: int) -> list[Task]:
        """The project's first tasks."""
        with plain_errors(self.url):
            first: Any = self._sdk.tasks.list(project=project, page_size=most, fields="all", request_options=_ONCE)
            return [
                Task(int(task.id), dict(task.data or {}), str(getattr(task, "file_upload", None) or ""))
                for task in first.items or ()
            ]

    def tasks_without(self, project: int, model_version: str, *, after: int, most: int) -> tuple[list[Task], int]:
        """Tasks without a prediction of a model version, with their data as stored.

        Args:
            project: its number.
            model_version: of the predictions.
            after: only tasks with higher numbers.
            most: maximum number of tasks.

        Returns:
            The tasks, by ascending number, and how many such tasks there are in all.
        """
        filters = [
            {"filter": "filter:tasks:id", "operator": "greater", "type": "Number", "value": after},
            {
                "filter": "filter:tasks:predictions_model_versions",
                "operator": "not_contains",
                "type": "List",
                "value": [model_version],
            },
        ]
        query = json.dumps({"filters": {"conjunction": "and", "items": filters}, "ordering": ["tasks:id"]})
        with plain_errors(self.url):
            found: Any = self._sdk.tasks.list(
                project=project, page_size=most, query=query, resolve_uri=False, request_options=_PATIENTLY
            )
            tasks = [Task(int(task.id), dict(task.data or {})) for task in found.items or ()]
            return tasks, int(found.response.total)

    def annotated_tasks(self, project: int, *, after: int, most: int) -> tuple[list[dict[str, Any]], int]:
        """Tasks with annotations, as the API shows them: with ``annotations``, ``predictions`` and ``data`` as stored.

        Args:
            project: its number.
            after: only tasks with higher numbers.
            most: maximum number of tasks.

        Returns:
            The tasks, by ascending number, and how many tasks there are in all after the number ``after``.
        """
        return self._whole_tasks(project, "greater", after=after, most=most)

    def tasks_to_annotate(self, project: int, *, after: int, most: int) -> tuple[list[dict[str, Any]], int]:
        """Tasks without annotations; arguments and result are those of :meth:`annotated_tasks`."""
        return self._whole_tasks(project, "equal", after=after, most=most)

    def _whole_tasks(
        self, project: int, annotations: str, *, after: int, most: int
    ) -> tuple[list[dict[str, Any]], int]:
        """Tasks whose number of annotations has this relation to 0."""
        filters = [
            {"filter": "filter:tasks:id", "operator": "greater", "type": "Number", "value": after},
            {"filter": "filter:tasks:total_annotations", "operator": annotations, "type": "Number", "value": 0},
        ]
        query = json.dumps({"filters": {"conjunction": "and", "items": filters}, "ordering": ["tasks:id"]})
        with plain_errors(self.url):
            # Not with the SDK, which would build an object for each of the tens of thousands of results.
            answer = self._http.get(
                f"{self.url}/api/tasks",
                params={"project": project, "page_size": most, "fields": "all", "resolve_uri": "false", "query": query},
                headers={"Authorization": self._tokens.header(Deadline(30)) or ""},
            )
            if answer.status_code != httpx.codes.OK:
                raise ApiError(status_code=answer.status_code, body=answer.text)
            found = answer.json()
            return list(found["tasks"]), int(found["total"])

    def store_predictions(self, project: int, predictions: Sequence[Mapping[str, Any]]) -> None:
        """Store predictions; either all are stored or none.

        Args:
            project: its number.
            predictions: each with ``task``, ``result``, ``model_version`` and optionally ``score``.
        """
        with plain_errors(self.url):
            # No retries: a request that got no answer may have been executed.
            self._sdk.projects.import_predictions(project, request=cast("Any", predictions), request_options=_STORING)

    def delete_predictions(self, task: int, model_version: str) -> None:
        """Delete a task's predictions of a model version."""
        with plain_errors(self.url):
            for one in self._sdk.predictions.list(task=task, request_options=_PATIENTLY):
                if one.model_version == model_version:
                    self._sdk.predictions.delete(int(one.id or 0), request_options=_ONCE)

    def annotation(self, number: int) -> dict[str, Any]:
        """An annotation with its results, as the API shows it."""
        return self._called("GET", f"/api/annotations/{number}/")

    def change_annotation(self, number: int, results: Sequence[Mapping[str, Any]]) -> None:
        """Replace all results of an annotation."""
        self._called("PATCH", f"/api/annotations/{number}/", {"result": results})

    def change_task_data(self, number: int, data: Mapping[str, Any]) -> None:
        """Replace the data of a task."""
        self._called("PATCH", f"/api/tasks/{number}/", {"data": data})

    def _called(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The answer of the API. It is requested without the SDK, which drops fields that it does not know."""
        with plain_errors(self.url):
            answer = self._http.request(
                method,
                f"{self.url}{path}",
                json=body,
                headers={"Authorization": self._tokens.header(Deadline(30)) or ""},
            )
            if answer.status_code != httpx.codes.OK:
                raise ApiError(status_code=answer.status_code, body=answer.text)
            return dict(answer.json())

    def upload(self, project: int, file: Path) -> None:
        """Upload a file as a task, as the Import dialog does."""
        # Not with the SDK, which can only import JSON.
        with file.open("rb") as content:
            self.send("POST", f"projects/{project}/import", files={"file": (file.name, content)})

    def send(self, method: str, path: str, *, timeout: float | None = None, **request: Any) -> Any:
        """Send a request that the SDK has no method for.

        Args:
            method: of HTTP.
            path: below ``/api/``.
            timeout: seconds to wait for the answer; None for a minute.
            request: other arguments of httpx.

        Returns:
            The answer, parsed as JSON.
        """
        waiting = _TIMEOUT if timeout is None else httpx.Timeout(timeout, connect=5)
        with plain_errors(self.url):
            headers = {"Authorization": self._tokens.header(Deadline(30)) or ""}
            answer = self._http.request(method, f"{self.url}/api/{path}", headers=headers, timeout=waiting, **request)
            if not answer.is_success:
                raise ApiError(status_code=answer.status_code, body=body_of(answer))
            return answer.json()

    def buckets(self, project: int) -> list[str]:
        """Names of the buckets of the project's S3 source storages."""
        with plain_errors(self.url):
            storages = self._sdk.import_storage.s3.list(project=project, request_options=_ONCE)
        return sorted({str(storage.bucket) for storage in storages if storage.bucket})

    def sync_bucket(self, project: int, storage: Storage) -> None:
        """Create a task for each object that has none yet. An existing storage of the bucket and prefix is updated.

        Label Studio proxies the pages, so that browsers need no access to the S3 server.
        """
        with plain_errors(self.url):
            api = self._sdk.import_storage.s3
            fields: dict[str, Any] = {
                "project": project,
                "title": f"{storage.bucket}/{storage.prefix}",
                "bucket": storage.bucket,
                "prefix": storage.prefix,
                "s3endpoint": storage.endpoint,
                "region_name": storage.region,
                "aws_access_key_id": storage.key_id,
                "aws_secret_access_key": storage.secret.get_secret_value(),
                "aws_session_token": storage.session.get_secret_value() if storage.session else None,
                "regex_filter": ".*",
                "use_blob_urls": True,
                "presign": False,
            }
            rows = api.list(project=project, request_options=_ONCE)
            there = [row for row in rows if (row.bucket, row.prefix) == (storage.bucket, storage.prefix)]
            row: Any = (
                api.update(int(there[0].id or 0), request_options=_ONCE, **fields)
                if there
                else api.create(request_options=_ONCE, **fields)
            )
            api.sync(int(row.id), request_options=_ONCE)

    def connections(self, project: int) -> list[Connection]:
        """The project's connections. Label Studio calls each backend before it answers."""
        with plain_errors(self.url):
            return [_connection(row) for row in self._sdk.ml.list(project=project, request_options=_ONCE)]

    def connect(self, project: int, desired: DesiredConnection) -> Connection:
        """Add a connection. Label Studio first calls the backend's /health and /setup, and adds nothing on an error."""
        with plain_errors(self.url):
            return _connection(
                self._sdk.ml.create(project=project, is_interactive=True, request_options=_ONCE, **desired.fields())
            )

    def reconnect(self, connection: Connection, project: int, desired: DesiredConnection) -> Connection:
        """Change a connection. Label Studio tests it first, and changes nothing on an error."""
        with plain_errors(self.url):
            # Label Studio answers 500 to a change that does not contain the address and the project.
            changed = self._sdk.ml.update(
                connection.id, project=project, is_interactive=True, request_options=_ONCE, **desired.fields()
            )
        return _connection(changed)

    def test(self, connection: Connection, project: int) -> None:
        """Have Label Studio test a connection, since the state DI comes without a reason.

        Raises:
            LabelStudioRefused: the test failed; the error has the reason.
        """
        with plain_errors(self.url):
            self._sdk.ml.update(connection.id, project=project, url=connection.url, request_options=_ONCE)

    def webhooks(self, project: int) -> list[Webhook]:
        """The project's webhooks."""
        with plain_errors(self.url):
            return [_webhook(row) for row in self._sdk.webhooks.list(project=str(project), request_options=_ONCE)]

    def add_webhook(self, project: int, url: str, headers: Mapping[str, str]) -> None:
        """Add a webhook for all events of a project."""
        with plain_errors(self.url):
            self._sdk.webhooks.create(project=project, url=url, headers=headers, request_options=_ONCE)

    def change_webhook(self, webhook: Webhook, url: str, headers: Mapping[str, str]) -> None:
        """Change the address and headers of a webhook, and activate it."""
        with plain_errors(self.url):
            # The list of events is sent again, since Label Studio clears it otherwise.
            actions = cast("Any", list(webhook.actions))
            self._sdk.webhooks.update(
                webhook.id, url=url, headers=headers, is_active=True, actions=actions, request_options=_ONCE
            )

    def check_address(self, url: str) -> None:
        """Have Label Studio's address guard check a backend's address. Nothing is saved.

        Raises:
            LabelStudioRefused: the guard refuses it, or Label Studio cannot resolve the name.
        """
        try:
            with plain_errors(self.url):
                # Label Studio refuses a connection without a project, but checks the address before that.
                self._sdk.ml.create(url=url, request_options=_ONCE)
        except LabelStudioRefused as refused:
            if refused.http_status != httpx.codes.BAD_REQUEST:
                raise


def _project(found: Any) -> Project:
    return Project(int(found.id), str(found.title or ""), str(found.label_config or ""))


def _webhook(row: Any) -> Webhook:
    return Webhook(
        id=int(row.id),
        url=str(row.url),
        active=bool(row.is_active),
        headers={str(name): str(value) for name, value in dict(row.headers or {}).items()},
        actions=tuple(map(str, row.actions or ())),
    )


def _connection(row: Any) -> Connection:
    return Connection(
        id=int(row.id),
        url=str(row.url),
        title=str(row.title or ""),
        interactive=bool(row.is_interactive),
        user=str(row.basic_auth_user or "") if str(row.auth_method) == "BASIC_AUTH" else "",
        state=str(row.state or ""),
        error=detail(row.error_message),
        model_version=str(row.model_version or ""),
    )
