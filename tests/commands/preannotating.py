"""``boxocr preannotate`` and ``boxocr import`` as processes of their own, and pages for them."""

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from tests.backend import PYTHONPATH, clean_environment

LINES = """<View>
  <Image name="image" value="$image"/>
  <RectangleLabels name="bbox" toName="image" smart="true"><Label value="Text"/></RectangleLabels>
  <TextArea name="transcription" toName="image" perRegion="true" editable="true" rows="3" model_preannotate="lines"/>
</View>"""

PAGES_OF_A_TASK = LINES.replace('value="$image"', 'valueList="$pages"')

_ABOVE, _BELOW = "Minutes of the meeting", "Signed by the chairman"

_PATIENCE_SECONDS = 120


def page(text: str) -> bytes:
    """A PNG with a line of text between two fixed lines, from which the page's orientation can be detected."""
    image = Image.new("L", (900, 300), 255)
    for row, line in enumerate((_ABOVE, text, _BELOW)):
        ImageDraw.Draw(image).text((60, 50 + 70 * row), line, 0, ImageFont.load_default(40))
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def texts(prediction: dict[str, Any]) -> list[str]:
    """The texts of a prediction's regions, in order, without the lines that all pages have."""
    found = [result["value"]["text"] for result in prediction["result"] if result["type"] == "textarea"]
    return [text for (text,) in found if text not in (_ABOVE, _BELOW)]


@dataclass(frozen=True)
class Done:
    """A command's exit code, and what it printed to each stream, on one line."""

    code: int
    output: str
    errors: str


@dataclass(frozen=True)
class Command:
    """Runs the command in a folder.

    Attributes:
        folder: the command's working directory.
        variables: further variables of its environment.
        name: of the command.
    """

    folder: Path
    variables: dict[str, str]
    name: str = "preannotate"

    def start(self, *arguments: object, **variables: str) -> "subprocess.Popen[str]":
        environment = clean_environment(PYTHONPATH=PYTHONPATH, OCR_ENGINE="tesseract", OCR_WORKERS="1")
        return subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "boxocr", self.name, *map(str, arguments)],
            cwd=self.folder,
            env=environment | self.variables | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *arguments: object, **variables: str) -> Done:
        return ended(self.start(*arguments, **variables))

    @contextmanager
    def until(self, reached: Callable[[], bool], how: signal.Signals, *arguments: object) -> Iterator[Done]:
        """Start the command, and send it the signal ``how`` once ``reached`` returns true."""
        process = self.start(*arguments)
        try:
            deadline = time.monotonic() + _PATIENCE_SECONDS
            while not reached() and process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.01)
            os.kill(process.pid, how)
            yield ended(process)
        finally:
            process.kill()


def ended(process: "subprocess.Popen[str]") -> Done:
    """Wait until a process ends."""
    output, errors = process.communicate(timeout=_PATIENCE_SECONDS)
    return Done(process.returncode, " ".join(output.split()), " ".join(errors.split()))


def lines_of(file: Path) -> list[str]:
    """The complete lines of a file; none if the file does not exist."""
    return [line for line in file.read_text().splitlines(keepends=True) if line.endswith("\n")] if file.exists() else []
