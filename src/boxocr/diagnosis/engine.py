"""Does the engine read, in the languages that are asked for?"""

from collections.abc import Iterable, Iterator

from boxocr.diagnosis.report import Finding, failed, failure, passed
from boxocr.errors import BoxOCRError
from boxocr.reading.pool.pool import ReaderPool
from boxocr.reading.pool.probe import check
from boxocr.reading.types import ReadingOptions
from boxocr.settings.environment import Settings

CHECK = "engine"


def findings(settings: Settings, wanted: Iterable[ReadingOptions] = ()) -> Iterator[Finding]:
    """Starts a reader as the server does, and reads a rendered word with each set of languages.

    Args:
        settings: the server's.
        wanted: what a project's labeling config asks for.
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
            # Page segmentation modes and charsets cannot be missing.
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
