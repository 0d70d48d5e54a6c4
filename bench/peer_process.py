"""Runs another OCR program in its own environment, for :mod:`bench.peers`.

Reads a line of JSON for each image, ``{"image": path}``, and answers with one, ``{"lines": [[text, score]], "seconds":
CPU seconds}``, or ``{"failure": name}``.
"""

import importlib
import json
import logging
import sys
import time
from collections.abc import Callable
from typing import Any

Lines = list[tuple[str, float]]
Read = Callable[[str], Lines]


def rapidocr() -> Read:
    """The pipeline of rapidocr 3, PP-OCRv6."""
    engine = importlib.import_module("rapidocr").RapidOCR()

    def read(image: str) -> Lines:
        found = engine(image)
        return list(zip(found.txts or (), map(float, found.scores or ()), strict=True))

    return read


def rapidocr_onnxruntime() -> Read:
    """The pipeline of rapidocr-onnxruntime, PP-OCRv4."""
    engine = importlib.import_module("rapidocr_onnxruntime").RapidOCR()

    def read(image: str) -> Lines:
        found, _ = engine(image)
        return [(text, float(score)) for _, text, score in found or ()]

    return read


PROGRAMS = {"rapidocr": rapidocr, "rapidocr-onnxruntime": rapidocr_onnxruntime}


def main() -> None:
    """Answer until the input ends."""
    # What the programs print must not get into the answers.
    answers, sys.stdout = sys.stdout, sys.stderr
    read = PROGRAMS[sys.argv[1]]()
    logging.disable(logging.CRITICAL)
    print(json.dumps({"ready": True}), file=answers, flush=True)
    for line in sys.stdin:
        began = time.process_time()
        answer: dict[str, Any]
        try:
            answer = {"lines": read(json.loads(line)["image"])}
        except Exception as error:  # noqa: BLE001 - a program may fail in its own ways; the others are still measured
            answer = {"failure": type(error).__name__}
        print(json.dumps(answer | {"seconds": time.process_time() - began}), file=answers, flush=True)


if __name__ == "__main__":
    main()
