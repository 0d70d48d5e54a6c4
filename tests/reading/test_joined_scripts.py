"""Level strokes that join the letters of Arabic, Hindi and Bengali are not taken for rules, and rules still are."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from boxocr.reading import joined_scripts
from boxocr.reading.box_line import clear_line, ink_box
from boxocr.reading.detection import projection
from boxocr.reading.detection.tesseract import TesseractDetector
from boxocr.reading.line_image import runs_of
from boxocr.reading.page_frame import PageFrame
from boxocr.reading.pipeline import Pipeline
from boxocr.reading.recognition.tesseract_lines import TesseractLines, as_seen
from boxocr.reading.recognizers import Recognizers
from boxocr.reading.types import Pixels, ReadingOptions
from boxocr.reading.whole_page import Line, Piece, line_of

# Drawn with Noto Sans and Naskh, each with a rule three pixels thick below the words.
PAGES = Path(__file__).parents[1] / "data" / "pages"
RULE = 3

SCRIPTS = pytest.mark.parametrize(
    ("name", "languages"), [("arabic", "eng+ara"), ("hindi", "hin"), ("bengali", "script/Bengali")]
)


class Recorder:
    """In the place of Tesseract, whose data for these scripts are in no Python package; keeps the images."""

    name, version = "recorder", "1"

    def __init__(self) -> None:
        self.images: list[Pixels] = []

    def languages(self) -> Sequence[str]:
        return []

    def lines(self, image: Pixels, psm: int, options: ReadingOptions) -> list[Line]:  # noqa: ARG002 - PageRecognizer's
        self.images.append(image)
        height, width = image.shape
        return [line_of([Piece("text", 0.95, 0, 0, width, height)])]


def page(name: str) -> Pixels:
    return np.asarray(Image.open(PAGES / f"{name}.png"))


def words(name: str) -> Pixels:
    """Those of a page, without the rule."""
    return page(name)[:-14]


def longest(image: Pixels) -> float:
    """The longest level stroke, as a share of the width of all ink."""
    ink = image < 170
    columns = np.flatnonzero(ink.any(axis=0))
    stroke = max(last - first for row in ink for first, last in runs_of(row))
    return stroke / int(columns[-1] + 1 - columns[0])


@SCRIPTS
def test_only_the_rule_below_joined_letters_is_erased(name: str, languages: str) -> None:
    crop = page(name)
    ink = crop < 128
    rule = np.flatnonzero(ink.mean(axis=1) > 0.9)
    assert len(rule) == RULE
    found = projection.of_crop(crop, may_be_joined=joined_scripts.can_be_in(languages))
    assert found is not None
    assert found.has_rules
    assert np.array_equal(found.image[: rule[0] - 1] < 128, ink[: rule[0] - 1])
    assert not (found.image[rule[0] :] < 128).any()


@SCRIPTS
def test_engines_get_all_strokes_of_boxes_blocks_and_pages(name: str, languages: str) -> None:
    crop = words(name)
    whole, options = longest(crop), ReadingOptions(languages=languages)
    assert longest(as_seen(crop)) < 0.9 * whole
    for psm in (None, 6):
        recorder = Recorder()
        lines = TesseractLines(recorder)
        pipeline = Pipeline("recorder", TesseractDetector(recorder.lines), Recognizers(lines), projects=True)
        pipeline.read(crop, ReadingOptions(languages=languages, psm=psm))
        lines.recognize([crop], options)
        pipeline.read_page(np.pad(crop, 20, constant_values=255), PageFrame(), options)
        seen = [*recorder.images, as_seen(crop, languages=languages)]
        assert [longest(image) for image in seen] == pytest.approx([whole] * len(seen), rel=0.1)


@SCRIPTS
def test_lines_to_learn_from_and_fitted_boxes_have_them_too(name: str, languages: str) -> None:
    text = {"arabic": "\u0627", "hindi": "\u0905", "bengali": "\u0985"}[name]
    crop = words(name)
    # Arabic lines are hardly ever clear, because of their dots.
    assert (clear_line(crop, text) is None) is (name == "arabic")
    box = ink_box(crop, languages)
    assert box is not None
    rows, columns = np.flatnonzero((crop < 128).any(axis=1)), np.flatnonzero((crop < 128).any(axis=0))
    area, _ = box
    assert (area.x, area.y) == (columns[0], rows[0])
    assert (area.width, area.height) == (columns[-1] + 1 - columns[0], rows[-1] + 1 - rows[0])


@pytest.mark.parametrize(
    ("text", "are_joined"), [("السلفادور", True), ("No. 7 समोआ", True), ("কুর্দিশ", True), ("Samoa שלום", False)]
)
def test_joined_letters_are_known_in_texts_too(text: str, are_joined: bool) -> None:
    assert joined_scripts.are_in(text) is are_joined
