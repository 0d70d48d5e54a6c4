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
    assert "MODEL_DIR cannot keep the regions that were drawn, so a restart forgets them" in server.log.read_text()
    assert "Traceback" not in server.log.read_text()


def test_regions_are_known_when_the_disk_is_full(tmp_path: Path) -> None:
    code = (
        "import signal, sys; from pathlib import Path; from boxocr.answering.asked_regions import AskedRegions\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "asked = AskedRegions(Path(sys.argv[1]))\n"
        "asked.add('1', map(str, range(10_000)))\n"
        "asked.add('2', ['last'])\n"
        "asked_in = {task: asked.before(task) for task in '123'}\n"
        "print(asked_in['1'].includes('9999'), asked_in['2'].includes('last'), asked_in['3'].includes('last'))"
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

    assert done.stdout == "True True False\n"
    assert "MODEL_DIR cannot keep the regions" in done.stderr


def test_the_values_of_many_projects_are_bounded() -> None:
    store = KeyValueStore(max_bytes=100_000)
    for number in range(1000):
        store.set(f"project {number}", "label_config", f"{number:1000}")
        assert store.get("project 0", "label_config") == f"{0:1000}"  # in use all the time
    store.set("too large", "label_config", "x" * 100_000)

    kept = [number for number in range(1000) if store.get(f"project {number}", "label_config")]
    assert 80 < len(kept) < 100
    assert kept == [0, *range(1001 - len(kept), 1000)]
    assert store.get("too large", "label_config") is None

    store.set("project 7", "label_config", "it asked again")
    assert store.get("project 7", "label_config") == "it asked again"
