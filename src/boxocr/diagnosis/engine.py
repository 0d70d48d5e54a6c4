"""Checks that the engine reads the configured languages."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from boxocr.diagnosis.report import Finding, failed, failure, passed
from boxocr.errors import BoxOCRError
from boxocr.reading.pool.pool import ReaderPool
from boxocr.reading.pool.probe import check
from boxocr.reading.types import ReadingOptions
from boxocr.settings.environment import Settings

CHECK = "engine"

_ENGINES_WITH_MODELS = frozenset({"auto", "ppocr"})


def findings(settings: Settings, wanted: Iterable[ReadingOptions] = ()) -> Iterator[Finding]:
    """Start a reader as the server does, and read a test word with each set of languages.

    Args:
        settings: of the server.
        wanted: reading options that the project's labeling config requests.
    """
    tessdata = str(settings.tessdata_prefix) if settings.tessdata_prefix else None
    pool = ReaderPool(
        workers=1,
        timeout=settings.ocr_timeout,
        engine=settings.ocr_engine,
        languages=settings.ocr_lang,
        tessdata=tessdata,
        models=str(settings.ppocr_models) if settings.ppocr_models else None,
    )
    try:
        with pool:
            pool.probe()
            yield passed(CHECK, f"{pool.describe()} reads {settings.ocr_lang} (OCR_LANG).")
            if settings.ppocr_models is not None:
                yield _models(settings.ocr_engine, settings.ppocr_models)
            # Only languages and engines are checked: page segmentation modes and charsets cannot be missing.
            own = (settings.ocr_lang, settings.ocr_engine)
            asked = {(options.languages, options.engine) for options in wanted} - {own}
            for languages, engine in sorted(asked):
                yield _reads(pool, ReadingOptions(languages=languages, engine=engine))
    except BoxOCRError as error:
        yield failure(CHECK, error)


def _models(engine: str, folder: Path) -> Finding:
    if engine not in _ENGINES_WITH_MODELS:
        return failed(
            CHECK,
            f"PPOCR_MODELS has no effect on {engine}.",
            "Set OCR_ENGINE to auto or ppocr, or unset PPOCR_MODELS.",
        )
    # onnxruntime is installed here, since the engine has just read a word.
    from boxocr.reading import ppocr_models  # noqa: PLC0415 - onnxruntime can be missing

    return passed(CHECK, "; ".join(ppocr_models.described(folder)) + " (PPOCR_MODELS).")


def _reads(pool: ReaderPool, options: ReadingOptions) -> Finding:
    try:
        check(pool.read, options)
    except BoxOCRError as error:
        return failed(CHECK, f"The labeling config asks for {options.languages}: {error.message}", error.remedy)
    return passed(CHECK, f"It reads {options.languages}, which the labeling config asks for.")
