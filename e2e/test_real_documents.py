"""Real documents, with a real Label Studio: the commands of the page, and a thousand pages.

``LONG_DOCUMENTS`` is the number of documents of 200 pages.
"""

import os
import re
import resource
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bench.processes import tree_megabytes
from boxocr.documents.writer import NOT_ON_PAGE
from e2e import commands
from e2e.desk import Desk, Json, texts
from e2e.label_studio import LabelStudioServer
from e2e.process import until
from e2e.storage import WebServer
from tests import real_documents

# A thousand pages take an hour.
pytestmark = pytest.mark.nightly

DOCUMENTS = int(os.environ.get("LONG_DOCUMENTS", "5"))
PAGES = 200

# Largest ratio of the highest memory use in the second half of a run to that in the first half.
_MOST_GROWTH = 1.15

# Largest ratio of a page's processor time in a run to that of only reading its image. A run also fetches pages and
# stores predictions.
_MOST_COST = 1.25

# Pages that are read again alone: twice each page that has no text layer.
_READ_AGAIN = 16

_HOUR = 3600.0

# Timeout of one command: on two busy cores, a thousand pages take more than an hour.
_LONGEST_RUN = 3 * _HOUR

# Share of the stamps that must be read correctly. They are on scans of all kinds, some of them dark.
_READ_STAMPS = 0.9

_LINES = [
    ("form-dd0293.pdf", 1, "DATE OF DISCHARGE (YYYYMMDD)"),
    ("form-dd0293.pdf", 1, "DD FORM 293, FEB 2025"),
    ("form-dd0293.pdf", 4, "Disorder (PTSD), Traumatic Brain Injury (TBI), and Don't Ask Don't Tell (DADT)."),
    ("huckleberry-finn-1884.pdf", 1, "she took me in the closet and prayed, but"),
    ("huckleberry-finn-1884.pdf", 1, "I set down, one time, back in the woods, and had a long think about it. I"),
    ("message-1871.pdf", 1, "ing regulations for the consular courts of the United States in Japan."),
    ("message-1871.pdf", 1, "Washington, January 26, 1870,"),
    ("message-1871.pdf", 1, "HAMILTON FISH."),
]
"""Some lines of the documents, with their file and page."""


@pytest.fixture
def desk(label_studio: LabelStudioServer, web: WebServer, tmp_path: Path) -> Desk:
    """A desk without documents."""
    return Desk(tmp_path, label_studio, web)


@pytest.mark.timeout(_HOUR)
def test_the_pages_commands_lead_from_real_pdfs_to_a_model(desk: Desk) -> None:
    real_documents.copy_whole(desk.scans)
    real_documents.add_faulty(desk.scans)
    real_documents.add_huge(desk.scans)

    said = desk.boxocr("import", "scans", code=1)
    imported = said.removesuffix(f" {real_documents.said_of_faulty()}")
    assert imported != said, said
    assert imported.startswith("Imported 5 files with 8 pages in "), imported
    assert "5 pages got regions from text layers. 4 failed." in imported
    assert imported.endswith(" huge.pdf, page 1: It is rendered at 35 dpi, because of its size."), imported
    # The faulty documents are removed, so that the documentation page's own code block succeeds.
    real_documents.remove_faulty(desk.scans)
    again = desk.run("boxocr import")
    assert "5 files had been imported before." in again, again
    assert "Read 3 tasks, 3 pages in " in again, again

    read = {(task["data"]["source_file"], task["data"]["source_page"]): texts(task) for task in desk.tasks()}
    assert sorted(read) == sorted(
        [("form-dd0293.pdf", number) for number in (1, 2, 3, 4)]
        + [(f"{name}.pdf", 1) for name in ("huckleberry-finn-1884", "huge", "message-1871", "stock-list")]
    )
    assert set(_LINES) <= {(*page, line) for page, lines in read.items() for line in lines}
    # The same page, drawn larger.
    assert sorted(read["huge.pdf", 1]) == sorted(read["form-dd0293.pdf", 1])

    desk.run("annotations.create")
    regions = sum(map(len, read.values()))
    assert f"{regions} regions of 8 tasks" in desk.run("boxocr report", seconds=_HOUR)
    said = desk.run("boxocr export", seconds=_HOUR)
    exported = [path.read_text(encoding="utf-8").strip() for path in (desk.folder / "lines").rglob("*.gt.txt")]
    missing = Counter(line for lines in read.values() for line in lines)
    missing.subtract(exported)
    # Only specks of the scan that were read as a dot may be missing.
    assert set(missing.values()) <= {0, 1}, missing
    assert not any(count and len(text) > 1 for text, count in missing.items()), missing
    assert f"Left out: {missing.total()} {NOT_ON_PAGE}." in said, said
    desk.run("WordStr", seconds=_HOUR)
    assert "wrote checkpoint" in desk.run("lstmtraining", seconds=_HOUR)


@pytest.mark.timeout(8 * _HOUR)
def test_a_thousand_pages_need_no_more_memory_than_some(desk: Desk) -> None:
    for number in range(DOCUMENTS):
        real_documents.add_long(desk.scans / f"exhibits-{number + 1}.pdf", PAGES, first=1 + number * PAGES)
    pages = DOCUMENTS * PAGES

    with _running(desk, "import", "scans") as run:
        code, said = run.ended()
    assert code == 0, said
    assert f"with {pages} pages in " in said
    assert run.growth() <= _MOST_GROWTH, run.samples
    unread = [task for task in desk.tasks() if not task["predictions"]]

    journal = desk.folder / f"boxocr-project-{desk.project.id}.journal"
    with _running(desk, "preannotate") as run:
        until(lambda: _lines(journal) > PAGES // 10, "the journal has a tenth of the pages", seconds=_HOUR)
        run.process.send_signal(signal.SIGKILL)
        assert run.ended()[0] == -signal.SIGKILL
    left = len(unread) - _lines(journal)
    with _running(desk, "preannotate") as run:
        code, said = run.ended()
    assert code == 0, said
    # Predictions that the killed run stored or wrote into the journal are not made again.
    read_again = re.search(r"Read (\d+) tasks", said)
    assert read_again, said
    assert int(read_again[1]) <= len(unread) - PAGES // 10, said
    assert run.growth() <= _MOST_GROWTH, run.samples
    assert run.cpu_seconds / left <= _MOST_COST * _cpu_seconds_alone(desk, unread[:_READ_AGAIN])

    tasks = list(desk.tasks())
    assert len(tasks) == pages
    stamped = 0
    for task in tasks:
        number = int(task["data"]["source_file"][len("exhibits-") : -len(".pdf")])
        stamp = real_documents.stamp((number - 1) * PAGES + task["data"]["source_page"])
        stamped += stamp in texts(task)
    assert stamped >= _READ_STAMPS * pages


@dataclass
class _Run:
    """A running command, and its memory use.

    Attributes:
        process: of the command.
        output: the file with the command's output.
        samples: memory of the process and its descendants, in MB, at even intervals.
        cpu_seconds: processor time of the process and its descendants, once it has ended.
    """

    process: "subprocess.Popen[bytes]"
    output: Path
    samples: list[float] = field(default_factory=list)
    cpu_seconds: float = 0.0

    def ended(self) -> tuple[int, str]:
        """Wait until the command ends; returns its exit code and its output."""
        before = _cpu_seconds_of_ended()
        code = self.process.wait(_LONGEST_RUN)
        self.cpu_seconds = _cpu_seconds_of_ended() - before
        return code, " ".join(self.output.read_text(encoding="utf-8").split())

    def growth(self) -> float:
        """The highest memory use in the second half of the run, as a multiple of that in the first half."""
        middle = len(self.samples) // 2
        return max(self.samples[middle:]) / max(self.samples[:middle])


@contextmanager
def _running(desk: Desk, command: str, *arguments: str) -> Iterator[_Run]:
    """Run a command for the desk's project, and kill it at the end of the context."""
    output = desk.folder / f"{command}.log"
    over = threading.Event()
    with output.open("wb") as file:
        program: Sequence[str] = [
            sys.executable,
            "-m",
            "boxocr",
            command,
            "--project",
            str(desk.project.id),
            *arguments,
        ]
        process = subprocess.Popen(
            program, cwd=desk.folder, env=desk.environment, stdin=subprocess.DEVNULL, stdout=file, stderr=file
        )
    run = _Run(process, output)

    def look() -> None:
        while not over.wait(0.5):
            run.samples.append(tree_megabytes(process.pid))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield run
    finally:
        over.set()
        thread.join()
        process.kill()
        process.wait()


def _cpu_seconds_alone(desk: Desk, tasks: Sequence[Json]) -> float:
    """Processor time of reading the image of each task with ``boxocr read``, which fetches and stores nothing."""
    uploads = desk.label_studio.document_root.parent / "label-studio" / "media"
    images = [uploads / task["data"]["image"].removeprefix("/data/") for task in tasks]
    before = _cpu_seconds_of_ended()
    done = commands.run("read", *images, variables=desk.environment, folder=desk.folder, seconds=_HOUR)
    assert done.returncode == 0, done
    return (_cpu_seconds_of_ended() - before) / len(images)


def _cpu_seconds_of_ended() -> float:
    """Processor time of all ended child processes of this one, with their descendants."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0
