"""The settings of an engine."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """Where engines find their data, and how long they may take.

    Attributes:
        languages: the default ones, loaded before the first box; empty for none.
        tessdata: a folder with Tesseract's language data to look into first, if any.
        links: a private folder for links to language data from several folders.
        timeout: seconds that a reading may take.
        threads: how many threads one reading may use.
        models: a folder with models of the PP-OCR family to use before those of the wheel, if any.
    """

    languages: str
    tessdata: str | None
    links: str
    timeout: float
    threads: int = 1
    models: str | None = None
