"""PP-OCR's model, from the installed wheel."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from boxocr.errors import EngineUnavailable, LanguageMissing
from boxocr.reading import onnx, ppocr_models
from boxocr.reading.detection.ppocr import PPOCRDetector
from boxocr.reading.engines import make
from boxocr.reading.pool.pool import ReaderPool
from boxocr.reading.recognition.engine_settings import EngineSettings
from boxocr.reading.types import Engine, ReadingOptions
from tests.reading import drawn

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

LINES = ("Delivered on Thursday", "morning, No. 4711")


@pytest.fixture(scope="module")
def engine(settings: EngineSettings) -> Engine:
    return make("ppocr", settings)


@pytest.fixture(scope="module")
def auto() -> Iterator[ReaderPool]:
    with ReaderPool(workers=1, timeout=20) as running:
        yield running


@pytest.mark.parametrize("crop", [drawn.text(*LINES), drawn.grey(drawn.text(*LINES)), 255 - drawn.text(*LINES)])
def test_reads_line_by_line(engine: Engine, crop: np.ndarray) -> None:
    reading = engine.read(crop, ReadingOptions())
    assert reading.text.split("\n") == list(LINES)
    assert 0.9 < reading.confidence <= 1
    assert reading.engine == "ppocr"


@pytest.mark.parametrize("shape", [(0, 0), (1, 1), (30, 300), (30, 300, 3)])
def test_nothing_is_no_text(engine: Engine, shape: tuple[int, ...]) -> None:
    assert engine.read(np.full(shape, 200, np.uint8), ReadingOptions()).text == ""


@pytest.mark.parametrize("grey", [150, 170, 190])
def test_a_faint_point_in_a_number_is_not_a_space(engine: Engine, grey: int) -> None:
    image = Image.new("RGB", (320, 60), drawn.WHITE)
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(28)
    left = 16.0
    for text, shade in (("TOTAL 1067", 20), (".", grey), ("25", 20)):
        draw.text((left, 12), text, font=font, fill=(shade, shade, shade))
        left += font.getlength(text) + 2
    assert engine.read(np.asarray(image)[:, : round(left) + 16], ReadingOptions()).text == "TOTAL 1067.25"


def test_digits_only(engine: Engine) -> None:
    crop = drawn.text("IOO5l7")
    assert not engine.read(crop, ReadingOptions()).text.isdigit()
    assert engine.read(crop, ReadingOptions(charset="0123456789")).text.isdigit()


def test_languages_of_other_scripts_are_refused(engine: Engine) -> None:
    with pytest.raises(LanguageMissing, match="rus"):
        engine.read(drawn.text("Text"), ReadingOptions(languages="eng+rus"))


def test_the_wheel_is_not_imported(engine: Engine) -> None:
    assert engine.languages()
    assert "rapidocr" not in sys.modules


def test_auto_asks_tesseract_first_and_ppocr_where_it_is_unsure(auto: ReaderPool) -> None:
    assert auto.describe().startswith("auto (tesseract 5.")
    auto.probe()
    assert auto.read(drawn.text(LINES[0]), ReadingOptions()).engine == "tesseract"
    # Tesseract takes a capital I without serifs for a bar.
    assert auto.read(drawn.text("Type I"), ReadingOptions()).text == "Type I"
    assert auto.read(drawn.text(*LINES), ReadingOptions(psm=6)).engine == "tesseract"
    assert auto.read(drawn.text(*LINES), ReadingOptions(engine="tesseract")).engine == "tesseract"
    sideways = auto.read(np.rot90(drawn.text(*LINES)), ReadingOptions())
    assert (sideways.text.split("\n"), sideways.turned) == (list(LINES), 90)


def test_auto_reads_latin_script_without_tesseracts_data_for_it(auto: ReaderPool) -> None:
    assert "hrv" in auto.languages()
    assert auto.read(drawn.text(*LINES), ReadingOptions(languages="hrv")).text.split("\n") == list(LINES)
    with pytest.raises(LanguageMissing):
        auto.read(drawn.text(*LINES), ReadingOptions(languages="tlh"))


def test_auto_starts_without_tesseracts_data_for_its_languages(settings: EngineSettings) -> None:
    engine = make("auto", replace(settings, languages="hrv"))
    assert engine.read(drawn.text(*LINES), ReadingOptions(languages="hrv")).text.split("\n") == list(LINES)
    with pytest.raises(LanguageMissing):
        make("auto", replace(settings, languages="tlh"))


def test_without_the_wheel_auto_is_tesseract(monkeypatch: pytest.MonkeyPatch, settings: EngineSettings) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    assert make("auto", settings).name == "tesseract"
    with pytest.raises(EngineUnavailable, match="PP-OCR"):
        make("ppocr", settings)


def test_without_onnxruntime_auto_is_tesseract(monkeypatch: pytest.MonkeyPatch, settings: EngineSettings) -> None:
    monkeypatch.setitem(sys.modules, "boxocr.reading.recognition.ppocr", None)
    assert make("auto", settings).name == "tesseract"
    with pytest.raises(EngineUnavailable, match="onnxruntime"):
        make("ppocr", settings)


def test_the_model_lies_in_the_installed_wheel() -> None:
    for kind in ("rec", "det"):
        assert onnx.model_file(kind).name.endswith(".onnx")
        assert Path(sys.prefix) in onnx.model_file(kind).parents


class Watched:
    """The detector's model, with the sizes of the images that it gets."""

    def __init__(self) -> None:
        self._session, _ = ppocr_models.load(None, 1)
        self.sizes: list[tuple[int, ...]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def run(self, names: None, inputs: dict[str, np.ndarray], options: object) -> Any:
        self.sizes += [image.shape[2:] for image in inputs.values()]
        return self._session.run(names, inputs, options)


@pytest.mark.parametrize(("shape", "size"), [((3000, 2100), (1280, 896)), ((3000, 2900), (1152, 1120))])
def test_the_detector_gets_no_more_pixels_than_its_memory_is_for(shape: tuple[int, int], size: tuple[int, int]) -> None:
    model = Watched()
    page = Image.new("L", shape[::-1], 250)
    font = ImageFont.load_default(120)
    ImageDraw.Draw(page).text((400, 1500), "Harbour dues", font=font, fill=20)
    left, top, right, bottom = ImageDraw.Draw(page).textbbox((400, 1500), "Harbour dues", font=font)
    (line,) = PPOCRDetector(cast("InferenceSession", model)).detect(np.asarray(page), ReadingOptions())
    assert model.sizes == [size]
    assert line.middle == pytest.approx(((left + right) / 2, (top + bottom) / 2), abs=8)
