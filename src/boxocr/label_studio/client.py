"""A client for the parts of Label Studio's API that the commands use: label-studio-sdk with timeouts and clear errors.

Its answers, unusual statuses included, were recorded with Label Studio 1.23.2.
"""

import html
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast

import httpx
from label_studio_sdk.core.api_error import ApiError
from label_studio_sdk.core.request_options import RequestOptions
from pydantic import SecretStr

from boxocr.errors import PageError
from boxocr.label_studio.backends import Connection, DesiredConnection
from boxocr.label_studio.errors import LabelStudioRefused, LabelStudioUnreachable
from boxocr.label_studio.hosts import shown
from boxocr.label_studio.storage import Storage
from boxocr.label_studio.webhooks import Webhook
from boxocr.pages.http.certificates import certificate_error
from boxocr.pages.http.connections import trusting_context
from boxocr.pages.http.tokens import Tokens
from boxocr.process.deadline import Deadline

if TYPE_CHECKING:
    from label_studio_sdk import LabelStudio

# To list a project's backends, Label Studio calls each of them and waits for some seconds.
_TIMEOUT = httpx.Timeout(60, connect=5)

# At a terminal, the first error is reported.
_ONCE = RequestOptions(max_retries=0)

# For long runs: Label Studio may be busy for a while.
_PATIENTLY = RequestOptions(max_retries=5)

# Label Studio updates all tasks of a project when predictions are stored.
_STORING = RequestOptions(max_retries=0, timeout_in_seconds=600)

_LONGEST_DETAIL = 600


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
        file_upload: name of its uploaded file, with Label Studio's prefix.
    """

    id: int
    data: Mapping[str, Any]
    file_upload: str = ""


def http_client(timeout: httpx.Timeout = _TIMEOUT) -> httpx.Client:
    """A client that connects as the server does: without proxies and ``.netrc``, with its certificate authorities."""
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

        # The SDK joins paths as a browser does, so a path prefix must end with a slash.
        return LabelStudio(
            base_url=f"{self.url}/", api_key=self._token.get_secret_value().strip(), httpx_client=self._http
        )

    def project(self, number: int) -> Project:
        """The project with this number."""
        found = self.send("GET", f"projects/{number}/")
        return Project(number, str(found.get("title") or ""), str(found.get("label_config") or ""))

    def project_called(self, title: str) -> Project | None:
        """The oldest project with exactly this title, or None."""
        with self._plain_errors():
            # The API searches for titles that contain it.
            first: Any = self._sdk.projects.list(title=title, page_size=100, request_options=_ONCE)
            found = [one for one in first.items or () if one.title == title]
        return _project(min(found, key=lambda one: one.id)) if found else None

    def create_project(self, title: str, label_config: str, description: str) -> Project:
        """Create a project."""
        with self._plain_errors():
            created = self._sdk.projects.create(
                title=title, label_config=label_config, description=description, request_options=_ONCE
            )
        return _project(created)

    def tasks(self, project: int, most: int) -> list[Task]:
        """The project's first tasks."""
        with self._plain_errors():
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
            The tasks in the order of their numbers, and the number of all such tasks.
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
        with self._plain_errors():
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
            most: how many of them.

        Returns:
            The tasks by rising number, and how many there are in all after the same one.
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
        with self._plain_errors():
            # The SDK builds an object for each of the tens of thousands of results.
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
        """Store predictions: all, or none.

        Args:
            project: its number.
            predictions: each with ``task``, ``result``, ``model_version`` and perhaps ``score``.
        """
        with self._plain_errors():
            # No retries: a request without an answer may have been executed.
            self._sdk.projects.import_predictions(project, request=cast("Any", predictions), request_options=_STORING)

    def delete_predictions(self, task: int, model_version: str) -> None:
        """Delete a task's predictions of a model version."""
        with self._plain_errors():
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
        """The answer of the API. The SDK would lose fields that it does not know."""
        with self._plain_errors():
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
        # The SDK can import JSON only.
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
        with self._plain_errors():
            headers = {"Authorization": self._tokens.header(Deadline(30)) or ""}
            answer = self._http.request(method, f"{self.url}/api/{path}", headers=headers, timeout=waiting, **request)
            if not answer.is_success:
                raise ApiError(status_code=answer.status_code, body=_body(answer))
            return answer.json()

    def buckets(self, project: int) -> list[str]:
        """Names of the buckets of the project's S3 source storages."""
        with self._plain_errors():
            storages = self._sdk.import_storage.s3.list(project=project, request_options=_ONCE)
        return sorted({str(storage.bucket) for storage in storages if storage.bucket})

    def show_bucket(self, project: int, storage: Storage) -> None:
        """Create a task for each object in the storage without one. An existing storage of the bucket is updated.

        Label Studio proxies the pages, so that browsers need no access to the S3 server.
        """
        with self._plain_errors():
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
        """The project's connections. Label Studio calls each backend first."""
        with self._plain_errors():
            return [_connection(row) for row in self._sdk.ml.list(project=project, request_options=_ONCE)]

    def connect(self, project: int, desired: DesiredConnection) -> Connection:
        """Add a connection. Label Studio calls the backend's /health and /setup first, and adds nothing on an error."""
        with self._plain_errors():
            return _connection(
                self._sdk.ml.create(project=project, is_interactive=True, request_options=_ONCE, **desired.fields())
            )

    def reconnect(self, connection: Connection, project: int, desired: DesiredConnection) -> Connection:
        """Change a connection. Label Studio tests it first, and changes nothing on an error."""
        with self._plain_errors():
            # Label Studio answers 500 to a change without address and project.
            changed = self._sdk.ml.update(
                connection.id, project=project, is_interactive=True, request_options=_ONCE, **desired.fields()
            )
        return _connection(changed)

    def test(self, connection: Connection, project: int) -> None:
        """Have Label Studio test a connection, for the reason of the state DI.

        Raises:
            LabelStudioRefused: with the reason.
        """
        with self._plain_errors():
            self._sdk.ml.update(connection.id, project=project, url=connection.url, request_options=_ONCE)

    def webhooks(self, project: int) -> list[Webhook]:
        """The project's webhooks."""
        with self._plain_errors():
            return [_webhook(row) for row in self._sdk.webhooks.list(project=str(project), request_options=_ONCE)]

    def add_webhook(self, project: int, url: str, headers: Mapping[str, str]) -> None:
        """Add a webhook for all events of a project."""
        with self._plain_errors():
            self._sdk.webhooks.create(project=project, url=url, headers=headers, request_options=_ONCE)

    def change_webhook(self, webhook: Webhook, url: str, headers: Mapping[str, str]) -> None:
        """Change the address and headers of a webhook, and activate it."""
        with self._plain_errors():
            # Without them, Label Studio clears the list of events.
            actions = cast("Any", list(webhook.actions))
            self._sdk.webhooks.update(
                webhook.id, url=url, headers=headers, is_active=True, actions=actions, request_options=_ONCE
            )

    def judge_address(self, url: str) -> None:
        """Have Label Studio's address guard check a backend's address. Nothing is saved.

        Raises:
            LabelStudioRefused: the guard refuses it, or Label Studio cannot resolve the name.
        """
        try:
            with self._plain_errors():
                # A connection without a project is refused, but only after the address was checked.
                self._sdk.ml.create(url=url, request_options=_ONCE)
        except LabelStudioRefused as refused:
            if refused.http_status != httpx.codes.BAD_REQUEST:
                raise

    @contextmanager
    def _plain_errors(self) -> Iterator[None]:
        try:
            yield
        except ApiError as error:
            raise _refusal(error) from None
        except PageError as error:
            raise LabelStudioRefused(error.message, error.remedy) from None
        except httpx.TimeoutException:
            raise LabelStudioUnreachable(f"Label Studio at {shown(self.url)} did not answer in time.") from None
        except httpx.HTTPError as error:
            if trouble := certificate_error(error, shown(self.url)):
                raise LabelStudioUnreachable(trouble.message, trouble.remedy) from None
            raise LabelStudioUnreachable(f"Label Studio at {shown(self.url)} could not be reached.") from None
        except ValueError:
            # The SDK could not parse the answer as JSON.
            raise LabelStudioUnreachable(
                f"The server at {shown(self.url)} is not Label Studio's API.",
                "Check LABEL_STUDIO_URL, its path prefix included.",
            ) from None


def detail(body: object) -> str:
    """The message of an error answer, on one line and without markup."""
    if isinstance(body, Mapping):
        problems = body.get("validation_errors")
        said = "; ".join(_texts(problems)) if problems else str(body.get("detail") or "")
    else:
        # An HTML page explains nothing.
        said = "" if "<html" in str(body)[:500].lower() else str(body or "")
    return " ".join(html.unescape(re.sub(r"<a\b[^>]*>|</a>", "", said)).split())[:_LONGEST_DETAIL]


def _body(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return answer.text


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, part in value.items():
            prefix = "" if name == "non_field_errors" else f"{name}: "
            yield from (prefix + text for text in _texts(part))
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)
    else:
        yield str(value)


def _refusal(error: ApiError) -> LabelStudioRefused:
    status, said = error.status_code or 0, detail(error.body)
    explained = f": {said}" if said else ""
    if status == httpx.codes.UNAUTHORIZED:
        message = "Label Studio refused this server's token (HTTP 401)."
        remedy = "Run boxocr doctor, which says what is wrong with it."
    elif status == httpx.codes.NOT_FOUND:
        message = "Label Studio has no such project, or does not show it to the owner of this server's token."
        remedy = "Check the number: it is in the project's address, after /projects/."
    elif status == httpx.codes.FORBIDDEN:
        message = f"Label Studio does not allow this to the owner of the token (HTTP 403){explained}"
        remedy = "Use the token of someone who may change the project."
    else:
        message = f"Label Studio answered with HTTP {status}{explained}"
        remedy = "If that is not enough, check Label Studio's log."
    return LabelStudioRefused(message, remedy, http_status=status, detail=said)


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
