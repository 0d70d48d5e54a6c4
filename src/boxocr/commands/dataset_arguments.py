"""Arguments of the commands that turn annotations into data sets."""

import argparse
from pathlib import Path

# Of boxocr.documents.formats, which imports OpenCV.
FORMAT_NAMES = (
    "paddleocr-rec",
    "tesstrain",
    "imagefolder",
    "lmdb",
    "paddleocr-det",
    "icdar2015",
    "coco-text",
    "funsd",
    "hocr",
    "alto",
    "page",
    "pdf",
    "text",
    "csv",
)


def number(text: str) -> int:
    """A number of Label Studio.

    Raises:
        ValueError: it is not a whole number above 0.
    """
    found = int(text)
    if found < 1:
        raise ValueError
    return found


def add_export(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``boxocr export``."""
    parser.add_argument("--project", type=number, metavar="N", required=True, help="number of the project")
    parser.add_argument("--format", choices=FORMAT_NAMES, required=True, metavar="F", help=", ".join(FORMAT_NAMES))
    parser.add_argument("--output", type=Path, metavar="DIR", required=True, help="new or empty folder for the files")
    parser.add_argument(
        "--annotators",
        choices=("latest", "ground-truth", "agreed"),
        default="latest",
        help="of several annotations of a task: the latest, the ground truth, or the regions that all annotators "
        "agree on (default: latest)",
    )
    parser.add_argument(
        "--split",
        metavar="TRAIN,VAL,TEST",
        help="percentages of the pages (default: 80,10,10 for training data, 100 for documents)",
    )
    parser.add_argument(
        "--seed", type=int, default=0, metavar="S", help="another one splits in another way (default: 0)"
    )
    parser.set_defaults(refuse=parser.error)


def add_review(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``boxocr review``."""
    parser.add_argument("--project", type=number, metavar="N", required=True, help="number of the project")
    parser.add_argument(
        "--html", type=Path, metavar="FILE", help="write the suspicious regions with their pictures here"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the suspicious regions here, for programs")
    parser.add_argument("--write", action="store_true", help="store the score of each task in its field boxocr_review")
    parser.add_argument(
        "--fill",
        choices=("predictions", "annotations"),
        help="read the regions without text, and store the texts as predictions or in the annotations",
    )
