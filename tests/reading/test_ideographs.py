"""Chinese and Japanese characters that look like checkboxes, and checkboxes next to such text."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from boxocr.reading.detection import ornaments
from boxocr.reading.detection.components import Components
from boxocr.reading.engines import make
from boxocr.reading.recognition.engine_settings import EngineSettings
from boxocr.reading.types import ReadingOptions

# Drawn with Noto Sans CJK.
ENCLOSURES = Path(__file__).parents[1] / "data" / "pages" / "enclosures.png"

SIZE = 40


@pytest.mark.parametrize("name", ["tesseract", "auto"])
def test_characters_like_checkboxes_keep_their_frames(name: str, settings: EngineSettings) -> None:
    crop = np.asarray(Image.open(ENCLOSURES).convert("RGB"))
    assert make(name, settings).read(crop, ReadingOptions(languages="jpn")).text.replace(" ", "") == "外国人図4"


def found(*frames: str, languages: str) -> tuple[int, int]:
    """How many pieces of ink are ornaments in a row of frames before a word of five bars, and how many there are."""
    image = Image.new("1", (SIZE * (2 * len(frames) + 6), 2 * SIZE), 1)
    draw = ImageDraw.Draw(image)
    for at, kind in enumerate(frames):
        left, top = (2 * at + 1) * SIZE, SIZE // 2
        right, bottom, middle = left + SIZE, top + SIZE, top + SIZE // 2
        draw.rectangle((left, top, right, bottom), outline=0, width=3)
        if kind == "bar":
            draw.line((left, middle, right, middle), 0, 3)
        elif kind == "twice":
            draw.rectangle((left + 5, top + 5, right - 5, bottom - 5), outline=0, width=2)
            draw.line((left, top + 6, left + 6, top + 6), 0, 2)
        elif kind == "hole":
            draw.rectangle((left, top + 8, left + 5, bottom - 8), fill=0)
            draw.rectangle((left + 2, middle, left + 3, middle + 1), fill=1)
        elif kind == "cross":
            for ends in ((left + 9, top + 9, right - 9, bottom - 9), (left + 9, bottom - 9, right - 9, top + 9)):
                draw.line(ends, 0, 4)
        elif kind == "letter":
            draw.line((left + 10, top + 10, right - 10, top + 10), 0, 4)
            draw.line((left + SIZE // 2, top + 10, left + SIZE // 2, bottom - 10), 0, 4)
    for at in range(5):
        left = (2 * len(frames) + 1) * SIZE + at * SIZE // 2
        draw.rectangle((left, SIZE // 2, left + 6, SIZE // 2 + SIZE), fill=0)
    pieces = Components.of(~np.asarray(image))
    return ornaments.find(pieces, languages).count, pieces.count


@pytest.mark.parametrize("languages", ["jpn", "eng+chi_sim", "chi_tra_vert", "script/HanS", "Japanese"])
def test_a_frame_with_a_bar_or_a_character_is_a_character(languages: str) -> None:
    assert found("bar", languages="eng")[0] == 1
    assert found("bar", languages=languages)[0] == 0
    assert found("letter", languages="eng")[0] == 1
    assert found("letter", languages=languages)[0] == 0


@pytest.mark.parametrize("languages", ["eng", "jpn"])
@pytest.mark.parametrize(("kind", "pieces"), [("empty", 1), ("cross", 2), ("twice", 1), ("hole", 1)])
def test_a_checkbox_is_one_in_any_language(kind: str, pieces: int, languages: str) -> None:
    assert found(kind, languages=languages) == (pieces, pieces + 5)


def test_a_cross_in_a_row_of_cells_is_a_letter_in_any_language() -> None:
    assert found("letter", "cross", "letter", languages="eng")[0] == 3
    # Only its frame is erased, and the others could be those of characters.
    assert found("letter", "cross", "letter", languages="jpn")[0] == 1
