"""Compare the working tree with another commit: second box, first box and whole page, side by side in one run.

``python -m bench.side_by_side COMMIT`` starts a server of each, both with the dependencies that are installed here, and
sends each request to one after the other, so that other load on the machine affects both equally. It prints the ratios
of the medians and of the processor time, and takes two to four minutes. Both read with Tesseract, one reader and one
thread.
"""

import argparse
import contextlib
import io
import os
import statistics
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.latency import Annotator, Times
from bench.pages import MadePage, make_page
from bench.processes import cpu_seconds_of_tree
from tests.backend import GUNICORN, ROOT, Backend, running
from tests.servers.web import Reply, Request, WebServer, web_server

HERE = "working tree"

WHOLE_PAGE = (
    '<View><Image name="image" value="$ocr"/><Rectangle name="box" toName="image" smart="true"/>'
    '<TextArea name="text" toName="image" perRegion="true" model_preannotate="lines"/></View>'
)


@dataclass(frozen=True)
class Side:
    """One of the two servers.

    Attributes:
        name: the commit, or ``working tree``.
        backend: the server.
        annotator: sends requests to it.
        folder: of its local files.
    """

    name: str
    backend: Backend
    annotator: Annotator
    folder: Path


@dataclass(frozen=True)
class Row:
    """A scenario.

    Attributes:
        scenario: its name.
        milliseconds: medians, of the other commit and of the working tree.
        cpu_milliseconds: processor time of all processes of the server for a request, of the same.
    """

    scenario: str
    milliseconds: tuple[float, float]
    cpu_milliseconds: tuple[float, float]

    def __str__(self) -> str:
        """Return the row of the table."""
        (old, new), (old_cpu, new_cpu) = self.milliseconds, self.cpu_milliseconds
        return (
            f"{self.scenario:28} {old:8.1f} {new:8.1f}   {new / old:5.3f} x"
            f"   {old_cpu:8.1f} {new_cpu:8.1f}   {new_cpu / old_cpu:5.3f} x"
        )


@contextlib.contextmanager
def sides(commit: str, web: WebServer) -> Iterator[tuple[Side, Side]]:
    """Start both servers; the first one is that of the commit.

    Raises:
        subprocess.CalledProcessError: there is no such commit.
    """
    with contextlib.ExitStack() as stack:
        there = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        archive = subprocess.run(  # noqa: S603 - a developer names the commit
            ["git", "-C", str(ROOT), "archive", commit],  # noqa: S607 - git is wherever the developer has it
            capture_output=True,
            check=True,
        )
        with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
            files.extractall(there, filter="data")

        def side(name: str, root: Path) -> Side:
            folder, log = (Path(stack.enter_context(tempfile.TemporaryDirectory())) for _ in range(2))
            environment = {
                "PYTHONPATH": f"{root / 'src'}{os.pathsep}{root}",
                "OCR_ENGINE": "tesseract",
                "OCR_WORKERS": "1",
                "OMP_THREAD_LIMIT": "1",
                "ALLOWED_IMAGE_HOSTS": web.origin,
                "REQUESTS_PER_SECOND": "0",
                "LOCAL_FILES_DOCUMENT_ROOT": str(folder),
                "LOCAL_FILES_FOLDERS": ".",
            }
            command = [GUNICORN[0], "--config", str(root / "gunicorn.conf.py"), "_wsgi:app"]
            backend = stack.enter_context(running(log, environment, command=command))
            return Side(name, backend, Annotator(backend), folder)

        yield side(commit, there), side(HERE, ROOT)


def compared(
    scenario: str, both: tuple[Side, Side], rounds: int, requests: Callable[[Side, int], Callable[[], object]]
) -> Row:
    """Send the requests of a scenario to both servers alternately.

    Args:
        scenario: its name.
        both: the servers.
        rounds: number of measured requests to each.
        requests: prepares the request of a round to a server, and returns a function that sends it. Round 0 is not
            measured.
    """
    times = [Times(side.name) for side in both]
    for side in both:
        requests(side, 0)()
    began = [cpu_seconds_of_tree(side.backend.pid) for side in both]
    for turn in range(1, rounds + 1):
        for number in (0, 1) if turn % 2 else (1, 0):
            times[number].measure(requests(both[number], turn))
    cpu = [cpu_seconds_of_tree(side.backend.pid) - before for side, before in zip(both, began, strict=True)]
    old, new = (statistics.median(each.milliseconds) for each in times)
    return Row(scenario, (old, new), (cpu[0] * 1000 / rounds, cpu[1] * 1000 / rounds))


class Scenarios:
    """The requests.

    Args:
        web: serves the pages.
    """

    def __init__(self, web: WebServer) -> None:
        self._web = web
        self._pages = {megapixels: make_page(megapixels) for megapixels in (9, 24)}
        web.routes[""] = self._reply

    def second_box(self, side: Side, turn: int) -> Callable[[], object]:
        """Return a request for a box on a page that the server has in its cache, after the first round."""
        page = self._pages[9]
        return lambda: side.annotator.ask(f"{self._web.url}/9/0", [page.value(turn, turn * 0.37)])

    def first_box_from_web(self, side: Side, turn: int) -> Callable[[], object]:
        """Return a request for a box on a page of 24 megapixels that the server has not fetched yet."""
        page = self._pages[24]
        return lambda: side.annotator.ask(f"{self._web.url}/24/{turn}", [page.value(turn)])

    def first_box_from_disk(self, side: Side, turn: int) -> Callable[[], object]:
        """Return the same for a local file. Its page differs from those on the web."""
        page = self._pages[24]
        (side.folder / f"{turn}.jpg").write_bytes(page.copy(1_000_000 + turn))
        return lambda: side.annotator.ask(f"/data/local-files/?d={turn}.jpg", [page.value(turn)])

    def whole_page(self, side: Side, turn: int) -> Callable[[], object]:
        """Return a request to read a page of 9 megapixels as a whole."""
        return lambda: side.annotator.ask(f"{self._web.url}/9/{2_000_000 + turn}", None, WHOLE_PAGE)

    def _reply(self, request: Request) -> Reply:
        """Return a page for ``/MEGAPIXELS/NUMBER``."""
        _, megapixels, number = request.path.split("/")
        page: MadePage = self._pages[int(megapixels)]
        return Reply(page.copy(int(number)), headers={"Content-Type": "image/jpeg"})


def measured(commit: str, rounds: int) -> Iterator[Row]:
    """Run the scenarios, and yield the row of each."""
    with web_server() as web:
        scenarios = Scenarios(web)
        with sides(commit, web) as both:
            yield compared("second box, 9 MP", both, 5 * rounds, scenarios.second_box)
            yield compared("first box, 24 MP, web", both, rounds, scenarios.first_box_from_web)
            yield compared("first box, 24 MP, disk", both, rounds, scenarios.first_box_from_disk)
            yield compared("whole page, 9 MP", both, max(rounds // 4, 1), scenarios.whole_page)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("commit", help="to compare the working tree with")
    parser.add_argument("--rounds", type=int, default=20, help="first boxes from each source")
    options = parser.parse_args(arguments)
    columns = f"{options.commit[:8]:>8} {'here':>8}   {'ratio':>7}"
    print(f"{'':28} {'ms, median':<27}   processor time, ms")
    print(f"{'':28} {columns}   {columns}")
    for row in measured(options.commit, options.rounds):
        print(row, flush=True)


if __name__ == "__main__":
    main()
