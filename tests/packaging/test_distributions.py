"""The wheel and the source distribution: their files, their metadata, and a server from the wheel."""

import json
import re
import subprocess
import tarfile
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest

from boxocr import __version__
from tests.backend import ROOT, running
from tests.packaging.distributions import build, python
from tests.payloads import texts

EXAMPLE = json.loads((ROOT / "examples" / "one-box.json").read_text(encoding="utf-8"))

ENGINE = """
from boxocr.reading import Reading

class Shouting:
    name, version = "shouting", "1"

    def languages(self):
        return ["eng"]

    def read(self, crop, options):
        return Reading("2468" if crop.shape == (56, 140) else "HERE", 0.9, self.name, options.languages)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(ROOT, "wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(ROOT, "sdist", tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the wheel is installed. Its dependencies are those of the tests."""
    folder = tmp_path_factory.mktemp("installed")
    python(
        "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(folder), str(wheel), cwd=folder
    )
    return folder


def tracked(*folders: str) -> set[str]:
    """The repository's files in these folders."""
    done = subprocess.run(  # noqa: S603 - git
        ["git", "ls-files", *folders],  # noqa: S607 - found where the system has it
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    return {name for name in done.stdout.splitlines() if (ROOT / name).exists()}


def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as file:
        return Parser().parsestr(file.read(f"boxocr-{__version__}.dist-info/METADATA").decode())


def test_the_wheel_has_the_package_the_server_and_the_examples_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as file:
        names = {name for name in file.namelist() if not name.startswith(f"boxocr-{__version__}.dist-info/")}

    assert wheel.name == f"boxocr-{__version__}-py3-none-any.whl"
    package = {name.removeprefix("src/") for name in tracked("src")}
    assert {"boxocr/py.typed", "boxocr/web/status/templates/status.html"} <= package
    server = {f"boxocr/server/{name}" for name in ("_wsgi.py", "gunicorn.conf.py", "model.py")}
    assert names == package | server | {f"boxocr/{name}" for name in tracked("examples")}


def test_the_source_distribution_builds_the_same_wheel(wheel: Path, sdist: Path, tmp_path: Path) -> None:
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (source,) = tmp_path.iterdir()

    again = build(source, "wheel", tmp_path / "wheel")

    assert again.name == wheel.name
    assert again.read_bytes() == wheel.read_bytes()


def test_the_metadata_agrees_with_the_lock_and_the_makefile(wheel: Path) -> None:
    about = metadata(wheel)
    classifiers = about.get_all("Classifier", [])
    minor = [int(found[1]) for one in classifiers if (found := re.fullmatch(r"Programming .* :: 3\.(\d+)", one))]
    first, beyond = min(minor), max(minor) + 1

    assert minor == list(range(first, beyond))
    assert about["Requires-Python"] == f"<3.{beyond},>=3.{first}"
    assert f"(3, {first}) <= sys.version_info[:2] < (3, {beyond})" in (ROOT / "Makefile").read_text(encoding="utf-8")
    assert about.get_all("Provides-Extra") == ["pytesseract", "ray"]
    assert about["License-Expression"] == "Apache-2.0"
    assert about["Version"] == __version__


def test_the_installed_command_serves_from_an_unrelated_folder(installed: Path, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("OCR_ENGINE=tesseract\nOCR_WORKERS=1\n")
    # The name of one of the server's own modules.
    (tmp_path / "model.py").write_text("raise RuntimeError\n")

    command = [str(installed / "bin" / "boxocr"), "serve"]
    with running(tmp_path, {"PYTHONPATH": str(installed)}, command=command) as backend:
        (prediction,) = backend.predict(EXAMPLE)
        page = backend.get("/", headers={"Accept": "text/html"}).text
        files = [backend.get(f"/{name}").ok for name in re.findall(r"status/files/[\w.]+", page)]

    assert list(texts(prediction["result"]).values()) == ["Total due: 1,284.50 EUR"]
    assert files
    assert all(files)
    where = "from boxocr.files import EXAMPLES, SERVER; print(EXAMPLES, SERVER, sep='\\n')"
    found = python("-c", where, cwd=tmp_path, PYTHONPATH=str(installed)).split()
    assert found == [str(installed / "boxocr" / name) for name in ("examples", "server")]


def test_an_engine_in_the_working_folder_is_found_by_the_server_and_by_commands(
    installed: Path, tmp_path: Path
) -> None:
    (tmp_path / "my_engine.py").write_text(ENGINE)
    (tmp_path / ".env").write_text("OCR_ENGINE=my_engine:Shouting\nOCR_WORKERS=1\n")
    environment = {"PYTHONPATH": str(installed)}
    command = str(installed / "bin" / "boxocr")

    with running(tmp_path, environment, command=[command, "serve"]) as backend:
        (prediction,) = backend.predict(EXAMPLE)
        doctor = python(command, "doctor", "--url", backend.url, cwd=tmp_path, **environment)

    assert list(texts(prediction["result"]).values()) == ["HERE"]
    assert "✓ engine: shouting 1 reads" in doctor
