"""How the processes of a server share the machine."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.processes import tree
from tests.backend import ROOT, one_reader, running
from tests.payloads import one_box, texts

# Twelve threads that need memory at the same time; then glibc's account of its pools, as XML.
_POOLS = """
import ctypes, threading
from boxocr.process.scheduling import limit_malloc_arenas

{}
library = ctypes.CDLL(None)
library.fdopen.restype = ctypes.c_void_p
barrier = threading.Barrier(12)

def work():
    library.malloc(100_000)
    barrier.wait()

threads = [threading.Thread(target=work) for _ in range(12)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
output = ctypes.c_void_p(library.fdopen(1, b"w"))
library.malloc_info(0, output)
library.fflush(output)
"""


@pytest.mark.parametrize("setup", ["", "limit_malloc_arenas()"])
def test_threads_share_their_memory(setup: str) -> None:
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", _POOLS.format(setup)],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    pools = done.stdout.count("<heap nr=")
    assert pools == 2 if setup else pools > 2


def test_the_web_process_does_not_interrupt_readers(page_server: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    settings = one_reader(page_server, "tests.engines:Counting")
    with running(tmp_path_factory.mktemp("scheduling"), settings) as server:
        assert texts(server.predict(one_box(page_server))[0]["result"])
        master, web, *_ = tree(server.pid)
        assert os.sched_getscheduler(master) == os.SCHED_OTHER
        threads = Path(f"/proc/{web}/task").iterdir()
        assert {os.sched_getscheduler(int(thread.name)) for thread in threads} == {os.SCHED_BATCH}
