"""``boxocr doctor`` and ``boxocr connect`` where TLS shows a certificate that is not trusted."""

from collections.abc import Iterator

import pytest

from boxocr.diagnosis import label_studio_server
from tests.backend import Backend
from tests.commands.conftest import Outcome, Run
from tests.commands.label_studio_api import BOXES, ApiStandIn, label_studio_api
from tests.conftest import DATA
from tests.servers.ports import free_ports
from tests.servers.s3 import ACCESS_KEY, SECRET_KEY
from tests.servers.web import AUTHORITY, EXPIRED, ISSUED, Reply, web_server

PAGE = (DATA / "pages" / "a.png").read_bytes()

UNTRUSTED = (
    "The certificate of {} was issued by an authority that this server does not trust. → Set {} to the PEM file of "
    "that certificate authority."
)


@pytest.fixture(params=[False, True], ids=["on a machine", "in a container"])
def _place(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(label_studio_server, "inside_container", lambda: request.param)


@pytest.fixture
def studio() -> Iterator[ApiStandIn]:
    with label_studio_api("/label-studio", certificate=ISSUED) as server:
        yield server


@pytest.mark.usefixtures("_place")
def test_the_certificate_of_label_studio(boxocr: Run, studio: ApiStandIn) -> None:
    done = boxocr("doctor")
    assert done.code == 1
    assert done.says(f"✗ Label Studio: {UNTRUSTED.format(studio.url, 'SSL_CERT_FILE')}")
    connected = boxocr("connect", "--project", studio.add_project())
    assert UNTRUSTED.format(studio.url, "SSL_CERT_FILE") in connected.errors

    done = boxocr("doctor", SSL_CERT_FILE=str(AUTHORITY))
    assert done.says(f"✓ Label Studio: Version 1.23.2 answers at {studio.url}.")
    other = studio.url.replace("localhost", "127.0.0.1")
    done = boxocr("doctor", LABEL_STUDIO_URL=other, SSL_CERT_FILE=str(AUTHORITY))
    assert done.says(
        f"✗ Label Studio: The certificate of {other} was issued for another name. → Use a name that is in the "
        "certificate, or have one issued for this name; SSL_CERT_FILE,"
    )


def test_an_expired_certificate_of_label_studio(boxocr: Run) -> None:
    with label_studio_api("/label-studio", certificate=EXPIRED) as studio:
        done = boxocr("doctor", LABEL_STUDIO_URL=studio.url, SSL_CERT_FILE=str(AUTHORITY))
    assert done.says(f"✗ Label Studio: The certificate of {studio.url} has expired. → Renew it on that server.")
    assert done.says("set SSL_CERT_FILE to the PEM file of the new certificate authority.")


def test_all_is_well_behind_tls_and_a_path(boxocr: Run, studio: ApiStandIn, backend: Backend) -> None:
    studio.uploads["1/a.png"] = PAGE
    number = studio.add_project(BOXES, {"image": "/label-studio/data/upload/1/a.png"})
    connected = boxocr("connect", "--project", number, "--url", backend.url, SSL_CERT_FILE=str(AUTHORITY))
    assert connected.code == 0, connected.errors
    done = boxocr("doctor", "--project", number, "--url", backend.url)
    assert done.code == 0, done.output
    assert done.says("✓ pages: uploads: 1 of 1 read")


def test_the_certificates_of_page_hosts_and_s3(boxocr: Run, studio: ApiStandIn) -> None:
    with web_server(tls=True, certificate=ISSUED) as web:
        web.routes["/a.png"] = web.routes["/pages/a.png"] = Reply(PAGE)
        number = studio.add_project(BOXES, {"image": f"{web.url}/a.png"}, {"image": "s3://pages/a.png"})
        keys = {"AWS_ENDPOINT": web.url, "AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}

        def examine(**more: str) -> Outcome:
            return boxocr("doctor", "--project", number, **keys, **more)

        # Label Studio is trusted, so that the project can be looked at, by a connection that the pages do not share.
        with label_studio_api() as plain:
            plain.projects, plain.tasks = studio.projects, studio.tasks
            address = {"LABEL_STUDIO_URL": plain.url, "LABEL_STUDIO_ACCESS_TOKEN": plain.token}
            done = examine(**address)
            assert done.says(
                "✗ pages: web pages of localhost: cannot be read. Task 1: "
                + UNTRUSTED.format("localhost", "SSL_CERT_FILE")
            )
            s3 = UNTRUSTED.format("the S3 server localhost", "AWS_CA_BUNDLE")
            assert done.says(f"✗ pages: s3://pages: cannot be read. Task 2: {s3}")
            assert done.says(f"✗ S3: {s3}")
            samples = boxocr("samples", "--bucket", "pages", **keys)
            assert s3 in samples.errors

            done = examine(**address, SSL_CERT_FILE=str(AUTHORITY), AWS_CA_BUNDLE=str(AUTHORITY))
            assert done.says("✓ pages: web pages of localhost: 1 of 1 read")
            assert done.says("✓ pages: s3://pages: 1 of 1 read")
            assert done.says(f"✓ S3: {web.url} accepts the keys, and the bucket pages can be read.")


def test_the_certificate_of_this_backend(boxocr: Run, studio: ApiStandIn) -> None:
    with web_server(tls=True, certificate=ISSUED) as web:
        done = boxocr("doctor", "--url", f"{web.url}/ocr", LABEL_STUDIO_URL="")
    assert studio.web.requests == []
    assert done.says(f"✗ backend: {UNTRUSTED.format(f'{web.url}/ocr', 'SSL_CERT_FILE')}")


def test_a_port_without_tls(boxocr: Run) -> None:
    with label_studio_api() as plain:
        url = plain.url.replace("http:", "https:")
        done = boxocr("doctor", LABEL_STUDIO_URL=url)
    assert done.says(
        f"✗ Label Studio: The server at {url} does not speak TLS. → Correct LABEL_STUDIO_HOST: http in place of https,"
    )


@pytest.mark.parametrize("path", ["", "/label-studio"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_remedies_keep_scheme_port_and_path(
    boxocr: Run, monkeypatch: pytest.MonkeyPatch, scheme: str, path: str
) -> None:
    monkeypatch.setattr(label_studio_server, "inside_container", lambda: True)
    (port,) = free_ports(1)
    done = boxocr("doctor", LABEL_STUDIO_URL=f"{scheme}://localhost:{port}{path}/")
    assert done.says(f"LABEL_STUDIO_HOST is {scheme}://localhost:{port}{path}, and inside this container localhost is")
    assert done.says(f"{scheme}://host.docker.internal:{port}{path} for a server on the machine")
    assert done.says(f"such as {scheme}://SERVICE:{port}{path}.")


def test_the_remedy_for_a_backend_keeps_scheme_and_path(boxocr: Run) -> None:
    (port,) = free_ports(1)
    with label_studio_api() as studio:
        url = f"https://localhost:{port}/ocr"
        done = boxocr(
            "connect",
            *("--project", studio.add_project(), "--url", url),
            LABEL_STUDIO_URL=studio.url,
            LABEL_STUDIO_ACCESS_TOKEN=studio.token,
        )
    assert f"name this server with --url https://host.docker.internal:{port}/ocr for a server on" in done.errors
