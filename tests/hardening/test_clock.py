"""The machine's clock jumps by hours, forwards and backwards, while boxes are read."""

import itertools
import json
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.backend import PYTHONPATH, ROOT, Backend, running
from tests.conftest import DATA
from tests.payloads import drawn, notes, payload, texts
from tests.servers.label_studio import label_studio, personal_access_token
from tests.servers.s3 import ACCESS_KEY, SECRET_KEY
from tests.servers.web import Reply, web_server

PAGE = (DATA / "pages" / "a.png").read_bytes()
HOURS = 3600
BOXES = 20
TEN_YEARS = 10 * 365 * 24 * HOURS


@contextmanager
def jumping(clock: Path) -> Iterator[None]:
    """Set the clock every 50 ms: right, ahead, right, behind."""
    over = threading.Event()

    def jump() -> None:
        for seconds in itertools.cycle([0, 5 * HOURS, 0, -7 * HOURS]):
            clock.write_text(str(seconds))
            if over.wait(0.05):
                return

    thread = threading.Thread(target=jump)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def answer(backend: Backend, page: str, x: float) -> list[dict[str, Any]]:
    body = payload("one-box", "")
    body["tasks"][0] |= {"data": {"ocr": page}, "id": 5}
    drawn(body)[0]["value"]["x"] = x
    results: list[dict[str, Any]] = backend.predict(body)[0]["result"]
    return results


def test_boxes_are_read_while_the_clock_jumps(tmp_path: Path) -> None:
    clock = tmp_path / "clock"
    clock.write_text("0")
    with label_studio() as studio, web_server() as web:
        studio.token = personal_access_token(life_seconds=TEN_YEARS)
        studio.uploads = {f"1/{number}.png": PAGE for number in range(BOXES)}
        web.routes[""] = Reply(PAGE, headers={"ETag": '"a"'})
        environment = {
            "PYTHONPATH": os.pathsep.join([str(ROOT / "tests" / "stand_ins" / "clock"), PYTHONPATH]),
            "CLOCK": str(clock),
            "OCR_ENGINE": "tesseract",
            "OCR_WORKERS": "2",
            "LOG_FORMAT": "json",
            "PAGE_FRESH_SECONDS": "3600",
            "ALLOWED_IMAGE_HOSTS": web.origin,
            "LABEL_STUDIO_URL": studio.url,
            "LABEL_STUDIO_ACCESS_TOKEN": studio.token,
            "AWS_ENDPOINT": web.url,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        }
        places = ["/data/upload/1/{}.png", f"{web.url}/a.png", "s3://pages/a.png"]
        with running(tmp_path, environment) as backend, jumping(clock), ThreadPoolExecutor(6) as threads:
            boxes = [(page.format(number), 7 + number / 1000) for number in range(BOXES) for page in places]
            found = list(threads.map(lambda box: answer(backend, *box), boxes))
            assert backend.get("/ready").ok

    assert [notes(results) for results in found] == [[]] * len(boxes)
    assert {text for results in found for text in texts(results).values()} == {"Invoice 12345"}
    # What is kept for an hour, and a token for minutes, is not asked for again.
    assert studio.exchanges == 1
    assert len(web.requests) == 2
    lines = [line for line in backend.log.read_text().splitlines() if line.startswith("{")]
    times = [datetime.fromisoformat(json.loads(line)["time"]) for line in lines]
    assert max(times) - min(times) > timedelta(hours=11)
    assert "Traceback" not in backend.log.read_text()
