"""The commands, run as an operator runs them, with a stand-in for Label Studio and a real backend."""

import importlib.util
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from boxocr.commands.cli import main
from tests.backend import Backend
from tests.commands.label_studio_api import BOXES, ApiStandIn, label_studio_api

# `make test-ray` installs what this file needs, and runs it.
collect_ignore = [] if importlib.util.find_spec("ray") else ["test_preannotate_ray.py"]

_OURS = (
    "AWS_",
    "LABEL_STUDIO_",
    "PAGE_",
    "MAX_",
    "ALLOWED_",
    "LOCAL_FILES_",
    "OCR_",
    "BASIC_AUTH_",
    "MODEL_",
    "LEARN",
    "PORT",
    "SSL_",
)


@dataclass(frozen=True)
class Outcome:
    """A command's exit code, and its output on one line, so that tests need not know where lines were wrapped."""

    code: int
    output: str
    errors: str

    def says(self, sentence: str) -> bool:
        return sentence in self.output


Run = Callable[..., Outcome]


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., None]:
    """Sets variables, in an environment without any other variables of the project."""
    for name in os.environ:
        if name.startswith(_OURS):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    # This engine starts at once. Tests of Tesseract choose it themselves.
    monkeypatch.setenv("OCR_ENGINE", "tests.commands.engines:Obliging")

    def set_variables(**variables: str) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return set_variables


@pytest.fixture
def studio() -> Iterator[ApiStandIn]:
    with label_studio_api() as server:
        yield server


@pytest.fixture
def boxocr(environment: Callable[..., None], studio: ApiStandIn, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command with the stand-in's address and token, unless other variables are given."""

    def run(*arguments: object, **variables: str) -> Outcome:
        environment(**{"LABEL_STUDIO_URL": studio.url, "LABEL_STUDIO_ACCESS_TOKEN": studio.token, **variables})
        code = main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return Outcome(code, " ".join(out.split()), " ".join(err.split()))

    return run


@pytest.fixture
def project(studio: ApiStandIn, backend: Backend) -> int:
    """A correctly connected project with one page."""
    page = (Path(__file__).parents[2] / "examples" / "pages" / "receipt.png").read_bytes()
    studio.uploads["1/ab-receipt.png"] = page
    number = studio.add_project(BOXES, {"image": "/data/upload/1/ab-receipt.png"})
    row = {"id": 1, "project": number, "url": backend.url, "title": "BoxOCR", "is_interactive": True}
    studio.connections.append(row | {"auth_method": "NONE", "basic_auth_user": ""})
    hook = {"id": 1, "project": number, "url": f"{backend.url}/webhook", "headers": {}, "is_active": True}
    studio.webhooks.append(hook | {"send_for_all_actions": True, "actions": []})
    return number
