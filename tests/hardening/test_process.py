"""How the processes of a server share the machine."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.processes import tree
from tests.backend import ROOT, one_reader, running
from tests.payloads import one_box, texts

# glibc's own account of what it took from the system by itself for single large blocks: struct mallinfo2.
_LARGE_BLOCKS = """
import ctypes
from boxocr.process import give_memory_back

class Account(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in (
        "arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost")]

library = ctypes.CDLL(None)
library.malloc.restype = ctypes.c_void_p
library.free.argtypes = [ctypes.c_void_p]
library.mallinfo2.restype = Account
{}
library.free(library.malloc(8_000_000))
before = library.mallinfo2().hblkhd
library.malloc(8_000_000)
print(library.mallinfo2().hblkhd - before >= 8_000_000)
"""


@pytest.mark.parametrize(("setup", "goes_back"), [("", "False"), ("give_memory_back()", "True")])
def test_memory_of_pages_goes_back_to_the_system(setup: str, goes_back: str) -> None:
    code = _LARGE_BLOCKS.format(setup)
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == goes_back


def test_the_web_process_does_not_interrupt_readers(page_server: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    settings = one_reader(page_server, "tests.engines:Counting")
    with running(tmp_path_factory.mktemp("scheduling"), settings) as server:
        assert texts(server.predict(one_box(page_server))[0]["result"])
        master, web, *_ = tree(server.pid)
        assert os.sched_getscheduler(master) == os.SCHED_OTHER
        threads = Path(f"/proc/{web}/task").iterdir()
        assert {os.sched_getscheduler(int(thread.name)) for thread in threads} == {os.SCHED_BATCH}
