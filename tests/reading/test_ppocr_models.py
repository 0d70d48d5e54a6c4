"""PPOCR_MODELS: models of the PP-OCR family in a folder of the operator's.

The models are those of the wheel under other names. Their lists of characters are replaced: letters of one script are
read as letters of another one.
"""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from boxocr.errors import EngineNotUsable, LanguageMissing
from boxocr.reading import onnx, ppocr_models
from boxocr.reading.engines import make
from boxocr.reading.model_languages import languages_of_file
from boxocr.reading.recognition.engine_settings import EngineSettings
from boxocr.reading.types import Engine, ReadingOptions
from tests.backend import PYTHONPATH, clean_environment, one_reader, refused, running
from tests.payloads import one_box, texts
from tests.reading import drawn

RECOGNIZER, DETECTOR = onnx.model_file("rec"), onnx.model_file("det")
CLASSIFIER = next(RECOGNIZER.parent.glob("*_cls_*.onnx"))

CYRILLIC = str.maketrans("Invoice", "Инвоице")
ARABIC = str.maketrans("ABC", "ابج")

EASTERN_SLAVIC = "eslav_PP-OCRv5_rec_mobile.onnx"
LIST = "eslav_PP-OCRv5_rec_mobile.txt"


@pytest.fixture(scope="module")
def characters() -> str:
    """The list of the wheel's model, as PaddleOCR publishes them."""
    return "\n".join(ppocr_models.load(None, 1)[1][-1].characters[:-1]) + "\n"


def add(folder: Path, name: str, model: Path = RECOGNIZER, listed: str = "") -> None:
    """Put a model into the folder, with a list of characters unless it uses its own."""
    (folder / name).symlink_to(model)
    if listed:
        (folder / name).with_suffix(".txt").write_text(listed, encoding="utf-8")


def engine(name: str, settings: EngineSettings, folder: Path) -> Engine:
    return make(name, replace(settings, models=str(folder)))


def test_a_server_reads_a_script_that_only_a_model_in_the_folder_knows(
    tmp_path: Path, page_server: str, characters: str
) -> None:
    models = tmp_path / "models"
    models.mkdir()
    add(models, EASTERN_SLAVIC, listed=characters.translate(CYRILLIC))
    add(models, "ch_PP-OCRv5_det_server.onnx", DETECTOR)
    environment = one_reader(page_server, "auto", OCR_LANG="rus", PPOCR_MODELS=str(models))

    with running(tmp_path, environment) as server:
        server.says("BoxOCR is ready on ")
        (prediction,) = server.predict(one_box(page_server))
    assert list(texts(prediction["result"]).values()) == ["Инвоице 12345"]

    doctor = subprocess.run(
        [sys.executable, "-m", "boxocr", "doctor"],
        env=clean_environment(PYTHONPATH=PYTHONPATH, COLUMNS="200") | environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    report = " ".join(doctor.stdout.split())
    assert f"✓ engine: {EASTERN_SLAVIC} reads rus, bel, ukr; ch_PP-OCRv5_det_server.onnx finds lines (PP" in report


def test_an_unsuitable_file_keeps_the_server_from_starting(tmp_path: Path) -> None:
    add(tmp_path, "cls.onnx", CLASSIFIER)
    sentence = (
        "The model cls.onnx in PPOCR_MODELS is not a text detector or recognizer of PP-OCRv3 or later. "
        "Remove it from the folder."
    )
    assert refused(tmp_path, {"PPOCR_MODELS": str(tmp_path)}) == (4, f"BoxOCR cannot start: {sentence}\n")


@pytest.mark.parametrize("name", ["auto", "ppocr"])
def test_each_language_is_read_by_its_model(
    tmp_path: Path, settings: EngineSettings, name: str, characters: str
) -> None:
    add(tmp_path, EASTERN_SLAVIC, listed=characters.translate(CYRILLIC))
    reader = engine(name, settings, tmp_path)
    crop = drawn.text("Invoice 4711")

    assert {"rus", "ukr", "eng", "chi_sim"} <= set(reader.languages())
    assert reader.read(crop, ReadingOptions(languages="rus")).text == "Инвоице 4711"
    assert reader.read(crop, ReadingOptions(languages="eng")).text == "Invoice 4711"
    with pytest.raises(LanguageMissing, match="kor"):
        reader.read(crop, ReadingOptions(languages="kor"))


def test_a_model_that_has_latin_letters_reads_english_too(
    tmp_path: Path, settings: EngineSettings, characters: str
) -> None:
    add(tmp_path, "korean_PP-OCRv5_rec_mobile.onnx", listed=characters)
    add(tmp_path, "th_PP-OCRv5_rec_mobile.onnx", listed=characters.translate(CYRILLIC))
    reader = engine("ppocr", settings, tmp_path)
    crop = drawn.text("Invoice 4711")

    assert reader.read(crop, ReadingOptions(languages="kor+eng")).text == "Invoice 4711"
    with pytest.raises(LanguageMissing):
        reader.read(crop, ReadingOptions(languages="tha+eng"))


def test_languages_can_be_named(tmp_path: Path, settings: EngineSettings, characters: str) -> None:
    add(tmp_path, "mine.onnx", listed=characters.translate(CYRILLIC))
    (tmp_path / "languages.toml").write_text('"mine.onnx" = "Tatar, kk"\n', encoding="utf-8")
    reader = engine("ppocr", settings, tmp_path)

    assert reader.read(drawn.text("Invoice"), ReadingOptions(languages="kaz+tat")).text == "Инвоице"


def test_arabic_is_given_in_the_order_in_which_it_is_read(
    tmp_path: Path, settings: EngineSettings, characters: str
) -> None:
    add(tmp_path, "arabic_PP-OCRv5_rec_mobile.onnx", listed=characters.translate(ARABIC))
    reader = engine("ppocr", settings, tmp_path)

    assert reader.read(drawn.text("ABC 12.50 Kg (CA)"), ReadingOptions(languages="ara")).text == "(اج) 12.50 Kg جبا"


# Models and further files of a folder, and what is said of them.
REFUSED: dict[str, tuple[dict[str, Path], dict[str, bytes], str]] = {
    "empty": ({}, {}, "The folder PPOCR_MODELS has no ONNX models."),
    "no model": (
        {},
        {"a_PP-OCRv5_rec.onnx": b"<html>"},
        "The file a_PP-OCRv5_rec.onnx in PPOCR_MODELS cannot be loaded as an ONNX model.",
    ),
    "two detectors": (
        {"a.onnx": DETECTOR, "b.onnx": DETECTOR},
        {},
        "The folder PPOCR_MODELS has several text detectors: a.onnx, b.onnx.",
    ),
    "unknown languages": ({"mine.onnx": RECOGNIZER}, {}, "The languages of mine.onnx in PPOCR_MODELS are not known."),
    "list of another model": (
        {EASTERN_SLAVIC: RECOGNIZER},
        {LIST: b"a\nb\n"},
        f"The model {EASTERN_SLAVIC} in PPOCR_MODELS knows 18,709 characters, but its list has 2.",
    ),
    "list in another encoding": (
        {EASTERN_SLAVIC: RECOGNIZER},
        {LIST: b"\xff"},
        f"The file {LIST} in PPOCR_MODELS cannot be read.",
    ),
    "languages of a file that is not there": (
        {EASTERN_SLAVIC: RECOGNIZER},
        {"languages.toml": b'"x.onnx" = "rus"'},
        "The file languages.toml in PPOCR_MODELS names x.onnx, which is not there.",
    ),
    "languages that are no text": (
        {EASTERN_SLAVIC: RECOGNIZER},
        {"languages.toml": b'"x.onnx" = 3'},
        "The file languages.toml in PPOCR_MODELS cannot be read.",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.parametrize("name", ["auto", "ppocr"])
def test_what_cannot_be_used_is_refused(tmp_path: Path, settings: EngineSettings, name: str, case: str) -> None:
    models, files, message = REFUSED[case]
    for file, model in models.items():
        add(tmp_path, file, model)
    for file, content in files.items():
        (tmp_path / file).write_bytes(content)
    with pytest.raises(EngineNotUsable) as caught:
        engine(name, settings, tmp_path)
    assert caught.value.message == message
    assert str(tmp_path) not in caught.value.sentence


@pytest.mark.parametrize(
    ("name", "languages"),
    [
        ("korean_PP-OCRv5_rec_mobile", {"kor"}),
        ("korean_PP-OCRv5_mobile_rec_infer", {"kor"}),
        ("ch_PP-OCRv4_rec_infer", {"chi_sim", "eng"}),
        ("PP-OCRv5_server_rec", {"chi_sim", "chi_tra", "jpn", "eng"}),
        ("chinese_cht_PP-OCRv3_rec_infer", {"chi_tra", "eng"}),
        ("en_PP-OCRv4_rec_mobile", {"eng"}),
        ("devanagari_PP-OCRv4_rec_mobile", {"hin", "mar", "nep", "san"}),
        ("klingon_PP-OCRv5_rec_mobile", set()),
        ("rec", set()),
    ],
)
def test_the_names_of_published_models_tell_their_languages(name: str, languages: set[str]) -> None:
    assert set(languages_of_file(name)) == languages


def test_the_one_model_of_version_6_reads_what_the_wheels_reads() -> None:
    assert languages_of_file("PP-OCRv6_rec_medium") == languages_of_file(RECOGNIZER.stem) != ()
