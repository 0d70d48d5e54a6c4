"""A page of a document file as an image file that browsers show."""

from dataclasses import dataclass

from boxocr.reading.whole_page import Line


# Without slots, which would slow down pickling between processes.
@dataclass(frozen=True)
class PageImage:
    """An image of a page.

    Attributes:
        data: bytes of a PNG, JPEG, WebP, GIF or BMP file.
        suffix: of its name, such as ``.png``.
        width: of the upright page, px.
        height: of the upright page, px.
        text_layer: the lines of a PDF's text layer, in px of the upright page and in reading order, without confidence;
            empty for a page without text layer.
        layer_ink: share of the page's ink that is in these lines, 0 to 1.
        blank: whether the page has no text layer, and nothing is visible on it.
        remark: a sentence about a difference between the image and the page; usually empty.
    """

    data: bytes
    suffix: str
    width: int
    height: int
    text_layer: tuple[Line, ...] = ()
    layer_ink: float = 0.0
    blank: bool = False
    remark: str = ""
