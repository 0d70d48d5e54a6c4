"""Pages are turned upright as their EXIF block says."""

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from tests.pages.conftest import encoded
from tests.pages.decoding import BLACK, BLUE, COLOURS, DECODER, GREEN, GREY, RED, WHITE, fields, near, seen

LETTERS = ((RED, GREEN), (BLUE, BLACK), (WHITE, GREY))

UPRIGHT: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    # EXIF 2.3: where the stored first row and column belong on the upright page.
    1: lambda stored: stored,
    2: lambda stored: stored[:, ::-1],
    3: lambda stored: stored[::-1, ::-1],
    4: lambda stored: stored[::-1],
    5: lambda stored: stored.transpose(1, 0, 2),
    6: lambda stored: np.rot90(stored, -1),
    7: lambda stored: stored[::-1, ::-1].transpose(1, 0, 2),
    8: lambda stored: np.rot90(stored, 1),
}


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("JPEG", {"quality": 100, "subsampling": 0}),
        ("PNG", {}),
        ("WEBP", {"lossless": True}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
    ],
)
def test_a_page_is_turned_as_its_exif_says(kind: str, options: dict[str, object], orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(fields(LETTERS), kind, exif=exif, **options)
    expected = UPRIGHT[orientation](np.array(LETTERS)).tolist()
    assert near(seen(data, 2), expected, 2)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_grey_page_and_a_large_page_are_turned_too(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = np.arange(300 * 200).reshape(300, 200) % 251
    expected = UPRIGHT[orientation](stored[..., None])[..., 0]
    assert np.array_equal(DECODER.decode(encoded(Image.fromarray(stored.astype(np.uint8)), exif=exif)), expected)


@pytest.mark.parametrize("value", [0, 9, 255, 65535])
def test_an_orientation_that_is_none_is_passed_over(value: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = value
    assert seen(encoded(fields(), exif=exif)) == COLOURS


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
@pytest.mark.parametrize(
    "block", [b"Exif\x00\x00", b"Exif\x00\x00MM\x00*\xff\xff\xff\xff", b"Exif\x00\x00II*\x00\x08\x00", b"x"]
)
def test_a_damaged_exif_block_is_passed_over(block: bytes) -> None:
    assert near(seen(encoded(fields(), "JPEG", quality=100, subsampling=0, exif=block), 2), COLOURS, 2)


def test_an_orientation_in_xmp_is_passed_over_as_browsers_do() -> None:
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><tiff:Orientation>6</tiff:Orientation></x:xmpmeta>'
    assert near(seen(encoded(fields(), "JPEG", quality=100, subsampling=0, xmp=xmp), 2), COLOURS, 2)
