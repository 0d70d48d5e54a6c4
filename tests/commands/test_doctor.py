"""``boxocr doctor``: all is well, or the settings are not, or nothing secret is printed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.backend import PYTHONPATH, Backend, clean_environment
from tests.commands.conftest import Run
from tests.commands.label_studio_api import ApiStandIn
from tests.test_start import FAULTS


def test_all_is_well_where_it_is(studio: ApiStandIn, backend: Backend, project: int, tmp_path: Path) -> None:
    variables = {"LABEL_STUDIO_URL": studio.url, "LABEL_STUDIO_ACCESS_TOKEN": studio.token, "OCR_ENGINE": "tesseract"}
    command = [sys.executable, "-m", "boxocr", "doctor", "--project", str(project), "--url", backend.url]
    done = subprocess.run(  # noqa: S603 - our own command
        command,
        env=clean_environment(PYTHONPATH=PYTHONPATH, COLUMNS="50", **variables),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "✗" not in done.stdout
    assert "✓ Label Studio: Version 1.23.2 answers" in done.stdout
    assert "✓ pages: uploads: 1 of 1 read, 560 × 900 pixels." in done.stdout  # noqa: RUF001
    assert all(len(line) <= 50 or "http" in line for line in done.stdout.splitlines())


def test_json_is_a_list_of_findings(boxocr: Run, backend: Backend, project: int) -> None:
    done = boxocr("doctor", "--project", project, "--url", backend.url, "--json")
    findings = json.loads(done.output)
    assert done.code == 0
    assert {tuple(finding) for finding in findings} == {("check", "ok", "message", "remedy")}
    assert {finding["check"] for finding in findings} >= {"settings", "disk", "Label Studio", "token", "connection"}
    assert {finding["ok"] for finding in findings} == {True, None}


def test_what_is_not_configured_is_no_failure(boxocr: Run, backend: Backend) -> None:
    done = boxocr("doctor", "--url", backend.url, LABEL_STUDIO_URL="", LABEL_STUDIO_ACCESS_TOKEN="")
    assert done.code == 0
    assert done.says("– Label Studio: LABEL_STUDIO_HOST is not set; not needed unless")  # noqa: RUF001
    assert done.says("– S3: No keys are set")  # noqa: RUF001


def test_it_changes_nothing_in_label_studio(boxocr: Run, studio: ApiStandIn, backend: Backend, project: int) -> None:
    boxocr("doctor", "--project", project, "--url", backend.url)
    boxocr("doctor", "--project", studio.add_project(), "--url", backend.url)
    assert len(studio.connections) == 1
    assert studio.changes == 0


def test_bad_settings_are_all_named(boxocr: Run) -> None:
    done = boxocr("doctor", PORT="many", OCR_TIMEOUT="-1")
    assert done.code == 1
    assert done.says("✗ settings: PORT: ")
    assert done.says("✗ settings: OCR_TIMEOUT: ")
    assert done.says("example.env describes every variable")


def test_bad_settings_are_json_when_asked_for(boxocr: Run) -> None:
    done = boxocr("doctor", "--json", PORT="many")
    assert done.code == 1
    assert [finding["check"] for finding in json.loads(done.output)] == ["settings"]


@pytest.mark.parametrize(("engine", "sentence"), FAULTS)
def test_an_engine_that_does_not_read_is_said_in_the_words_of_the_start(
    boxocr: Run, engine: str, sentence: str
) -> None:
    done = boxocr("doctor", OCR_ENGINE=engine, OCR_TIMEOUT="2")
    message, _, remedy = sentence.partition(". ")
    assert done.says(f"✗ engine: {message}. → {remedy}")
    assert done.code == 1


def test_a_folder_that_cannot_be_written_to(boxocr: Run, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = boxocr("doctor", MODEL_DIR=str(tmp_path / "file" / "models"))
    assert done.says("✗ disk:")
    assert done.says("or name another folder with MODEL_DIR")


def test_no_secret_is_printed(boxocr: Run, studio: ApiStandIn, project: int) -> None:
    secrets = {
        "LABEL_STUDIO_ACCESS_TOKEN": studio.token,
        "BASIC_AUTH_USER": "label-studio",
        "BASIC_AUTH_PASS": "the password of the backend",
        "AWS_ACCESS_KEY_ID": "reader",
        "AWS_SECRET_ACCESS_KEY": "the secret of the endpoint",
        "AWS_ENDPOINT": "http://127.0.0.1:9",
    }
    done = boxocr("doctor", "--project", project, "--url", "http://someone:pass-in-url@127.0.0.1:9", **secrets)
    for secret in (studio.token, "the password of the backend", "the secret of the endpoint", "pass-in-url"):
        assert secret not in done.output + done.errors
