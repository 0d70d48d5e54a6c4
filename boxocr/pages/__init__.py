"""From a task's URL to a decoded page, and from a page to a crop. Knows nothing of Label Studio's JSON."""

from boxocr.pages.crop import Area, cut
from boxocr.pages.page import Page, PageAddress
from boxocr.pages.store import PageStore

__all__ = ["Area", "Page", "PageAddress", "PageStore", "cut"]
