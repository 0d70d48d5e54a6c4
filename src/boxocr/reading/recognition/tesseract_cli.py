"""Tesseract as a program, started through pytesseract for each image. The only module that knows pytesseract."""

import os
import shlex
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pytesseract
from PIL import Image

from boxocr.errors import EngineNotUsable, ReadingTimeout
from boxocr.reading.recognition.divided_scripts import KEEP_SPACES, lines_of
from boxocr.reading.recognition.engine_settings import EngineSettings
from boxocr.reading.text import clean
from boxocr.reading.types import Pixels, ReadingOptions
from boxocr.reading.whole_page import Line, Piece
from boxocr.settings import tessdata

# The program ends itself a little before the pool kills its reader, which would leave the program running.
_EARLIER = 0.9

Result = TypeVar("Result")

_COLUMNS = ("block_num", "par_num", "line_num", "text", "conf", "left", "top", "width", "height")


class Program:
    """The machine's ``tesseract`` program.

    Slower than the library, because each image starts a process that loads the languages: 0.1 to 0.6 s.

    Raises:
        EngineNotUsable: when there is no such program.
        LanguageMissing: when one of the settings' languages is not installed.
    """

    name = "pytesseract"

    def __init__(self, settings: EngineSettings) -> None:
        # Tesseract's OpenMP threads spin while they wait for each other: four of them on two cores take three times as
        # long as one.
        os.environ["OMP_THREAD_LIMIT"] = "1"
        try:
            self.version = str(pytesseract.get_tesseract_version())
        except (pytesseract.TesseractNotFoundError, SystemExit):
            raise EngineNotUsable(
                "There is no tesseract program on this machine.", "Install Debian's package tesseract-ocr."
            ) from None
        self._tessdata = settings.tessdata
        self._links = Path(settings.links)
        self._timeout = settings.timeout * _EARLIER
        if settings.languages:
            self._folder(settings.languages)

    def languages(self) -> list[str]:
        """Return the codes of the installed languages."""
        return tessdata.languages(tessdata.folders(self._tessdata))

    def lines(self, image: Pixels, psm: int, options: ReadingOptions) -> list[Line]:
        """Recognize a grey image in a page segmentation mode. Places are in its pixels.

        Raises:
            LanguageMissing: when one of the languages is not installed.
            ReadingTimeout: when the program took longer than the settings' timeout.
        """
        # pytesseract splits its config like a shell does.
        config = ["--psm", str(psm), "--dpi", "300", "--tessdata-dir", str(self._folder(options.languages))]
        if options.charset:
            config += ["-c", f"tessedit_char_whitelist={options.charset}"]
        deadline = time.monotonic() + self._timeout

        def run(read: Callable[..., Result], *more: str, **output: str) -> Result:
            # To pytesseract, 0 means no limit.
            left = max(deadline - time.monotonic(), 0.01)
            one = Image.fromarray(image)
            return read(one, lang=options.languages, config=shlex.join([*config, *more]), timeout=left, **output)

        try:
            lines = _lines(run(pytesseract.image_to_data, output_type=pytesseract.Output.DICT))
            return lines_of(
                lines, lambda: run(pytesseract.image_to_string, "-c", f"{KEEP_SPACES}=1"), options.languages
            )
        except RuntimeError as error:
            if "timeout" in str(error):
                raise ReadingTimeout from error
            raise

    def _folder(self, languages: str) -> Path:
        return tessdata.datapath(languages, tessdata.folders(self._tessdata), self._links)


def _lines(table: Mapping[str, Sequence[Any]]) -> list[tuple[list[Piece], int]]:
    """The words of each line of the program's table. All are in block 0."""
    lines: dict[tuple[int, int, int], list[Piece]] = {}
    for row in zip(*(table[name] for name in _COLUMNS), strict=True):
        block, paragraph, line, text, percent, *box = row
        word = clean(str(text)).strip()
        if word:
            piece = Piece(word, min(max(float(percent) / 100, 0.0), 1.0), *map(float, box))
            lines.setdefault((block, paragraph, line), []).append(piece)
    return [(words, 0) for words in lines.values()]
