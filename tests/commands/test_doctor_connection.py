"""``boxocr doctor`` names the cause and the remedy where Label Studio does not reach the backend."""

import pytest

from tests.backend import Backend
from tests.commands.conftest import Run
from tests.commands.label_studio_api import ApiStandIn
from tests.servers.ports import free_ports


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
