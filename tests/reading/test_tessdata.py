"""Languages are found wherever they lie."""

import shutil
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tesserocr
from PIL import Image, ImageDraw, ImageFont

from boxocr.errors import EngineUnavailable, LanguageMissing, ReadingError
from boxocr.reading.engines import make
from boxocr.reading.recognition.engine_settings import EngineSettings
from boxocr.reading.types import ReadingOptions
from boxocr.settings import tessdata
from tests.reading import drawn


def english() -> Path:
    return tessdata.installed(tessdata.folders(None))["eng"]


def test_english_is_there_without_any_setting() -> None:
    assert "eng" in tessdata.languages(tessdata.folders(None))


@pytest.mark.usefixtures("no_system_languages")
def test_pip_installs_all_that_english_needs() -> None:
    assert "eng" in tessdata.languages(tessdata.folders(None))


def test_a_language_in_another_folder_is_read_together_with_english(tmp_path: Path) -> None:
    own = tmp_path / "own" / "tessdata"
    (own / "script").mkdir(parents=True)
    shutil.copy(english(), own / "xyz.traineddata")
    shutil.copy(english(), own / "script" / "Own.traineddata")
    # TESSDATA_PREFIX means the folder itself for Tesseract 4 and 5, and its parent for older ones.
    for prefix in (own, own.parent):
        settings = EngineSettings("eng+xyz", str(prefix), str(tmp_path / "links"), 20)
        engine = make("tesseract", settings)
        assert {"eng", "xyz", "script/Own"} <= set(engine.languages())
        for languages in ("xyz", "eng+xyz", "script/Own+eng"):
            assert engine.read(drawn.text("Here it is"), ReadingOptions(languages=languages)).text == "Here it is"


def test_arabic_is_given_in_the_order_in_which_it_is_read(tmp_path: Path) -> None:
    letters = dict(zip("ABC", "ابج", strict=True))
    (tmp_path / "ara.traineddata").write_bytes(with_letters(english().read_bytes(), letters))
    engine = make("tesseract", EngineSettings("ara", str(tmp_path), str(tmp_path / "links"), 20))

    assert engine.read(drawn.text("ABC CAB 125"), ReadingOptions(languages="ara")).text == "125 باج جبا"


def test_the_word_list_is_looked_for_in_the_data_that_are_read(tmp_path: Path) -> None:
    whole = english().read_bytes()
    for folder, data in (("whole", whole), ("own", with_letters(whole, {})), ("cut", whole[:24])):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "xyz.traineddata").write_bytes(data)
    has_list = {folder.name: tessdata.have_word_lists("xyz", folder) for folder in tmp_path.iterdir()}
    assert has_list == {"whole": True, "own": False, "cut": False}


def with_letters(data: bytes, letters: dict[str, str]) -> bytes:
    """Language data whose network gives Arabic letters for some Latin ones, without its dictionaries."""
    count = struct.unpack_from("<i", data)[0]
    starts = struct.unpack_from(f"<{count}q", data, 4)
    ends = [*starts[1:], len(data)]
    parts = {at: data[start:end] for at, (start, end) in enumerate(zip(starts, ends, strict=True)) if start >= 0}
    *dictionaries, characters = 18, 19, 20, 21
    lines = parts[characters].decode().splitlines()
    for at, line in enumerate(lines):
        if arabic := letters.get(line.split()[0]):
            number = at - 1
            lines[at] = f"{arabic} 1 0,255,0,255,0,0,0,0,0,0 Arabic {number} 13 {number} {arabic}"
    parts[characters] = "\n".join([*lines, ""]).encode()
    kept = {at: part for at, part in parts.items() if at not in dictionaries}
    start = 4 + 8 * count
    offsets = []
    for at in range(count):
        offsets.append(start if at in kept else -1)
        start += len(kept.get(at, b""))
    return struct.pack(f"<i{count}q", count, *offsets) + b"".join(kept.values())


def test_signs_that_the_data_for_fraktur_give_for_letters_and_dashes_become_these(tmp_path: Path) -> None:
    (tmp_path / "frk.traineddata").symlink_to(english())
    engine = make("tesseract", EngineSettings("frk", str(tmp_path), str(tmp_path / "links"), 20))
    seen = {
        "do< na<t A<h": "doch nacht Ach",
        "ni<t outerwe> ste>en": "nicht outerweck stecken",
        "was mu3 au8nahme 1838 Wort3)": "was mus ausnahme 1838 Wort3)",
        "the door == this one": "the door \u2014 this one",
    }

    for drawn_text, read in seen.items():
        assert engine.read(drawn.text(drawn_text), ReadingOptions(languages="frk")).text == read


def test_figures_stay_where_another_language_is_chosen_with_fraktur(tmp_path: Path) -> None:
    for language in ("eng", "frk"):
        (tmp_path / f"{language}.traineddata").symlink_to(english())
    engine = make("tesseract", EngineSettings("eng+frk", str(tmp_path), str(tmp_path / "links"), 20))
    text = "was mu3 au8nahme"
    assert engine.read(drawn.text(text), ReadingOptions(languages="eng+frk")).text == text


@pytest.mark.parametrize("languages", ["frk", "deu+frk", "deu_latf"])
def test_a_comma_in_fraktur_belongs_to_the_word_before_it(tmp_path: Path, languages: str) -> None:
    for language in languages.split("+"):
        (tmp_path / f"{language}.traineddata").symlink_to(english())
    engine = make("tesseract", EngineSettings(languages, str(tmp_path), str(tmp_path / "links"), 20))
    font = ImageFont.load_default(28)
    image = Image.new("RGB", (460, 60), drawn.WHITE)
    draw = ImageDraw.Draw(image)
    draw.text((16, 12), "that he had", font=font, fill=drawn.BLACK)
    draw.text((28 + font.getlength("that he had"), 12), ",", font=font, fill=drawn.BLACK)
    draw.text((48 + font.getlength("that he had"), 12), "since then", font=font, fill=drawn.BLACK)

    assert engine.read(np.asarray(image), ReadingOptions(languages=languages)).text == "that he had, since then"


def test_the_named_folder_comes_first(tmp_path: Path) -> None:
    shutil.copy(english(), tmp_path / "eng.traineddata")
    assert tessdata.datapath("eng", tessdata.folders(str(tmp_path)), tmp_path / "links") == tmp_path.resolve()


def test_a_language_installed_later_is_found(tmp_path: Path) -> None:
    engine = make("tesseract", EngineSettings("eng", str(tmp_path), str(tmp_path / "links"), 20))
    with pytest.raises(LanguageMissing):
        engine.read(drawn.text("Here it is"), ReadingOptions(languages="eng+late"))
    shutil.copy(english(), tmp_path / "late.traineddata")
    assert engine.read(drawn.text("Here it is"), ReadingOptions(languages="eng+late")).text == "Here it is"


def test_broken_language_data_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.traineddata").write_bytes(b"not language data")
    with pytest.raises(EngineUnavailable, match="bad"):
        make("tesseract", EngineSettings("bad", str(tmp_path), str(tmp_path / "links"), 20))


@pytest.mark.parametrize(
    "languages", ["", "../eng", "/etc/passwd", "eng+", "a/b/c", "eng deu", "eng\n", "e" * 9 + "\0"]
)
def test_nothing_but_language_codes_is_looked_up(languages: str) -> None:
    with pytest.raises(LanguageMissing):
        ReadingOptions(languages=languages)


@pytest.mark.parametrize("psm", [0, 2, 14, -1])
def test_modes_without_text_are_refused(psm: int) -> None:
    with pytest.raises(ReadingError, match=str(psm)):
        ReadingOptions(psm=psm)


def test_languages_that_were_not_used_lately_are_unloaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str] = []

    class Watched(tesserocr.PyTessBaseAPI):  # type: ignore[misc]  # tesserocr has no types
        def __init__(self, **options: Any) -> None:
            super().__init__()
            self.language = options["lang"]
            loaded.append(self.language)

        def __del__(self) -> None:
            loaded.remove(self.language)

    monkeypatch.setattr(tesserocr, "PyTessBaseAPI", Watched)
    names = [f"copy{number}" for number in range(6)]
    for name in names:
        (tmp_path / f"{name}.traineddata").symlink_to(english())
    engine = make("tesseract", EngineSettings(names[0], str(tmp_path), str(tmp_path / "links"), 20))
    for name in (*names[:4], names[0], *names[4:]):
        assert engine.read(drawn.text("Here it is"), ReadingOptions(languages=name)).text == "Here it is"
    assert sorted(loaded) == ["copy0", "copy3", "copy4", "copy5"]
