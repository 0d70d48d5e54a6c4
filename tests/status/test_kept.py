"""What is kept of the last readings never takes more than its room."""

import gc
import weakref

import numpy as np
import pytest
from flask import Flask

from boxocr.answering.attempts import Attempt, observed
from boxocr.answering.services import Services
from boxocr.errors import PageNotFound
from boxocr.reading.types import Reading, ReadingOptions
from boxocr.settings.environment import Settings
from boxocr.web.limits import PredictSlots
from boxocr.web.status.page import StatusPage
from boxocr.web.status.recent import RecentReadings


def attempt(*, text: str = "", side: int = 10) -> Attempt:
    crop = np.zeros((side, side), np.uint8)
    return Attempt(1, "r", reading=Reading(text, 0.9, "e", "eng"), options=ReadingOptions(), crop=crop)


def test_the_oldest_go_when_there_are_too_many_or_they_take_too_much() -> None:
    kept = RecentReadings(most=3, most_bytes=100_000)
    for text in "abcd":
        kept.add(attempt(text=text))
    assert [one.reading and one.reading.text for one in kept.after(0)] == ["d", "c", "b"]

    kept.add(attempt(text="e" * 24_950))
    assert [one.bytes for one in kept.after(0)] == [99_904]

    kept.add(attempt(text="f" * 30_000))
    assert kept.after(0) == []
    kept.add(attempt(text="g"))
    assert len(kept.after(0)) == 1


def test_a_crop_that_takes_too_much_is_left_out() -> None:
    kept = RecentReadings(most=3, most_bytes=100_000)
    kept.add(attempt(text="a page", side=200))
    (one,) = kept.after(0)
    assert (one.crop, one.reading and one.reading.text) == (None, "a page")


def test_numbers_tell_the_new_from_the_old() -> None:
    kept = RecentReadings(most=3, most_bytes=100_000)
    kept.add(attempt(text="a"))
    (first,) = kept.after(0)
    kept.add(attempt(text="b"))
    assert [one.reading and one.reading.text for one in kept.after(first.number)] == ["b"]
    assert kept.get(first.number) is first
    assert kept.get(1) is None


def test_an_error_is_kept_without_what_it_was_raised_among() -> None:
    class Page:
        pass

    def fail() -> tuple[Attempt, "weakref.ref[Page]"]:
        page = Page()
        with pytest.raises(PageNotFound), observed(Attempt(1, "r")) as told:
            raise PageNotFound
        return told, weakref.ref(page)

    kept = RecentReadings(most=3, most_bytes=100_000)
    told, page = fail()
    kept.add(told)
    del told
    gc.collect()
    assert page() is None
    assert kept.after(0)[0].failure == (PageNotFound.message, PageNotFound.remedy)


def test_a_page_whose_services_have_stopped_hears_of_no_reading() -> None:
    settings = Settings(ocr_workers=1)
    services = Services(settings)
    app = Flask("page")
    StatusPage(app, settings, services, services.probe, PredictSlots(1))

    with observed(Attempt(1, "before")):
        pass
    services.close()
    with observed(Attempt(1, "after")):
        pass

    found = app.test_client().get("/status/readings").get_json()["readings"]
    assert [one["region"] for one in found] == ["before"]
