"""Pages and documents, read back by parsers of their formats."""

import csv
import json
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pdfplumber
import pytest
from htrvx.schemas import Validator
from lxml import etree
from PIL import Image, ImageDraw, ImageFont

from tests.commands.label_studio_api import ApiStandIn
from tests.export.annotated import CONFIG, HEIGHT, WIDTH, png, rectangle, region, relation, task
from tests.export.conftest import Export

Box = tuple[float, float, float, float]

FONT = ImageFont.load_default(28)

# An x rests on it.
BASELINE = round(FONT.getbbox("x")[3])

# Where the texts begin. The second page has only one.
TITLE, TOTAL, AMOUNT, ADDRESS, SIDE = (60, 50), (60, 400), (500, 400), (60, 150), (700, 300)


class Sheet:
    """A drawn page, with the place of each word's ink, and the ends of each line's baseline."""

    def __init__(self) -> None:
        self.image = Image.new("L", (WIDTH, HEIGHT), 255)
        self.words: dict[str, Box] = {}
        self.baselines: dict[str, Box] = {}

    def write(self, text: str, x: float, y: float) -> None:
        pen = ImageDraw.Draw(self.image)
        words, baseline = text.split(), y + BASELINE
        for word in words:
            pen.text((x, y), word, fill=0, font=FONT)
            alone = Image.new("L", self.image.size)
            ImageDraw.Draw(alone).text((x, y), word, fill=255, font=FONT)
            self.words[word] = alone.getbbox() or (0, 0, 0, 0)
            x += pen.textlength(f"{word} ", font=FONT)
        self.baselines[text] = (self.words[words[0]][0], baseline, self.words[words[-1]][2], baseline)

    def write_downwards(self, text: str, x: int, y: int) -> None:
        """A word that is rotated clockwise by a quarter."""
        left, top, right, bottom = (round(side) for side in FONT.getbbox(text))
        word = Image.new("L", (right - left, bottom - top), 255)
        ImageDraw.Draw(word).text((-left, -top), text, fill=0, font=FONT)
        turned = word.rotate(-90, expand=True)
        self.image.paste(turned, (x, y))
        self.words[text] = (x, y, x + turned.width, y + turned.height)
        baseline = x + bottom - BASELINE
        self.baselines[text] = (baseline, y, baseline, y + turned.height)


@pytest.fixture(scope="module")
def sheet() -> Sheet:
    sheet = Sheet()
    sheet.write("Invoice No. 4711", *TITLE)
    sheet.write("Miller & Sons", *ADDRESS)
    sheet.write("14 Harbour Road", ADDRESS[0], ADDRESS[1] + 40)
    sheet.write("Total due", *TOTAL)
    sheet.write("678.90", *AMOUNT)
    sheet.write_downwards("sideways", *SIDE)
    return sheet


@pytest.fixture
def project(studio: ApiStandIn, sheet: Sheet) -> int:
    """A project with a document of three pages, the second of which is empty, and a document of one page."""
    number = studio.add_project(CONFIG.replace('value="$image"', 'valueList="$scans"'), title="Invoices")
    last = Sheet()
    last.write("Page three", *TITLE)
    for name, page in (("1", sheet), ("2", Sheet()), ("3", last)):
        studio.uploads[f"1/{name}.png"] = png(np.asarray(page.image))
    first = task(
        1,
        # Not in the order of the page.
        region("amount", "678.90", rectangle(490, 395, 140, 40), label="Answer", item_index=0),
        region("total", "Total due", rectangle(50, 395, 160, 40), label="Question", item_index=0),
        region("title", "Invoice No. 4711", rectangle(50, 45, 300, 40), item_index=0),
        region("address", "Miller & Sons\n14 Harbour Road", rectangle(50, 145, 300, 80), item_index=0),
        region("side", "sideways", rectangle(735, 295, 140, 40, rotation=90), item_index=0),
        region("empty", "", rectangle(50, 900, 100, 30), item_index=0),
        region("last", "Page three", rectangle(50, 45, 300, 40), item_index=2),
        relation("total", "amount"),
    )
    first["data"] = {"scans": [f"/data/upload/1/{name}.png" for name in "123"]}
    second = task(2, region("title", "Page three", rectangle(50, 45, 300, 40), label="Answer"))
    second["data"] = {"scans": ["/data/upload/1/3.png"]}
    studio.tasks[number] = [first, second]
    return number


# The regions of the first page in reading order: text and bounds.
REGIONS = {
    "Invoice No. 4711": (50, 45, 350, 85),
    "Miller & Sons\n14 Harbour Road": (50, 145, 350, 225),
    "sideways": (695, 295, 735, 435),
    "Total due": (50, 395, 210, 435),
    "678.90": (490, 395, 630, 435),
    "": (50, 900, 150, 930),
}


def misplaced(found: Mapping[str, Sequence[float]], sheet: Sheet) -> dict[str, Any]:
    """The words that do not begin and end where their ink does. Their height is that of the line."""
    assert found.keys() == sheet.words.keys()
    wrong = {}
    for text, expected in sheet.words.items():
        sides = (1, 3) if text == "sideways" else (0, 2)
        if any(abs(found[text][side] - expected[side]) > 2 for side in sides):
            wrong[text] = (found[text], expected)
    return wrong


@pytest.mark.parametrize("output_format", ["alto", "page"])
def test_files_of_pages_conform_to_their_schema(export: Export, project: int, output_format: str) -> None:
    schema = Validator(output_format).xmlschema
    files = sorted(export(project, output_format).glob("*.xml"))
    assert len(files) == 4
    for path in files:
        schema.assertValid(etree.parse(str(path)))


def shifted(found: Mapping[str, str], sheet: Sheet) -> dict[str, Any]:
    """The baselines that are not below the letters of their line."""
    assert found.keys() == sheet.baselines.keys()
    wrong = {}
    for text, expected in sheet.baselines.items():
        ends = [float(number) for point in found[text].split() for number in point.split(",")]
        if any(abs(one - other) > 2 for one, other in zip(ends, expected, strict=True)):
            wrong[text] = (ends, expected)
    return wrong


def test_alto_has_every_word_where_it_is(export: Export, project: int, sheet: Sheet) -> None:
    folder = export(project, "alto")
    names = {"a": "http://www.loc.gov/standards/alto/ns-v4#"}
    assert sorted(path.stem for path in folder.glob("*.xml")) == [
        *(f"task-1-page-{number}" for number in (1, 2, 3)),
        "task-2",
    ]
    root: Any = etree.parse(str(folder / "task-1-page-1.xml"))

    def box(element: Any) -> tuple[float, ...]:
        x, y, width, height = (float(element.get(name)) for name in ("HPOS", "VPOS", "WIDTH", "HEIGHT"))
        return x, y, x + width, y + height

    blocks = root.findall(".//a:TextBlock", names)

    def line_text(line: Any) -> str:
        return " ".join(word.get("CONTENT") for word in line.findall("a:String", names))

    def text(block: Any) -> str:
        return "\n".join(map(line_text, block.findall("a:TextLine", names)))

    assert {text(block): box(block) for block in blocks} == REGIONS
    labels = {tag.get("ID"): tag.get("LABEL") for tag in root.findall(".//a:OtherTag", names)}
    assert [labels.get(block.get("TAGREFS")) for block in blocks] == [None, None, None, "Question", "Answer", None]
    assert [block.get("ROTATION") for block in blocks] == [None, None, "270", None, None, None]
    words = {word.get("CONTENT"): box(word) for word in root.findall(".//a:String", names)}
    assert not misplaced(words, sheet)
    assert np.asarray(Image.open(folder / root.findtext(".//a:fileName", namespaces=names))).shape == (HEIGHT, WIDTH)
    lines = {line_text(line): line for line in root.findall(".//a:TextLine", names)}
    assert not shifted({text: line.get("BASELINE") for text, line in lines.items()}, sheet)


def test_page_xml_has_every_word_where_it_is(export: Export, project: int, sheet: Sheet) -> None:
    folder = export(project, "page")
    names = {"p": "http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15"}
    root: Any = etree.parse(str(folder / "task-1-page-1.xml"))

    def box(element: Any) -> tuple[float, ...]:
        points = [tuple(map(int, point.split(","))) for point in element.find("p:Coords", names).get("points").split()]
        xs, ys = zip(*points, strict=True)
        return min(xs), min(ys), max(xs), max(ys)

    regions = {one.get("id"): one for one in root.findall(".//p:TextRegion", names)}
    ordered = [regions[one.get("regionRef")] for one in root.findall(".//p:RegionRefIndexed", names)]
    texts = [one.findtext("p:TextEquiv/p:Unicode", "", names) for one in ordered]
    assert list(zip(texts, map(box, ordered), strict=True)) == list(REGIONS.items())
    labels = [one.find("p:Labels/p:Label", names) for one in ordered]
    assert [label.get("value") if label is not None else "" for label in labels] == [
        "",
        "",
        "",
        "Question",
        "Answer",
        "",
    ]
    assert [one.get("custom") for one in ordered][3] == "structure {type:Question;}"
    assert [one.get("orientation") for one in ordered] == [None, None, "-90", None, None, None]
    found = {word.findtext("p:TextEquiv/p:Unicode", "", names): box(word) for word in root.findall(".//p:Word", names)}
    assert not misplaced(found, sheet)
    found_lines = root.findall(".//p:TextLine", names)
    lines = [line.findtext("p:TextEquiv/p:Unicode", "", names) for line in found_lines]
    ends = [line.find("p:Baseline", names).get("points") for line in found_lines]
    assert not shifted(dict(zip(lines, ends, strict=True)), sheet)
    assert lines == ["Invoice No. 4711", "Miller & Sons", "14 Harbour Road", "sideways", "Total due", "678.90"]


def test_the_baseline_of_an_askew_line_slopes_with_its_letters(export: Export, studio: ApiStandIn) -> None:
    askew = Image.new("L", (WIDTH, HEIGHT), 255)
    text = "Seventeen members were present, and five guests"
    ImageDraw.Draw(askew).text((60, 300), text, fill=0, font=FONT)
    degrees = 1.5
    askew = askew.rotate(-degrees, Image.Resampling.BICUBIC, fillcolor=255)
    number = studio.add_project(CONFIG)
    studio.uploads["1/1.png"] = png(np.asarray(askew))
    studio.tasks[number] = [task(1, region("line", text, rectangle(50, 280, 720, 80)))]
    root: Any = etree.parse(str(export(number, "page") / "task-1.xml"))
    (points,) = (one.get("points") for one in root.findall(".//{*}Baseline"))
    (left, top), (right, bottom) = (map(int, point.split(",")) for point in points.split())
    assert math.degrees(math.atan2(bottom - top, right - left)) == pytest.approx(degrees, abs=0.15)


def test_hocr_is_xhtml_with_every_word_where_it_is(export: Export, project: int, sheet: Sheet) -> None:
    folder = export(project, "hocr")
    root: Any = etree.parse(str(folder / "task-1-page-1.html"))
    found = {}
    for word in root.iterfind(".//{*}span[@class='ocrx_word']"):
        found[word.text] = [int(number) for number in re.findall(r"bbox (\d+) (\d+) (\d+) (\d+)", word.get("title"))[0]]
    assert not misplaced(found, sheet)
    assert "| regions without text | 1 |" in (folder / "README.md").read_text(encoding="utf-8")


def test_funsd_has_words_labels_and_links(export: Export, project: int, sheet: Sheet) -> None:
    folder = export(project, "funsd", "--split", "100")
    form = json.loads((folder / "annotations" / "task-1-page-1.json").read_text(encoding="utf-8"))["form"]
    assert {one["text"]: tuple(one["box"]) for one in form} == REGIONS
    by_number = {one["id"]: one for one in form}
    links = {tuple(by_number[number]["text"] for number in link) for one in form for link in one["linking"]}
    assert links == {("Total due", "678.90")}
    assert [len(one["linking"]) for one in form] == [0, 0, 0, 1, 1, 0]
    assert {one["text"]: one["label"] for one in form if one["label"] != "other"} == {
        "Total due": "Question",
        "678.90": "Answer",
    }
    words = {word["text"]: word["box"] for one in form for word in one["words"]}
    assert not misplaced(words, sheet)
    assert np.asarray(Image.open(folder / "images" / "task-1-page-1.png")).shape == (HEIGHT, WIDTH)
    # Its second page has no regions.
    assert not (folder / "annotations" / "task-1-page-2.json").exists()


def test_a_searchable_pdf_has_every_word_where_it_is(export: Export, project: int, sheet: Sheet) -> None:
    folder = export(project, "pdf")
    with pdfplumber.open(folder / "task-1.pdf") as pdf:
        first, second, third = pdf.pages
        scale = WIDTH / float(first.width)
        sides = ("x0", "top", "x1", "bottom")
        places = {
            word["text"]: [scale * float(word[side]) for side in sides]
            for word in first.extract_words()
            if word["upright"]
        }
        turned = [char for char in first.chars if not char["upright"]]
        assert "".join(char["text"] for char in turned) == "sideways"
        corners = np.array([[scale * float(char[side]) for side in sides] for char in turned])
        places["sideways"] = [*corners.min(axis=0)[:2], *corners.max(axis=0)[2:]]
        assert not misplaced(places, sheet)
        assert not second.chars
        assert third.extract_text() == "Page three"
        (image,) = first.images
        assert image["srcsize"] == (WIDTH, HEIGHT)


def test_plain_text_is_in_reading_order(export: Export, project: int) -> None:
    folder = export(project, "text")
    first = (folder / "task-1.txt").read_text(encoding="utf-8")
    assert first == (
        "Invoice No. 4711\n\nMiller & Sons\n14 Harbour Road\n\nsideways\n\nTotal due 678.90\n\f\n\fPage three\n"
    )
    assert (folder / "task-2.txt").read_text(encoding="utf-8") == "Page three\n"


def test_tables_have_a_row_for_each_region_and_each_document(export: Export, project: int) -> None:
    folder = export(project, "csv")
    with (folder / "regions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {
        row["text"]: tuple(int(row[side]) for side in ("left", "top", "right", "bottom"))
        for row in rows
        if (row["task"], row["page"]) == ("1", "1")
    } == REGIONS
    assert [row["rotation"] for row in rows if row["text"] == "sideways"] == ["90"]
    with (folder / "documents.csv").open(encoding="utf-8", newline="") as file:
        documents = {row["task"]: row for row in csv.DictReader(file)}
    assert documents["1"] == {
        "task": "1",
        "Answer": "678.90",
        "Question": "Total due",
        "without label": "Invoice No. 4711\nMiller & Sons\n14 Harbour Road\nsideways\nPage three",
    }
    assert documents["2"] == {"task": "2", "Answer": "Page three", "Question": "", "without label": ""}


def test_a_document_is_in_one_set_with_all_its_pages(export: Export, project: int) -> None:
    folder = export(project, "pdf", "--split", "50,50")
    found = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.pdf"))
    assert {Path(path).name for path in found} == {"task-1.pdf", "task-2.pdf"}
    assert {Path(path).parent.name for path in found} == {"train", "val"}
