"""Columns of an imported task that name the document and page it comes from."""

from collections.abc import Mapping
from typing import Any

SOURCE_FILE = "source_file"
"""Path of the document below the folder, archive or bucket that was imported."""

SOURCE_PAGE = "source_page"
"""Number of the page in the document, from 1; in a task for a document with all its pages there is none."""

SOURCE_CHECKSUM = "source_sha256"
"""SHA-256 of the document file, in hexadecimal digits."""

COLUMNS = (SOURCE_FILE, SOURCE_PAGE, SOURCE_CHECKSUM)


def source_columns(file: str, checksum: str, page: int | None) -> dict[str, Any]:
    """The columns of a task.

    Args:
        file: path of the document.
        checksum: of the document.
        page: number of the page, from 1; None for all pages.
    """
    number = {} if page is None else {SOURCE_PAGE: page}
    return {SOURCE_FILE: file, **number, SOURCE_CHECKSUM: checksum}


def page_of(data: Mapping[str, Any]) -> int | None:
    """The number of a task's page in its document; None for a task with all pages."""
    page = data.get(SOURCE_PAGE)
    return page if isinstance(page, int) else None
