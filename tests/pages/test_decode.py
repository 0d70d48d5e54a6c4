"""Pages of every format and mode become grey or coloured pixels."""

import struct

import numpy as np
import pytest
from PIL import Image

from tests.pages.conftest import encoded
from tests.pages.decoding import BLACK, BLUE, COLOURS, DECODER, RED, SIZE, WHITE, fields, handmade_png, near, seen


@pytest.mark.parametrize(
    ("kind", "options", "tolerance"),
    [
        ("PNG", {}, 0),
        ("WEBP", {"lossless": True}, 0),
        ("WEBP", {"quality": 100}, 4),
        ("TIFF", {}, 0),
        *(("TIFF", {"compression": how}, 0) for how in ("tiff_lzw", "tiff_adobe_deflate", "packbits", "zstd")),
        ("TIFF", {"big_tiff": True}, 0),
        ("BMP", {}, 0),
        ("JPEG2000", {}, 0),
        ("JPEG2000", {"no_jp2": True}, 0),
        ("AVIF", {"quality": 100, "subsampling": "4:4:4"}, 2),
        ("HEIF", {"quality": -1}, 2),
        ("JPEG", {"quality": 100, "subsampling": 0}, 2),
        ("JPEG", {"quality": 100, "subsampling": 2, "progressive": True}, 2),
        ("MPO", {"quality": 100, "subsampling": 0, "save_all": True, "append_images": [Image.new("RGB", (9, 9))]}, 2),
    ],
)
def test_colour_pages_of_every_format_are_read(kind: str, options: dict[str, object], tolerance: int) -> None:
    assert near(seen(encoded(fields(), kind, **options), tolerance), COLOURS, tolerance)


@pytest.mark.parametrize("kind", ["PNG", "GIF", "BMP", "TIFF"])
def test_palettes_are_read(kind: str) -> None:
    assert seen(encoded(fields().quantize(6), kind)) == COLOURS


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_small_palettes_are_read(bits: int) -> None:
    image = fields((((9, 99, 199), (200, 100, 50)),)).quantize(2)
    assert seen(encoded(image, bits=bits)) == [[(9, 99, 199), (200, 100, 50)]]


GREYS = (((0, 0, 0), (60, 60, 60)), ((128, 128, 128), (255, 255, 255)))

GREY_VALUES = [[0, 60], [128, 255]]


@pytest.mark.parametrize("mode", ["L", "RGB", "P"])
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP", "WEBP", "GIF", "JPEG"])
def test_pages_without_colour_are_kept_grey(kind: str, mode: str) -> None:
    image = fields(GREYS).convert(mode) if mode != "P" else fields(GREYS).quantize(4)
    if (kind, mode) in {("JPEG", "P"), ("WEBP", "P")}:
        image = image.convert("RGB")
    options: dict[str, object] = {"quality": 100} if kind == "JPEG" else {"lossless": True} if kind == "WEBP" else {}
    assert near(seen(encoded(image, kind, **options), 1), GREY_VALUES, 1)


def test_a_single_coloured_pixel_makes_a_page_colour() -> None:
    image = Image.new("RGB", (50, 300), (7, 7, 7))
    image.putpixel((49, 299), (7, 7, 8))
    pixels = DECODER.decode(encoded(image))
    assert pixels.shape == (300, 50, 3)
    assert pixels[0, 0].tolist() == [7, 7, 7]
    assert pixels[299, 49].tolist() == [7, 7, 8]


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP"])
def test_one_bit_is_black_and_white(kind: str) -> None:
    image = fields((((0, 0, 0), (255, 255, 255)),)).convert("1")
    assert seen(encoded(image, kind)) == [[0, 255]]


def test_fax_pages_are_read() -> None:
    image = fields((((0, 0, 0), (255, 255, 255)),)).convert("1")
    assert seen(encoded(image, "TIFF", compression="group4")) == [[0, 255]]


def sixteen(values: list[list[int]]) -> Image.Image:
    return Image.fromarray(np.repeat(np.repeat(np.array(values, np.uint16), SIZE, 0), SIZE, 1))


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_are_scaled_to_eight(kind: str) -> None:
    assert seen(encoded(sixteen([[0, 129, 32896, 65535]]), kind)) == [[0, 1, 128, 255]]


def handmade_tiff(width: int, bits: int, photometric: int, pixels: bytes) -> bytes:
    """A TIFF of one row, of kinds that Pillow does not write."""
    values = {256: width, 257: 1, 258: bits, 259: 1, 262: photometric, 273: 122, 277: 1, 278: 1, 279: len(pixels)}
    directory = b"".join(struct.pack("<HHII", tag, 4 if tag in {273, 279} else 3, 1, values[tag]) for tag in values)
    return b"II*\x00" + struct.pack("<IH", 8, len(values)) + directory + bytes(4) + pixels


def test_sixteen_bits_of_ink_are_turned_into_light() -> None:
    assert DECODER.decode(handmade_tiff(3, 16, 0, struct.pack("<3H", 0, 32896, 65535))).tolist() == [[255, 127, 0]]


def test_twelve_bits_are_scaled_to_eight() -> None:
    assert DECODER.decode(handmade_tiff(2, 12, 1, b"\x00\x0f\xff")).tolist() == [[0, 255]]
    assert DECODER.decode(handmade_tiff(2, 12, 1, b"\x80\x80\x10")).tolist() == [[128, 1]]


def test_sixteen_bits_of_colour_are_read() -> None:
    rows = b"".join(b"\x00" + struct.pack(">9H", 65535, 0, 0, 0, 65535, 0, 0, 0, 32768) for _ in range(2))
    pixels = DECODER.decode(handmade_png(3, 2, bits=16, colour=2, rows=rows))
    assert pixels[0].tolist() == [[255, 0, 0], [0, 255, 0], [0, 0, 128]]


@pytest.mark.parametrize(
    ("values", "dtype", "expected"),
    [
        ([0.0, 0.5, 1.0], np.float32, [0, 128, 255]),
        ([0.0, 127.0, 255.0], np.float32, [0, 127, 255]),
        ([0.0, 32896.0, 65535.0], np.float32, [0, 128, 255]),
        ([-5.0, 0.0, 5.0], np.float32, [0, 128, 255]),
        ([0.0, np.nan, 1.0], np.float32, [0, 0, 255]),
        ([np.nan, np.nan, np.nan], np.float32, [0, 0, 0]),
        ([0.0, np.inf, 1.0], np.float32, [0, 255, 255]),
        ([0, 127, 255], np.int32, [0, 127, 255]),
        ([0, 1, 1], np.int32, [0, 1, 1]),
        ([0, 32896, 65535], np.int32, [0, 128, 255]),
        ([-100, 0, 100], np.int32, [0, 127, 255]),
    ],
)
def test_wide_numbers_are_scaled_to_the_smallest_usual_range(
    values: list[float], dtype: type, expected: list[int]
) -> None:
    assert DECODER.decode(encoded(Image.fromarray(np.array([values], dtype)), "TIFF")).tolist() == [expected]


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
def test_transparency_is_laid_on_white(kind: str) -> None:
    image = fields(
        (((255, 0, 0, 255), (255, 0, 0, 0), (0, 0, 0, 128)), ((0, 0, 0, 255), (0, 0, 0, 0), (10, 20, 30, 102)))
    )
    options = {"lossless": True, "exact": True} if kind == "WEBP" else {}
    assert seen(encoded(image, kind, **options)) == [
        [(255, 0, 0), (255, 255, 255), (127, 127, 127)],
        [(0, 0, 0), (255, 255, 255), (157, 161, 165)],
    ]


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_grey_with_transparency_is_laid_on_white(kind: str) -> None:
    image = Image.fromarray(np.array([[[0, 255], [0, 0], [100, 128], [101, 128]]], np.uint8), "LA")
    assert DECODER.decode(encoded(image, kind)).tolist() == [[0, 255, 177, 178]]


def test_a_transparent_palette_entry_is_white() -> None:
    image = fields(((RED, BLACK, BLUE),)).quantize(3)
    index = image.getpixel((SIZE, 0))
    for kind in ("PNG", "GIF"):
        assert seen(encoded(image, kind, transparency=index)) == [[RED, WHITE, BLUE]]


def test_a_palette_with_degrees_of_transparency_is_laid_on_white() -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([0, 0, 0, 200, 0, 0])
    image.putpixel((1, 0), 1)
    assert DECODER.decode(encoded(image, transparency=b"\x80\xff")).tolist() == [[[127, 127, 127], [200, 0, 0]]]


def test_a_transparent_colour_is_white() -> None:
    assert seen(encoded(fields(((RED, BLACK, BLUE),)), transparency=BLACK)) == [[RED, WHITE, BLUE]]
    grey = Image.fromarray(np.array([[0, 100]], np.uint8))
    assert DECODER.decode(encoded(grey, transparency=0)).tolist() == [[255, 100]]
    assert DECODER.decode(encoded(grey.point(lambda value: value * 3).convert("1"), transparency=0)).tolist() == [
        [255, 255]
    ]


def test_ink_colours_are_turned_into_light() -> None:
    inks = Image.new("CMYK", (4 * SIZE, SIZE))
    for column, ink in enumerate([(0, 0, 0, 0), (255, 0, 0, 0), (0, 0, 0, 255), (0, 255, 255, 0)]):
        inks.paste(ink, (column * SIZE, 0, (column + 1) * SIZE, SIZE))
    expected = [[WHITE, (0, 255, 255), BLACK, RED]]
    # Pillow writes Adobe's inverted inks into JPEGs, and plain ones into TIFFs.
    assert near(seen(encoded(inks, "JPEG", quality=100), 2), expected, 2)
    assert seen(encoded(inks, "TIFF")) == expected


def test_luma_and_chroma_are_turned_into_colours() -> None:
    image = fields().convert("YCbCr")
    assert near(seen(encoded(image, "JPEG", quality=100, subsampling=0), 2), COLOURS, 2)
    assert near(seen(encoded(image, "TIFF"), 2), COLOURS, 2)


def test_lab_pages_are_read_by_their_lightness() -> None:
    lab = Image.merge("LAB", [Image.new("L", (3, 1), 0), Image.new("L", (3, 1), 5), Image.new("L", (3, 1), 250)])
    lab.putpixel((1, 0), (200, 5, 250))
    assert DECODER.decode(encoded(lab, "TIFF")).tolist() == [[0, 200, 0]]


@pytest.mark.parametrize("kind", ["TIFF", "GIF", "PNG", "WEBP"])
def test_of_several_frames_the_first_is_the_page(kind: str) -> None:
    others = [Image.new("RGB", (3 * SIZE, 2 * SIZE), value) for value in (RED, WHITE)]
    options = {"lossless": True} if kind == "WEBP" else {}
    image = fields().quantize(6) if kind == "GIF" else fields()
    assert seen(encoded(image, kind, save_all=True, append_images=others, **options)) == COLOURS
