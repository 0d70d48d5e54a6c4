"""Projects whose annotators removed the captions of dates, and a server that reads a date with a caption everywhere."""

import time
from dataclasses import dataclass
from typing import Any

from tests.backend import Backend
from tests.learning.test_report import region, task_of
from tests.payloads import one_box

# Servers look for new versions every five seconds, and machines that run tests are slow.
_NOTICED_SECONDS = 60

# The label of the recorded request.
LABEL = "Label1"


def corrected(number: int, suggested: str, submitted: str, **more: Any) -> dict[str, Any]:
    """A task with one corrected box."""
    return task_of(number, region(number, submitted, suggested, label=LABEL), **more)


def dates(count: int) -> list[dict[str, Any]]:
    """Tasks with dates from whose texts annotators removed the captions."""
    return [corrected(day, f"Date: {day:02}/03/2017 10:15", f"{day:02}/03/2017") for day in range(1, count + 1)]


@dataclass(frozen=True)
class Server:
    """A running server and the pages that it may fetch."""

    backend: Backend
    pages: str

    def answer(self, project: int) -> dict[str, Any]:
        """The prediction for one box in a project."""
        body = one_box(self.pages) | {"project": f"{project}.1790000000"}
        (found,) = self.backend.predict(body)
        return dict(found)

    def text(self, project: int) -> dict[str, Any]:
        """The text result for one box in a project."""
        (text,) = (result for result in self.answer(project)["result"] if result["type"] == "textarea")
        return dict(text)

    def expect(self, project: int, text: str) -> None:
        """Wait until a box in a project has this text."""
        end = time.monotonic() + _NOTICED_SECONDS
        while self.text(project)["value"]["text"] != [text]:
            assert time.monotonic() < end, (self.text(project), self.backend.log.read_text())
            time.sleep(0.2)
