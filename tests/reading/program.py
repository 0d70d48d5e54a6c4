"""A tesseract program made of tesserocr, for machines that have none."""

import os
import sys
import textwrap
from pathlib import Path

import pytest

STAND_IN = """\
#!{python}
import os, sys, time
import tesserocr
from PIL import Image
assert os.environ["OMP_THREAD_LIMIT"] == "1"
if "--version" in sys.argv:
    print("tesseract", tesserocr.tesseract_version().split()[1])
    raise SystemExit
time.sleep({seconds})
source, target, *rest = sys.argv[1:]
options = dict(zip(rest, rest[1:]))
api = tesserocr.PyTessBaseAPI(path=options["--tessdata-dir"] + "/", lang=options["-l"], psm=int(options["--psm"]))
for flag, value in zip(rest, rest[1:]):
    if flag == "-c":
        api.SetVariable(*value.split("=", 1))
api.SetImage(Image.open(source))
header = "level page_num block_num par_num line_num word_num left top width height conf text".split()
if "tessedit_create_tsv=1" in rest:
    with open(target + ".tsv", "w", encoding="utf-8") as out:
        out.write("\\t".join(header) + "\\n" + api.GetTSVText(0))
else:
    with open(target + ".txt", "w", encoding="utf-8") as out:
        out.write(api.GetUTF8Text())
"""


def write(folder: Path, seconds: float = 0) -> None:
    """Write the program into a folder.

    Args:
        folder: where to write it.
        seconds: additional time that the program takes.
    """
    program = folder / "tesseract"
    program.write_text(textwrap.dedent(STAND_IN).format(python=sys.executable, seconds=seconds))
    program.chmod(0o755)


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, seconds: float = 0) -> None:
    """Write the program, and put its folder first on the PATH."""
    write(folder, seconds)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("OMP_THREAD_LIMIT", "")
