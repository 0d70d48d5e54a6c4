"""The ways to read an area of a page: as it is, fitted to its text, split into pieces, or found by a click."""

from concurrent.futures import ThreadPoolExecutor

from boxocr.answering import attempts
from boxocr.answering.page_readings import PageReadings
from boxocr.caching import SingleFlightCache
from boxocr.errors import BoxOCRError, RegionError
from boxocr.geometry import Area, around
from boxocr.pages.crop import borrow_crop
from boxocr.pages.frame import frame_of
from boxocr.pages.page import Page
from boxocr.process.memory_budget import MemoryBudget
from boxocr.reading import scoring
from boxocr.reading.box_line import ink_box
from boxocr.reading.pool.jobs import Priority
from boxocr.reading.pool.pool import ReaderPool
from boxocr.reading.types import Reading, ReadingOptions
from boxocr.reading.whole_page import AreaReading, Level, Line, Piece, under

NO_TEXT = "No text found."
NO_TEXT_REMEDY = "Draw the box a little larger, or type the text."
NOTHING_CLICKED_REMEDY = "Click on the middle of a word, or draw a box around the text."

# Background around the ink of a fitted box, in line heights, and its minimum. Readers need some background.
_MARGIN = 0.15
_MIN_MARGIN_PIXELS = 2.0

# Pieces of one box that are read at the same time.
_CONCURRENT_PIECES = 8


class AreaReader:
    """Reads areas of pages. Thread-safe.

    Args:
        readers: read the crops.
        readings: caches their readings.
        page_readings: finds the layout of a page that was clicked on.
        crop_budget: for the crops that wait for a reader or are being read.
    """

    def __init__(
        self,
        readers: ReaderPool,
        readings: SingleFlightCache[Reading],
        page_readings: PageReadings,
        crop_budget: MemoryBudget,
    ) -> None:
        self._readers = readers
        self._readings = readings
        self._page_readings = page_readings
        self._crop_budget = crop_budget

    def plain(self, page: Page, area: Area, options: ReadingOptions) -> list[AreaReading]:
        """Read an area.

        Raises:
            RegionError: it cannot be cut out, or has no legible text.
            ReadingError: the engine gave no reading.
        """
        return [AreaReading(self._read(page, area, options))]

    def fitted(self, page: Page, area: Area, options: ReadingOptions) -> list[AreaReading]:
        """Read a rectangle and tighten it to the ink inside.

        Raises:
            RegionError: as :meth:`plain`.
            ReadingError: as :meth:`plain`.
        """
        reading = self._read(page, area, options)
        return [AreaReading(reading, self._fit(page, area, options))]

    def split(
        self, page: Page, area: Area, options: ReadingOptions, level: Level, *, fit: bool = False
    ) -> list[AreaReading]:
        """Read the lines or words of a rectangle, in reading order; the rectangle itself if there is only one.

        Args:
            page: of the area.
            area: the rectangle.
            options: for the reader.
            level: ``line`` or ``word``.
            fit: whether to fit the rectangle to its ink if there is only one piece.

        Raises:
            RegionError: as :meth:`plain`.
            ReadingError: as :meth:`plain`.
        """
        pieces = self._pieces(page, area, options, level)
        if len(pieces) > 1:
            return pieces
        return self.fitted(page, area, options) if fit else self.plain(page, area, options)

    def clicked(
        self, page: Page, point: tuple[float, float], upright: int, options: ReadingOptions, level: Level
    ) -> list[AreaReading]:
        """Read the word, line or block at a point.

        Args:
            page: of the point.
            point: x and y, in page pixels.
            upright: degrees clockwise by which the annotator rotated the page to see it upright.
            options: for the reader.
            level: what to read.

        Raises:
            RegionError: there is no legible text.
            ReadingError: as :meth:`plain`.
        """
        layout = self._page_readings.layout(page)
        piece, line = under(layout, *point, level), under(layout, *point, "line")
        if piece is None or line is None:
            raise RegionError(NO_TEXT, NOTHING_CLICKED_REMEDY)
        # The new box has the rotation of its text, even if the annotator rotated the page.
        corners = _with_margin(piece, _margin(line.height), page)
        area = around(corners, piece.rotation + upright, upright=upright)
        return [AreaReading(self._read(page, area, options), area)]

    def _read(self, page: Page, area: Area, options: ReadingOptions) -> Reading:
        key = page.digest, area.key, options
        reading = self._readings.get(key, lambda: self._read_crop(page, area, options))
        attempts.note(reading=reading)
        if not reading.text:
            raise RegionError(NO_TEXT, NO_TEXT_REMEDY)
        return reading

    def _read_crop(self, page: Page, area: Area, options: ReadingOptions) -> Reading:
        with borrow_crop(page, area, self._crop_budget) as crop:
            attempts.note(crop=crop.pixels)
            return self._readers.read(crop.pixels, options)

    def _pieces(self, page: Page, area: Area, options: ReadingOptions, level: Level) -> list[AreaReading]:
        with borrow_crop(page, area, self._crop_budget) as crop:
            attempts.note(crop=crop.pixels)
            found = self._readers.read_page(crop.pixels, options, priority=Priority.INTERACTIVE)
        frame = frame_of(page, area)

        def located(piece: Piece) -> AreaReading:
            corners = [frame.on_page(x, y) for x, y in piece.corners()]
            # The rotation of the drawn box plus the slant of the line.
            slant = (piece.rotation + 45) % 90 - 45
            own = around(corners, area.rotation + slant, upright=area.upright, margin=_margin(piece.height))
            doubtful = scoring.doubtful(piece.words if isinstance(piece, Line) else [piece])
            reading = Reading(piece.text, piece.confidence, found.engine, found.languages, doubtful=doubtful)
            if level == "word":
                return AreaReading(reading, own)
            try:
                own = self._fit(page, own, options)
            except RegionError:  # smaller than a letter, or at the very edge of the page
                return AreaReading(reading, own)
            return AreaReading(self._more_confident(page, own, options, reading), own)

        with ThreadPoolExecutor(_CONCURRENT_PIECES) as executor:
            pieces = executor.map(located, found.words() if level == "word" else found.lines)
            return [piece for piece in pieces if piece.reading.text]

    def _fit(self, page: Page, area: Area, options: ReadingOptions) -> Area:
        """A rectangle tightened to the ink inside, along its own axes; unchanged if no ink stands out."""
        frame = frame_of(page, area)
        with borrow_crop(page, area, self._crop_budget) as crop:
            ink = ink_box(crop.pixels, options.languages)
        if ink is None:
            return area
        inked, text_height = ink
        margin = _margin(text_height)
        left, right = max(inked.x - margin, 0), min(inked.x + inked.width + margin, frame.width)
        top, bottom = max(inked.y - margin, 0), min(inked.y + inked.height + margin, frame.height)
        corners = [frame.on_page(x, y) for x in (left, right) for y in (top, bottom)]
        return around(corners, area.rotation, upright=area.upright)

    def _more_confident(self, page: Page, area: Area, options: ReadingOptions, reading: Reading) -> Reading:
        """The more confident of two readings: of the line as a box of its own, usually better, and in the whole box."""
        try:
            alone = self._read(page, area, options)
        except BoxOCRError:
            return reading
        return alone if alone.confidence >= reading.confidence else reading


def _margin(text_height: float) -> float:
    return max(_MARGIN * text_height, _MIN_MARGIN_PIXELS)


def _with_margin(piece: Piece, margin: float, page: Page) -> list[tuple[float, float]]:
    """The corners of a piece with a margin, clipped to the page unless the piece is slanted."""
    corners = around(piece.corners(), piece.rotation, margin=margin).corners()
    if piece.rotation % 90:
        return corners
    return [(min(max(x, 0.0), float(page.width)), min(max(y, 0.0), float(page.height))) for x, y in corners]
