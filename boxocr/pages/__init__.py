"""From a task's URL to a decoded page, and from a page to a crop. Knows nothing of Label Studio's JSON."""

from boxocr.pages.area import Area, around
from boxocr.pages.crop import bytes_to_cut, cut
from boxocr.pages.frame import Frame, frame_of
from boxocr.pages.page import Page, PageAddress
from boxocr.pages.store import PageStore

__all__ = ["Area", "Frame", "Page", "PageAddress", "PageStore", "around", "bytes_to_cut", "cut", "frame_of"]
