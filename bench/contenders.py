"""Baselines for the server: the reference recipe, and the bare engine as the lower bound."""

import io
import subprocess

import pytesseract
import tesserocr
from PIL import Image

from bench.pages import MadePage
from boxocr.reading.recognition.tesseract_lines import FRAMED, as_seen
from boxocr.reading.types import Pixels
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


def prepared(crop: Pixels) -> Pixels:
    """Return the crop as Tesseract receives it at the first attempt."""
    return as_seen(crop, FRAMED)


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
