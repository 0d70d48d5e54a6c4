"""Reader processes: faults stay with their own box."""

import os
import signal
import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path

import numpy as np
import pytest

from boxocr.errors import EngineUnavailable, LanguageMissing, ReaderCrashed, ReadingError, ReadingTimeout
from boxocr.reading.pool.jobs import Priority
from boxocr.reading.pool.pool import ReaderPool
from boxocr.reading.pool.reader_process import ReaderProcess
from boxocr.reading.types import Pixels, Reading, ReadingOptions
from tests.reading import drawn

CROP = drawn.text("Total amount due")


def fake(name: str, charset: str = "") -> ReadingOptions:
    return ReadingOptions(engine=f"tests.reading.fake_engines:{name}", charset=charset)


def submit(pool: ReaderPool, options: ReadingOptions) -> Future[Reading]:
    """Read a crop in a thread of its own, as a request does."""
    thread = ThreadPoolExecutor(1)
    future = thread.submit(pool.read, CROP, options)
    thread.shutdown(wait=False)
    return future


def assert_reads(pool: ReaderPool) -> None:
    assert pool.read(CROP, ReadingOptions()).text == "Total amount due"


def wait_for_both_readers(pool: ReaderPool) -> None:
    """After a fault a new reader starts, which takes a while on a busy machine."""
    for _ in range(20):
        started = time.monotonic()
        wait([submit(pool, fake("Naps")) for _ in range(2)])
        if time.monotonic() - started < 0.9:  # two naps of half a second, at once
            return
    pytest.fail("a reader is missing")


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    found = Path(f"/proc/{process}")
    # Its first thread is a zombie a moment before the others have ended, and until then its pipe is open.
    return b" Z " not in (found / "stat").read_bytes() or len(list((found / "task").iterdir())) > 1


def test_reads_a_line(pool: ReaderPool) -> None:
    reading = pool.read(CROP, ReadingOptions())
    assert reading.text == "Total amount due"
    assert 0.85 < reading.confidence <= 1
    assert (reading.engine, reading.languages, reading.turned) == ("tesseract", "eng", 0)


def test_describes_itself(pool: ReaderPool) -> None:
    name, version = pool.describe().split()
    assert name == "tesseract"
    assert version.startswith("5.")
    assert "eng" in pool.languages()
    assert "osd" not in pool.languages()


def test_probe_passes(pool: ReaderPool) -> None:
    pool.probe()


@pytest.mark.parametrize("shape", [(0, 0), (0, 5), (5, 0, 3), (1, 1), (1, 1, 3), (2, 400), (40, 400), (40, 400, 3)])
@pytest.mark.parametrize("value", [0, 128, 255])
def test_nothing_in_the_box_is_no_text(pool: ReaderPool, shape: tuple[int, ...], value: int) -> None:
    reading = pool.read(np.full(shape, value, np.uint8), ReadingOptions())
    assert (reading.text, reading.confidence) == ("", 0.0)


def test_views_of_a_page_are_read(pool: ReaderPool) -> None:
    page = np.full((400, 900, 3), 250, np.uint8)
    page[100 : 100 + CROP.shape[0], 50 : 50 + CROP.shape[1]] = CROP
    assert pool.read(page[90:200, 40:600], ReadingOptions()).text == "Total amount due"
    assert pool.read(page[:, :, 0][90:200, 40:600], ReadingOptions()).text == "Total amount due"


@pytest.mark.parametrize("name", ["Killed", "Crashes"])
def test_a_crash_costs_its_own_box_only(pool: ReaderPool, name: str) -> None:
    before, crash, after = (
        submit(pool, fake("Naps")),
        submit(pool, fake(name)),
        submit(pool, fake("Healthy")),
    )
    with pytest.raises(ReaderCrashed):
        crash.result(timeout=10)
    assert before.result(timeout=10).engine == "healthy"
    assert after.result(timeout=10).engine == "healthy"
    assert_reads(pool)


@pytest.mark.parametrize("name", ["Hangs", "HangsInNativeCode"])
def test_the_deadline_kills_the_reader_and_nothing_else(pool: ReaderPool, tmp_path: Path, name: str) -> None:
    wait_for_both_readers(pool)
    note = tmp_path / "pid"
    started = time.monotonic()
    late = submit(pool, fake(name, str(note)))
    slowest = 0.0
    while not late.done():
        began = time.monotonic()
        assert_reads(pool)  # on the other reader
        slowest = max(slowest, time.monotonic() - began)
    assert 2.9 < time.monotonic() - started < 5.5
    assert slowest < 2
    with pytest.raises(ReadingTimeout):
        late.result()
    assert not alive(int(note.read_text()))
    assert_reads(pool)


def test_waiting_for_a_processor_does_not_count_for_background_work(monkeypatch: pytest.MonkeyPatch) -> None:
    # As on a machine where the readers hardly ever get a processor.
    monkeypatch.setattr(ReaderProcess, "starved_seconds", lambda _: time.monotonic())
    with ReaderPool(workers=1, timeout=0.2, engine="tests.reading.fake_engines:Healthy") as pool:
        assert pool.read(CROP, fake("Naps"), priority=Priority.BACKGROUND).engine == "healthy"
        with pytest.raises(ReadingTimeout):
            pool.read(CROP, fake("Naps"))
        with pytest.raises(ReadingTimeout):
            pool.read(CROP, fake("Hangs"), priority=Priority.BACKGROUND)


def test_waiting_for_a_reader_does_not_count(pool: ReaderPool) -> None:
    futures = [submit(pool, fake("Naps")) for _ in range(16)]  # four seconds of work for two readers
    assert {future.result(timeout=10).engine for future in futures} == {"healthy"}


def test_garbage_becomes_valid_text(pool: ReaderPool) -> None:
    reading = pool.read(CROP, fake("SpeaksGarbage"))
    assert reading.text == "caf\u00e9[1m x\n second\nthird"
    assert reading.confidence == 1.0
    reading = pool.read(CROP, fake("SpeaksBytes"))
    assert reading.text == "caf\ufffd ok"
    assert reading.confidence == 0.0


@pytest.mark.parametrize("name", ["Raises", "RunsOutOfMemory", "GivesNothing"])
def test_any_error_of_an_engine_is_a_reading_error(pool: ReaderPool, name: str) -> None:
    with pytest.raises(ReadingError) as caught:
        pool.read(CROP, fake(name))
    assert type(caught.value) is ReadingError
    assert "secret" not in caught.value.sentence


@pytest.mark.parametrize(
    "engine",
    [
        "tests.reading.fake_engines:DoesNotStart",
        "tests.reading.fake_engines:NotAnEngine",
        "tests.reading.fake_engines:Missing",
        "no_such_module:Engine",
        ":",
        "abbyy",
    ],
)
def test_engines_that_do_not_start_say_so(pool: ReaderPool, engine: str) -> None:
    with pytest.raises(EngineUnavailable) as caught:
        pool.read(CROP, ReadingOptions(engine=engine))
    assert engine in caught.value.message


def test_a_missing_language_names_the_installed_ones(pool: ReaderPool) -> None:
    with pytest.raises(LanguageMissing) as caught:
        pool.read(CROP, ReadingOptions(languages="eng+tlh"))
    assert "tlh is not installed" in caught.value.message
    assert "eng" in caught.value.message
    assert "tesseract-ocr-tlh" in caught.value.remedy
    assert "TESSDATA_PREFIX" in caught.value.remedy
    assert_reads(pool)


def test_idle_readers_that_are_killed_are_replaced() -> None:
    with ReaderPool(workers=1, timeout=10, engine="tests.reading.fake_engines:Healthy") as pool:
        (process,) = pool.processes()
        os.kill(process, signal.SIGKILL)
        time.sleep(0.5)
        for _ in range(3):
            assert pool.read(CROP, ReadingOptions()).engine == "healthy"
        assert pool.processes() != [process]
        assert pool.replaced == 1


def test_a_pool_whose_engine_does_not_start_says_so() -> None:
    pool = ReaderPool(workers=1, timeout=10, engine="tests.reading.fake_engines:DoesNotStart")
    with pytest.raises(EngineUnavailable):
        pool.start()
    with pytest.raises(EngineUnavailable):
        pool.read(CROP, ReadingOptions())


def test_a_pool_whose_readers_die_at_start_says_so() -> None:
    pool = ReaderPool(workers=1, timeout=10, engine="tests.reading.fake_engines:DiesAtStart")
    started = time.monotonic()
    with pytest.raises(EngineUnavailable):
        pool.start()
    assert time.monotonic() - started < 20


def test_a_pool_without_its_language_says_so() -> None:
    with pytest.raises(LanguageMissing):
        ReaderPool(workers=1, timeout=10, engine="tesseract", languages="tlh").start()


def test_closing_ends_everything_at_once(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    pool = ReaderPool(workers=1, timeout=60, engine="tests.reading.fake_engines:Hangs")
    pool.start()
    running = submit(pool, ReadingOptions(charset=str(note)))
    while not note.exists() or not note.read_text():
        time.sleep(0.02)
    waiting = submit(pool, ReadingOptions())
    while not pool.waiting:
        time.sleep(0.02)
    started = time.monotonic()
    pool.close()
    assert time.monotonic() - started < 3
    assert not alive(int(note.read_text()))
    for future in (running, waiting):
        with pytest.raises(ReadingError):
            future.result(timeout=5)


def _read(pool: ReaderPool, crop: Pixels) -> Reading:
    return pool.read(crop, ReadingOptions())


def test_a_reader_that_is_killed_while_it_starts_costs_nobody_a_box() -> None:
    with ReaderPool(workers=1, timeout=10, engine="tests.reading.fake_engines:Healthy") as pool:
        (first,) = pool.processes()
        os.kill(first, signal.SIGKILL)
        while alive(first):
            time.sleep(0.01)
        crop = submit(pool, ReadingOptions())
        children = Path(f"/proc/{os.getpid()}/task")
        starting: set[int] = set()
        until = time.monotonic() + 10
        while not starting and time.monotonic() < until:
            found = " ".join(path.read_text() for path in children.glob("*/children"))
            starting = {
                pid
                for pid in map(int, found.split())
                if pid != first and b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
            }
        for pid in starting:
            os.kill(pid, signal.SIGKILL)
        assert crop.result(timeout=30).engine == "healthy"
