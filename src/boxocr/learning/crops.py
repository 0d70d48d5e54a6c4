"""Pictures of boxes for people: cut out of their pages, scaled to fit a table, as ``data:`` addresses."""

import base64
import io
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
from PIL import Image

from boxocr.labeling.config import LabelingConfig
from boxocr.labeling.regions import Region
from boxocr.labeling.shapes import area_of
from boxocr.pages.crop import cut
from boxocr.pages.page import Page, PageAddress

_MOST_WIDTH, _MOST_HEIGHT = 900, 300

Borrow = Callable[[PageAddress], AbstractContextManager[Page]]


def crop_of(region: Region, task: Mapping[str, Any], label_config: str, borrow: Borrow) -> np.ndarray:
    """The pixels of a box, as its annotator saw them.

    Args:
        region: of the task.
        task: with its ``data``.
        label_config: of the project.
        borrow: gives the page at an address, as a context manager.

    Raises:
        BoxOCRError: something is wrong with the config, the address, the page or the box.
    """
    config = LabelingConfig.parse(label_config, task["data"])
    urls = config.page_urls(region.image, task["data"])
    index = region.page_index if config.is_multi_page(region.image) else 0
    with borrow(PageAddress(urls[min(index, len(urls) - 1)], int(task["id"]))) as page:
        return cut(page, area_of(region, page.width, page.height))


def as_data_address(pixels: np.ndarray) -> str:
    """A picture as a ``data:`` address: JPEG, no larger than a row of a table."""
    picture = Image.fromarray(pixels).convert("RGB")
    picture.thumbnail((_MOST_WIDTH, _MOST_HEIGHT))
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=80)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"
