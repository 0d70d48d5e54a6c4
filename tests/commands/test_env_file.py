"""A ``.env`` file in the encodings that editors write, or one that cannot be read."""

import codecs
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.backend import SERVE, refused, running
from tests.commands.conftest import Run
from tests.conftest import DATA

SETTINGS = "LABEL_STUDIO_HOST=http://localhost:8080\r\nOCR_LANG=deu\r\n"

LATIN_1 = ".env is not UTF-8 but perhaps Latin-1 or Windows-1252 in line 1; save it as UTF-8"

# Root may read everything, unless these are taken away.
AS_SOMEBODY = (
    ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-dac_override,-dac_read_search"]
    if os.geteuid() == 0
    else []
)


def reported(folder: Path, name: str) -> None:
    (folder / ".env").write_bytes((DATA / "env" / name).read_bytes())


def test_the_reported_file_in_utf_16_is_read(tmp_path: Path) -> None:
    reported(tmp_path, "env_utf16.env")

    with running(tmp_path, {"OCR_ENGINE": "tests.engines:Counting", "OCR_WORKERS": "1"}) as server:
        said = server.says("BoxOCR is ready on ")

    # Its PORT gives way to the environment's; its LABEL_STUDIO_HOST is what lacks a token.
    assert "Not configured: a token for Label Studio (LABEL_STUDIO_ACCESS_TOKEN); S3 " in said


@pytest.mark.parametrize(
    "written",
    [
        codecs.BOM_UTF8 + SETTINGS.encode(),
        codecs.BOM_UTF16_LE + SETTINGS.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + SETTINGS.encode("utf-16-be"),
        SETTINGS.replace("\r\n", "\n").encode() + "# Büro Müller".encode(),
    ],
    ids=["UTF-8 with a mark", "UTF-16, little end first", "UTF-16, big end first", "UTF-8"],
)
def test_the_first_and_the_last_line_are_read(boxocr: Run, tmp_path: Path, written: bytes) -> None:
    (tmp_path / ".env").write_bytes(written)

    done = boxocr("doctor", LABEL_STUDIO_URL="", OCR_ENGINE="tesseract")

    assert done.says("localhost:8080")
    assert done.says("reads deu (OCR_LANG).")


def test_the_reported_file_in_latin_1_keeps_the_server_from_starting(tmp_path: Path) -> None:
    reported(tmp_path, "env_latin1.env")

    assert refused(tmp_path, {}) == (1, f"BoxOCR cannot start: {LATIN_1}\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ["doctor"],
        ["connect", "--project", 1],
        ["demo"],
        ["samples", "--bucket", "pages"],
        ["preannotate", "--project", 1],
    ],
    ids=lambda arguments: str(arguments[0]),
)
def test_every_command_says_the_same(boxocr: Run, tmp_path: Path, arguments: list[object]) -> None:
    reported(tmp_path, "env_latin1.env")

    done = boxocr(*arguments)

    assert done.code == 1
    assert (done.output + done.errors).startswith(f"✗ settings: {LATIN_1} → ")


def as_bytes(content: bytes) -> Callable[[Path], None]:
    def write(file: Path) -> None:
        file.write_bytes(content)

    return write


def forbidden(file: Path) -> None:
    file.write_text("PORT=9091\n")
    file.chmod(0)


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (
            as_bytes("PORT=9091\r\nBASIC_AUTH_PASS=gehüteter-Wert\r\n".encode("cp1252")),
            ".env is not UTF-8 but perhaps Latin-1 or Windows-1252 in line 2; save it as UTF-8",
        ),
        (
            as_bytes("PORT=9091\nBASIC_AUTH_PASS=hidden-word\n".encode("utf-16-le")),
            ".env has a zero byte in line 1, as UTF-16 without a byte order mark does; save it as UTF-8",
        ),
        (
            as_bytes(codecs.BOM_UTF16_LE + "PORT=9091\n".encode("utf-16-le") + b"x"),
            ".env is damaged UTF-16 in line 2; save it as UTF-8",
        ),
        (Path.mkdir, ".env is a folder; remove it, or put a file with the settings there"),
        (
            lambda file: file.symlink_to("nowhere"),
            ".env is a link to a file that does not exist; remove or correct it",
        ),
        (forbidden, ".env cannot be read by the user that runs BoxOCR; change its permissions"),
    ],
    ids=["Windows-1252", "UTF-16 without a mark", "cut UTF-16", "a folder", "a broken link", "forbidden"],
)
def test_a_file_that_cannot_be_read_is_named_and_not_quoted(
    tmp_path: Path, make: Callable[[Path], None], complaint: str
) -> None:
    make(tmp_path / ".env")

    assert refused(tmp_path, {}, before=AS_SOMEBODY) == (1, f"BoxOCR cannot start: {complaint}\n")


def test_a_virtual_environment_of_that_name_is_no_file_of_settings(boxocr: Run, tmp_path: Path) -> None:
    (tmp_path / ".env").mkdir()
    (tmp_path / ".env" / "pyvenv.cfg").touch()

    assert boxocr("doctor").says("✓ settings: All variables have valid values.")


@pytest.mark.parametrize(
    ("encoding", "written", "shown"),
    [
        ("utf-8", "STATUS_PAGE = false", False),
        ("utf-8-sig", "STATUS_PAGE=false", False),
        ("utf-16", "STATUS_PAGE=false", False),
        ("utf-16", "#STATUS_PAGE=false", True),
    ],
)
def test_serve_shows_the_status_page_unless_the_file_says_otherwise(
    tmp_path: Path, encoding: str, written: str, shown: bool
) -> None:
    (tmp_path / ".env").write_bytes(f"{written}\r\nOCR_WORKERS=1\r\n".encode(encoding))

    with running(tmp_path, {"OCR_ENGINE": "tests.engines:Counting"}, command=SERVE) as backend:
        home = backend.get("/", headers={"Accept": "text/html"})

    assert home.headers["Content-Type"].startswith("text/html") is shown
