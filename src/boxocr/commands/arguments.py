"""The arguments of ``boxocr`` and its commands."""

import argparse
from pathlib import Path

from boxocr import __version__

MODEL_TITLE = "BoxOCR"

# Repeated from boxocr.documents.formats, which imports OpenCV and would slow down --help.
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

_URL_HELP = "address of this backend as Label Studio reaches it (default: http://localhost:PORT)"


def make_parser() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    parser = argparse.ArgumentParser(
        prog="boxocr",
        description="Commands for operators of BoxOCR. They read the same variables and .env file as the server.",
    )
    parser.add_argument("--version", action="version", version=f"boxocr {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser("serve", help="start the server, with its status page unless STATUS_PAGE=false")
    doctor = commands.add_parser("doctor", help="check the settings and everything that the server depends on")
    doctor.add_argument("--project", type=number, metavar="N", help="look at this project of Label Studio as well")
    doctor.add_argument("--url", metavar="URL", help=_URL_HELP)
    doctor.add_argument("--json", action="store_true", help="print a list of {check, ok, message, remedy}")
    connect = commands.add_parser("connect", help="connect a project of Label Studio to this backend, and test it")
    connect.add_argument("--project", type=number, metavar="N", required=True, help="number of the project")
    connect.add_argument("--url", metavar="URL", help=_URL_HELP)
    connect.add_argument(
        "--title", default=MODEL_TITLE, help=f"name of the model in Label Studio (default: {MODEL_TITLE})"
    )
    demo = commands.add_parser("demo", help="make a project with sample pages, ready to draw on")
    demo.add_argument("--url", metavar="URL", help=_URL_HELP)
    demo.add_argument("--bucket", metavar="NAME", help="show the sample pages from this bucket of S3 or MinIO as well")
    demo.add_argument("--link", metavar="URL", help="address of Label Studio for people, where this server has another")
    samples = commands.add_parser("samples", help="put the sample pages into a bucket of S3 or MinIO")
    samples.add_argument("--bucket", metavar="NAME", required=True, help="name of the bucket; made if there is none")
    _add_import(commands.add_parser("import", help="import documents into a project, a task per page or document"))
    _add_preannotate(commands.add_parser("preannotate", help="read all pages of a project, file, folder or bucket"))
    _add_read(commands.add_parser("read", help="read image files and print their text, without a server"))
    _add_report(commands.add_parser("report", help="compare suggestions with the texts that annotators submitted"))
    _add_learn(commands.add_parser("learn", help="learn from the corrections in a project"))
    following = commands.add_parser("next", help="list the pages whose correction helps most")
    following.add_argument("--project", type=number, metavar="N", required=True, help="number of the project")
    following.add_argument("--most", type=number, metavar="M", default=10, help="how many pages (default: 10)")
    _add_export(commands.add_parser("export", help="write annotations as training data or documents"))
    _add_review(commands.add_parser("review", help="find annotation errors by reading all regions again"))
    return parser


def _add_learn(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--project", type=number, metavar="N", required=True, help="number of the project")
    action = parser.add_mutually_exclusive_group()
    action.add_argument("--dry-run", action="store_true", help="print what would be learned, and save nothing")
    action.add_argument(
        "--if-due", action="store_true", help="check the version in use; learn at 16, 32, 64, … corrections"
    )
    action.add_argument("--show", action="store_true", help="print what was learned")
    action.add_argument("--use", type=number, metavar="VERSION", help="go back to a version, or on to one")
    action.add_argument("--off", action="store_true", help="read as if nothing was learned; versions are kept")
    action.add_argument("--forget", action="store_true", help="delete all learned versions of the project")


def _add_report(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--project", type=number, nargs="+", metavar="N", required=True, help="number of the project, or several"
    )
    parser.add_argument("--html", type=Path, metavar="FILE", help="write figures, plots and the worst boxes here")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write a row for each box here")


def _add_import(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("inputs", nargs="+", metavar="INPUT", help="a file, folder, zip archive, or s3://bucket/prefix")
    parser.add_argument("--project", type=number, metavar="N", required=True, help="number of the project")
    _add_rendering(parser)
    parser.add_argument(
        "--text-layer",
        choices=("auto", "never"),
        default="auto",
        help="whether the text in PDFs becomes predictions where it is right (default: auto)",
    )
    parser.add_argument(
        "--to", metavar="PLACE", help="store pages in this folder or s3://bucket/prefix, not in uploads"
    )


def _add_rendering(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dpi", type=dpi, default=300, metavar="N", help="resolution of PDF pages (default: 300)")
    parser.add_argument(
        "--password", action="append", default=[], metavar="TEXT", help="to try on encrypted files; can be repeated"
    )


def _add_preannotate(parser: argparse.ArgumentParser) -> None:
    tasks = parser.add_mutually_exclusive_group(required=True)
    tasks.add_argument("--project", type=number, metavar="N", help="tasks of this project without predictions")
    tasks.add_argument("--input", type=Path, metavar="FILE", help="tasks in Label Studio's import format")
    tasks.add_argument("--folder", metavar="PATH", help="documents in this folder, below it, or in this archive")
    tasks.add_argument("--s3", metavar="URL", help="documents in a bucket: s3://bucket/prefix")
    parser.add_argument("--output", type=Path, metavar="FILE", help="where the tasks go with their predictions")
    parser.add_argument("--config", type=Path, metavar="FILE", help="labeling config; a project has its own")
    parser.add_argument("--to", metavar="PLACE", help="store rendered pages in this folder or s3://bucket/prefix")
    _add_rendering(parser)
    parser.add_argument("--ray", metavar="ADDRESS", help="read on a Ray cluster: auto, or HOST:PORT of its head")
    parser.set_defaults(refuse=parser.error)


def _add_read(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE", help="an image; - for standard input")
    parser.add_argument("--format", choices=("text", "json", "hocr"), default="text", help="default: text")
    parser.add_argument("--picture", type=Path, metavar="OUT", help="draw the lines on the page; a folder for many")
    parser.add_argument("--languages", metavar="L", help="such as deu+eng (default: OCR_LANG)")
    parser.add_argument("--engine", metavar="E", help="such as tesseract (default: OCR_ENGINE)")
    parser.set_defaults(refuse=parser.error)


def dpi(text: str) -> float:
    """Parse a resolution.

    Raises:
        ValueError: it is not a number from 36 to 1200.
    """
    found = float(text)
    if not 36 <= found <= 1200:  # noqa: PLR2004 - from hardly legible to more than scanners provide
        raise ValueError
    return found


def number(text: str) -> int:
    """Parse Label Studio's number of a project or similar.

    Raises:
        ValueError: it is not a whole number above 0.
    """
    found = int(text)
    if found < 1:
        raise ValueError
    return found


def _add_export(parser: argparse.ArgumentParser) -> None:
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


def _add_review(parser: argparse.ArgumentParser) -> None:
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
