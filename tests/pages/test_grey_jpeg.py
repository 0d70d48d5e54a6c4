"""JPEGs that say RGB: those without colour are kept grey, those with any keep it."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageDraw

from tests.pages.conftest import encoded
from tests.pages.decoding import DECODER

SIZE = (2000, 1100)


def drawn(colour: tuple[int, int, int]) -> Image.Image:
    """A large white page with one thin line on it."""
    image = Image.new("RGB", SIZE, "white")
    ImageDraw.Draw(image).line((1500, 900, 1560, 900), fill=colour, width=2)
    return image


def test_a_large_page_without_colour_is_kept_grey_to_the_last_pixel() -> None:
    data = encoded(drawn((30, 30, 30)), "JPEG", quality=90)

    pixels = DECODER.decode(data)

    assert np.array_equal(pixels, np.asarray(Image.open(BytesIO(data)))[..., 0])


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"keep_rgb": True}], ids=str)
def test_one_thin_red_line_keeps_the_colour(options: dict[str, bool]) -> None:
    pixels = DECODER.decode(encoded(drawn((200, 30, 30)), "JPEG", quality=90, **options))

    assert pixels.shape == (1100, 2000, 3)
    red, green, blue = (int(value) for value in pixels[900, 1530])
    assert red > green + 60
    assert abs(green - blue) < 30


def test_a_large_page_that_is_cut_off_lacks_the_rows_that_are_missing() -> None:
    data = encoded(drawn((30, 30, 30)), "JPEG", quality=90)

    image = DECODER.decode_image(data[: len(data) // 2])

    assert image.pixels.shape == (1100, 2000)
    assert image.missing is not None
    left, top, right, bottom = image.missing
    assert (left, right, bottom) == (0, 2000, 1100)
    assert 300 < top < 800
    assert (image.pixels[:top] == 255).all()
