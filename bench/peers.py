"""The programs that :mod:`bench.documents` compares BoxOCR with: Tesseract as it is, and rapidocr's own pipelines."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import tesserocr
from PIL import Image

from boxocr.reading import prepare
from boxocr.reading.types import Pixels, Reading, ReadingOptions
from boxocr.settings import tessdata

PLAIN = "plain Tesseract"
PROGRAMS = ("rapidocr", "rapidocr-onnxruntime")

# bench/setup.sh creates it.
PYTHON = Path(os.environ.get("PEERS_VENV", ".venv-peers")) / "bin" / "python"

_BLOCK, _PAGE = 6, 3


class PlainTesseract:
    """Tesseract without any preparation: the image as it is, in grey."""

    name = PLAIN

    def __init__(self, folder: str | None, links: str) -> None:
        self._folders = tessdata.folders(folder)
        self._links = Path(links)
        self._engines: dict[str, tesserocr.PyTessBaseAPI] = {}

    def read(self, image: Pixels, options: ReadingOptions) -> Reading:
        """Read a box in page segmentation mode 6."""
        return self._in_mode(_BLOCK, image, options)

    def read_page(self, image: Pixels, options: ReadingOptions) -> Reading:
        """Read a page in page segmentation mode 3."""
        return self._in_mode(_PAGE, image, options)

    def _in_mode(self, psm: int, image: Pixels, options: ReadingOptions) -> Reading:
        grey = prepare.grey(image)
        engine = self._engine(options.languages)
        engine.SetPageSegMode(psm)
        height, width = grey.shape
        engine.SetImageBytes(grey.tobytes(), width, height, 1, width)
        text = str(engine.GetUTF8Text()).strip()
        return Reading(text, engine.MeanTextConf() / 100 if text else 0.0, self.name, options.languages)

    def _engine(self, languages: str) -> tesserocr.PyTessBaseAPI:
        if languages not in self._engines:
            folder = tessdata.datapath(languages, self._folders, self._links)
            self._engines[languages] = tesserocr.PyTessBaseAPI(
                path=f"{folder}/", lang=languages, variables={"debug_file": "/dev/null"}
            )
        return self._engines[languages]


class Program:
    """A program in an environment of its own; see :mod:`bench.peer_process`.

    Raises:
        OSError, EOFError: it is not installed, or does not start.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._folder = tempfile.TemporaryDirectory()
        script = Path(__file__).with_name("peer_process.py")
        self._process = subprocess.Popen(  # noqa: S603 - our own script
            [PYTHON, script, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        if self._process.stdin is None or self._process.stdout is None:
            raise EOFError
        self._requests, self._answers = self._process.stdin, self._process.stdout
        self._answer()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the program."""
        self._process.kill()
        self._process.wait()
        self._folder.cleanup()

    def read(self, image: Pixels, options: ReadingOptions) -> tuple[Reading, float]:
        """Read a box or a page; the score of the reading is that of its least certain line.

        Returns:
            The reading, and the seconds of processor time.
        """
        file = Path(self._folder.name, "image.png")
        Image.fromarray(image).save(file, compress_level=1)
        print(json.dumps({"image": str(file)}), file=self._requests, flush=True)
        answer = self._answer()
        if "failure" in answer:
            print(f"{self.name}: {answer['failure']}", file=sys.stderr)
        lines = answer.get("lines", [])
        score = min((score for _, score in lines), default=0.0)
        return Reading("\n".join(text for text, _ in lines), score, self.name, options.languages), answer["seconds"]

    def _answer(self) -> Any:
        line = self._answers.readline()
        if not line:
            raise EOFError
        return json.loads(line)
