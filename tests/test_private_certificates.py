"""Label Studio behind TLS with a certificate of a private authority, and under a path of its own."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.backend import Backend, running
from tests.conftest import DATA
from tests.payloads import notes, payload, texts
from tests.servers.label_studio import LabelStudioStandIn, label_studio
from tests.servers.s3 import ACCESS_KEY, SECRET_KEY
from tests.servers.web import AUTHORITY, ISSUED, Reply, web_server

PAGE = (DATA / "pages" / "a.png").read_bytes()

UNTRUSTED = (
    "The certificate of {} was issued by an authority that this server does not trust. Set {} to the PEM file of that "
    "certificate authority."
)


@pytest.fixture(scope="module")
def studio() -> Iterator[LabelStudioStandIn]:
    with label_studio("/label-studio", tls=True) as server:
        server.uploads["1/a.png"] = PAGE
        yield server


def variables(studio: LabelStudioStandIn, **more: str) -> dict[str, str]:
    named = {"LABEL_STUDIO_HOST": f"{studio.url}/", "LABEL_STUDIO_ACCESS_TOKEN": studio.token}
    return named | {"OCR_ENGINE": "tesseract", "OCR_WORKERS": "1", "SSL_CERT_FILE": ""} | more


def ask(backend: Backend, url: str) -> list[dict[str, Any]]:
    body = payload("one-box", "http://nowhere")
    body["tasks"][0]["data"]["ocr"] = url
    results: list[dict[str, Any]] = backend.predict(body)[0]["result"]
    return results


def test_with_the_authority_a_page_is_read(studio: LabelStudioStandIn, tmp_path: Path) -> None:
    with running(tmp_path, variables(studio, SSL_CERT_FILE=str(AUTHORITY))) as backend:
        assert list(texts(ask(backend, "/data/upload/1/a.png")).values()) == ["Invoice 12345"]


def test_the_authority_can_stand_in_the_env_file(studio: LabelStudioStandIn, tmp_path: Path) -> None:
    # Set but empty counts as unset, so that what the file says is true.
    (tmp_path / ".env").write_text(f"SSL_CERT_FILE={AUTHORITY}\n")
    with running(tmp_path, variables(studio)) as backend:
        assert list(texts(ask(backend, "/data/upload/1/a.png")).values()) == ["Invoice 12345"]


def test_without_it_note_and_log_name_the_certificate_and_the_variable(
    studio: LabelStudioStandIn, tmp_path: Path
) -> None:
    with web_server(tls=True, certificate=ISSUED) as web:
        more = {"AWS_ENDPOINT": web.url, "AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}
        web.routes["/a.png"] = Reply(PAGE)
        with running(tmp_path, variables(studio, AWS_CA_BUNDLE="", **more)) as backend:
            found = {
                "/data/upload/1/a.png": UNTRUSTED.format("Label Studio at localhost", "SSL_CERT_FILE"),
                f"{web.url}/a.png": UNTRUSTED.format("localhost", "SSL_CERT_FILE"),
                "s3://pages/a.png": UNTRUSTED.format("the S3 server localhost", "AWS_CA_BUNDLE"),
            }
            for url, sentence in found.items():
                assert notes(ask(backend, url)) == [f"BoxOCR: {sentence}"]
            log = backend.log.read_text()
    for sentence in found.values():
        assert log.count(f"WARNING boxocr.pages.store: {sentence}") == 1
    assert log.count("region DeBKjm31i2: page_certificate (") == 3


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "AWS_CA_BUNDLE"])
def test_a_file_without_certificates_stops_the_start(name: str, tmp_path: Path) -> None:
    (tmp_path / "none.pem").write_text("no certificate")
    for file in ("none.pem", "missing.pem", "."):
        with pytest.raises(AssertionError) as caught, running(tmp_path, {name: str(tmp_path / file)}):
            pass
        assert f"{name}: must be a file with certificates of certificate authorities, in PEM" in str(caught.value)
