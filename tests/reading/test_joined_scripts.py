"""Level strokes that join the letters of Arabic, Hindi and Bengali are not taken for rules, and rules still are."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from boxocr.reading import joined_scripts
from boxocr.reading.detection import projection
from boxocr.reading.recognition.tesseract_lines import as_seen

# Drawn with Noto Sans and Naskh, each with a rule three pixels thick below the words.
PAGES = Path(__file__).parents[1] / "data" / "pages"
RULE = 3


@pytest.mark.parametrize(("name", "languages"), [("arabic", "eng+ara"), ("hindi", "hin"), ("bengali", "ben")])
def test_only_the_rule_below_joined_letters_is_erased(name: str, languages: str) -> None:
    crop = np.asarray(Image.open(PAGES / f"{name}.png"))
    rule = np.flatnonzero((crop < 128).mean(axis=1) > 0.9)
    assert len(rule) == RULE
    found = projection.of_crop(crop, is_joined=joined_scripts.can_be_in(languages))
    assert found is not None
    assert found.has_rules
    above, ink = slice(0, rule[0] - 1), crop < 128
    assert np.array_equal(found.image[above] < 128, ink[above])
    assert not (found.image[rule[0] :] < 128).any()
    # Tesseract gets the words as they are, where the languages are known.
    strokes = [int((as_seen(crop, languages=known) < 128).sum(axis=1).max()) for known in ("eng", languages)]
    assert strokes[1] > 1.1 * strokes[0]


@pytest.mark.parametrize(
    ("text", "are_joined"), [("السلفادور", True), ("No. 7 समोआ", True), ("কুর্দিশ", True), ("Samoa שלום", False)]
)
def test_joined_letters_are_known_in_texts_too(text: str, are_joined: bool) -> None:
    assert joined_scripts.are_in(text) is are_joined
