"""Drawn boxes go before work in the background, and nobody waits for a job that nobody will do."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from boxocr.errors import ReadingError
from boxocr.reading.pool import jobs
from boxocr.reading.pool.jobs import Job, JobQueue, Priority


def job(name: str, priority: Priority = Priority.INTERACTIVE) -> Job:
    return Job(len, (name,), 10, priority)


def names(queue: JobQueue, count: int) -> list[object]:
    taken = [queue.take() for _ in range(count)]
    return [one.args[0] if one else None for one in taken]


class Clock:
    """A clock that stands still until it is told the time."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(jobs, "time", clock)
    return clock


def test_drawn_boxes_go_first_each_kind_in_its_order() -> None:
    queue = JobQueue(readers=4)
    for name, priority in [
        ("page 1", Priority.BACKGROUND),
        ("page 2", Priority.BACKGROUND),
        ("box 1", Priority.INTERACTIVE),
        ("check", Priority.CHECK),
        ("box 2", Priority.INTERACTIVE),
    ]:
        queue.put(job(name, priority))
    assert names(queue, 5) == ["box 1", "check", "box 2", "page 1", "page 2"]


def test_while_somebody_draws_one_reader_stays_free_of_background_work(clock: Clock) -> None:
    queue = JobQueue(readers=2)
    queue.put(job("box"))
    for number in range(3):
        queue.put(job(f"page {number}", Priority.BACKGROUND))
    assert names(queue, 1) == ["box"]
    first = queue.take()
    assert first is not None
    assert first.args == ("page 0",)
    with ThreadPoolExecutor(1) as second_reader:
        waiting = second_reader.submit(queue.take)
        queue.put(job("box 2"))
        taken = waiting.result(10)
        assert taken is not None
        assert taken.args == ("box 2",)
        queue.done(first)
        assert names(queue, 1) == ["page 1"]
        clock.now += 61
        assert names(queue, 1) == ["page 2"]


def test_a_single_reader_does_background_work_too() -> None:
    queue = JobQueue(readers=1)
    queue.put(job("box"))
    queue.put(job("page", Priority.BACKGROUND))
    assert names(queue, 2) == ["box", "page"]


def test_closing_ends_every_wait() -> None:
    queue = JobQueue(readers=1)
    early = job("early")
    queue.put(early)
    with ThreadPoolExecutor(1) as readers:
        assert names(queue, 1) == ["early"]
        waiting = readers.submit(queue.take)
        untaken = job("untaken", Priority.BACKGROUND)
        queue.close(ReadingError("The server stops.", "Try again."))
        queue.put(untaken)
        assert waiting.result(10) is None
    with pytest.raises(ReadingError, match="The server stops"):
        untaken.future.result(0)
    assert not early.future.done()


def test_waiting_jobs_can_be_given_up_together() -> None:
    queue = JobQueue(readers=1)
    both = [job("box"), job("page", Priority.BACKGROUND)]
    for one in both:
        queue.put(one)
    queue.fail_waiting(ReadingError("No reader.", "Try again."))
    for one in both:
        with pytest.raises(ReadingError, match="No reader"):
            one.future.result(0)
    queue.put(job("later"))
    assert names(queue, 1) == ["later"]
