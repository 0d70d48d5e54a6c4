"""Exports, read by the programs that they are for: Tesseract's trainer and poppler, from Debian."""

import re
import subprocess
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tests.commands.label_studio_api import ApiStandIn
from tests.export.annotated import CONFIG, HEIGHT, WIDTH, png, rectangle, region, task
from tests.export.conftest import Export

# As small as a network can be that reads lines: the files are read as for any other one.
_NETWORK = "[1,36,0,1 Ct3,3,16 Mp3,3 Lfys16 Lfx32 O1c111]"

_SECONDS = 60


def run(*command: object, folder: Path) -> str:
    """The output of a program."""
    done = subprocess.run(  # noqa: S603 - Debian's programs
        list(map(str, command)), cwd=folder, capture_output=True, check=True, timeout=_SECONDS
    )
    return (done.stdout + done.stderr).decode()


def test_tesseract_trains_with_the_exported_lines(export: Export, studio: ApiStandIn, tmp_path: Path) -> None:
    texts = ["Invoice No. 4711", "Total due 678.90", "Miller & Sons"]
    sheet, font = Image.new("L", (WIDTH, HEIGHT), 255), ImageFont.load_default(28)
    for number, text in enumerate(texts):
        ImageDraw.Draw(sheet).text((60, 50 + 60 * number), text, fill=0, font=font)
    number = studio.add_project(CONFIG)
    studio.uploads["1/1.png"] = png(np.asarray(sheet))
    regions = [region(text, text, rectangle(50, 45 + 60 * place, 320, 45)) for place, text in enumerate(texts)]
    studio.tasks[number] = [task(1, *regions)]
    folder = export(number, "tesstrain", "--split", "100")
    # As tesstrain does it: a box file with the line's text for each image.
    for truth in folder.glob("*.gt.txt"):
        name = truth.name.removesuffix(".gt.txt")
        width, height = np.asarray(Image.open(folder / f"{name}.png")).shape[::-1]
        text = truth.read_text(encoding="utf-8").strip()
        (folder / f"{name}.box").write_text(f"WordStr 0 0 {width} {height} 0 #{text}\n\t 0 0 {width} {height} 0\n")
        run("tesseract", f"{name}.png", name, "--psm", 13, "lstm.train", folder=folder)
    lines = sorted(folder.glob("*.lstmf"))
    (tmp_path / "lines").write_text("\n".join(map(str, lines)))
    data = re.findall(r'"(.*)"', run("tesseract", "--list-langs", folder=folder))[0]
    said = run(
        "lstmtraining", "--traineddata", Path(data, "eng.traineddata"), "--net_spec", _NETWORK,
        "--model_output", "model", "--train_listfile", "lines", "--max_iterations", 9,
        "--debug_interval", -1, folder=tmp_path,
    )  # fmt: skip
    assert set(re.findall(r"GROUND  TRUTH : (.*)", said)) == set(texts)


def test_poppler_reads_the_pdf_and_shows_the_page_only(export: Export, studio: ApiStandIn, tmp_path: Path) -> None:
    number = studio.add_project(CONFIG)
    # More characters than one of its fonts has.
    text = "Größe 東京 Ω😀 " + "".join(chr(code) for code in range(0x100, 0x250))
    sheet = Image.new("L", (WIDTH, HEIGHT), 255)
    ImageDraw.Draw(sheet).rectangle((60, 60, 700, 80), fill=0)
    studio.uploads["1/1.png"] = png(np.asarray(sheet))
    studio.tasks[number] = [task(1, region("long", text, rectangle(50, 50, 700, 40)))]
    folder = export(number, "pdf")
    assert run("pdftotext", "-enc", "UTF-8", "task-1.pdf", "-", folder=folder).strip() == text
    run("pdftoppm", "-r", 300, "-png", "task-1.pdf", tmp_path / "shown", folder=folder)
    (shown,) = tmp_path.glob("shown*.png")
    pixels = np.asarray(Image.open(shown).convert("L")).astype(int)
    assert pixels.shape == (HEIGHT, WIDTH)
    # At edges, rendering mixes neighbouring pixels.
    assert (np.abs(pixels - np.asarray(sheet)) > 60).mean() < 0.01
