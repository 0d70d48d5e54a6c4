"""Measure the throughput of ``boxocr preannotate`` in pages per second: ``python -m bench.bulk``.

The pages are letters and invoices of 200 dpi (:mod:`bench.drawn_pages`), all different, as files in a folder.
The command reads them with OCR_ENGINE=tesseract; its time runs from the start of the readers until the last page is in
the journal, including fetching and decoding. The *bare engine* is one warm Tesseract engine in page segmentation mode 3
that gets one page after the other and does nothing else, alone on the machine. The command is compared with the rate of
the bare engine times the number of cores, once for an engine that decodes files, and once for one that is given pixels.
The contenders alternate.

CPU seconds per page are also printed, because they mean something even on a machine with other load. Those of the
command exclude its start-up, which is measured as a second run with nothing left to read.
"""

import argparse
import json
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path

from PIL import Image

from bench import drawn_pages
from bench.whole_pages import contenders
from boxocr.pages.decode import Decoder
from boxocr.settings.environment import available_cores

RESULTS = Path(__file__).parent / "results" / "bulk.json"
BARE = "psm 3"
ENGINE = "tesseract"

_CONFIG = """<View>
  <Image name="image" value="$image"/>
  <RectangleLabels name="bbox" toName="image" smart="true"><Label value="Text"/></RectangleLabels>
  <TextArea name="transcription" toName="image" perRegion="true" rows="3" model_preannotate="lines"/>
</View>"""


def draw(folder: Path, number: int) -> list[Path]:
    """Draw ``number`` different pages as PNG files."""
    paths = []
    for place in range(number):
        sheet = (drawn_pages.letter, drawn_pages.invoice)[place % 2](seed=place)
        paths.append(folder / f"{place:04}.png")
        Image.fromarray(sheet.page("bulk").pixels).save(paths[-1])
    return paths


@dataclass(frozen=True, slots=True)
class Rate:
    """Pages per second, and CPU seconds per page."""

    pages: float
    core_seconds: float


@dataclass(frozen=True, slots=True)
class BareRates:
    """Rates of one bare engine, given files and given pixels."""

    files: Rate
    pixels: Rate


def bare_rates(paths: Sequence[Path]) -> BareRates:
    """Measure one bare engine."""
    began, spent = time.perf_counter(), time.process_time()
    pages = [Decoder(100, at_once=1).decode(path.read_bytes()) for path in paths]
    decoding, decoding_spent = time.perf_counter() - began, time.process_time() - spent
    with tempfile.TemporaryDirectory() as links:
        read = contenders([BARE], Path(links))[BARE]
        read(pages[0], "eng")
        began, spent = time.perf_counter(), time.process_time()
        for page in pages:
            read(page, "eng")
        taken, spent = time.perf_counter() - began, time.process_time() - spent
    return BareRates(
        files=Rate(len(pages) / (decoding + taken), (decoding_spent + spent) / len(pages)),
        pixels=Rate(len(pages) / taken, spent / len(pages)),
    )


def command_rate(root: Path, name: str, pages: int) -> Rate:
    """Measure the command, all its processes together."""
    rate, spent = run_command(root, name)
    _, start = run_command(root, name)
    return Rate(rate, (spent - start) / pages)


def run_command(root: Path, name: str) -> tuple[float, float]:
    """Run the command; return the pages per second that it prints, and the CPU seconds of the whole run."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(Path(__file__).parents[1] / "src"),
        "LOCAL_FILES_DOCUMENT_ROOT": str(root),
        "OCR_ENGINE": ENGINE,
    }
    files = ["--folder", "pages", "--output", f"{name}.json", "--config", "config.xml"]
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "boxocr", "preannotate", *files],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    found = re.search(r"([\d.]+) pages per\s+second", done.stdout)
    if found is None:
        raise SystemExit(done.stdout + done.stderr)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return float(found[1]), after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def ratios(command: Sequence[Rate], bare: Sequence[Rate], cores: int) -> dict[str, float]:
    """Return the median ratios over the rounds, by pages per second and by CPU seconds."""
    pairs = list(zip(command, bare, strict=True))
    return {
        "pages_per_second": round(statistics.median(ours.pages / (cores * one.pages) for ours, one in pairs), 3),
        "core_seconds": round(statistics.median(one.core_seconds / ours.core_seconds for ours, one in pairs), 3),
    }


def main() -> None:
    """Measure, print and save the results."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pages", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    cores = available_cores()
    bare: list[BareRates] = []
    command: list[Rate] = []
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "pages").mkdir()
        (root / "config.xml").write_text(_CONFIG)
        paths = draw(root / "pages", options.pages)
        for number in range(options.rounds):
            with get_context("spawn").Pool(1) as alone:
                bare.append(alone.apply(bare_rates, (paths,)))
            command.append(command_rate(root, f"out-{number}", options.pages))
            print(f"bare engine {bare[-1]}, command on {cores} cores {command[-1]}")
    found = {
        "pages": options.pages,
        "cores": cores,
        "engine": ENGINE,
        "bare": [asdict(one) for one in bare],
        "command": [asdict(one) for one in command],
        "ratio_to_engine_given_files": ratios(command, [one.files for one in bare], cores),
        "ratio_to_engine_given_pixels": ratios(command, [one.pixels for one in bare], cores),
    }
    print(json.dumps(found, indent=2))
    RESULTS.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
