"""Tesseract in this process, through tesserocr. The only module that knows tesserocr."""

import contextlib
from functools import cache, lru_cache
from pathlib import Path

import tesserocr

from boxocr.errors import EngineNotUsable
from boxocr.reading import right_to_left
from boxocr.reading.recognition.divided_scripts import KEEP_SPACES, lines_of
from boxocr.reading.recognition.engine_settings import EngineSettings
from boxocr.reading.text import clean
from boxocr.reading.types import Pixels, ReadingOptions
from boxocr.reading.whole_page import Line, Piece, line_of
from boxocr.settings import tessdata

# Leptonica's images are at most this long (its own limit is 2^15 - 1, and SetImage raises beyond).
MAX_SIDE = 32_767

# A warm engine holds 15 to 50 MB for each of its languages; a server rarely sees more than a few combinations.
_WARM_ENGINES = 4

# Without a resolution Tesseract guesses one and prints it; the value changes nothing that it reads.
_RESOLUTION = 300

# Whether Tesseract measures if all letters of the print have one width, which takes 3 % of a line's time. Only a layout
# without text needs it, to find where words end: the network reads whole lines and finds spaces itself.
_MEASURED_PITCH, _ANY_PITCH = "0", "1"

# Words of at least this many letters are looked up in word lists. Only letters with a small and a capital form count:
# Tesseract finds hardly any Hebrew or Arabic word in its lists, and divides Thai and Chinese in other places.
_WORD = 2

# Leptonica prints errors such as "Error in boxClipToRectangle" on standard error while Tesseract looks for the areas of
# a page. They are harmless: it goes on without these areas.
tesserocr.set_leptonica_log_level(tesserocr.LeptLogLevel.NONE)


class Tesseract:
    """Warm Tesseract engines, one for each combination of languages. The least recently used is dropped.

    Raises:
        EngineNotUsable: when tesserocr or the language data does not load.
        LanguageMissing: when one of the settings' languages is not installed.
    """

    name = "tesseract"

    def __init__(self, settings: EngineSettings) -> None:
        self.version = tesserocr.tesseract_version().split()[1]
        self._tessdata = settings.tessdata
        self._engine = lru_cache(_WARM_ENGINES)(lambda codes: _engine(codes, settings))
        self._has_word_lists = cache(lambda codes: tessdata.have_word_lists(codes, _folder(codes, settings)))
        if settings.languages:
            self._engine(settings.languages)

    def languages(self) -> list[str]:
        """Return the codes of the installed languages."""
        return tessdata.languages(tessdata.folders(self._tessdata))

    def lines(self, image: Pixels, psm: int, options: ReadingOptions) -> list[Line]:
        """Recognize a grey image, sides at most ``MAX_SIDE``, in a page segmentation mode. Places are in its pixels.

        Raises:
            LanguageMissing: when one of the languages is not installed.
        """
        engine = self._engine(options.languages)
        engine.SetPageSegMode(psm)
        engine.SetVariable("tessedit_char_whitelist", options.charset)
        _show(engine, image, pitch=_ANY_PITCH)
        try:
            engine.Recognize()
            has_word_lists = self._has_word_lists(options.languages)
            lines = _lines(engine.GetIterator(), with_text=True, has_word_lists=has_word_lists)
            return lines_of(lines, engine.GetUTF8Text, options.languages)
        finally:
            engine.Clear()


def _folder(languages: str, settings: EngineSettings) -> Path:
    return tessdata.datapath(languages, tessdata.folders(settings.tessdata), Path(settings.links))


def _engine(languages: str, settings: EngineSettings) -> tesserocr.PyTessBaseAPI:
    folder = _folder(languages, settings)
    try:
        return tesserocr.PyTessBaseAPI(
            path=f"{folder}/", lang=languages, variables={"debug_file": "/dev/null", KEEP_SPACES: "1"}
        )
    except RuntimeError:
        raise EngineNotUsable(
            f"Tesseract could not load the language data of {languages}.", "Install its traineddata file again."
        ) from None


def layout(image: Pixels, psm: int) -> list[Line]:
    """Return the lines and words of a grey image, sides at most ``MAX_SIDE``, without their text.

    Places are in pixels of the image. Needs no language data.
    """
    with tesserocr.PyTessBaseAPI(init=False) as engine:
        engine.InitForAnalysePage()
        engine.SetVariable("debug_file", "/dev/null")
        engine.SetPageSegMode(psm)
        _show(engine, image, pitch=_MEASURED_PITCH)
        return [line_of(words, block) for words, block in _lines(engine.AnalyseLayout(), with_text=False)]


def _show(engine: tesserocr.PyTessBaseAPI, image: Pixels, pitch: str) -> None:
    height, width = image.shape
    pixels = image.tobytes()
    # SetImageBytes trusts the sizes and would read past the end of a shorter buffer.
    if len(pixels) != width * height or not 0 < width <= MAX_SIDE or not 0 < height <= MAX_SIDE:
        message = f"not a grey image that Tesseract takes: {image.shape}, {len(pixels)} bytes"
        raise ValueError(message)
    # Set each time: all engines of the process share this variable.
    engine.SetVariable("textord_all_prop", pitch)
    engine.SetImageBytes(pixels, width, height, 1, width)
    engine.SetSourceResolution(_RESOLUTION)


def _lines(
    found: tesserocr.PyPageIterator | None, *, with_text: bool, has_word_lists: bool = False
) -> list[tuple[list[Piece], int]]:
    """The words of each line that an iterator goes over, and the number of the line's block."""
    lines: list[tuple[list[Piece], int]] = []
    block = -1
    for at in tesserocr.iterate_level(found, tesserocr.RIL.WORD) if found else ():
        block += at.IsAtBeginningOf(tesserocr.RIL.BLOCK)
        if at.IsAtBeginningOf(tesserocr.RIL.TEXTLINE) or not lines:
            lines.append(([], block))
        word = _word(at, with_text=with_text, has_word_lists=has_word_lists)
        if word is not None:
            lines[-1][0].append(word)
    return [(words, block) for words, block in lines if words]


def _word(at: tesserocr.PyPageIterator, *, with_text: bool, has_word_lists: bool) -> Piece | None:
    box = at.BoundingBox(tesserocr.RIL.WORD)
    if box is None:
        return None
    text, confidence, is_known = "", 0.0, None
    if with_text:
        # The iterator raises where nothing was recognized.
        with contextlib.suppress(RuntimeError):
            # The words are in reading order, but the letters of each are from left to right: tesserocr calls the method
            # of Tesseract's LTRResultIterator.
            text = right_to_left.as_read(clean(at.GetUTF8Text(tesserocr.RIL.WORD)).strip())
            confidence = min(max(at.Confidence(tesserocr.RIL.WORD) / 100, 0.0), 1.0)
            if has_word_lists and sum(letter.lower() != letter.upper() for letter in text) >= _WORD:
                is_known = bool(at.WordIsFromDictionary())
        if not text:
            return None
    # The letters' heads point 0 up, 1 to the right, 2 down, 3 to the left.
    quarters = int(at.Orientation()[0])
    left, top, right, bottom = map(float, box)
    x, y = ((left, top), (right, top), (right, bottom), (left, bottom))[quarters]
    width, height = right - left, bottom - top
    if quarters % 2:
        width, height = height, width
    return Piece(text, confidence, x, y, width, height, 90.0 * quarters, is_known=is_known)
