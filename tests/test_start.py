"""What a start makes of engine and languages: it takes what is meant, or refuses, or says what fails."""

import gc
import time
from pathlib import Path

import pytest
import requests

from boxocr.settings import tessdata
from boxocr.web.warm_up import warm_up
from tests.backend import PYTHONPATH, Backend, refused, running
from tests.conftest import DATA
from tests.waiting import until

INSTALLED = ", ".join(tessdata.languages(tessdata.folders(None)))

ONE_READER = {"OCR_WORKERS": "1"}


def ready(server: Backend) -> object:
    answer = server.get("/ready")
    assert answer.status_code == 200, answer.text
    return answer.json()["languages"]


def problem(answer: requests.Response) -> str:
    """The sentence and the remedy of a 503."""
    assert answer.status_code == 503, answer.text
    error = answer.json()["error"]
    assert error["code"] == "engine_unavailable"
    return f"{error['message']} {error['remedy']}"


# --- Engines by name


def test_the_reported_engine_name_is_taken(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes((DATA / "env" / "env_engine_case.env").read_bytes())

    with running(tmp_path, ONE_READER) as server:
        assert "and reads with tesseract 5." in server.says("BoxOCR is ready on ")
        assert ready(server) == ["eng"]


@pytest.mark.parametrize("name", ["PP-OCR", " rapidocr ", '"PaddleOCR"'])
def test_other_names_of_pp_ocr_are_taken(tmp_path: Path, name: str) -> None:
    with running(tmp_path, {"OCR_ENGINE": name} | ONE_READER) as server:
        assert "and reads with ppocr v6: " in server.says("BoxOCR is ready on ")


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        (
            "easyocr",
            ('there is no engine "easyocr"; use auto, tesseract, pytesseract or ppocr, or package.module:Class for one '
            "of your own"),
        ),
        (
            "tesserakt",
            ('there is no engine "tesserakt" (did you mean tesseract?); use auto, tesseract, pytesseract or ppocr, or '
            "package.module:Class for one of your own"),
        ),
        ("tests.engines.Counting", ('there is no engine "tests.engines.Counting"; a class of your own is written '
         "tests.engines:Counting")),
        (
            "tests/engines:Counting",
            ('"tests/engines:Counting" is not a class; write package.module:Class, as Python imports it, for an engine '
            "of your own"),
        ),
    ],
)  # fmt: skip
def test_an_engine_that_does_not_exist_keeps_the_server_from_starting(
    tmp_path: Path, name: str, complaint: str
) -> None:
    assert refused(tmp_path, {"OCR_ENGINE": name}) == (1, f"BoxOCR cannot start: OCR_ENGINE: {complaint}\n")


# --- Languages


@pytest.mark.parametrize(
    ("written", "codes"),
    [
        ("en", ["eng"]),
        ("EN-us, German", ["eng", "deu"]),
        ("english de", ["eng", "deu"]),
        ('["deu","en"]', ["deu", "eng"]),
    ],
)
def test_a_language_may_be_written_as_people_do(tmp_path: Path, written: str, codes: list[str]) -> None:
    with running(tmp_path, {"OCR_LANG": written, "OCR_ENGINE": "tesseract"} | ONE_READER) as server:
        server.says("BoxOCR is ready on ")
        assert ready(server) == codes


def test_data_of_the_operators_own_goes_before_names(tmp_path: Path) -> None:
    english = tessdata.installed(tessdata.folders(None))["eng"]
    (tmp_path / "en.traineddata").write_bytes(english.read_bytes())
    environment = {"OCR_LANG": "en", "TESSDATA_PREFIX": str(tmp_path), "OCR_ENGINE": "tesseract"} | ONE_READER

    with running(tmp_path, environment) as server:
        assert ready(server) == ["en"]


def test_an_engine_of_ones_own_gets_its_languages_as_they_are_written(tmp_path: Path) -> None:
    environment = {"OCR_ENGINE": "tests.engines:Counting", "OCR_LANG": "en,Klingon"} | ONE_READER
    with running(tmp_path, environment) as server:
        assert ready(server) == ["en", "Klingon"]


MISSING = (
    f"The OCR language tlh is not installed (installed: {INSTALLED}). Install Debian's package tesseract-ocr-tlh, or "
    "put tlh.traineddata into the folder that TESSDATA_PREFIX names (docs/reading.md#languages)."
)


@pytest.mark.parametrize("engine", ["tesseract", "auto"])
def test_a_missing_language_keeps_the_server_from_starting(tmp_path: Path, engine: str) -> None:
    began = time.monotonic()
    environment = {"OCR_LANG": "eng+tlh", "OCR_ENGINE": engine}

    assert refused(tmp_path, environment) == (4, f"BoxOCR cannot start: {MISSING}\n")
    # It is not started again and again.
    assert time.monotonic() - began < 40


def test_pp_ocr_alone_refuses_a_language_that_it_does_not_know(tmp_path: Path) -> None:
    assert refused(tmp_path, {"OCR_LANG": "русский", "OCR_ENGINE": "ppocr"}) == (
        4,
        (
            "BoxOCR cannot start: ppocr v6 does not read rus. Choose another language with OCR_LANG, or another engine "
            "with OCR_ENGINE.\n"
        ),
    )


@pytest.mark.parametrize("written", ["../eng", "eng|deu", ","])
def test_what_is_no_language_is_refused(tmp_path: Path, written: str) -> None:
    status, printed = refused(tmp_path, {"OCR_LANG": written})

    named = f'"{written}" is not a language' if written != "," else "contains no language"
    said = f'OCR_LANG: {named}; write codes or names joined by "+", as in deu+eng'
    assert (status, printed) == (1, f"BoxOCR cannot start: {said}\n")


# --- Engines of the operator's own, and parts that are not installed

IMPORT = 'The OCR engine "{}" cannot be imported: '


@pytest.mark.parametrize(
    ("engine", "sentence"),
    [
        (
            "no_such_module:Engine",
            IMPORT + "there is no Python module no_such_module. Write it as package.module:Class, and put the package "
            "where Python finds it (PYTHONPATH).",
        ),
        (
            "own.absent:Engine",
            IMPORT + "there is no Python module own.absent. Write it as package.module:Class, and put the package "
            "where Python finds it (PYTHONPATH).",
        ),
        (
            "own.needing:Engine",
            IMPORT + "it needs no_such_library, which is not installed. Install it where BoxOCR is installed.",
        ),
        ("own.empty:Engine", IMPORT + "its module has no class Engine. Correct the name after the colon."),
        (
            "tests.reading.fake_engines:NotAnEngine",
            '"{}" is not an OCR engine. Give it the methods read and languages.',
        ),
        ("own.nameless:Engine", '"{}" is not an OCR engine. Give it a name and a version.'),
    ],
)
def test_a_class_that_is_no_engine_keeps_the_server_from_starting(tmp_path: Path, engine: str, sentence: str) -> None:
    assert refused(own_modules(tmp_path), own(tmp_path, engine)) == (
        4,
        f"BoxOCR cannot start: {sentence.format(engine)}\n",
    )


@pytest.mark.parametrize(
    ("module", "reason"),
    [
        ("failing", "RuntimeError: libGL.so.1: cannot open (failing.py, line 1)"),
        ("garbled", "SyntaxError: '(' was never closed (garbled.py, line 2)"),
        ("ending", "SystemExit: usage: (ending.py, line 2)"),
    ],
)
def test_a_module_that_fails_is_refused_with_its_error_in_the_log(tmp_path: Path, module: str, reason: str) -> None:
    status, printed = refused(own_modules(tmp_path), own(tmp_path, f"own.{module}:Engine") | ONE_READER)

    logged, said = printed.splitlines()
    assert logged.endswith(f" ERROR boxocr.reading.pool.worker: engine own.{module}:Engine: {reason}")
    sentence = IMPORT.format(f"own.{module}:Engine")
    assert (status, said) == (4, f"BoxOCR cannot start: {sentence}its module fails. Its error is in the log.")


def test_a_program_that_is_not_installed_keeps_the_server_from_starting(tmp_path: Path) -> None:
    environment = {"OCR_ENGINE": "pytesseract", "PATH": str(tmp_path)}

    assert refused(tmp_path, environment) == (
        4,
        "BoxOCR cannot start: There is no tesseract program on this machine. Install Debian's package tesseract-ocr.\n",
    )


MODULES = {
    "__init__": "",
    "needing": "import no_such_library\n",
    "empty": "",
    "nameless": "class Engine:\n    read = languages = print\n",
    "failing": "raise RuntimeError('libGL.so.1: cannot open')\n",
    "garbled": "import sys\nprint(\n",
    "ending": "import sys\nsys.exit('usage:')\n",
}


def own_modules(folder: Path) -> Path:
    """A folder with a package ``own``, of modules that are wrong in different ways."""
    (folder / "own").mkdir()
    for name, text in MODULES.items():
        (folder / "own" / f"{name}.py").write_text(text)
    return folder


def own(folder: Path, engine: str) -> dict[str, str]:
    return {"OCR_ENGINE": engine, "PYTHONPATH": f"{PYTHONPATH}:{folder}"}


# --- Engines that do not read: the server runs, and says so


FAULTS = [
    (
        "tests.engines:Misreading",
        (
            'The OCR engine reads "2468" as "Z468". Check its language data (TESSDATA_PREFIX), or choose another one '
            "with OCR_ENGINE."
        ),
    ),
    (
        "tests.reading.fake_engines:Raises",
        "The OCR engine failed on a test word. Its error is in the server's log.",
    ),
    (
        "tests.reading.fake_engines:GivesNothing",
        "The OCR engine failed on a test word. Its error is in the server's log.",
    ),
    (
        "tests.reading.fake_engines:Killed",
        "The OCR engine crashed on a test word. Install it again, or choose another one with OCR_ENGINE.",
    ),
    (
        "tests.reading.fake_engines:Hangs",
        (
            "The OCR engine took too long to read a test word. Raise OCR_TIMEOUT, or choose another engine with "
            "OCR_ENGINE."
        ),
    ),
    (
        "tests.reading.fake_engines:DoesNotStart",
        'The OCR engine "tests.reading.fake_engines:DoesNotStart" does not start. Its error is in the log.',
    ),
]


@pytest.mark.parametrize(("engine", "sentence"), FAULTS)
def test_an_engine_that_does_not_read_is_not_announced_as_ready(tmp_path: Path, engine: str, sentence: str) -> None:
    with running(tmp_path, {"OCR_ENGINE": engine, "OCR_TIMEOUT": "4"} | ONE_READER) as server:
        said = server.says(" ERROR boxocr: ")
        assert said == f"BoxOCR runs on {server.url}, but cannot read: {sentence}"
        assert problem(server.get("/ready")) == sentence
        assert server.get("/health").status_code == 200
        assert "BoxOCR is ready" not in server.log.read_text()


def test_a_slow_engine_does_not_keep_health_waiting(tmp_path: Path) -> None:
    with running(tmp_path, {"OCR_ENGINE": "tests.engines:Slow"} | ONE_READER) as server:
        assert server.log.read_text() == ""
        assert server.says("BoxOCR is ready on ").startswith(f"{server.url} and reads with counting 1: eng. ")
        assert ready(server) == ["eng"]


def test_a_program_that_reads_its_log_gets_the_fault_as_an_object(tmp_path: Path) -> None:
    environment = {"OCR_ENGINE": "tests.engines:Misreading", "LOG_FORMAT": "json"} | ONE_READER
    with running(tmp_path, environment) as server:
        said = server.says('"level": "ERROR", "logger": "boxocr", "message": ')

    assert said.startswith(f'"BoxOCR runs on {server.url}, but cannot read: ')


# --- The garbage collector


def test_the_garbage_collector_is_on_after_the_start() -> None:
    gc.disable()
    try:
        warm_up()
        until(gc.isenabled)
    finally:
        gc.enable()
        gc.unfreeze()
