"""A folder that cannot be written, and a disk that fills up: boxes are read all the same."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from boxocr.answering.model_base import KeyValueStore
from tests.backend import PYTHONPATH, clean_environment, one_reader, running
from tests.payloads import one_box, texts


@pytest.mark.parametrize("folder", ["/proc/nowhere", "{file}/below"])
def test_a_folder_that_cannot_be_written_is_told_and_boxes_are_read(
    tmp_path: Path, page_server: str, folder: str
) -> None:
    (tmp_path / "file").write_text("")
    model_dir = folder.format(file=tmp_path / "file")
    environment = one_reader(page_server, "tests.engines:Counting", MODEL_DIR=model_dir)
    with running(tmp_path, environment) as server:
        results = server.predict(one_box(page_server))[0]["result"]

    assert texts(results) == {"DeBKjm31i2": "reading 1"}
    assert "MODEL_DIR cannot be used, so nothing outlives this process" in server.log.read_text()
    assert "Traceback" not in server.log.read_text()


def test_what_was_kept_stays_at_hand_when_the_disk_is_full(tmp_path: Path) -> None:
    code = (
        "import signal, sys; from pathlib import Path; from boxocr.answering.model_base import KeyValueStore\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "store = KeyValueStore(Path(sys.argv[1]))\n"
        "store.set('1', 'key', 'before')\n"
        "store.set('2', 'key', 'x' * 500_000)\n"
        "store.set('3', 'key', 'after')\n"
        "print(store.get('1', 'key'), len(store.get('2', 'key')), store.get('3', 'key'))"
    )
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-W", "ignore", "-c", code, str(tmp_path)],
        env=clean_environment(PYTHONPATH=PYTHONPATH),
        # No file may grow beyond this, which is what a full disk looks like to a program.
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)),
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "before 500000 after\n"
    assert "MODEL_DIR did not take a value" in done.stderr


@pytest.mark.parametrize("on_disk", [False, True])
def test_what_is_kept_of_projects_without_end_is_bounded(tmp_path: Path, *, on_disk: bool) -> None:
    folder = tmp_path if on_disk else None
    store = KeyValueStore(folder, most_bytes=100_000)
    for number in range(1000):
        store.set(f"project {number}", "label_config", f"{number:1000}")
        assert store.get("project 0", "label_config") == f"{0:1000}"  # in use all the time
    store.set("too large", "label_config", "x" * 100_000)

    for known in [store, KeyValueStore(folder, most_bytes=100_000)] if on_disk else [store]:
        kept = [number for number in range(1000) if known.get(f"project {number}", "label_config")]
        assert 80 < len(kept) < 100
        assert kept == [0, *range(1001 - len(kept), 1000)]
        assert known.get("too large", "label_config") is None

    store.set("project 7", "label_config", "it asked again")
    assert store.get("project 7", "label_config") == "it asked again"
    if on_disk:
        # What goes from the file leaves room for what comes.
        assert (tmp_path / "boxocr.sqlite3").stat().st_size < 300_000
