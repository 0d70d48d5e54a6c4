"""``boxocr doctor`` names the cause and the remedy."""

import json
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from boxocr.commands.addresses import inside_container
from boxocr.commands.checks import label_studio
from boxocr.commands.errors import CommandFailed
from tests.backend import ROOT, Backend, clean_environment
from tests.commands.conftest import Run
from tests.commands.label_studio_api import BOXES, ApiStandIn
from tests.servers.label_studio import LEGACY_TOKEN, personal_access_token
from tests.servers.ports import free_ports
from tests.servers.s3 import ACCESS_KEY, SECRET_KEY, s3_server
from tests.servers.web import Reply, web_server

_DAY = 86_400


# --- All is well


def test_all_is_well_where_it_is(studio: ApiStandIn, backend: Backend, project: int, tmp_path: Path) -> None:
    variables = {"LABEL_STUDIO_URL": studio.url, "LABEL_STUDIO_ACCESS_TOKEN": studio.token, "OCR_ENGINE": "tesseract"}
    command = [sys.executable, "-m", "boxocr", "doctor", "--project", str(project), "--url", backend.url]
    done = subprocess.run(  # noqa: S603 - our own command
        command,
        env=clean_environment(PYTHONPATH=str(ROOT), COLUMNS="50", **variables),
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
    assert done.says("– Label Studio: LABEL_STUDIO_URL is not set; not needed unless")  # noqa: RUF001
    assert done.says("– S3: No keys are set")  # noqa: RUF001


def test_it_changes_nothing_in_label_studio(boxocr: Run, studio: ApiStandIn, backend: Backend, project: int) -> None:
    boxocr("doctor", "--project", project, "--url", backend.url)
    boxocr("doctor", "--project", studio.add_project(), "--url", backend.url)
    assert len(studio.connections) == 1
    assert studio.changes == 0


# --- Settings


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


def test_a_folder_that_cannot_be_written_to(boxocr: Run, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = boxocr("doctor", MODEL_DIR=str(tmp_path / "file" / "models"))
    assert done.says("✗ disk:")
    assert done.says("or name another folder with MODEL_DIR")


# --- Label Studio


def test_nobody_listens_at_the_address(boxocr: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(label_studio, "inside_container", lambda: False)
    (port,) = free_ports(1)
    done = boxocr("doctor", LABEL_STUDIO_URL=f"http://127.0.0.1:{port}")
    assert done.code == 1
    assert done.says(f"✗ Label Studio: Nothing listens at http://127.0.0.1:{port}, which LABEL_STUDIO_URL names.")
    assert done.says("Start Label Studio, or correct host and port.")


def test_something_else_answers_at_the_address(boxocr: Run) -> None:
    with web_server() as other:
        done = boxocr("doctor", LABEL_STUDIO_URL=other.url)
    assert done.says(f"✗ Label Studio: What answers at {other.url} is not Label Studio (HTTP 404 for /health).")
    assert done.says("Correct LABEL_STUDIO_URL: host, port, and path prefix if there is one.")


def test_the_name_of_the_host_is_wrong(boxocr: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    # Asking for a name would leave this machine.
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    done = boxocr("doctor", LABEL_STUDIO_URL="http://lable-studio:8080")
    assert done.says("✗ Label Studio: The name lable-studio in LABEL_STUDIO_URL is not known here.")
    assert done.says("Correct it; in Compose it is the name of Label Studio's service.")


def test_the_address_only_redirects(boxocr: Run) -> None:
    with web_server() as web:
        web.routes["/health"] = Reply(status=301, headers={"Location": "https://127.0.0.1:9/health"})
        done = boxocr("doctor", LABEL_STUDIO_URL=web.url)
    assert done.says("Set LABEL_STUDIO_URL to https://127.0.0.1:9.")


def test_localhost_seen_from_a_container(boxocr: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(label_studio, "inside_container", lambda: True)
    (port,) = free_ports(1)
    done = boxocr("doctor", LABEL_STUDIO_URL=f"http://localhost:{port}")
    assert done.code == 1
    assert done.says("inside this container localhost is the container itself, where no Label Studio answers.")
    assert done.says(f"http://host.docker.internal:{port}")
    assert done.says(f"by the service's name in Compose, such as http://SERVICE:{port}")


@pytest.mark.parametrize(
    ("mark", "content"),
    [(".dockerenv", ""), ("run/.containerenv", ""), ("proc/1/cgroup", "0::/system.slice/docker-0a1b.scope\n")],
)
def test_a_container_is_known_by_its_marks(tmp_path: Path, mark: str, content: str) -> None:
    assert not inside_container(tmp_path)
    (tmp_path / mark).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / mark).write_text(content)
    assert inside_container(tmp_path)


def test_localhost_in_a_container_is_fine_where_label_studio_answers(studio: ApiStandIn) -> None:
    assert not isinstance(label_studio.ask(studio.url, in_container=True), CommandFailed)


def test_the_clocks_are_apart(boxocr: Run, studio: ApiStandIn) -> None:
    studio.seconds_ahead = 600
    done = boxocr("doctor")
    assert done.code == 1
    assert re.search(r"✗ clock: This machine's clock is (599|600) seconds behind Label Studio's", done.output)
    assert done.says("Set both clocks by a time server (NTP)")


# --- Tokens


def test_no_token(boxocr: Run) -> None:
    done = boxocr("doctor", LABEL_STUDIO_ACCESS_TOKEN="")
    assert done.code == 1
    assert done.says("✗ token: LABEL_STUDIO_ACCESS_TOKEN is not set, so Label Studio shows this server no page.")
    assert done.says("open Account & Settings → Personal Access Token, create one")


def test_a_personal_access_token_mistaken_for_a_legacy_token(boxocr: Run, studio: ApiStandIn) -> None:
    done = boxocr("doctor", LABEL_STUDIO_ACCESS_TOKEN=studio.token[: len(studio.token) // 2])
    assert done.code == 1
    assert done.says(
        "looks like a personal access token that was cut off or changed, so it would be mistaken for a legacy"
    )
    assert done.says("Copy the whole token once more.")


def test_a_personal_access_token_that_has_expired(boxocr: Run) -> None:
    done = boxocr("doctor", LABEL_STUDIO_ACCESS_TOKEN=personal_access_token(life_seconds=-_DAY))
    assert done.code == 1
    assert done.says("✗ token: The personal access token expired on ")
    assert done.says("→ In Label Studio, open Account & Settings → Personal Access Token, create one")


def test_a_personal_access_token_that_expires_soon(boxocr: Run, studio: ApiStandIn) -> None:
    studio.token = personal_access_token(life_seconds=3.5 * _DAY)
    done = boxocr("doctor", "--project", studio.add_project())
    assert done.code == 1
    assert done.says("Personal access token of annotator@example.com, accepted, but it expires in 3 days, on ")
    assert done.says("✓ project: 1 is “Invoices”.")


def test_a_personal_access_token_of_another_label_studio(boxocr: Run) -> None:
    done = boxocr("doctor", LABEL_STUDIO_ACCESS_TOKEN=personal_access_token(life_seconds=50 * _DAY))
    assert done.says("✗ token: Label Studio refuses the personal access token (Token is invalid): it was revoked, or")


def test_personal_access_tokens_are_off(boxocr: Run, studio: ApiStandIn) -> None:
    studio.personal_tokens = False
    done = boxocr("doctor")
    assert done.says("✗ token: Label Studio refuses personal access tokens: they are off in this organisation.")
    assert done.says("open Organization → API Tokens Settings")


def test_an_access_token_in_place_of_the_personal_one(boxocr: Run, studio: ApiStandIn) -> None:
    answer = requests.post(f"{studio.url}/api/token/refresh/", json={"refresh": studio.token}, timeout=5)
    done = boxocr("doctor", LABEL_STUDIO_ACCESS_TOKEN=answer.json()["access"])
    assert done.says("✗ token: LABEL_STUDIO_ACCESS_TOKEN holds an access token, which ends after five minutes")


def test_a_legacy_token_that_is_refused(boxocr: Run) -> None:
    done = boxocr("doctor", LABEL_STUDIO_ACCESS_TOKEN=LEGACY_TOKEN)
    assert done.code == 1
    assert done.says("✗ token: Label Studio refuses the legacy token: legacy tokens are off in this organisation")
    assert done.says("→ In Label Studio, open Account & Settings → Personal Access Token, create one")


def test_a_legacy_token_that_is_taken(boxocr: Run, studio: ApiStandIn) -> None:
    studio.legacy_tokens = True
    assert boxocr("doctor", LABEL_STUDIO_ACCESS_TOKEN=LEGACY_TOKEN).says(
        "✓ token: Legacy token of annotator@example.com"
    )


def test_a_legacy_token_that_is_unknown(boxocr: Run, studio: ApiStandIn) -> None:
    studio.legacy_tokens = True
    done = boxocr("doctor", LABEL_STUDIO_ACCESS_TOKEN="xyz")  # noqa: S106 - wrong, and meant to be
    assert done.says("✗ token: Label Studio does not know this legacy token. It does not look like one either")


@pytest.mark.parametrize("form", ["Bearer {}", "Token {}", '"{}"'])
def test_a_token_with_something_around_it(boxocr: Run, studio: ApiStandIn, form: str) -> None:
    assert boxocr("doctor", LABEL_STUDIO_ACCESS_TOKEN=form.format(studio.token)).says("Set it to the token alone")


# --- Engine


def test_a_missing_language(boxocr: Run) -> None:
    done = boxocr("doctor", OCR_ENGINE="tesseract", OCR_LANG="eng+tlh")
    assert done.code == 1
    assert done.says("✗ engine: The OCR language tlh is not installed")
    assert done.says("Install Debian's package tesseract-ocr-tlh")


def test_a_missing_language_of_the_labeling_config(boxocr: Run, studio: ApiStandIn) -> None:
    config = BOXES.replace("<TextArea ", '<TextArea model_lang="tlh" ')
    done = boxocr("doctor", "--project", studio.add_project(config), OCR_ENGINE="tesseract")
    assert done.says("✗ engine: The labeling config asks for tlh: The OCR language tlh is not installed")


# --- Labeling config


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            lambda config: config.replace('perRegion="true"', ""),
            "The labeling config has no TextArea for the text of a",
        ),
        (lambda config: config.replace(' smart="true"', ""), 'Add smart="true" to bbox.'),
        (lambda config: config.replace(' rows="3"', ""), 'Add rows="3" to transcription.'),
        (lambda config: config.replace("<TextArea ", '<TextArea model_psm="99" '), 'model_psm="99" is no page segment'),
        (lambda config: config.replace("<Label ", '<Label model_psm="0" '), 'model_psm="0" is no page segmentation'),
        (lambda config: config.replace("RectangleLabels", "BrushLabels"), 'Nothing draws boxes on the Image "image".'),
    ],
    ids=["no per-region TextArea", "no smart tool", "no rows", "bad mode", "bad mode on a Label", "no rectangle"],
)
def test_a_labeling_config_that_does_not_fit(
    boxocr: Run, studio: ApiStandIn, change: Callable[[str], str], sentence: str
) -> None:
    done = boxocr("doctor", "--project", studio.add_project(change(BOXES)))
    assert done.code == 1
    assert done.says("✗ labeling config: ")
    assert done.says(sentence)


# --- Pages


def test_a_page_that_cannot_be_read(boxocr: Run, studio: ApiStandIn) -> None:
    number = studio.add_project(BOXES, {"image": "/data/upload/1/gone.png"}, {"image": "/data/upload/1/gone.png"})
    done = boxocr("doctor", "--project", number)
    assert done.code == 1
    assert done.says("✗ pages: uploads: 2 of 2 cannot be read. Task 1: Label Studio has no such upload")


def test_a_page_on_a_private_host(boxocr: Run, studio: ApiStandIn, page_server: str) -> None:
    done = boxocr("doctor", "--project", studio.add_project(BOXES, {"image": f"{page_server}/pages/a.png"}))
    assert done.says("✗ pages: web pages of 127.0.0.1: cannot be read. Task 1:")
    assert done.says("add 127.0.0.1 to ALLOWED_IMAGE_HOSTS")


def test_a_task_without_a_page(boxocr: Run, studio: ApiStandIn) -> None:
    done = boxocr("doctor", "--project", studio.add_project(BOXES, {"picture": "x"}))
    assert done.says(
        '✗ pages: tasks without a page: cannot be read. Task 1: The task has no image address under "$image"'
    )


def test_a_project_that_does_not_exist(boxocr: Run) -> None:
    done = boxocr("doctor", "--project", 77)
    assert done.says("✗ project: Label Studio has no such project, or does not show it to the owner of this server's")


# --- S3


def test_s3_keys_and_buckets(boxocr: Run, studio: ApiStandIn, tmp_path: Path) -> None:
    studio.add_project()
    studio.buckets[1] = ["pages"]
    studio.buckets[2] = ["nowhere"]
    studio.add_project()
    page = (ROOT / "examples" / "pages" / "receipt.png").read_bytes()
    with s3_server(tmp_path) as s3:
        third = studio.add_project(BOXES, {"image": s3.put("receipt.png", page)})
        keys = {"AWS_ENDPOINT": s3.url, "AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}
        assert boxocr("doctor", **keys).says(f"✓ S3: {s3.url} accepts the keys.")
        assert boxocr("doctor", "--project", 1, **keys).says(
            "✓ S3: " + s3.url + " accepts the keys, and the bucket pages"
        )
        assert boxocr("doctor", "--project", 2, **keys).says("✗ S3: S3 has no bucket nowhere.")
        assert boxocr("doctor", "--project", third, **keys).says("✓ pages: s3://pages: 1 of 1 read")

        wrong_key = boxocr("doctor", **{**keys, "AWS_SECRET_ACCESS_KEY": "a wrong secret"})
        assert wrong_key.code == 1
        assert wrong_key.says("✗ S3: S3 refused this server's keys (SignatureDoesNotMatch).")
        assert wrong_key.says("Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.")
        assert boxocr("doctor", **{**keys, "AWS_ACCESS_KEY_ID": "nobody"}).says("keys (InvalidAccessKeyId).")
    assert boxocr("doctor", **keys).says("✗ S3: S3 could not be reached")


# --- The way from Label Studio to the backend


def test_the_address_guard(boxocr: Run, studio: ApiStandIn, backend: Backend, project: int) -> None:
    studio.guarded = True
    done = boxocr("doctor", "--project", project, "--url", backend.url)
    assert done.code == 1
    assert done.says(
        f"✗ address guard: Label Studio's address guard refuses {backend.url}, since it is a private address."
    )
    assert done.says(
        "Start Label Studio with USE_DEFAULT_BANNED_SUBNETS=false, or with both ML_BLOCK_LOCAL_IP=false and "
        "SSRF_PROTECTION_ENABLED=false."
    )


@pytest.mark.parametrize(("release", "mark"), [("1.23.2", "–"), ("1.22.0", "✓")])  # noqa: RUF001
def test_the_address_guard_when_label_studio_cannot_be_asked(
    boxocr: Run, studio: ApiStandIn, backend: Backend, release: str, mark: str
) -> None:
    studio.release = release
    done = boxocr("doctor", "--url", backend.url, LABEL_STUDIO_ACCESS_TOKEN="")
    assert done.says(f"{mark} address guard: Label Studio {release}")


def test_label_studio_does_not_know_the_backends_name(boxocr: Run, project: int) -> None:
    done = boxocr("doctor", "--project", project, "--url", "http://boxocr:9090")
    assert done.says("✗ address guard: Label Studio does not know the name boxocr.")


def test_a_backend_that_does_not_run(boxocr: Run, studio: ApiStandIn) -> None:
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    done = boxocr("doctor", "--url", url)
    assert done.says(f"✗ backend: No server answers at {url}, seen from here.")

    number = studio.add_project()
    row = {"id": 1, "project": number, "url": url, "title": "BoxOCR", "is_interactive": True}
    studio.connections.append(row | {"auth_method": "NONE", "basic_auth_user": ""})
    done = boxocr("doctor", "--project", number)
    assert done.says(f"✗ connection: Label Studio cannot reach BoxOCR at {url} (connection refused).")
    assert done.says("If Label Studio runs in a container, localhost is that container")


def test_a_project_that_is_not_connected(boxocr: Run, studio: ApiStandIn, backend: Backend) -> None:
    done = boxocr("doctor", "--project", studio.add_project(), "--url", backend.url)
    assert done.says(f"✗ connection: Project 1 is not connected to BoxOCR at {backend.url}.")
    assert done.says(f"Run boxocr connect --project 1 --url {backend.url}.")


def test_interactive_preannotations_are_off(boxocr: Run, studio: ApiStandIn, project: int) -> None:
    studio.connections[0]["is_interactive"] = False
    done = boxocr("doctor", "--project", project)
    assert done.says(
        "✗ connection: Interactive preannotations are off, so nothing happens when an annotator draws a box."
    )


# --- Secrets


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
