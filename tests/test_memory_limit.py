"""The operating system limits the memory of a process that decodes images."""

import subprocess
import sys

from tests.backend import PYTHONPATH, clean_environment

LIMITED = """
from boxocr.process.child import limited_memory

with limited_memory(50_000_000):
    bytearray(20_000_000)
    try:
        bytearray(200_000_000)
    except MemoryError:
        print("refused")
bytearray(200_000_000)
print("allowed")
"""


def test_a_process_gets_no_more_memory_than_it_is_allowed() -> None:
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", LIMITED],
        capture_output=True,
        env=clean_environment(PYTHONPATH=PYTHONPATH),
        timeout=60,
        check=True,
    )

    assert done.stdout.split() == [b"refused", b"allowed"]
