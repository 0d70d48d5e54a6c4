"""The steps in docs/extending.md, followed to the letter: their files and changes, in a copy of the sources, run."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.backend import ROOT, running
from tests.conftest import DATA
from tests.payloads import notes, one_box, texts

DOCUMENT = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")

# A paragraph that says "in `file`" or "in the new file `file`", and its block of code.
_STEP = re.compile(
    r"\bin (?:the new file )?`([\w./]+)`(?:(?!\n\n).)*\n\n```(python|diff)\n(.*?)^```$", re.MULTILINE | re.DOTALL
)


def changed(text: str, difference: str) -> str:
    """The text after the change; each of its parts must fit in one place only."""
    for part in re.split(r"^@@.*\n", difference, flags=re.MULTILINE):
        lines = part.splitlines(keepends=True)
        before = "".join(line[1:] or "\n" for line in lines if not line.startswith("+"))
        after = "".join(line[1:] or "\n" for line in lines if not line.startswith("-"))
        assert text.count(before) == 1, f"{text.count(before)} places for\n{part}"
        text = text.replace(before, after)
    return text


def follow(section: str, folder: Path) -> str:
    """Copy the sources and follow a section's steps in the copy; the ``PYTHONPATH`` to use it."""
    shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("model.py", "_wsgi.py", "example.env"):
        shutil.copy(ROOT / name, folder)
    text = DOCUMENT.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    steps = _STEP.findall(text)
    assert len(steps) == text.count("\n```") / 2
    for name, kind, block in steps:
        file = folder / name
        assert file.exists() == (kind == "diff"), name
        file.write_text(changed(file.read_text(encoding="utf-8"), block) if kind == "diff" else block, encoding="utf-8")
    done = subprocess.run(  # noqa: S603 - ruff, which is locked
        [sys.executable, "-m", "ruff", "check", "--config", str(ROOT / "pyproject.toml"), str(folder / "src")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return f"{folder / 'src'}{os.pathsep}{folder}"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    folder = tmp_path / "copy"
    folder.mkdir()
    return folder


def test_an_engine_that_is_added_reads_and_can_be_selected(tmp_path: Path, copy: Path, page_server: str) -> None:
    environment = {"PYTHONPATH": follow("An engine", copy), "ALLOWED_IMAGE_HOSTS": page_server.removeprefix("http://")}
    body = one_box(page_server)

    with running(tmp_path, environment | {"OCR_ENGINE": "plain", "OCR_WORKERS": "1"}) as backend:
        (prediction,) = backend.predict(body)
        started = backend.says("BoxOCR is ready")
        body["label_config"] = body["label_config"].replace("<TextArea ", '<TextArea model_engine="tesseract" ', 1)
        (other,) = backend.predict(body)

    assert "reads with plain " in started
    assert list(texts(prediction["result"]).values()) == ["Invoice 12345"]
    assert prediction["result"][-1]["meta"]["suggestion"]["engine"] == "plain"
    assert other["result"][-1]["meta"]["suggestion"]["engine"] == "tesseract"


def test_a_source_that_is_added_gives_pages(tmp_path: Path, copy: Path, page_server: str) -> None:
    path = follow("A page source", copy)
    (tmp_path / "scans" / "1897").mkdir(parents=True)
    shutil.copy(DATA / "pages" / "a.png", tmp_path / "scans" / "1897" / "0042.png")
    shutil.copy(DATA / "pages" / "a.png", tmp_path / "outside.png")
    environment = {"PYTHONPATH": path, "OCR_ENGINE": "tesseract", "OCR_WORKERS": "1"}
    body = one_box(page_server)

    def page(url: str) -> list[dict[str, object]]:
        body["tasks"][0]["data"]["ocr"] = url
        (prediction,) = backend.predict(body)
        results: list[dict[str, object]] = prediction["result"]
        return results

    with running(tmp_path, environment | {"SCANS_ROOT": str(tmp_path / "scans")}) as backend:
        found = page("scan:1897/0042")
        missing = page("scan:1897/0043")
        outside = page("scan:../outside")
    with running(tmp_path, environment) as backend:
        without = page("scan:1897/0042")

    assert list(texts(found).values()) == ["Invoice 12345"]
    assert notes(missing) == notes(outside) != []
    assert "The scan archive has no such page." in notes(missing)[0]
    assert "Set SCANS_ROOT." in notes(without)[0]
    assert "SCANS_ROOT=\n" in (copy / "example.env").read_text()
