"""Checks that the engine reads the configured languages."""

from collections.abc import Iterable, Iterator

from boxocr.diagnosis.report import Finding, failed, failure, passed
from boxocr.errors import BoxOCRError
from boxocr.reading.pool.pool import ReaderPool
from boxocr.reading.pool.probe import check
from boxocr.reading.types import ReadingOptions
from boxocr.settings.environment import Settings

CHECK = "engine"


def findings(settings: Settings, wanted: Iterable[ReadingOptions] = ()) -> Iterator[Finding]:
    """Start a reader as the server does, and read a test word with each set of languages.

    Args:
        settings: of the server.
        wanted: options in the project's labeling config.
    """
    tessdata = str(settings.tessdata_prefix) if settings.tessdata_prefix else None
    pool = ReaderPool(
        workers=1,
        timeout=settings.ocr_timeout,
        engine=settings.ocr_engine,
        languages=settings.ocr_lang,
        tessdata=tessdata,
    )
    try:
        with pool:
            pool.probe()
            yield passed(CHECK, f"{pool.describe()} reads {settings.ocr_lang} (OCR_LANG).")
            # Only languages and engines can be missing, not page segmentation modes or charsets.
            own = (settings.ocr_lang, settings.ocr_engine)
            asked = {(options.languages, options.engine) for options in wanted} - {own}
            for languages, engine in sorted(asked):
                yield _reads(pool, ReadingOptions(languages=languages, engine=engine))
    except BoxOCRError as error:
        yield failure(CHECK, error)


def _reads(pool: ReaderPool, options: ReadingOptions) -> Finding:
    try:
        check(pool.read, options)
    except BoxOCRError as error:
        return failed(CHECK, f"The labeling config asks for {options.languages}: {error.message}", error.remedy)
    return passed(CHECK, f"It reads {options.languages}, which the labeling config asks for.")
