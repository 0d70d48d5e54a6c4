"""The compose files say what they should, in the words of the compose specification."""

import importlib.resources
import json
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from check_jsonschema.builtin_schemas import vendor
from jsonschema.validators import validator_for

from tests.backend import ROOT
from tests.deployment import compose
from tests.deployment.compose import BASE, SEAWEEDFS, MissingVariableError, dotenv, load

EXAMPLE = dotenv((ROOT / "example.env").read_text())
PASSWORDS = {
    "MINIO_ROOT_PASSWORD": "a password of MinIO",
    "LABEL_STUDIO_PASSWORD": "a password of Label Studio",
    "LABEL_STUDIO_ACCESS_TOKEN": "0123456789abcdef0123456789abcdef01234567",
}
SET = EXAMPLE | PASSWORDS

# What the server reads and Compose keeps from it: paths and addresses that are others inside a container.
NOT_PASSED = {
    "AWS_CA_BUNDLE",
    "HOST",
    "LEARN",
    "LOCAL_FILES_DOCUMENT_ROOT",
    "MODEL_DIR",
    "PPOCR_MODELS",
    "SSL_CERT_FILE",
    "TESSDATA_PREFIX",
}


@pytest.mark.parametrize("files", [(BASE,), (BASE, SEAWEEDFS)], ids=["minio", "seaweedfs"])
def test_they_follow_the_specification(files: tuple[Path, ...]) -> None:
    schema = json.loads((importlib.resources.files(vendor) / "compose-spec.json").read_text())
    validator = validator_for(schema)(schema)
    found = json.loads(json.dumps(load(*files, environment=SET)))
    validator.validate(found)
    found["services"]["minio"]["restarts"] = "always"
    with pytest.raises(jsonschema.ValidationError, match="restarts"):
        validator.validate(found)


@pytest.mark.parametrize("files", [(BASE,), (BASE, SEAWEEDFS)], ids=["minio", "seaweedfs"])
def test_without_a_password_compose_stops_with_a_sentence(files: tuple[Path, ...]) -> None:
    with pytest.raises(MissingVariableError, match=r"^Set MINIO_ROOT_PASSWORD in \.env"):
        load(*files, environment=EXAMPLE)


@pytest.mark.parametrize("missing", ["LABEL_STUDIO_PASSWORD", "LABEL_STUDIO_ACCESS_TOKEN"])
def test_label_studio_stops_with_a_sentence_too(tmp_path: Path, missing: str) -> None:
    script = tmp_path / "deploy" / "docker-entrypoint.sh"
    script.parent.mkdir()
    script.write_text('#!/bin/sh\necho "runs $@"\n')
    script.chmod(0o755)

    def start(environment: dict[str, str]) -> tuple[int, str]:
        service = load(BASE, environment=environment)["services"]["label-studio"]
        done = subprocess.run(  # noqa: S603 - from the repository's own file
            [*service["entrypoint"], *service["command"]],
            env={"PATH": "/usr/bin:/bin"} | service["environment"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    assert start(SET) == (0, "runs label-studio\n")
    code, said = start(SET | {missing: ""})
    assert code != 0
    assert f"Set {missing} in .env: " in said


def test_no_password_has_a_default() -> None:
    assert {name for name in PASSWORDS if EXAMPLE[name]} == set()
    assert not EXAMPLE["AWS_SECRET_ACCESS_KEY"]


def test_every_variable_is_in_example_env_and_every_setting_reaches_the_server() -> None:
    used = compose.variables(BASE) | compose.variables(SEAWEEDFS)
    assert used <= EXAMPLE.keys()
    _, _, ours = (ROOT / "example.env").read_text().partition("# --- Docker Compose")
    assert dotenv(ours).keys() <= used
    passed = load(BASE, environment=SET)["services"]["boxocr"]["environment"].keys()
    assert EXAMPLE.keys() - dotenv(ours).keys() - passed == NOT_PASSED


@pytest.mark.parametrize("files", [(BASE,), (BASE, SEAWEEDFS)], ids=["minio", "seaweedfs"])
def test_every_service_is_confined(files: tuple[Path, ...]) -> None:
    found = load(*files, environment=SET)
    for name, service in found["services"].items():
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["mem_limit"], name
        assert service["pids_limit"], name
        assert service["restart"] in ("no", "unless-stopped"), name
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", [])), name
        assert ":latest" not in service["image"], name
        if service["image"] == "boxocr":
            assert service["read_only"], name


def test_each_service_waits_until_the_ones_that_it_needs_are_healthy() -> None:
    services = load(BASE, environment=SET)["services"]
    needs = {
        name: {other: how["condition"] for other, how in service.get("depends_on", {}).items()}
        for name, service in services.items()
    }
    assert needs == {
        "minio": {},
        "samples": {"minio": "service_healthy"},
        "boxocr": {"samples": "service_completed_successfully"},
        "label-studio": {},
        "demo": {"boxocr": "service_healthy", "label-studio": "service_healthy"},
    }
    assert [name for name, service in services.items() if service.get("profiles")] == ["label-studio", "demo"]


def test_label_studio_gets_the_backends_token_and_may_reach_private_addresses() -> None:
    services = load(BASE, environment=SET)["services"]
    label_studio = services["label-studio"]["environment"]
    assert label_studio["LABEL_STUDIO_USER_TOKEN"] == PASSWORDS["LABEL_STUDIO_ACCESS_TOKEN"]
    assert label_studio["USE_DEFAULT_BANNED_SUBNETS"] == "false"
    for name in ("boxocr", "demo"):
        found: dict[str, Any] = services[name]["environment"]
        assert found["LABEL_STUDIO_ACCESS_TOKEN"] == PASSWORDS["LABEL_STUDIO_ACCESS_TOKEN"]
        assert found["LABEL_STUDIO_HOST"] == "http://label-studio:8080"
        assert found["AWS_SECRET_ACCESS_KEY"] == PASSWORDS["MINIO_ROOT_PASSWORD"]


def test_the_image_holds_only_what_is_named() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert [line for line in lines if line and not line.startswith(("#", "!"))] == ["*", "**/__pycache__"]
    copied = {line.removeprefix("!") for line in lines if line.startswith("!")}
    assert all((ROOT / name).exists() for name in copied)
    text = (ROOT / "Dockerfile").read_text()
    assert all(name in text for name in copied)
    assert text.count("FROM python:3.13.15-slim-trixie") == text.count("FROM ")
    assert yaml.safe_load(text.partition("ARG TESSERACT_LANGS=")[2].splitlines()[0]) == EXAMPLE["TESSERACT_LANGS"]
