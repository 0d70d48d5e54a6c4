"""What ``docker compose up`` brings up, brought up without Docker: SeaweedFS, the filled bucket, and the backend."""

import json
from pathlib import Path
from typing import Any

import requests

from tests.backend import ROOT
from tests.deployment.compose import BASE, SEAWEEDFS, load
from tests.deployment.services import Desk, healthy
from tests.deployment.test_compose_files import SET
from tests.payloads import texts
from tests.servers.ports import free_ports


def test_a_page_from_the_bucket_is_read(tmp_path: Path) -> None:
    s3, backend = (f"127.0.0.1:{port}" for port in free_ports(2))
    services = load(BASE, SEAWEEDFS, environment=SET)["services"]
    desk = Desk(services, {"minio:9000": s3, "boxocr:9090": backend}, tmp_path)
    with desk.seaweedfs():
        assert desk.run("samples").startswith("Made the bucket pages. Put ")
        assert desk.run("samples") == "The sample pages are in s3://pages/samples/."
        assert requests.get(f"http://{s3}/pages/samples/invoice.png", timeout=10).status_code == 403
        assert not healthy(backend)
        with desk.boxocr() as url:
            assert healthy(backend)
            answer = requests.post(f"{url}/predict", json=_request("s3://pages/samples/invoice.png"), timeout=60)
            (item,) = answer.json()["results"]
            assert texts(item["result"]) == {"total": "Total due"}
            assert "BoxOCR is ready" in (tmp_path / "boxocr.log").read_text()
        assert not healthy(backend)


def _request(address: str) -> dict[str, Any]:
    """A box around “Total due” on the sample invoice, as Label Studio sends it."""
    body: dict[str, Any] = json.loads((ROOT / "examples" / "one-box.json").read_text())
    body["tasks"][0]["data"] = {"ocr": address}
    (drawn,) = body["params"]["context"]["result"]
    drawn |= {"id": "total", "original_width": 1000, "original_height": 1300}
    drawn["value"] |= {"x": 58, "y": 73.8, "width": 17, "height": 3.6}
    return body
