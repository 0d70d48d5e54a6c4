"""Kinds of pages, from tasks and regions: format of the file, and size. No I/O."""

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import unquote

from boxocr.errors import BoxOCRError
from boxocr.labeling.config import LabelingConfig
from boxocr.labeling.regions import Region

_INLINE = re.compile(r"data:image/(\w+)")
_SUFFIX = re.compile(r"\.([a-zA-Z0-9]{2,5})$")
_SAME = {"jpeg": "jpg", "tiff": "tif"}

# Screenshots and thumbnails; A4 at 150 to 300 dpi and photos; scans with a higher resolution.
_SIZES = ((2, "below 2 megapixels"), (9, "2 to 9 megapixels"), (25, "9 to 25 megapixels"))
_LARGEST = "over 25 megapixels"


def page_kind(region: Region, config: LabelingConfig | None, data: Mapping[str, Any]) -> str:
    """The kind of a region's page, such as "jpg, 2 to 9 megapixels"."""
    return f"{_format(_address(region, config, data))}, {_size(region)}"


def _address(region: Region, config: LabelingConfig | None, data: Mapping[str, Any]) -> str:
    with suppress(BoxOCRError):
        if config is not None:
            urls = config.page_urls(region.image, data)
            return urls[min(region.page_index, len(urls) - 1)]
    return ""


def _format(address: str) -> str:
    if inline := _INLINE.match(address):
        suffix = inline[1]
    else:
        path, _, query = address.partition("?")
        # Label Studio's local files have the path in the query.
        found = _SUFFIX.search(unquote(path)) or _SUFFIX.search(unquote(query.partition("&")[0]))
        suffix = found[1] if found else "unknown format"
    return _SAME.get(suffix.lower(), suffix.lower())


def _size(region: Region) -> str:
    width, height = (region.geometry.get(name) for name in ("original_width", "original_height"))
    if not isinstance(width, int | float) or not isinstance(height, int | float):
        return "unknown size"
    megapixels = width * height / 1e6
    return next((name for most, name in _SIZES if megapixels < most), _LARGEST)
