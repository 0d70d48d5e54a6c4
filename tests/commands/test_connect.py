"""``boxocr connect`` and ``boxocr demo``."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from boxocr import __version__
from boxocr.commands.cli import main
from tests.backend import Backend, running
from tests.commands.conftest import Run
from tests.commands.label_studio_api import BOXES, ApiStandIn
from tests.servers.ports import free_ports


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    """A backend that asks for a password."""
    environment = {
        "BASIC_AUTH_USER": "label-studio",
        "BASIC_AUTH_PASS": "the right one",
        "OCR_ENGINE": "tests.commands.engines:Obliging",
    }
    with running(tmp_path_factory.mktemp("locked"), environment) as server:
        yield server


def test_a_project_is_connected_and_a_second_run_changes_nothing(
    boxocr: Run, studio: ApiStandIn, backend: Backend
) -> None:
    number = studio.add_project()
    first = boxocr("connect", "--project", number, "--url", backend.url)
    assert first.code == 0
    assert first.output.startswith(
        f"Connected project 1 (“Invoices”) to BoxOCR at {backend.url}, with interactive preannotations on."
    )
    assert first.says("Label Studio tested it: boxocr-0.1.0 answers.")
    assert studio.connections[0]["is_interactive"]

    for arguments in (("--url", backend.url), ("--url", f"{backend.url}/"), ()):
        again = boxocr("connect", "--project", number, *arguments)
        assert again.code == 0
        assert again.says(f"Nothing to change: project 1 (“Invoices”) is connected to BoxOCR at {backend.url}.")
    assert len(studio.connections) == 1
    assert studio.changes == 1


def test_label_studio_is_reached_by_the_first_of_its_addresses(
    boxocr: Run, studio: ApiStandIn, backend: Backend
) -> None:
    several = {"LABEL_STUDIO_URL": f"{studio.url}/, http://studio.invalid:8080 ,https://studio.example.com/ls/"}
    done = boxocr("demo", "--url", backend.url, **several)
    assert done.code == 0, done.errors
    assert done.output.endswith(f"{studio.url}/projects/1/data")
    assert boxocr("connect", "--project", 1, **several).output.startswith("Nothing to change")
    examined = boxocr("doctor", "--project", 1, "--url", backend.url, **several)
    assert examined.code == 0, examined.output
    assert examined.says(f"✓ Label Studio: Version 1.23.2 answers at {studio.url}.")


def test_a_connection_is_brought_up_to_date(boxocr: Run, studio: ApiStandIn, backend: Backend, project: int) -> None:
    studio.connections[0].update(url="http://127.0.0.1:9", is_interactive=False)
    done = boxocr("connect", "--project", project, "--url", backend.url)
    assert done.code == 0
    assert done.says("address, before http://127.0.0.1:9, interactive preannotations on")
    assert (studio.connections[0]["url"], studio.connections[0]["is_interactive"]) == (backend.url, True)
    assert len(studio.connections) == 1


def test_user_and_password_come_from_the_settings(boxocr: Run, studio: ApiStandIn, locked: Backend) -> None:
    number = studio.add_project()
    arguments = ("connect", "--project", number, "--url", locked.url)
    without = boxocr(*arguments)
    assert without.code == 1
    assert "requires a user name and password, and Label Studio has none or the wrong ones." in without.errors
    assert "Set BASIC_AUTH_USER and BASIC_AUTH_PASS as for the server" in without.errors
    assert not studio.connections

    password = {"BASIC_AUTH_USER": "label-studio", "BASIC_AUTH_PASS": "the right one"}
    assert boxocr(*arguments, **password).says("basic authentication as label-studio")
    assert boxocr(*arguments, **password).says("Nothing to change")


def test_a_changed_password_is_sent_again(boxocr: Run, studio: ApiStandIn, locked: Backend) -> None:
    number = studio.add_project()
    password = {"BASIC_AUTH_USER": "label-studio", "BASIC_AUTH_PASS": "the right one"}
    boxocr("connect", "--project", number, "--url", locked.url, **password)
    studio.connections[0].update({"basic_auth_pass": "an old one"})
    done = boxocr("connect", "--project", number, "--url", locked.url, **password)
    assert done.code == 0
    assert done.says("tested again, with the password of BASIC_AUTH_PASS")


def test_refused_by_the_address_guard(boxocr: Run, studio: ApiStandIn, backend: Backend) -> None:
    studio.guarded = True
    done = boxocr("connect", "--project", studio.add_project(), "--url", backend.url)
    assert done.code == 1
    assert f"Label Studio's address guard refuses {backend.url}, since it is a private address." in done.errors
    assert (
        "Start Label Studio with USE_DEFAULT_BANNED_SUBNETS=false, or with both ML_BLOCK_LOCAL_IP=false" in done.errors
    )


def test_a_backend_that_label_studio_does_not_reach(boxocr: Run, studio: ApiStandIn) -> None:
    (port,) = free_ports(1)
    done = boxocr("connect", "--project", studio.add_project(), "--url", f"http://localhost:{port}")
    assert done.code == 1
    assert f"Label Studio cannot reach BoxOCR at http://localhost:{port} (connection refused)." in done.errors
    assert f"name this server with --url http://host.docker.internal:{port}" in done.errors


def test_a_labeling_config_that_does_not_fit(boxocr: Run, studio: ApiStandIn, backend: Backend) -> None:
    number = studio.add_project(BOXES.replace('perRegion="true"', ""))
    done = boxocr("connect", "--project", number, "--url", backend.url)
    assert done.code == 1
    assert "The labeling config has no TextArea for the text of a region." in done.errors
    assert 'toName="…" perRegion="true"' in done.errors


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"LABEL_STUDIO_URL": ""}, "Set LABEL_STUDIO_HOST."),
        ({"LABEL_STUDIO_ACCESS_TOKEN": ""}, "This server has no token for Label Studio."),
        ({"LABEL_STUDIO_ACCESS_TOKEN": "wrong"}, "Label Studio refused this server's token (HTTP 401)."),
        ({"LABEL_STUDIO_URL": "http://127.0.0.1:9"}, "127.0.0.1:9"),
    ],
)
def test_label_studio_is_not_set_up(boxocr: Run, studio: ApiStandIn, variables: dict[str, str], sentence: str) -> None:
    done = boxocr("connect", "--project", studio.add_project(), **variables)
    assert done.code == 1
    assert sentence in done.errors


def test_a_project_that_does_not_exist(boxocr: Run) -> None:
    assert "Label Studio has no such project" in boxocr("connect", "--project", 5).errors


def test_an_address_that_is_none(boxocr: Run) -> None:
    assert (
        '--url "boxocr:9090" is not a web address.' in boxocr("connect", "--project", 1, "--url", "boxocr:9090").errors
    )


@pytest.mark.parametrize("arguments", [["connect"], ["connect", "--project", "0"], ["doctor", "--project", "x"]])
def test_wrong_arguments_end_with_2(boxocr: Run, arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as end:
        boxocr(*arguments)
    assert end.value.code == 2


def test_without_a_command_the_help_is_printed(boxocr: Run) -> None:
    done = boxocr()
    assert (done.code, done.errors) == (0, "")
    assert done.output.startswith("usage: boxocr [-h] [--version] COMMAND")


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert (end.value.code, capsys.readouterr().out) == (0, f"boxocr {__version__}\n")


def test_the_demo_is_made_once(boxocr: Run, studio: ApiStandIn, backend: Backend) -> None:
    first = boxocr("demo", "--url", backend.url)
    assert first.code == 0, first.errors
    assert first.says(
        "Made project 1, “BoxOCR demo”. Uploaded form.png, invoice.png, letter.png, receipt.png. Connected project 1"
    )
    assert first.output.endswith(f"{studio.url}/projects/1/data")
    assert boxocr("doctor", "--project", 1).says("✓ pages: uploads: 3 of 3 read")

    del studio.tasks[1][0]
    again = boxocr("demo", "--url", backend.url)
    assert again.code == 0
    assert again.says("Project 1, “BoxOCR demo”, is there. Uploaded form.png. Nothing to change: project 1")
    assert len(studio.projects) == len(studio.connections) == 1


def test_the_demo_of_a_server_that_learns_has_pages_to_learn_from(
    boxocr: Run, studio: ApiStandIn, backend: Backend, tmp_path: Path
) -> None:
    first = boxocr("demo", "--url", backend.url, MODEL_DIR=str(tmp_path))
    assert first.says("Made project 2, “BoxOCR demo: learning”. Uploaded page-1.png, page-2.png. Connected project 2")
    assert first.output.endswith(f"{studio.url}/projects/1/data")
    assert boxocr("demo", "--url", backend.url).says("Its 2 sample pages are there. Nothing to change: project 2")


def test_the_demo_goes_on_after_the_address_guard_was_switched_off(
    boxocr: Run, studio: ApiStandIn, backend: Backend
) -> None:
    studio.guarded = True
    first = boxocr("demo", "--url", backend.url)
    assert first.code == 1
    assert "Start Label Studio with USE_DEFAULT_BANNED_SUBNETS=false" in first.errors
    studio.guarded = False
    assert boxocr("demo", "--url", backend.url).says("Its 4 sample pages are there. Connected project 1")
    assert len(studio.tasks[1]) == 4
