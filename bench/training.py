"""Measure what a training in the background costs the annotators: ``python -m bench.training``.

A server learns from 1,000 lines of Fraktur, as often as necessary, while somebody draws boxes on another page. It
prints:

* the time that 50 and 1,000 lines take without any other work on the server,
* the growth of the memory of all processes of the server during the latter: the largest sum of their proportional set
  sizes (PSS) compared with the sum before,
* the 95th percentile of the time of a box during a training, compared with the same training being stopped
  (SIGSTOP); both alternate every few seconds, so that other load on the machine affects them equally,
* the longest time of an event on ``/webhook`` during a training.

It takes three to four minutes on two idle cores.
"""

import argparse
import itertools
import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.latency import Annotator, Times
from bench.pages import MadePage, make_page
from bench.processes import tree, tree_megabytes, watched
from boxocr.learning.store import LearnedStore
from tests.backend import Backend, running
from tests.commands.label_studio_api import BOXES, ApiStandIn, label_studio_api
from tests.learning.fraktur import corrected, printed_pages
from tests.payloads import payload
from tests.servers.web import Reply, Request, web_server

_LINES, _FEW_LINES = 1_000, 50
_LONGEST_SECONDS = 600
_WARM_BOXES = 40
_EVENTS_AT_ONCE = 5

# The limits of the project.
_MOST_RATIO, _MOST_MEGABYTES, _MOST_WEBHOOK_SECONDS = 1.2, 150, 0.1


@dataclass
class Desk:
    """The server, an annotator who draws, and the projects to learn from."""

    backend: Backend
    annotator: Annotator
    page: MadePage
    address: str
    models: Path
    drawn: Iterator[int]

    def draw(self, times: Times) -> None:
        """Draw one box."""
        number = next(self.drawn)
        times.measure(self.annotator.ask, self.address, [self.page.value(number, number * 0.013)])

    def start_training(self, project: int) -> None:
        """Send the event of the button "Start Training"."""
        self._send("webhook-start-training", project)

    def send_event(self, project: int) -> None:
        """Send the event of a submitted annotation."""
        self._send("webhook-annotation-created", project)

    def _send(self, event: str, project: int) -> None:
        body = payload(event, "")
        body["project"]["id"] = project
        answer = self.backend.post("/webhook", body)
        if not answer.ok:
            raise SystemExit(answer.text)

    def versions(self, project: int) -> int:
        """The number of the last version of a project, which grows with each training that has ended."""
        return max(LearnedStore(self.models, project).versions(), default=0)

    def training(self) -> list[int]:
        """The processes of the training that runs; none without one."""
        for process in tree(self.backend.pid):
            with suppress(OSError):
                if b"\0learn\0--project\0" in Path(f"/proc/{process}/cmdline").read_bytes():
                    return tree(process)
        return []


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=_LINES, help="that are learned from")
    parser.add_argument("--seconds", type=float, default=90, help="of drawing boxes")
    options = parser.parse_args()
    with _desk(options.lines) as (desk, few, many):
        _alone(desk, few, many, options.lines)
        _together(desk, many, options.seconds)


def _alone(desk: Desk, few: int, many: int, lines: int) -> None:
    print(f"{_FEW_LINES} lines: {_trained(desk, few):.1f} s", flush=True)
    before = tree_megabytes(desk.backend.pid)
    with watched(desk.backend.pid, every=0.2) as seen:
        seconds = _trained(desk, many)
    print(f"{lines:,} lines: {seconds:.1f} s")
    grown = seen.peak - before
    print(
        f"memory: {before:.0f} MB, +{grown:.0f} MB during the training, {_against(grown, _MOST_MEGABYTES)}", flush=True
    )


def _trained(desk: Desk, project: int) -> float:
    """Seconds until a training has ended."""
    began, version = time.monotonic(), desk.versions(project)
    desk.start_training(project)
    while desk.versions(project) == version or desk.training():
        if time.monotonic() - began > _LONGEST_SECONDS:
            raise SystemExit(desk.backend.log.read_text())
        time.sleep(0.1)
    return time.monotonic() - began


def _together(desk: Desk, project: int, seconds: float, stretch: float = 3.0) -> None:
    without, during, events = Times("without"), Times("during"), Times("webhook")
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        processes = _running(desk, project)
        _signal(processes, signal.SIGSTOP)
        # The server closes connections that are not used for some seconds.
        desk.annotator = Annotator(desk.backend)
        _for(stretch, lambda: desk.draw(without))
        _signal(processes, signal.SIGCONT)
        for _ in range(_EVENTS_AT_ONCE):
            events.measure(desk.send_event, project)
        _for(stretch, lambda: desk.draw(during), until=lambda: not desk.training())
    ratio = during.p95 / without.p95
    print(
        f"box: p95 {without.p95:.0f} ms, {during.p95:.0f} ms during a training, {ratio:.2f} x, "
        f"{_against(ratio, _MOST_RATIO)} ({len(without.milliseconds)} and {len(during.milliseconds)} boxes)"
    )
    longest = max(events.milliseconds) / 1000
    print(
        f"/webhook: {longest:.3f} s at most of {len(events.milliseconds)}, {_against(longest, _MOST_WEBHOOK_SECONDS)}"
    )


def _running(desk: Desk, project: int) -> list[int]:
    """The processes of a training, which is started if necessary."""
    end = time.monotonic() + _LONGEST_SECONDS
    while not (processes := desk.training()):
        desk.start_training(project)
        time.sleep(0.5)
        if time.monotonic() > end:
            raise SystemExit(desk.backend.log.read_text())
    return processes


def _signal(processes: Sequence[int], number: signal.Signals) -> None:
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, number)


def _for(seconds: float, act: Callable[[], object], until: Callable[[], bool] = lambda: False) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and not until():
        act()


def _against(value: float, most: float) -> str:
    return f"limit {most}: {'kept' if value <= most else 'EXCEEDED'}"


@contextmanager
def _desk(lines: int) -> Iterator[tuple[Desk, int, int]]:
    """A server with two projects, of 50 and of many lines."""
    page, printed = make_page(9), printed_pages(100)
    files = {str(number): one.png for number, one in enumerate(printed)}

    def file(request: Request) -> Reply:
        name = request.path.rpartition("/")[2]
        return Reply(files.get(name, page.jpeg))

    with web_server() as web, label_studio_api() as studio, tempfile.TemporaryDirectory() as folder:
        web.routes[""] = file
        results = [corrected(one, "Text") for one in printed]
        few, many = (_project(studio, web.url, results, count) for count in (_FEW_LINES, lines))
        models = Path(folder, "models")
        environment = {
            "ALLOWED_IMAGE_HOSTS": web.origin,
            "REQUESTS_PER_SECOND": "0",
            "LABEL_STUDIO_URL": studio.url,
            "LABEL_STUDIO_ACCESS_TOKEN": studio.token,
            "MODEL_DIR": str(models),
            "LEARN": "auto",
        }
        with running(Path(folder), environment) as backend:
            desk = Desk(backend, Annotator(backend), page, f"{web.url}/drawn", models, itertools.count(1))
            for _ in range(_WARM_BOXES):
                desk.draw(Times("warm"))
            yield desk, few, many


def _project(studio: ApiStandIn, url: str, results: Sequence[list[dict[str, Any]]], lines: int) -> int:
    """A project with this many lines of the pages' results. If there are too few pages, they are used again."""
    number = studio.add_project(BOXES)
    for task in itertools.count(1):
        if lines <= 0:
            return number
        # Two results for each line.
        result = results[(task - 1) % len(results)][: 2 * lines]
        lines -= len(result) // 2
        annotation = {"id": task, "result": result, "was_cancelled": False, "created_at": "2026-03-02T08:00:00Z"}
        address = f"{url}/{(task - 1) % len(results)}"
        studio.tasks[number].append({"id": task, "data": {"image": address}, "annotations": [annotation]})
    return number


if __name__ == "__main__":
    main()
