"""What the documentation says exists: links, commands, variables, sentences, configs, and an engine of one's own."""

import html
import io
import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import numpy as np
import pytest
from label_studio_sdk.label_interface import LabelInterface
from PIL import Image

from boxocr.labeling.attributes import ATTRIBUTES
from boxocr.labeling.config import LabelingConfig
from boxocr.reading.recognition.engine_settings import EngineSettings
from boxocr.reading.recognition.tesseract import Tesseract
from boxocr.reading.types import ReadingOptions
from tests.backend import ROOT, one_reader, running
from tests.payloads import one_box, texts

DOCUMENTS = sorted(
    path
    for path in ROOT.rglob("*.md")
    if not any(part.startswith((".venv", ".pytest")) or part == "node_modules" for part in path.parts)
)

# Of Label Studio, MinIO, boto3, the C library and others, and of examples; everything else must be a setting.
FOREIGN_VARIABLES = {
    "CHROMIUM",
    "LABEL_STUDIO_1_10_PYTHON",
    "LABEL_STUDIO_1_10_VENV",
    "LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT",
    "LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED",
    "LABEL_STUDIO_PORT",
    "LABEL_STUDIO_VENV",
    "ML_BLOCK_LOCAL_IP",
    "MINIO_API_CORS_ALLOW_ORIGIN",
    "MINIO_ROOT_PASSWORD",
    "MINIO_ROOT_USER",
    "OCR_SERVICE",
    "S3_PORT",
    "SCANS_ROOT",
    "SSRF_PROTECTION_ENABLED",
    "TMPDIR",
    "USE_DEFAULT_BANNED_SUBNETS",
}

_CODE_BLOCK = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_QUOTE = re.compile("“([^”]+)”")
_LITERALS_SIDE_BY_SIDE = re.compile(r"""(["'])\s*\n\s*f?(["'])""")
_VARIABLE = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")

_ANSWER_OF_HELP_SECONDS = 60


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def prose(path: Path) -> str:
    return _CODE_BLOCK.sub("", path.read_text(encoding="utf-8"))


def code(path: Path) -> Iterator[str]:
    """All that is written as code, line by line: blocks, and pieces within sentences."""
    for _, block in _CODE_BLOCK.findall(path.read_text(encoding="utf-8")):
        yield from block.splitlines()
    yield from _CODE.findall(prose(path))


def blocks(path: Path, language: str) -> list[str]:
    return [block for kind, block in _CODE_BLOCK.findall(path.read_text(encoding="utf-8")) if kind == language]


@cache
def anchors(path: Path) -> frozenset[str]:
    """The headings' anchors as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", _CODE_BLOCK.sub("", path.read_text(encoding="utf-8")), re.MULTILINE)
    return frozenset(re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings)


documents = pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)


@documents
def test_links_lead_somewhere(document: Path) -> None:
    for link in _LINK.findall(prose(document)):
        parts = urlsplit(html.unescape(link))
        if parts.scheme:
            assert parts.scheme == "https", link
            continue
        target = (document.parent / unquote(parts.path)).resolve() if parts.path else document
        assert target.exists(), link
        assert not parts.fragment or parts.fragment in anchors(target), link


def test_all_documentation_is_listed() -> None:
    index = ROOT / "docs" / "README.md"
    listed = {(index.parent / link).resolve() for link in _LINK.findall(index.read_text(encoding="utf-8"))}

    assert {path for path in (ROOT / "docs").glob("*.md") if path != index} <= listed


@documents
def test_tests_that_are_named_exist(document: Path) -> None:
    for text in code(document):
        file, separator, test = text.partition("::")
        if separator and file.startswith("tests/"):
            assert f"def {test}(" in (ROOT / file).read_text(encoding="utf-8"), text


@documents
def test_make_has_the_targets_that_are_named(document: Path) -> None:
    targets = set(re.findall(r"^([a-z][\w-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))

    for line in code(document):
        for arguments in re.findall(r"(?:^|\s)make((?: [\w=./-]+)+)", re.sub(r"apt(-get)? install .*", "", line)):
            named = {word for word in arguments.split() if "=" not in word}
            assert named <= targets, line


@cache
def help_of(*command: str) -> str:
    arguments = [sys.executable, "-m", "boxocr", *command, "--help"]
    done = subprocess.run(  # noqa: S603 - our own commands
        arguments, cwd=ROOT, capture_output=True, text=True, timeout=_ANSWER_OF_HELP_SECONDS, check=False
    )
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout


@documents
def test_boxocr_has_the_commands_and_options_that_are_named(document: Path) -> None:
    for line in code(document):
        for command, arguments in re.findall(r"(?:^|[\s/])boxocr ([a-z]+)\b([^|#]*)", line.replace("exec boxocr ", "")):
            described = help_of(command)
            for option in re.findall(r"(?<!\S)(--[a-z][a-z0-9-]*)", arguments):
                assert re.search(rf"{option}\b", described), line


@cache
def constants() -> frozenset[str]:
    """Names of the package's module-level constants."""
    sources = (path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))
    return frozenset(
        name for source in sources for name in re.findall(r"^([A-Z][A-Z0-9_]*)(?:: .*)? = ", source, re.MULTILINE)
    )


@documents
def test_variables_that_are_named_exist(document: Path) -> None:
    settings = set(_VARIABLE.findall((ROOT / "example.env").read_text(encoding="utf-8")))

    named = {name for line in code(document) for name in _VARIABLE.findall(line)}

    assert named <= settings | FOREIGN_VARIABLES | constants()


def test_sentences_in_the_table_of_troubles_are_said() -> None:
    single = ("model.py", "gunicorn.conf.py", "Makefile", "docker-compose.yml", "demo/desk.py")
    sources = [*(ROOT / "src").rglob("*.py"), *(ROOT / name for name in single)]
    said = "\n".join(_LITERALS_SIDE_BY_SIDE.sub("", path.read_text(encoding="utf-8")) for path in sources)

    quoted = _QUOTE.findall((ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8"))

    assert len(quoted) > 30
    for quote in quoted:
        for part in quote.split("…"):
            assert part.strip() in said, quote


@documents
def test_labeling_configs_can_be_used(document: Path) -> None:
    for block in blocks(document, "xml"):
        if block.lstrip().startswith("<View"):
            LabelInterface(block).validate()


def test_the_attributes_of_labeling_configs_are_described_with_where_they_may_stand() -> None:
    document = (ROOT / "docs" / "labeling-configs.md").read_text(encoding="utf-8")

    described = re.findall(r"^\| `(model_\w+)` \| ([^|]+) \|", document, re.MULTILINE)

    assert sorted(described) == sorted((one.name, one.placement) for one in ATTRIBUTES.values())


@documents
def test_labeling_configs_have_no_attribute_without_effect(document: Path) -> None:
    for block in blocks(document, "xml"):
        if block.lstrip().startswith("<View"):
            assert LabelingConfig.as_written(block).warnings() == ()


class _Service(BaseHTTPRequestHandler):
    """What docs/other-engines.md has as an example: reads PNG files, here with Tesseract."""

    engine: Tesseract

    def do_POST(self) -> None:
        crop = Image.open(io.BytesIO(self.rfile.read(int(self.headers["Content-Length"])))).convert("L")
        (languages,) = parse_qs(urlsplit(self.path).query)["lang"]
        lines = self.engine.lines(np.asarray(crop), 6, ReadingOptions(languages=languages))
        confidence = min((line.confidence for line in lines), default=0.0)
        answer = json.dumps({"text": "\n".join(line.text for line in lines), "confidence": confidence}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        pass


@pytest.fixture
def service(tmp_path: Path) -> Iterator[str]:
    _Service.engine = Tesseract(
        EngineSettings(languages="eng", tessdata=None, links=str(tmp_path / "links"), timeout=20)
    )
    with ThreadingHTTPServer(("127.0.0.1", 0), _Service) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_an_engine_as_it_is_documented_reads(tmp_path: Path, service: str, page_server: str) -> None:
    (engine,) = blocks(ROOT / "docs" / "other-engines.md", "python")
    assert len(engine.splitlines()) < 30
    (tmp_path / "my_engine.py").write_text(engine)

    with running(tmp_path, one_reader(page_server, "my_engine:MyEngine", OCR_SERVICE=service)) as backend:
        (prediction,) = backend.predict(one_box(page_server))
        ready = backend.get("/ready").json()

    assert list(texts(prediction["result"]).values()) == ["Invoice 12345"]
    assert prediction["result"][-1]["meta"]["suggestion"]["engine"] == "my service"
    assert "my service 1" in ready["engine"]
