"""``boxocr read``, with Tesseract."""

import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from boxocr.commands.cli import main
from tests.backend import PYTHONPATH, ROOT, clean_environment
from tests.commands.conftest import Outcome
from tests.reading import drawn

LINES = ("Harbour office", "Room O0Il1l", "Total amount due: 678.90 EUR")
LEFT, FIRST, STEP = 120, 140, 160
SIZE = (1000, 640)
XHTML = "{http://www.w3.org/1999/xhtml}"

Read = Callable[..., Outcome]


@pytest.fixture
def read(environment: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> Read:
    """Runs the command; its output is as it was printed."""

    def run(*arguments: object, **variables: str) -> Outcome:
        environment(**{"OCR_ENGINE": "tesseract", "OCR_WORKERS": "2", **variables})
        code = main(["read", *map(str, arguments)])
        out, err = capsys.readouterr()
        return Outcome(code, out, " ".join(err.split()))

    return run


def crops() -> list[np.ndarray]:
    return [drawn.text(line, pad=0) for line in LINES]


def page(*, turned: int = 0) -> Image.Image:
    pixels = np.full((SIZE[1], SIZE[0], 3), 252, np.uint8)
    for number, crop in enumerate(crops()):
        top = FIRST + number * STEP
        pixels[top : top + crop.shape[0], LEFT : LEFT + crop.shape[1]] = crop
    return Image.fromarray(np.rot90(pixels, turned))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    page().save(tmp_path / "page.png")
    return tmp_path / "page.png"


def texts(outcome: Outcome) -> list[str]:
    return outcome.output.splitlines()


def places(found: list[dict[str, Any]]) -> list[list[float]]:
    return [[line[side] for side in ("x", "y", "width", "height")] for line in found]


def test_the_text_is_printed_in_reading_order(read: Read, file: Path) -> None:
    outcome = read(file)

    assert (outcome.code, outcome.errors) == (0, "")
    first, second, last = texts(outcome)
    assert (first, last) == (LINES[0], LINES[2])
    assert second.startswith("Room ")


def test_json_has_lines_and_words_with_places_and_scores(read: Read, file: Path) -> None:
    outcome = read(file, "--format", "json")

    (found,) = json.loads(outcome.output)
    assert (found["file"], found["width"], found["height"]) == (str(file), *SIZE)
    assert (found["engine"], found["languages"], found["turned"]) == ("tesseract", "eng", 0)
    lines = found["lines"]
    assert found["text"] == "\n".join(line["text"] for line in lines)
    assert lines[0]["text"] == LINES[0]
    assert np.allclose(
        places(lines),
        [[LEFT, FIRST + number * STEP, crop.shape[1], crop.shape[0]] for number, crop in enumerate(crops())],
        atol=4,
    )
    assert [word["text"] for word in lines[0]["words"]] == ["Harbour", "office"]
    harbour, office = places(lines[0]["words"])
    assert harbour[0] == pytest.approx(LEFT, abs=4)
    assert harbour[0] + harbour[2] < office[0]
    assert [line["engine"] for line in lines] == ["tesseract"] * 3
    # No engine tells these letters and digits apart.
    assert [line["doubtful"] for line in lines] == [[], [lines[1]["words"][1]["text"]], []]
    assert lines[1]["score"] < 0.6
    assert lines[0]["score"] > 0.9
    assert 0 < found["score"] < 1


def test_a_file_of_which_a_part_is_missing_is_read_with_a_warning(read: Read, file: Path) -> None:
    data = file.read_bytes()
    file.write_bytes(data[: len(data) // 2])

    outcome = read(file, "--format", "json")

    (found,) = json.loads(outcome.output)
    assert outcome.code == 0
    assert f"{file}: A part of this page is missing in its file" in outcome.errors
    assert found["text"].startswith(LINES[0])
    left, top, right, bottom = found["missing"]
    assert (left, right, bottom) == (0, *SIZE)
    assert 0 < top < SIZE[1]


def test_hocr_can_be_parsed_and_has_the_places(read: Read, tmp_path: Path) -> None:
    odd = tmp_path / 'a "page" & more.png'
    page().save(odd)
    page(turned=1).save(tmp_path / "turned.png")

    outcome = read(odd, tmp_path / "turned.png", "--format", "hocr")

    html = ET.fromstring(outcome.output)  # noqa: S314 - our own
    upright, turned = [part for part in html.iter(f"{XHTML}div") if part.get("class") == "ocr_page"]
    title = str(upright.get("title"))
    assert title == f"image \"{tmp_path}/a 'page' & more.png\"; bbox 0 0 1000 640; ppageno 0"
    assert str(turned.get("title")).endswith("; bbox 0 0 640 1000; ppageno 1")

    def lines(part: ET.Element) -> list[ET.Element]:
        return [line for line in part.iter(f"{XHTML}span") if line.get("class") == "ocr_line"]

    def box(part: ET.Element) -> list[int]:
        return list(map(int, str(part.get("title")).split(";")[0].split()[1:]))

    first = lines(upright)[0]
    assert [word.text for word in first] == ["Harbour", "office"]
    assert all(" x_wconf 9" in str(word.get("title")) for word in first)
    height, width = crops()[0].shape[:2]
    assert np.allclose(box(first), [LEFT, FIRST, LEFT + width, FIRST + height], atol=4)
    assert "textangle" not in str(first.get("title"))
    # The page was turned counterclockwise, so its text runs upwards.
    first = lines(turned)[0]
    assert [word.text for word in first] == ["Harbour", "office"]
    assert "; textangle 90;" in str(first.get("title"))
    assert np.allclose(box(first), [FIRST, SIZE[0] - LEFT - width, FIRST + height, SIZE[0] - LEFT], atol=4)
    identities = [part.get("id") for part in html.iter() if part.get("id")]
    assert len(identities) == len(set(identities))


def test_the_picture_has_a_box_in_the_colour_of_its_score_around_each_line(read: Read, file: Path) -> None:
    picture = file.with_name("lines.png")

    assert read(file, "--picture", picture).code == 0

    with Image.open(picture) as image:
        pixels = np.asarray(image)
    assert pixels.shape == (SIZE[1], SIZE[0], 3)

    def has(colour: tuple[int, int, int], line: int) -> bool:
        top = FIRST + line * STEP
        return bool((pixels[top - 20 : top + 60] == colour).all(axis=2).any())

    green, red = (24, 113, 58), (192, 38, 30)
    assert [has(green, line) for line in range(3)] == [True, False, True]
    assert [has(red, line) for line in range(3)] == [False, True, False]


def test_a_file_that_cannot_be_read_is_reported_and_the_others_are_read(read: Read, file: Path) -> None:
    broken, document = file.with_name("broken.png"), file.with_name("a.pdf")
    # Without the first bytes of its pixels.
    broken.write_bytes(file.read_bytes()[:30])
    document.write_bytes(b"%PDF-1.7")
    missing = file.with_name("missing.png")

    outcome = read(broken, file, document, missing, file.parent, file, "--format", "json")

    assert outcome.code == 1
    assert [found["file"] for found in json.loads(outcome.output)] == [str(file)] * 2
    assert outcome.errors == (
        f"✗ {broken}: The page's image is damaged or cut off. → Save it or upload it again. "
        f"✗ {document}: The page is a PDF, not an image. → Convert its pages to PNG or JPEG images. "
        f"✗ {missing}: There is no such file. → Check its name. "
        f"✗ {file.parent}: This is a folder. → Name the files in it, as in folder/*.png."
    )

    too_large = read(file, MAX_PAGE_MB="0.001")
    assert (too_large.code, too_large.output) == (1, "")
    assert "The file has more than 0.001 MB." in too_large.errors


def test_several_files_have_their_names_above_their_texts_and_pictures_in_a_folder(read: Read, file: Path) -> None:
    receipt = ROOT / "examples" / "pages" / "receipt.png"
    again = file.parent / "more" / "page.png"
    pictures = file.parent / "pictures"
    again.parent.mkdir()
    pictures.mkdir()
    Image.fromarray(drawn.text("Another page", pad=90)).save(again)

    outcome = read(file, receipt, again, "--picture", pictures)

    lines = texts(outcome)
    assert lines[:2] == [f"==> {file} <==", LINES[0]]
    assert lines[4:7] == ["", f"==> {receipt} <==", "CORNER BAKERY"]
    assert lines[-3:] == ["", f"==> {again} <==", "Another page"]
    assert sorted(path.name for path in pictures.iterdir()) == ["page-2.png", "page.png", "receipt.png"]

    refused = read(file, receipt, "--picture", file.parent / "none")
    assert (refused.code, refused.output) == (1, "")
    assert refused.errors.endswith("/none is not a folder. → Make it: there is a picture for each file.")
    assert "lines.xyz is not the name of a picture." in read(file, "--picture", "lines.xyz").errors


def test_a_page_comes_from_standard_input() -> None:
    data = io.BytesIO()
    page().save(data, "PNG")

    done = subprocess.run(
        [sys.executable, "-m", "boxocr", "read", "-", "--engine", "tesseract"],
        env=clean_environment(PYTHONPATH=PYTHONPATH),
        input=data.getvalue(),
        capture_output=True,
        check=True,
        timeout=60,
    )

    assert done.stdout.decode().splitlines()[0] == LINES[0]


def test_languages_and_engines_are_those_that_there_are(
    read: Read, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert json.loads(read(file, "--languages", "English", "--format", "json").output)[0]["languages"] == "eng"
    missing = read(file, "--languages", "tlh")
    assert missing.code == 1
    assert "The OCR language tlh is not installed" in missing.errors
    for wrong, sentence in (
        (("--engine", "teseract"), 'there is no engine "teseract" (did you mean tesseract?)'),
        (("--languages", "+"), "contains no language"),
    ):
        with pytest.raises(SystemExit) as ended:
            read(file, *wrong)
        assert ended.value.code == 2
        assert sentence in " ".join(capsys.readouterr().err.split())
