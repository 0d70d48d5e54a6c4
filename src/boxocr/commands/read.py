"""``boxocr read``: reads image files as whole pages, for people who want to try their own."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TextIO

from PIL import Image

from boxocr.answering.whole_tasks import MISSING_PART
from boxocr.documents import hocr
from boxocr.documents.page_json import page_as_json
from boxocr.documents.picture import picture
from boxocr.errors import BoxOCRError, PageForbidden, PageNotFound, PageTooLarge, PageUnreachable
from boxocr.label_studio.errors import CommandFailed, command_errors
from boxocr.pages.decode import Decoder
from boxocr.reading.pool.jobs import Priority
from boxocr.reading.pool.pool import ReaderPool
from boxocr.reading.types import Pixels, ReadingOptions
from boxocr.reading.whole_page import ReadPage
from boxocr.settings.environment import Settings

_STANDARD_INPUT = "-"

_BYTES_PER_MB = 1_000_000

ReportFailure = Callable[[str, BoxOCRError], None]

ReportWarning = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class Work:
    """The arguments of the command.

    Attributes:
        files: names of image files; ``-`` for standard input.
        output_format: of the standard output.
        picture: where pictures of the pages with their lines go: a file, or a folder for many; None for none.
        languages: codes joined by ``+``.
        engine: as in ``OCR_ENGINE``.
    """

    files: Sequence[str]
    output_format: Literal["text", "json", "hocr"]
    picture: Path | None
    languages: str
    engine: str


def read(
    work: Work, settings: Settings, out: TextIO, report_failure: ReportFailure, report_warning: ReportWarning
) -> bool:
    """Read files, and print their text in the order of the files.

    Args:
        work: the arguments.
        settings: limits for pages and readers.
        out: gets the text, JSON or hOCR.
        report_failure: called with the name and the error of each file that cannot be read.
        report_warning: called with the name of each file that was read in part only, and a sentence about it.

    Returns:
        Whether all files were read.

    Raises:
        CommandFailed: the readers do not start, or the pictures cannot be written.
    """
    pictures = _picture_files(work) if work.picture else [None] * len(work.files)
    workers = min(len(work.files), settings.ocr_workers)
    pool = ReaderPool(
        workers=workers,
        timeout=settings.ocr_timeout,
        engine=work.engine,
        languages=work.languages,
        tessdata=str(settings.tessdata_prefix) if settings.tessdata_prefix else None,
        models=str(settings.ppocr_models) if settings.ppocr_models else None,
    )
    executor = ThreadPoolExecutor(workers)
    with ExitStack() as stack:
        # Registered first, so it runs after the readers are stopped, and Ctrl-C does not wait for the other files.
        stack.callback(executor.shutdown, cancel_futures=True)
        with command_errors():
            stack.enter_context(pool)
        reader = _FileReader(pool, settings, ReadingOptions(work.languages, engine=work.engine))
        outcomes = zip(work.files, executor.map(reader.read, work.files, pictures), strict=True)
        read_pages = _without_failures(outcomes, report_failure, report_warning)
        if work.output_format == "text":
            count = _print_texts(read_pages, out, named=len(work.files) > 1)
        else:
            pages = list(read_pages)
            count = len(pages)
            print(_as_json(pages) if work.output_format == "json" else hocr.document(pages).rstrip(), file=out)
        return count == len(work.files)


class _FileReader:
    """Reads files. Thread-safe.

    Args:
        pool: reads the pages.
        settings: limits for pages.
        options: for the pool.
    """

    def __init__(self, pool: ReaderPool, settings: Settings, options: ReadingOptions) -> None:
        self._pool = pool
        self._max_mb = settings.max_page_mb
        self._decoder = Decoder(
            settings.max_page_megapixels, at_once=settings.ocr_workers, timeout=settings.page_decode_timeout
        )
        self._decoder.start()
        self._options = options

    def read(self, name: str, picture_file: Path | None) -> ReadPage | BoxOCRError:
        """The reading of a file, or the error that prevented it."""
        try:
            image = self._decoder.decode_image(_bytes_of(name, self._max_mb))
            pixels = image.pixels
            reading = self._pool.read_page(pixels, self._options, priority=Priority.INTERACTIVE)
        except BoxOCRError as error:
            return error
        page = ReadPage(pixels.shape[1], pixels.shape[0], reading, image.missing)
        if picture_file is None:
            return page
        try:
            _save_picture(pixels, page, picture_file)
        except BoxOCRError as error:
            return error
        return page


def _bytes_of(name: str, max_mb: float) -> bytes:
    most = int(max_mb * _BYTES_PER_MB)
    try:
        if name == _STANDARD_INPUT:
            data = sys.stdin.buffer.read(most + 1)
        else:
            with Path(name).open("rb") as file:
                data = file.read(most + 1)
    except FileNotFoundError:
        raise PageNotFound("There is no such file.", "Check its name.") from None
    except IsADirectoryError:
        raise PageNotFound("This is a folder.", "Name the files in it, as in folder/*.png.") from None
    except PermissionError:
        raise PageForbidden("You may not read this file.", "Check its permissions.") from None
    except (OSError, ValueError) as error:
        raise PageUnreachable(f"The file cannot be read ({type(error).__name__}).", "Check its name.") from None
    if len(data) > most:
        raise PageTooLarge(f"The file has more than {max_mb:g} MB.", "Store it smaller, or raise MAX_PAGE_MB.")
    return data


def _picture_files(work: Work) -> list[Path]:
    """The file of each page's picture.

    Raises:
        CommandFailed: Pillow does not write this format, or there are several pages and no folder.
    """
    wanted = work.picture or Path()
    if not wanted.is_dir() and len(work.files) == 1:
        if wanted.suffix.lower() not in Image.registered_extensions():
            raise CommandFailed(f"{wanted.name} is not the name of a picture.", "Use a name that ends in .png.")
        return [wanted]
    if not wanted.is_dir():
        raise CommandFailed(f"{wanted} is not a folder.", "Make it: there is a picture for each file.")
    files: list[Path] = []
    for name in work.files:
        stem = "page" if name == _STANDARD_INPUT else Path(name).stem
        names = (wanted / f"{stem}{number}.png" for number in ("", *(f"-{n}" for n in range(2, len(work.files) + 1))))
        files.append(next(file for file in names if file not in files))
    return files


def _save_picture(pixels: Pixels, page: ReadPage, file: Path) -> None:
    try:
        picture(pixels, page.reading).save(file)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise CommandFailed(f"Its picture cannot be written to {file} ({reason}).", "Choose another name.") from None


def _without_failures(
    outcomes: Iterator[tuple[str, ReadPage | BoxOCRError]],
    report_failure: ReportFailure,
    report_warning: ReportWarning,
) -> Iterator[tuple[str, ReadPage]]:
    for name, outcome in outcomes:
        if isinstance(outcome, BoxOCRError):
            report_failure(name, outcome)
            continue
        if outcome.missing:
            report_warning(name, MISSING_PART)
        yield name, outcome


def _print_texts(pages: Iterator[tuple[str, ReadPage]], out: TextIO, *, named: bool) -> int:
    """Print each text as soon as it is read, headed by the file's name if ``named``; returns the number of texts."""
    count, gap = 0, ""
    for name, page in pages:
        text = page.reading.as_one().text
        if named:
            print(f"{gap}==> {name} <==", file=out)
            gap = "\n"
        if text:
            print(text, file=out, flush=True)
        count += 1
    return count


def _as_json(pages: Sequence[tuple[str, ReadPage]]) -> str:
    return json.dumps([{"file": name} | page_as_json(page) for name, page in pages], ensure_ascii=False, indent=1)
