"""What was drawn on one task, and how it is answered: a region's text, or a sentence that says why there is none."""

import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from boxocr.answering import services
from boxocr.errors import BoxOCRError, LabelingConfigError, PageAddressError, PageError, RegionError, let_go
from boxocr.geometry import Area, around
from boxocr.labeling import results
from boxocr.labeling.config import LabelingConfig
from boxocr.labeling.marks import NOTE_MARK, Result, notes_of
from boxocr.labeling.region_states import AskedBefore, State, at_most, states_of
from boxocr.labeling.regions import Region, area_of, point_of
from boxocr.labeling.tasks import Task, id_of
from boxocr.observability import attempts
from boxocr.observability.attempts import Attempt, observed
from boxocr.pages.image.crop import bytes_to_cut, cut
from boxocr.pages.image.frame import frame_of
from boxocr.pages.page import Page, PageAddress
from boxocr.reading.ink import ink_box
from boxocr.reading.page.whole_page import Level, Piece, under
from boxocr.reading.pool.jobs import Priority
from boxocr.reading.types import Reading, ReadingOptions

logger = logging.getLogger("boxocr.answering.interactive")

NO_TEXT = "No text found."
NO_TEXT_REMEDY = "Draw the box a little larger, or type the text."
TOO_MANY = "Only {} regions are read at a time. Accept those that have their text, then touch this one again."
MOVED = "This box was moved since it was read."
MOVED_REMEDY = "Check its text."
NOTHING_CLICKED_REMEDY = "Click on the middle of a word, or draw a box around the text."

# A box that fits keeps this much paper around the ink, in line heights, and at least so many pixels, for the reader.
_PAPER = 0.15
_PAPER_PIXELS = 2.0

# Pieces of one box that are read side by side.
_PIECES_AT_ONCE = 8


class Drawing:
    """A task on the screen with its regions.

    Args:
        task: as Label Studio sends it.
        label_config: of its project, XML.
        project: Label Studio's id of it.
    """

    def __init__(self, task: Task, label_config: str, project: str) -> None:
        self.task = task
        self.task_id = id_of(task)
        self._name = f"{project}/{task.get('id')}"
        self.data: Mapping[str, Any] = task["data"]
        self.services = services.current()
        self.request_id = attempts.request_id.get()
        self.labeling: LabelingConfig | None = None
        self.problem = LabelingConfigError()
        self._missing: dict[PageAddress, PageError] = {}
        try:
            self.labeling = LabelingConfig.parse(label_config, self.data)
        except LabelingConfigError as error:
            self.problem = error

    def states(self, regions: Sequence[Region]) -> list[State]:
        """The state of each region of the request's context; remembers those that have no text yet."""
        asked = self.services.asked_regions
        before = AskedBefore(asked.known(self._name, [region.id for region in regions]), asked.since)
        found = states_of(regions, self.task, self._text_area, before)
        unread = (region for region, state in zip(regions, found, strict=True) if state is State.UNREAD)
        asked.add(self._name, [region.id for region in unread if not before.knows(region)])
        return at_most(found, self.services.settings.max_regions)

    def answer(self, region: Region, state: State) -> list[Result]:
        """The results that the answer holds for a region; none for one that is to stay as it is.

        A region that gets no text is answered as it was drawn, with a sentence that says why.
        """
        if state.is_read:
            return self._attempt(region, state)
        match state:
            case State.TYPED:
                return results.as_typed(region)
            case State.MOVED_AND_EDITED:
                return _with_new_note(region, f"{MOVED} {MOVED_REMEDY}")
            case State.LATE:
                return results.with_note(region, TOO_MANY.format(self.services.settings.max_regions))
        return []

    def _attempt(self, region: Region, state: State) -> list[Result]:
        try:
            with observed(Attempt(self.task_id, region.id, self.request_id)):
                return self._read(region, state)
        except BoxOCRError as error:
            logger.info("Task %s, region %s: %s (%s)", self.task_id, region.id, error.message, error.code)
            let_go(error)
            return _unread(region, state, error)
        except Exception as error:
            # A defect of ours must not cost the annotator the box, nor the other boxes of the request their texts.
            logger.exception("Task %s, region %s: unexpected error", self.task_id, region.id)
            let_go(error)
            return _unread(region, state, BoxOCRError())

    def _text_area(self, region: Region) -> str | None:
        if self.labeling is None:
            return None
        return self.labeling.text_area(region.image, region.control, region.labels)

    def _read(self, region: Region, state: State) -> list[Result]:
        """The region with its text. One that is accepted already is neither split nor fitted: its place is settled.

        Raises:
            BoxOCRError: why there is none.
        """
        text_area = self._text_area(region)
        if self.labeling is None or text_area is None:
            raise self.problem
        where = {"text_area": text_area, "control": region.control}
        options = self.labeling.reading_options(
            self.data, default=self.services.default_options, labels=region.labels, **where
        )
        handling = self.labeling.handling(self.data, labels=region.labels, **where)
        attempts.note(options=options)
        page = self._page(region, self.labeling)
        if region.shape == "keypoint":
            return self._click(region, page, options, text_area, handling.click)
        area = area_of(region, page.width, page.height)
        if state is State.UNREAD and region.shape == "rectangle" and handling.split:
            pieces = self._split(page, area, options, handling.split)
            if len(pieces) > 1:
                return results.split(region, text_area, pieces)
        reading = self._text(page, area, options)
        if state is State.UNREAD and region.shape == "rectangle" and handling.fit:
            return results.fitted(region, text_area, reading, results.percent_of(self._fitted(page, area), page))
        return results.with_text(region, text_area, reading)

    def _page(self, region: Region, labeling: LabelingConfig) -> Page:
        """The page that the region lies on."""
        urls = labeling.page_urls(region.image, self.data)
        if region.page_index >= len(urls):
            raise PageAddressError(
                f"The task has {len(urls)} pages, and this region lies on page {region.page_index + 1}."
            )
        address = PageAddress(urls[region.page_index], self.task_id)
        # A request's other regions need not each wait for a server that does not answer; the next request asks anew.
        if missing := self._missing.get(address):
            raise type(missing)(missing.message, missing.remedy)
        try:
            return self.services.pages.get(address)
        except PageError as error:
            self._missing[address] = type(error)(error.message, error.remedy)
            raise

    def _text(self, page: Page, area: Area, options: ReadingOptions) -> Reading:
        """What is written in an area of a page.

        Raises:
            RegionError: nothing legible is there.
        """

        def read_now() -> Reading:
            with self.services.crop_budget.reserved(bytes_to_cut(page, area)):
                crop = cut(page, area)
                attempts.note(crop=crop)
                return self.services.readers.read(crop, options)

        reading = self.services.readings.get((page.digest, area.key, options), read_now)
        attempts.note(reading=reading)
        if not reading.text:
            raise RegionError(NO_TEXT, NO_TEXT_REMEDY)
        return reading

    def _click(self, region: Region, page: Page, options: ReadingOptions, text_area: str, level: Level) -> list[Result]:
        """What lies under a keypoint, as a new rectangle where the config draws those, else as the point's text."""
        x, y = point_of(region, page.width, page.height)
        layout = self.services.page_readings.layout(page)
        piece, line = under(layout, x, y, level), under(layout, x, y, "line")
        if piece is None or line is None:
            raise RegionError(NO_TEXT, NOTHING_CLICKED_REMEDY)
        # The page may lie turned before the annotator: then the new box is turned with what it shows.
        area = around(
            _with_paper(piece, _paper(line.height), page), piece.rotation + region.upright, upright=region.upright
        )
        reading = self._text(page, area, options)
        control = self.labeling.rectangle_control(region.image) if self.labeling else None
        if control is None:
            return results.with_text(region, text_area, reading)
        return results.clicked(region, results.percent_of(area, page), control, text_area, reading)

    def _split(
        self, page: Page, area: Area, options: ReadingOptions, level: Level
    ) -> list[tuple[results.Value, Reading]]:
        """The lines or words of an area with their texts, in reading order; those without text left out."""
        with self.services.crop_budget.reserved(bytes_to_cut(page, area)):
            crop = cut(page, area)
            attempts.note(crop=crop)
            found = self.services.readers.read_page(crop, options, priority=Priority.INTERACTIVE)
        frame = frame_of(page, area)

        def located(piece: Piece) -> tuple[Area, Reading]:
            corners = [frame.on_page(x, y) for x, y in piece.corners()]
            # Turned as the drawn box is, and with the slant of the line.
            slant = (piece.rotation + 45) % 90 - 45
            own = around(corners, area.rotation + slant, upright=area.upright, margin=_paper(piece.height))
            reading = Reading(piece.text, piece.confidence, found.engine, found.languages)
            if level == "word":
                return own, reading
            try:
                own = self._fitted(page, own)
            except RegionError:  # smaller than a letter, or at the very edge of the page
                return own, reading
            return own, self._surer(page, own, options, reading)

        with ThreadPoolExecutor(_PIECES_AT_ONCE) as side_by_side:
            pieces = list(side_by_side.map(located, found.words() if level == "word" else found.lines))
        return [(results.percent_of(own, page), reading) for own, reading in pieces if reading.text]

    def _fitted(self, page: Page, area: Area) -> Area:
        """A drawn rectangle tightened to the ink inside, along its own axes; as it is when no ink stands out."""
        frame = frame_of(page, area)
        with self.services.crop_budget.reserved(bytes_to_cut(page, area)):
            ink = ink_box(cut(page, area))
        if ink is None:
            return area
        paper = _paper(ink.text_height)
        left, right = max(ink.left - paper, 0), min(ink.right + paper, frame.width)
        top, bottom = max(ink.top - paper, 0), min(ink.bottom + paper, frame.height)
        corners = [frame.on_page(x, y) for x in (left, right) for y in (top, bottom)]
        return around(corners, area.rotation, upright=area.upright)

    def _surer(self, page: Page, area: Area, options: ReadingOptions, reading: Reading) -> Reading:
        """A line read as a box of its own, which is how lines are read best, or what was read of it before."""
        try:
            alone = self._text(page, area, options)
        except BoxOCRError:
            return reading
        return alone if alone.confidence >= reading.confidence else reading


def _unread(region: Region, state: State, error: BoxOCRError) -> list[Result]:
    """A region whose text could not be read."""
    if state is State.FAILED:
        # It stays as it is: the answer would overwrite a text that is typed before the answer is accepted.
        return []
    if state is State.MOVED:
        return _with_new_note(region, f"{MOVED} {error.sentence}")
    return results.with_note(region, error.sentence)


def _with_new_note(region: Region, sentence: str) -> list[Result]:
    """An accepted region with a note; nothing where it has that note already."""
    return [] if NOTE_MARK + sentence in notes_of(region.geometry) else results.with_note(region, sentence)


def _paper(text_height: float) -> float:
    return max(_PAPER * text_height, _PAPER_PIXELS)


def _with_paper(piece: Piece, paper: float, page: Page) -> list[tuple[float, float]]:
    """The corners of a piece with some paper around it, none of them beyond the page."""
    area = around(piece.corners(), piece.rotation, margin=paper)
    corners = Piece("", 0, area.x, area.y, area.width, area.height, area.rotation).corners()
    if piece.rotation % 90:
        return list(corners)
    return [(min(max(x, 0.0), float(page.width)), min(max(y, 0.0), float(page.height))) for x, y in corners]
