"""Baselines for the server: the reference recipe, and the bare engine as the lower bound."""

import io
import subprocess
from collections.abc import Sequence

import pytesseract
import tesserocr
from PIL import Image

from bench.pages import MadePage
from boxocr.reading.recognition.retrying import Ladder
from boxocr.reading.types import Pixels, Reading, ReadingOptions
from boxocr.settings import tessdata

REFERENCE_LANGUAGES = "chi_sim+eng+deu"


def reference(page: MadePage, line: int, languages: str) -> str:
    """Read like Label Studio's tesseract example: decode the page, crop, start the tesseract program with psm 6."""
    left, top, width, height = page.lines[line % len(page.lines)].box
    with Image.open(io.BytesIO(page.jpeg)) as image:
        crop = image.convert("RGB").crop((left, top, left + width, top + height))
    return str(pytesseract.image_to_string(crop, lang=languages, config="--psm 6")).strip()


def missing_for_reference() -> str:
    """Return the missing requirements of the reference recipe; empty if there are none."""
    try:
        listed = subprocess.run(["tesseract", "--list-langs"], capture_output=True, text=True, check=True)  # noqa: S607 - found as pytesseract finds it
    except (OSError, subprocess.CalledProcessError):
        return "the tesseract program (Debian: tesseract-ocr tesseract-ocr-chi-sim tesseract-ocr-deu)"
    absent = set(REFERENCE_LANGUAGES.split("+")) - set(listed.stdout.split())
    return f"Tesseract's languages {', '.join(sorted(absent))}" if absent else ""


class _Recorder:
    """Replaces Tesseract, and keeps the first image it receives."""

    name = version = "recorder"
    shown: Pixels | None = None

    def languages(self) -> Sequence[str]:
        return ["eng"]

    def look(self, image: Pixels, psm: int, options: ReadingOptions) -> Reading:
        self.shown = image if self.shown is None else self.shown
        return Reading("sure", 1.0, f"psm {psm}", options.languages)


def prepared(crop: Pixels) -> Pixels:
    """Return the crop as Tesseract receives it on the first attempt."""
    recorder = _Recorder()
    Ladder(recorder).read(crop, ReadingOptions())
    if recorder.shown is None:
        message = "a blank crop is shown to no engine"
        raise ValueError(message)
    return recorder.shown


class BareEngine:
    """The bare warm engine: English, without any preparation or scoring."""

    def __init__(self) -> None:
        folder = tessdata.datapath("eng", tessdata.folders(None), tessdata.folders(None)[0])
        self._engine = tesserocr.PyTessBaseAPI(path=f"{folder}/", lang="eng", variables={"debug_file": "/dev/null"})
        self._engine.SetPageSegMode(tesserocr.PSM.SINGLE_BLOCK)

    def read(self, image: Pixels) -> str:
        """Recognize a prepared crop and return its text."""
        height, width = image.shape
        self._engine.SetImageBytes(image.tobytes(), width, height, 1, width)
        self._engine.SetSourceResolution(300)
        return str(self._engine.GetUTF8Text()).strip()
