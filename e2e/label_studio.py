"""Label Studio: the server process, its settings and tokens, its projects, and its saved annotations."""

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import requests
from label_studio_sdk import LabelStudio

from e2e.process import HOST, REPOSITORY, Server
from e2e.storage import S3
from tests.servers.ports import free_ports

EMAIL = "annotator@example.com"
PASSWORD = "read-every-box"  # noqa: S105 - of a server that lives as long as the tests
LEGACY_TOKEN = "0123456789abcdef0123456789abcdef01234567"  # noqa: S105 - the same

Json = dict[str, Any]


def venv_of(place: tuple[str, str]) -> Path:
    """The venv that a variable names, or that has its usual name in the repository."""
    variable, usual = place
    return REPOSITORY / os.environ.get(variable, usual)


def copy_prepared_database(venv: Path, data: Path) -> None:
    """Give a Label Studio the migrated database that ``e2e/setup.sh`` made; without it, its first start migrates."""
    prepared = venv / "label_studio.sqlite3"
    if prepared.exists():
        shutil.copy(prepared, data)


class LabelStudioServer:
    """A Label Studio with one user, SQLite and a document root, all in ``folder``, and with these variables.

    Attributes:
        url: its address.
        program: path of the executable.
        document_root: the root folder of local files storages.
        personal_token: the user's personal access token.
        api: label-studio-sdk's client, with that token.
    """

    # The variable with the path of its venv, and the default.
    VENV = ("LABEL_STUDIO_VENV", ".venv-label-studio")

    def __init__(self, folder: Path, **variables: str) -> None:
        (port,) = free_ports(1)
        self.url = f"http://{HOST}:{port}"
        self.document_root = folder / "document-root"
        self.document_root.mkdir()
        data = folder / "label-studio"
        data.mkdir()
        venv = venv_of(self.VENV)
        self.program = venv / "bin/label-studio"
        copy_prepared_database(venv, data)
        self.server = Server(
            "label-studio",
            [self.program, "start", "--no-browser", "--internal-host", HOST, "--port", str(port)],
            folder=folder,
            ready=f"{self.url}/health",
            environment={
                "LABEL_STUDIO_BASE_DATA_DIR": str(data),
                "LABEL_STUDIO_USERNAME": EMAIL,
                "LABEL_STUDIO_PASSWORD": PASSWORD,
                "LABEL_STUDIO_USER_TOKEN": LEGACY_TOKEN,
                "LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED": "true",
                "LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT": str(self.document_root),
                # All servers have loopback addresses, which Label Studio's address guard refuses.
                "ML_BLOCK_LOCAL_IP": "false",
                "SSRF_PROTECTION_ENABLED": "false",
                "LATEST_VERSION_CHECK": "false",
                "COLLECT_ANALYTICS": "false",
                "SENTRY_DSN": "",
                "FRONTEND_SENTRY_DSN": "",
                **variables,
            },
        )
        self.personal_token = ""
        self._session = requests.Session()
        self.api: LabelStudio

    @classmethod
    def started_by_others(cls, folder: Path, url: str, token: str) -> "LabelStudioServer":
        """Return a Label Studio that is already running, with the legacy token of its user; ``folder`` is not used."""
        found = cls(folder)
        found.url = url
        found._session.headers["Authorization"] = f"Token {token}"
        found.api = LabelStudio(base_url=url, api_key=token)
        return found

    def start(self) -> None:
        """Start it, log in, and create a personal access token."""
        self.server.start()
        self._log_in()
        self.personal_token = self._post(f"{self.url}/api/token/").json()["token"]
        self.api = LabelStudio(base_url=self.url, api_key=self.personal_token)

    def _log_in(self) -> None:
        login = f"{self.url}/user/login/"
        self._session.get(login, timeout=30)
        self._post(login, data={"email": EMAIL, "password": PASSWORD})

    def stop(self) -> None:
        """Stop it, and close the connections."""
        self._session.close()
        if hasattr(self, "api"):
            self.api._client_wrapper.httpx_client.httpx_client.close()  # noqa: SLF001 - the SDK has no close()
        self.server.stop()

    def _post(self, url: str, **content: Any) -> requests.Response:
        """POST, and fail unless the answer is a success."""
        response = self._send(url, **content)
        response.raise_for_status()
        return response

    def _send(self, url: str, **content: Any) -> requests.Response:
        """POST as the front end does, with the session's cookie."""
        headers = {"X-CSRFToken": self._session.cookies["csrftoken"], "Referer": self.url}
        return self._session.post(url, headers=headers, timeout=60, **content)

    def release(self) -> str:
        """Return the version of the running release."""
        # The release 1.10.1 from PyPI reports its version as 1.10.1dev.
        return cast("str", self.get("/api/version")["release"]).removesuffix("dev")

    def get(self, path: str, **query: Any) -> Any:
        """GET from the API as the logged-in user."""
        response = self._session.get(f"{self.url}{path}", params=query, timeout=60)
        response.raise_for_status()
        return response.json()

    @contextmanager
    def legacy_tokens(self) -> Iterator[str]:
        """Allow legacy tokens in the organisation within the context; yield the user's token."""
        self._allow_legacy_tokens(True)
        try:
            yield LEGACY_TOKEN
        finally:
            self._allow_legacy_tokens(False)

    def _allow_legacy_tokens(self, allowed: bool) -> None:
        self._post(
            f"{self.url}/api/jwt/settings", json={"api_tokens_enabled": True, "legacy_api_tokens_enabled": allowed}
        )

    def accepts(self, config: str) -> bool:
        """Whether a labeling config passes the checks that Label Studio makes when a project is saved.

        Some configs make Label Studio fail with status 500, both here and when a project is saved.
        """
        return self._send(f"{self.url}/api/projects/validate/", json={"label_config": config}).ok

    def new_project(self, title: str, config: str, *tasks: Mapping[str, Any]) -> "Project":
        """Create a project with this labeling config and a task for each ``data``."""
        # Label Studio rejects titles of more than 50 characters.
        created = self.api.projects.create(title=title[:50], label_config=config)
        project = Project(self, cast("int", created.id))
        if tasks:
            project.add_tasks(*tasks)
        return project


@dataclass(frozen=True)
class Project:
    """A project in Label Studio, by its number."""

    label_studio: LabelStudioServer
    id: int

    def connect(self, backend_url: str, *, user: str = "", password: str = "") -> int:
        """Connect a backend with interactive pre-annotation on; return its id.

        Label Studio only accepts it if the backend is healthy and accepts the labeling config.
        """
        authentication: Json = {}
        if user:
            authentication = {"auth_method": "BASIC_AUTH", "basic_auth_user": user, "basic_auth_pass": password}
        created = self.label_studio.api.ml.create(
            project=self.id, url=backend_url, title="BoxOCR", is_interactive=True, **authentication
        )
        assert created.state == "CO", created
        return cast("int", created.id)

    def add_tasks(self, *tasks: Mapping[str, Any]) -> None:
        """Import tasks with these ``data``, in this order."""
        self.label_studio.api.projects.import_tasks(id=self.id, request=cast("Any", [dict(data) for data in tasks]))

    def upload(self, path: Path) -> None:
        """Upload a file as a new task, as the Import dialog does."""
        with path.open("rb") as file:
            self.label_studio._post(  # noqa: SLF001 - this class is a part of that one
                f"{self.label_studio.url}/api/projects/{self.id}/import", files={"file": (path.name, file)}
            )

    def add_local_files(self, folder: Path) -> None:
        """Add a local files storage for a folder inside the document root; each file becomes a task."""
        storages = self.label_studio.api.import_storage.local
        storage = storages.create(project=self.id, path=str(folder), use_blob_urls=True, regex_filter=".*")
        storages.sync(id=cast("int", storage.id))

    def add_s3(self, s3: S3, prefix: str, *, presign: bool) -> None:
        """Add an S3 storage; each object under the prefix becomes a task with an ``s3://`` address."""
        storages = self.label_studio.api.import_storage.s3
        storage = storages.create(
            project=self.id,
            bucket=s3.BUCKET,
            prefix=prefix,
            s3endpoint=s3.endpoint,
            aws_access_key_id=s3.KEY,
            aws_secret_access_key=s3.SECRET,
            region_name="us-east-1",
            regex_filter=".*",
            use_blob_urls=True,
            presign=presign,
            presign_ttl=15,
            recursive_scan=True,
        )
        storages.sync(id=cast("int", storage.id))

    def tasks(self) -> list[int]:
        """Return the ids of the project's tasks, oldest first."""
        return sorted(task["id"] for task in self._tasks())

    def task(self) -> int:
        """Return the id of the project's only task."""
        (task,) = self.tasks()
        return task

    def address(self) -> str:
        """Return the only value in the only task's data."""
        (task,) = self._tasks()
        (value,) = task["data"].values()
        return cast("str", value)

    def _tasks(self) -> list[Json]:
        # The SDK's pager asks for further pages until Label Studio logs an error.
        query = {"project": self.id, "page_size": 100, "fields": "all", "resolve_uri": "false"}
        return cast("list[Json]", self.label_studio.get("/api/tasks", **query)["tasks"])

    def predictions(self, task: int) -> list[Json]:
        """Return the predictions stored for a task."""
        return [dict(one) for one in self.label_studio.api.tasks.get(id=str(task)).predictions or []]

    def drafts(self, task: int) -> list[Json]:
        """Return the drafts of a task."""
        return cast("list[Json]", self.label_studio.get(f"/api/tasks/{task}")["drafts"])

    def predicted(self) -> dict[int, int]:
        """Return the number of predictions of each task."""
        return {task["id"]: task["total_predictions"] for task in self._tasks()}

    def saved(self, task: int) -> "Saved":
        """Return the results of the task's only annotation."""
        (annotation,) = self.label_studio.api.annotations.list(id=task)
        return Saved(cast("Sequence[Json]", annotation.result))


class Saved:
    """The results of a saved annotation, by region in the order of their first result."""

    def __init__(self, results: Sequence[Json]) -> None:
        self.results = list(results)
        self.regions: list[Region] = []
        for result in self.results:
            same = [region for region in self.regions if region.id == result["id"]]
            if same:
                same[0].results.append(result)
            else:
                self.regions.append(Region(result["id"], [result]))

    @property
    def only(self) -> "Region":
        """Return the only region."""
        assert len(self.regions) == 1, self.results
        return self.regions[0]

    @property
    def texts(self) -> list[str]:
        """Return the text of each region."""
        return [region.text for region in self.regions]


@dataclass(frozen=True)
class Region:
    """A region: all results with its id."""

    id: str
    results: list[Json]

    def of_type(self, kind: str) -> Json:
        """Return the region's only result of this type."""
        found = [result for result in self.results if result["type"] == kind]
        assert len(found) == 1, f"{len(found)} results of type {kind}: {self.results}"
        return found[0]

    @property
    def types(self) -> set[str]:
        """Return the types of its results."""
        return {result["type"] for result in self.results}

    @property
    def geometry(self) -> Json:
        """Return the result with its geometry."""
        (found,) = [one for one in self.results if one["type"] in ("rectangle", "rectanglelabels", "keypointlabels")]
        return found

    @property
    def label(self) -> str:
        """Return its only label."""
        labels = {
            label
            for result in self.results
            for label in (result["value"].get("rectanglelabels") or result["value"].get("labels") or [])
        }
        assert len(labels) == 1, self.results
        return cast("str", labels.pop())

    @property
    def text(self) -> str:
        """Return the text in its TextArea; fails unless there is exactly one."""
        texts = self.of_type("textarea")["value"]["text"]
        assert isinstance(texts, list), texts
        assert len(texts) == 1, texts
        return cast("str", texts[0])

    @property
    def message(self) -> str:
        """Return the message in its Info panel, or an empty string."""
        text = self.geometry.get("meta", {}).get("text", [])
        return text if isinstance(text, str) else "\n".join(text)
