"""Whoever wants to know learns what became of each region, and where its time went."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from boxocr.answering import services
from boxocr.answering.attempts import Attempt, note, observe, observed, request_id
from boxocr.errors import PageNotFound
from boxocr.pages.page import PageAddress
from boxocr.pages.store import PageStore
from boxocr.process.stages import Stage, stage
from boxocr.settings import allowed_hosts
from boxocr.settings.environment import Settings
from model import BoxOCR
from tests.pages.conftest import png
from tests.payloads import one_box, payload
from tests.servers.web import Reply, Request, web_server


@pytest.fixture(scope="module")
def _services(page_server: str) -> Iterator[None]:
    settings = Settings(ocr_engine="tesseract", ocr_workers=1, allowed_image_hosts=allowed_hosts.parse(page_server))
    services.start(settings)
    yield
    services.stop()


@pytest.fixture
def attempts() -> Iterator[list[Attempt]]:
    """What an observer was told."""
    told: list[Attempt] = []
    end = observe(told.append)
    yield told
    end()


def predict(body: dict) -> None:  # type: ignore[type-arg]
    model = BoxOCR(project_id="1", label_config=body["label_config"])
    model.predict(body["tasks"], context=body["params"]["context"])


@pytest.mark.usefixtures("_services")
def test_a_region_is_told_with_its_reading_and_the_time_of_each_stage(
    page_server: str, attempts: list[Attempt]
) -> None:
    body = one_box(page_server)
    region_id = body["params"]["context"]["result"][0]["id"]
    request_id.set("request-1")

    predict(body)
    predict(body)

    first, again = attempts
    assert (first.task_id, first.region_id, first.request_id) == (body["tasks"][0]["id"], region_id, "request-1")
    assert first.reading is not None
    assert (first.reading.text, first.error) == ("Invoice 12345", None)
    assert first.options is not None
    assert (first.options.languages, first.options.engine) == ("eng", "tesseract")
    assert first.crop is not None
    assert first.crop.shape[0] < first.crop.shape[1]
    assert list(first.stages) == [Stage.FETCH, Stage.DECODE, Stage.WAIT, Stage.READ]
    assert all(seconds > 0 for seconds in first.stages.values())
    assert sum(first.stages.values()) <= first.seconds
    # Page and reading were at hand.
    assert (again.reading, again.crop, again.stages) == (first.reading, None, {})


@pytest.mark.usefixtures("_services")
def test_a_region_without_text_is_told_with_its_error(page_server: str, attempts: list[Attempt]) -> None:
    predict(one_box(page_server, x=90, y=90, width=5, height=5))
    missing = one_box(page_server)
    missing["tasks"][0]["data"] = {"ocr": f"{page_server}/pages/none.png"}
    predict(missing)

    blank, absent = attempts
    assert blank.error is not None
    assert (blank.error.code, blank.error.sentence) == (
        "region", "No text found. Draw the box a little larger, or type the text.",
    )  # fmt: skip
    assert blank.crop is not None
    assert blank.reading is not None
    assert absent.error is not None
    assert (absent.error.code, absent.crop, absent.reading) == ("page_not_found", None, None)
    assert list(absent.stages) == [Stage.FETCH]


@pytest.mark.usefixtures("_services")
def test_each_region_of_a_request_is_told_with_the_requests_id(page_server: str, attempts: list[Attempt]) -> None:
    request_id.set("request-2")

    predict(payload("two-textareas", page_server))
    predict(payload("second-labels-and-rectangle", page_server))

    assert len(attempts) > 1
    assert {attempt.request_id for attempt in attempts} == {"request-2"}


@pytest.mark.usefixtures("_services")
def test_an_observer_that_fails_hurts_nobody(page_server: str, attempts: list[Attempt]) -> None:
    def failing(_: Attempt) -> None:
        raise RuntimeError

    end = observe(failing)
    predict(one_box(page_server))
    end()

    told: list[Attempt] = []
    observe(told.append)()
    predict(one_box(page_server))

    assert len(attempts) == 2
    assert told == []


def test_who_joins_a_fetch_waits_in_the_stage_fetch() -> None:
    with web_server() as web:
        store = PageStore(Settings(allowed_image_hosts=allowed_hosts.parse(web.origin)))
        address = PageAddress(f"{web.url}/x")
        asked, comes, go = threading.Event(), threading.Event(), threading.Event()

        def held(_: Request) -> Reply:
            asked.set()
            go.wait(5)
            return Reply(png())

        web.routes["/x"] = held

        def fetch(region_id: str) -> Attempt:
            with observed(Attempt(1, region_id)) as attempt:
                if asked.is_set():
                    comes.set()
                with store.borrow(address):
                    pass
            return attempt

        with ThreadPoolExecutor(2) as threads:
            leads = threads.submit(fetch, "leads")
            asked.wait(5)
            joins = threads.submit(fetch, "joins")
            comes.wait(5)
            threading.Timer(0.2, go.set).start()
        assert list(leads.result().stages) == [Stage.FETCH, Stage.DECODE]
        assert list(joins.result().stages) == [Stage.FETCH]
        assert len(web.requests) == 1
        store.close()


def test_an_error_ends_the_attempt_and_is_told(attempts: list[Attempt]) -> None:
    with pytest.raises(PageNotFound), observed(Attempt(None, "a")):
        raise PageNotFound
    with pytest.raises(ZeroDivisionError), observed(Attempt(None, "b")):
        _ = 1 / 0

    assert [attempt.error and attempt.error.code for attempt in attempts] == ["page_not_found", "internal_error"]


def test_a_stage_outside_of_an_attempt_is_nobodys(attempts: list[Attempt]) -> None:
    with stage(Stage.FETCH):
        note(options=None)

    assert attempts == []
