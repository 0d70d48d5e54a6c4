"""Tesseract in this process, through tesserocr. The only module that knows tesserocr."""

from collections import OrderedDict
from pathlib import Path

import tesserocr

from boxocr.errors import EngineUnavailable
from boxocr.reading import prepare, tessdata
from boxocr.reading.confidence import mean_confidence
from boxocr.reading.engine import Pixels, Reading, ReadingOptions
from boxocr.reading.engine_settings import EngineSettings
from boxocr.reading.lines import Box
from boxocr.reading.text import clean, join_unspaced

# Leptonica's images are at most this long (its own limit is 2^15 - 1, and SetImage raises beyond).
MAX_SIDE = 32_767

# A warm engine holds 15 to 50 MB for each of its languages; a server rarely sees more than a few combinations.
_WARM_ENGINES = 4

# Unknown resolutions make Tesseract guess and print; the value itself changes nothing that it reads.
_RESOLUTION = 300

# What is this much of the page high is a picture.
_PICTURE = 0.5

# Smaller than any letter that layout analysis finds.
_SMALLEST_PAGE = 8


class Tesseract:
    """Warm Tesseract engines, one for each combination of languages, the least recently used dropped.

    Raises:
        EngineUnavailable: when tesserocr or the language data does not load.
    """

    name = "tesseract"

    def __init__(self, settings: EngineSettings) -> None:
        self.version = tesserocr.tesseract_version().split()[1]
        self._tessdata = settings.tessdata
        self._links = settings.links
        self._engines: OrderedDict[str, tesserocr.PyTessBaseAPI] = OrderedDict()

    def languages(self) -> list[str]:
        """Return the codes of the installed languages."""
        return tessdata.languages(tessdata.folders(self._tessdata))

    def warm(self, languages: str) -> None:
        """Load ``languages`` before they are needed.

        Raises:
            LanguageMissing: when one of them is not installed.
        """
        self._engine(languages)

    def look(self, image: Pixels, psm: int, options: ReadingOptions) -> Reading:
        """Read a grey image, sides at most ``MAX_SIDE``, as it is.

        Raises:
            LanguageMissing: when one of the languages is not installed.
        """
        engine = self._engine(options.languages)
        height, width = image.shape
        pixels = image.tobytes()
        # SetImageBytes trusts the sizes and would read past the end of a shorter buffer.
        if len(pixels) != width * height or not 0 < width <= MAX_SIDE or not 0 < height <= MAX_SIDE:
            message = f"not a grey image that Tesseract takes: {image.shape}, {len(pixels)} bytes"
            raise ValueError(message)
        engine.SetPageSegMode(psm)
        engine.SetVariable("tessedit_char_whitelist", options.charset)
        engine.SetImageBytes(pixels, width, height, 1, width)
        engine.SetSourceResolution(_RESOLUTION)
        try:
            # Recognize answers False for an image without text too.
            engine.Recognize()
            text = join_unspaced(clean(engine.GetUTF8Text()))
            confidence = mean_confidence(engine.AllWords(), engine.AllWordConfidences()) if text else 0.0
        finally:
            engine.Clear()
        return Reading(text, confidence, self.name, options.languages, f"psm {psm}")

    def _engine(self, languages: str) -> tesserocr.PyTessBaseAPI:
        if languages in self._engines:
            self._engines.move_to_end(languages)
            return self._engines[languages]
        folder = tessdata.datapath(languages, tessdata.folders(self._tessdata), Path(self._links))
        try:
            engine = tesserocr.PyTessBaseAPI(path=f"{folder}/", lang=languages, variables={"debug_file": "/dev/null"})
        except RuntimeError as error:
            raise EngineUnavailable(
                f"Tesseract could not load the language data of {languages}.", "Install its traineddata file again."
            ) from error
        self._engines[languages] = engine
        if len(self._engines) > _WARM_ENGINES:
            self._engines.popitem(last=False)[1].End()
        return engine


def text_lines(page: Pixels) -> list[Box]:
    """Return the boxes of the text lines on a grey page, in pixels. Needs no language data."""
    height, width = page.shape
    if min(height, width) < _SMALLEST_PAGE or max(height, width) > MAX_SIDE or prepare.is_blank(page):
        return []
    # Layout analysis takes shadows and dark paper for pictures.
    page = prepare.even(prepare.dark_on_light(page))
    level = tesserocr.RIL.TEXTLINE
    with tesserocr.PyTessBaseAPI(init=False) as engine:
        engine.InitForAnalysePage()
        engine.SetVariable("debug_file", "/dev/null")
        engine.SetPageSegMode(tesserocr.PSM.AUTO)
        engine.SetImageBytes(page.tobytes(), width, height, 1, width)
        engine.SetSourceResolution(_RESOLUTION)
        layout = engine.AnalyseLayout()
        boxes = [line.BoundingBox(level) for line in tesserocr.iterate_level(layout, level)] if layout else []
    return [
        (float(left), float(top), float(right), float(bottom))
        for left, top, right, bottom in filter(None, boxes)
        if bottom - top < _PICTURE * height
    ]
