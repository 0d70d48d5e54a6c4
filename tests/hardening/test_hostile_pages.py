"""Files that would take a decoder minutes or gigabytes cost their own box only, and only for a moment."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from bench.processes import ProcessKind, processes_of
from boxocr.settings.environment import available_cores
from tests.backend import START_SECONDS, Backend, one_reader, running
from tests.conftest import DATA
from tests.hardening import hostile
from tests.payloads import notes, payload, texts
from tests.servers.web import Reply, Request, WebServer, web_server
from tests.waiting import until

ENGINE = "tests.engines:Counting"

PAGE = (DATA / "pages" / "a.png").read_bytes()


@pytest.fixture(scope="module")
def web() -> Iterator[WebServer]:
    with web_server() as server:
        yield server


@pytest.fixture(scope="module")
def impatient(web: WebServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    """A server that stops decoding after two seconds."""
    environment = one_reader(web.origin, ENGINE, PAGE_DECODE_TIMEOUT="2")
    with running(tmp_path_factory.mktemp("impatient"), environment) as server:
        yield server


@pytest.fixture(scope="module")
def punctual(web: WebServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    """A server that decodes a file for two seconds, and answers after half a second more."""
    environment = one_reader(web.origin, ENGINE, PAGE_TIMEOUT="0.5", PAGE_DECODE_TIMEOUT="2")
    with running(tmp_path_factory.mktemp("punctual"), environment) as server:
        yield server


def results_of(server: Backend, url: str, project: int = 1) -> list[dict[str, Any]]:
    """The results for a box on the page at a URL."""
    body = payload("one-box", "")
    body["tasks"][0] |= {"project": project, "data": {"ocr": url}}
    found: list[dict[str, Any]] = server.predict(body)[0]["result"]
    return found


@pytest.mark.parametrize(
    ("data", "parts"),
    [
        (hostile.many_scans(64, 101), "JPEG file has more than 100 scans"),
        (hostile.many_segments(200_000), "JPEG file has more than 2,000 segments"),
        (hostile.many_exif_blocks(60), "JPEG file has more than 50 EXIF segments"),
        (hostile.many_chunks(100_000), "PNG file has more than 50,000 chunks"),
        (hostile.many_comments(200_000), "GIF file has more than 20,000 blocks before its image"),
        (hostile.many_strips(300_000), "TIFF file has more than 200,000 strips or tiles"),
        (hostile.large_tile(30_000), "TIFF file has more than 16,777,216 pixels in a tile"),
        (hostile.shared_values(400), "TIFF file has tags that share their values"),
    ],
    ids=["scans", "segments", "exif", "chunks", "comments", "strips", "tile", "values"],
)
def test_a_file_of_too_many_parts_is_refused(data: bytes, parts: str, impatient: Backend, web: WebServer) -> None:
    web.routes["/parts"] = Reply(data)

    results = results_of(impatient, f"{web.url}/parts?{len(data)}")

    assert notes(results) == [f"BoxOCR: The page's {parts}. Save it again as an ordinary PNG or JPEG."]


def test_a_file_whose_decoding_would_take_more_memory_than_its_size_explains_is_refused(
    impatient: Backend, web: WebServer
) -> None:
    """The tile of a tiny image takes 100 MB."""
    web.routes["/tile"] = Reply(hostile.deep_tile(4_096))

    results = results_of(impatient, f"{web.url}/tile")

    costly = "BoxOCR: The page's image takes more memory to decode than its size explains."
    assert notes(results) == [f"{costly} Save it again as an ordinary PNG or JPEG."]


def test_a_damaged_file_does_not_fill_the_log(impatient: Backend, web: WebServer) -> None:
    """Each of its rows is reported by libtiff."""
    web.routes["/rows"] = Reply(hostile.damaged_rows(20_000))
    before = len(impatient.log.read_text())

    results_of(impatient, f"{web.url}/rows")

    logged = impatient.log.read_text()[before:]
    assert "Fax3" not in logged
    assert logged.count("\n") < 10


def test_a_decoding_that_takes_too_long_is_stopped_and_not_repeated(impatient: Backend, web: WebServer) -> None:
    web.routes["/slow"] = Reply(hostile.many_scans(9_900, 100))

    first, second = (results_of(impatient, f"{web.url}/slow") for _ in range(2))

    stopped = "BoxOCR: Decoding the page's image took more than 2 s and was stopped."
    remedy = "Save it again as an ordinary PNG or JPEG, or raise PAGE_DECODE_TIMEOUT."
    assert notes(first) == notes(second) == [f"{stopped} {remedy}"]
    assert len(web.asked("/slow")) == 1


def test_pages_are_read_while_hostile_ones_are_decoded(web: WebServer, tmp_path: Path) -> None:
    """There are more of them than decoders."""
    count = 2 * available_cores() + 1
    web.routes |= {f"/{number}": Reply(hostile.many_scans(6_000, 100, shade=100 + number)) for number in range(count)}
    web.routes["/page"] = Reply(PAGE)
    with (
        running(tmp_path, one_reader(web.origin, ENGINE)) as server,
        ThreadPoolExecutor(count) as threads,
    ):
        slow = [threads.submit(results_of, server, f"{web.url}/{number}") for number in range(count)]
        until(lambda: all(web.asked(f"/{number}") for number in range(count)))

        page = results_of(server, f"{web.url}/page")
        health = server.get("/health")

        assert not all(answer.done() for answer in slow)
        assert texts(page)
        assert health.ok
        # Those that took too long, and others that had less competition.
        assert all(texts(answer.result()) or "was stopped" in notes(answer.result())[0] for answer in slow)


def test_a_file_that_takes_longer_than_its_size_explains_makes_way_for_others(web: WebServer, tmp_path: Path) -> None:
    count = 2 * available_cores() + 2
    together = threading.Barrier(count)

    def at_once(request: Request) -> Reply:
        together.wait(START_SECONDS)
        return Reply(hostile.many_strips(190_000) + request.path.encode())

    web.routes[""] = at_once
    with running(tmp_path, one_reader(web.origin, ENGINE)) as server, ThreadPoolExecutor(count) as threads:
        answers = threads.map(lambda number: results_of(server, f"{web.url}/strips/{number}"), range(count))
        sentences = [note for results in answers for note in notes(results)]

    assert any(note.count("and was stopped in favour of others") for note in sentences)


def test_a_page_waits_no_longer_for_a_decoder_than_its_deadline(punctual: Backend, web: WebServer) -> None:
    count = available_cores() + 2
    web.routes |= {f"/late/{number}": Reply(hostile.many_scans(9_900, 100, shade=number)) for number in range(count)}
    with ThreadPoolExecutor(count) as threads:
        answers = [threads.submit(results_of, punctual, f"{web.url}/late/{number}") for number in range(count)]
        sentences = [note for answer in answers for note in notes(answer.result())]

    waited = "BoxOCR: The server was too busy to decode the page's image. Try again."
    assert sentences.count(waited) >= 2
    assert len(sentences) == count


def test_a_page_that_is_decoded_again_has_no_later_deadline(punctual: Backend, web: WebServer) -> None:
    web.routes["/again"] = Reply(hostile.many_scans(9_900, 100, shade=250))
    web.routes["/first"] = Reply(PAGE)
    assert texts(results_of(punctual, f"{web.url}/first"))
    before = {decoder: cpu_ticks(decoder) for decoder in decoders(punctual)}

    def busy() -> list[int]:
        return [each for each in decoders(punctual) if cpu_ticks(each) > before.get(each, 0) + 10]

    with ThreadPoolExecutor(1) as thread:
        answer = thread.submit(results_of, punctual, f"{web.url}/again")
        until(busy)
        # The second attempt begins so late that the deadline comes before the two seconds for a file.
        time.sleep(0.8)
        os.kill(busy()[0], signal.SIGKILL)

        assert notes(answer.result()) == ["BoxOCR: The server was too busy to decode the page's image. Try again."]


def test_many_slow_files_of_a_host_keep_no_page_of_another_waiting(web: WebServer, tmp_path: Path) -> None:
    """They are in several projects, each of which has as few decoders as that of the page."""
    strips = hostile.many_strips(190_000)
    count = 3 * available_cores() + 2
    with (
        web_server() as elsewhere,
        running(tmp_path, one_reader(f"{web.origin}, {elsewhere.origin}", ENGINE)) as server,
        ThreadPoolExecutor(count) as threads,
    ):
        web.routes[""] = lambda request: Reply(strips + request.path.encode())
        elsewhere.routes["/page"] = Reply(PAGE)

        slow = [threads.submit(results_of, server, f"{web.url}/many/{number}", 10 + number) for number in range(count)]
        until(lambda: all(web.asked(f"/many/{number}") for number in range(count)))
        done = sum(answer.done() for answer in slow)
        assert texts(results_of(server, f"{elsewhere.url}/page"))

        assert sum(answer.done() for answer in slow) <= done + available_cores()


@pytest.mark.parametrize("is_busy", [False, True], ids=["idle", "busy"])
def test_a_page_is_read_although_its_decoder_is_killed(web: WebServer, tmp_path: Path, *, is_busy: bool) -> None:
    web.routes["/page"] = Reply(PAGE)
    web.routes["/slow"] = Reply(hostile.many_scans(5_000, 100))
    with running(tmp_path, one_reader(web.origin, ENGINE)) as server, ThreadPoolExecutor(1) as thread:
        # A page that comes earlier than the first decoder gets one of its own.
        until(lambda: decoders(server))
        assert texts(results_of(server, f"{web.url}/page"))
        (decoder,) = decoders(server)
        before = cpu_ticks(decoder)
        answer = thread.submit(results_of, server, f"{web.url}/slow") if is_busy else None
        until(lambda: not is_busy or cpu_ticks(decoder) > before + 10)
        os.kill(decoder, signal.SIGKILL)
        found = answer.result() if answer else results_of(server, f"{web.url}/slow")

        assert texts(found)
        assert decoder not in decoders(server)
        assert "\nboxocr_decoders_restarted_total 1.0\n" in server.get("/metrics").text


def decoders(server: Backend) -> list[int]:
    """The processes that decode, and have started."""
    return processes_of(ProcessKind.DECODER, server.pid)


def cpu_ticks(pid: int) -> int:
    """The time that a process has computed, in hundredths of a second."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])
