"""The documented way to connect another engine."""

import inspect
import textwrap
from pathlib import Path

import pytest

from boxocr.reading import types
from boxocr.reading.pool.pool import ReaderPool
from boxocr.reading.types import Engine, ReadingOptions
from tests.reading import drawn

STAND_IN_FOR_EASYOCR = """\
__version__ = "1.7"

class Reader:
    def __init__(self, languages, gpu):
        assert (languages, gpu) == (["en"], False)

    def readtext(self, crop, allowlist):
        return [(None, f"{crop.shape[1]} wide", 0.9), (None, str(allowlist), 0.8)]
"""


def test_the_documented_example_works_as_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    documentation = inspect.getdoc(types) or ""
    example = textwrap.dedent(documentation.split("::\n", 1)[1])
    assert len(example.splitlines()) < 30
    (tmp_path / "easyocr.py").write_text(STAND_IN_FOR_EASYOCR)
    (tmp_path / "mypackage").mkdir()
    (tmp_path / "mypackage" / "module.py").write_text(example)
    monkeypatch.syspath_prepend(str(tmp_path))
    crop = drawn.text("Some text")
    with ReaderPool(workers=1, timeout=10, engine="mypackage.module:MyEngine") as pool:
        assert (pool.describe(), pool.languages()) == ("easyocr 1.7", ["eng"])
        reading = pool.read(crop, ReadingOptions(charset="abc"))
        assert reading.text == f"{crop.shape[1]} wide\nabc"
        assert (reading.confidence, reading.engine) == (0.8, "easyocr")
        with pytest.raises(Exception, match=r'^The OCR engine reads "2468" as "140 wide None"\.$'):
            pool.probe()


def test_the_protocol_tells_engines_from_other_things() -> None:
    from tests.reading.fake_engines import Healthy, NotAnEngine  # noqa: PLC0415

    assert isinstance(Healthy(), Engine)
    assert not isinstance(NotAnEngine(), Engine)
