"""``boxocr doctor`` names the cause and the remedy where Label Studio cannot be asked."""

import re
import socket
from pathlib import Path

import pytest

from boxocr.diagnosis import label_studio_server
from boxocr.label_studio.errors import CommandFailed
from boxocr.label_studio.hosts import inside_container
from tests.commands.conftest import Run
from tests.commands.label_studio_api import ApiStandIn
from tests.servers.ports import free_ports
from tests.servers.web import Reply, web_server


def test_nobody_listens_at_the_address(boxocr: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(label_studio_server, "inside_container", lambda: False)
    (port,) = free_ports(1)
    done = boxocr("doctor", LABEL_STUDIO_URL=f"http://127.0.0.1:{port}")
    assert done.code == 1
    assert done.says(f"✗ Label Studio: Nothing listens at http://127.0.0.1:{port}, which LABEL_STUDIO_HOST names.")
    assert done.says("Start Label Studio, or correct host and port.")


def test_something_else_answers_at_the_address(boxocr: Run) -> None:
    with web_server() as other:
        done = boxocr("doctor", LABEL_STUDIO_URL=other.url)
    assert done.says(f"✗ Label Studio: The server at {other.url} is not Label Studio (HTTP 404 for /health).")
    assert done.says("Correct LABEL_STUDIO_HOST: host, port, and path prefix if there is one.")


def test_the_name_of_the_host_is_wrong(boxocr: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    # Asking for a name would leave this machine.
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    done = boxocr("doctor", LABEL_STUDIO_URL="http://lable-studio:8080")
    assert done.says("✗ Label Studio: The name lable-studio in LABEL_STUDIO_HOST is not known here.")
    assert done.says("Correct it; in Compose it is the name of Label Studio's service.")


def test_the_address_only_redirects(boxocr: Run) -> None:
    with web_server() as web:
        web.routes["/health"] = Reply(status=301, headers={"Location": "https://127.0.0.1:9/health"})
        done = boxocr("doctor", LABEL_STUDIO_URL=web.url)
    assert done.says("Set LABEL_STUDIO_HOST to https://127.0.0.1:9.")


def test_localhost_seen_from_a_container(boxocr: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(label_studio_server, "inside_container", lambda: True)
    (port,) = free_ports(1)
    done = boxocr("doctor", LABEL_STUDIO_URL=f"http://localhost:{port}")
    assert done.code == 1
    assert done.says("inside this container localhost is the container itself, where Label Studio does not run.")
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
    assert not isinstance(label_studio_server.ask(studio.url, in_container=True), CommandFailed)


def test_the_clocks_are_apart(boxocr: Run, studio: ApiStandIn) -> None:
    studio.seconds_ahead = 600
    done = boxocr("doctor")
    assert done.code == 1
    assert re.search(r"✗ clock: This machine's clock is (599|600) seconds behind Label Studio's", done.output)
    assert done.says("Set both clocks by a time server (NTP)")
