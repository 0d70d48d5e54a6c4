"""Label Studio and S3 fail in the middle of the work: each box says so, and the next one is read when they are back."""

import contextlib
import itertools
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from tests.backend import Backend, running
from tests.conftest import DATA
from tests.payloads import drawn, payload, texts, without
from tests.servers.label_studio import LabelStudioStandIn
from tests.servers.ports import free_ports
from tests.servers.s3 import ACCESS_KEY, SECRET_KEY
from tests.servers.web import Reply, Request, Route, WebServer, web_server

PAGE = (DATA / "pages" / "a.png").read_bytes()
UPLOAD, OBJECT = "/data/upload/1/a.png", "s3://pages/a.png"
REFRESH = "/api/token/refresh/"

BOXES = 3


class Source:
    """Where pages come from: a server on a port that stays the same, which runs when a test lets it.

    Args:
        answer: what it answers when nothing is wrong.
    """

    def __init__(self, answer: Route) -> None:
        (self.port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{self.port}"
        self._answer = answer

    @contextlib.contextmanager
    def running(self, faults: Mapping[str, Route] | None = None) -> Iterator[WebServer]:
        """The server for as long as the context lasts.

        Args:
            faults: decoded path, or "" for all others, → what is answered in place of the right thing.
        """
        with web_server(port=self.port) as web:
            web.routes[""] = self._answer
            web.routes |= faults or {}
            yield web


@dataclass(frozen=True)
class Desk:
    """A backend, and the servers that its pages come from."""

    backend: Backend
    studio: LabelStudioStandIn
    sources: dict[str, Source]

    def draw(self, url: str, boxes: int = BOXES) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Some boxes on the page in one request: what was drawn, and what was answered."""
        body = payload("one-box", "")
        body["tasks"][0] |= {"data": {"ocr": url}, "id": 5}
        box = drawn(body)[0]
        # No two requests ask for the same box, which would be at hand.
        places = [next(_PLACES) for _ in range(boxes)]
        body["params"]["context"]["result"] = [
            box | {"id": f"box-{number}", "value": box["value"] | {"x": box["value"]["x"] - place}}
            for number, place in enumerate(places)
        ]
        return drawn(body), self.backend.predict(body)[0]["result"]

    def assert_reads(self, url: str) -> None:
        boxes, results = self.draw(url)
        assert texts(results) == {box["id"]: "Invoice 12345" for box in boxes}

    def assert_says(self, url: str, sentence: str, boxes: int = BOXES) -> None:
        """Each box is kept as it was drawn, with this sentence and nothing else."""
        was_drawn, results = self.draw(url, boxes)
        assert [without(result, "meta") for result in results] == was_drawn
        assert [result["meta"] for result in results] == [{"text": [f"BoxOCR: {sentence}"]}] * boxes


_PLACES = itertools.count(0, 0.001)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    studio = LabelStudioStandIn(WebServer(0), uploads={"1/a.png": PAGE})
    sources = {UPLOAD: Source(studio.answer), OBJECT: Source(Reply(PAGE, headers={"ETag": '"a"'}))}
    environment = {
        "OCR_ENGINE": "tesseract",
        "OCR_WORKERS": "1",
        "LABEL_STUDIO_URL": sources[UPLOAD].url,
        "LABEL_STUDIO_ACCESS_TOKEN": studio.token,
        "AWS_ENDPOINT": sources[OBJECT].url,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_SESSION_TOKEN": "one that expires",
        # Long enough for a page that comes, on a machine that is busy with other things.
        "PAGE_TIMEOUT": "3",
        "PAGE_FRESH_SECONDS": "0",
    }
    with running(tmp_path_factory.mktemp("faults"), environment) as backend:
        yield Desk(backend, studio, sources)
        assert "Traceback" not in backend.log.read_text()


OK = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(PAGE)

Wrong = Callable[[threading.Event], Route]
"""What a server answers in place of the right thing, until the event."""


def silent(over: threading.Event) -> Route:
    """Nothing."""

    def answer(_: Request) -> Reply:
        over.wait(60)
        return Reply(raw=[])

    return answer


def stalling(over: threading.Event) -> Route:
    """A part of the page, and no more."""

    def pieces() -> Iterator[bytes]:
        yield OK + PAGE[:500]
        over.wait(60)

    return lambda _: Reply(raw=pieces())


def saying(status: int, body: bytes = b"") -> Wrong:
    return lambda _: Reply(body, status)


def s3_error(code: str, status: int) -> Wrong:
    return saying(status, f"<Error><Code>{code}</Code><Message>of no use</Message></Error>".encode())


def cut(_: threading.Event) -> Route:
    return Reply(raw=[OK + PAGE[:500]])


IS_UP = "Check that it is running and that this server can reach it."
TIMEOUT = "Try again, or raise PAGE_TIMEOUT."
NEW_TOKEN = "Create a personal access token in Label Studio and set LABEL_STUDIO_ACCESS_TOKEN to it."  # noqa: S105
S3_CUT = "S3 could not be reached, or the download was interrupted. Check AWS_ENDPOINT and that the server is running."


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong.

    Attributes:
        url: of the page that is not had.
        wrong: what its server does; None when it does not run.
        sentence: what the box says.
    """

    url: str
    wrong: Wrong | None
    sentence: str


FAULTS = {
    "Label Studio is down": Fault(
        UPLOAD, None, f"127.0.0.1 could not be reached, or the download was interrupted. {IS_UP}"
    ),
    "Label Studio is silent": Fault(UPLOAD, silent, f"127.0.0.1 did not send the page in time. {TIMEOUT}"),
    "Label Studio stalls": Fault(UPLOAD, stalling, f"127.0.0.1 did not send the page in time. {TIMEOUT}"),
    "Label Studio cuts off": Fault(
        UPLOAD, cut, f"127.0.0.1 could not be reached, or the download was interrupted. {IS_UP}"
    ),
    "Label Studio is busy": Fault(
        UPLOAD, saying(429), "127.0.0.1 received too many requests (HTTP 429). Try again in a minute."
    ),
    "Label Studio fails": Fault(UPLOAD, saying(502), f"127.0.0.1 answered with HTTP 502 instead of the page. {IS_UP}"),
    "Label Studio refuses": Fault(
        UPLOAD,
        saying(403),
        "Label Studio does not show the page to the owner of this server's token (HTTP 403). "
        "Use the token of a user who may open the project.",
    ),
    "Label Studio refuses its own tokens": Fault(
        UPLOAD,
        saying(401),
        f"Label Studio refuses the access token that it has just issued (HTTP 401). {NEW_TOKEN}",
    ),
    "S3 is down": Fault(OBJECT, None, S3_CUT),
    "S3 is silent": Fault(OBJECT, silent, f"S3 did not send the page in time. {TIMEOUT}"),
    "S3 stalls": Fault(OBJECT, stalling, f"S3 did not send the page in time. {TIMEOUT}"),
    "S3 cuts off": Fault(OBJECT, cut, S3_CUT),
    "S3 is busy": Fault(
        OBJECT, s3_error("SlowDown", 503), "S3 received too many requests (SlowDown). Try again in a minute."
    ),
    "S3 is busy, without a word": Fault(
        OBJECT, saying(429), "S3 received too many requests (429). Try again in a minute."
    ),
    "S3 fails": Fault(
        OBJECT,
        s3_error("InternalError", 500),
        "S3 answered with InternalError instead of the page. Try again. If it keeps happening, check S3's log.",
    ),
    "S3's keys expire": Fault(
        OBJECT,
        s3_error("ExpiredToken", 400),
        "This server's S3 keys have expired (ExpiredToken). Renew AWS_SESSION_TOKEN and its keys.",
    ),
    "S3's keys are withdrawn": Fault(
        OBJECT,
        s3_error("InvalidAccessKeyId", 403),
        "S3 refused this server's keys (InvalidAccessKeyId). Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
    ),
    "the right to read from S3 is withdrawn": Fault(
        OBJECT,
        s3_error("AccessDenied", 403),
        "S3 does not let this server's keys read the page (AccessDenied). "
        "Allow s3:GetObject on the bucket pages; without s3:ListBucket S3 says the same of a missing page.",
    ),
    "the clock goes wrong": Fault(
        OBJECT,
        s3_error("RequestTimeTooSkewed", 403),
        "S3 refuses this server's signature because their clocks differ (RequestTimeTooSkewed). "
        "Synchronize both clocks with a time server.",
    ),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_each_box_says_what_is_wrong_and_the_next_is_read_when_it_is_over(desk: Desk, fault: Fault) -> None:
    source = desk.sources[fault.url]
    with source.running():
        desk.assert_reads(fault.url)

    if fault.wrong is None:
        desk.assert_says(fault.url, fault.sentence)
    else:
        over = threading.Event()
        # At the page's path on Label Studio; S3 answers for nothing else.
        with source.running({UPLOAD if fault.url == UPLOAD else "": fault.wrong(over)}):
            desk.assert_says(fault.url, fault.sentence)
            over.set()

    with source.running():
        desk.assert_reads(fault.url)


EXCHANGE_FAULTS: dict[str, tuple[Wrong, str]] = {
    "is silent": (silent, f"Label Studio did not issue an access token in time. {TIMEOUT}"),
    "cuts off": (
        cut,
        (
            "Label Studio could not be reached for an access token. "
            "Check LABEL_STUDIO_HOST and that Label Studio is running."
        ),
    ),
    "fails": (
        saying(502, b"<h1>Bad gateway</h1>"),
        "Label Studio answered with HTTP 502 when asked for an access token. Check LABEL_STUDIO_HOST.",
    ),
    "is busy": (
        saying(429),
        "Label Studio answered with HTTP 429 when asked for an access token. Check LABEL_STUDIO_HOST.",
    ),
    "refuses the token": (
        saying(401, b'{"detail": "Token is invalid"}'),
        f"Label Studio refused this server's personal access token (HTTP 401). {NEW_TOKEN}",
    ),
}


@pytest.mark.parametrize(("wrong", "sentence"), EXCHANGE_FAULTS.values(), ids=EXCHANGE_FAULTS)
def test_an_access_token_that_ends_in_the_middle_and_is_not_renewed_is_told(
    desk: Desk, wrong: Wrong, sentence: str
) -> None:
    source = desk.sources[UPLOAD]
    with source.running():
        desk.assert_reads(UPLOAD)

    desk.studio.forget_access_tokens()
    over = threading.Event()
    with source.running({REFRESH: wrong(over)}):
        desk.assert_says(UPLOAD, sentence)
        over.set()

    with source.running():
        desk.assert_reads(UPLOAD)


def test_an_access_token_that_ends_in_the_middle_is_renewed_and_nobody_notices(desk: Desk) -> None:
    with desk.sources[UPLOAD].running() as web:
        desk.assert_reads(UPLOAD)
        desk.studio.forget_access_tokens()
        desk.assert_reads(UPLOAD)

    assert len(web.asked(REFRESH)) == 1


def test_many_boxes_on_a_page_that_does_not_come_wait_for_it_once(desk: Desk) -> None:
    over = threading.Event()
    with desk.sources[UPLOAD].running({UPLOAD: silent(over)}) as web:
        desk.assert_says(UPLOAD, FAULTS["Label Studio is silent"].sentence, boxes=100)
        over.set()

    # Regions are read eight at a time: each of these may just have missed that the page was given up.
    assert len(web.asked(UPLOAD)) <= 8
