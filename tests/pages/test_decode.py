import contextlib
import random
import struct
import zlib
from collections.abc import Callable
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from boxocr.errors import PageError, PageTooLarge, PageUndecodable
from boxocr.pages.decode import Decoder
from tests.pages.conftest import encoded

DECODER = Decoder(max_megapixels=100, at_once=2)

RED, GREEN, BLUE, BLACK, GREY, WHITE = (
    (255, 0, 0),
    (0, 255, 0),
    (0, 0, 255),
    (0, 0, 0),
    (128, 128, 128),
    (255, 255, 255),
)

# Six fields of 16 by 16 in two rows of three, so that JPEG's blocks hold one colour each.
FIELDS = ((RED, GREEN, BLUE), (BLACK, GREY, WHITE))
SIZE = 16


def fields(colours: tuple[tuple[tuple[int, ...], ...], ...] = FIELDS) -> Image.Image:
    return Image.fromarray(np.repeat(np.repeat(np.array(colours, np.uint8), SIZE, 0), SIZE, 1))


def seen(data: bytes, tolerance: int = 0) -> list[list[object]]:
    """The fields' colours, after checking that every pixel of a field has about the same."""
    pixels = DECODER.decode(data)
    assert pixels.dtype == np.uint8
    assert pixels.flags.c_contiguous
    assert not pixels.flags.writeable
    rows, columns = pixels.shape[0] // SIZE, pixels.shape[1] // SIZE
    for top in range(rows):
        for left in range(columns):
            field = pixels[top * SIZE : (top + 1) * SIZE, left * SIZE : (left + 1) * SIZE].astype(int)
            # Away from the edges, over which some formats smear colours.
            assert abs(field[4:12, 4:12] - field[8, 8]).max() <= tolerance
    centres = pixels[SIZE // 2 :: SIZE, SIZE // 2 :: SIZE]
    return [[tuple(value) if np.ndim(value) else value for value in row] for row in centres.tolist()]


def near(found: list[list[object]], expected: object, tolerance: int) -> bool:
    return np.array(found).shape == np.array(expected).shape and bool(
        (abs(np.array(found) - np.array(expected)) <= tolerance).all()
    )


COLOURS = [list(row) for row in FIELDS]


# Formats and modes


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


# Orientation

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


# Bounds and damage


def handmade_png(width: int, height: int, *, bits: int = 8, colour: int = 0, rows: bytes = b"") -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def huge_tiff() -> bytes:
    directory = TiffImagePlugin.ImageFileDirectory_v2()
    for tag, value in ((256, 200_000), (257, 200_000), (258, 8), (259, 1), (262, 1), (273, 8), (277, 1), (279, 10)):
        directory[tag] = value
    file = BytesIO(b"II*\x00\x08\x00\x00\x00")
    file.seek(8)
    directory.save(file)
    return file.getvalue()


HUGE = {
    "png": handmade_png(100_000, 100_000),
    "gif": b"GIF89a\xff\xff\xff\xff\x00\x00\x00,\x00\x00\x00\x00\xff\xff\xff\xff\x00\x02\x02D\x01\x00;",
    "gif with a frame beyond its screen": (
        b"GIF89a\x01\x00\x01\x00\x00\x00\x00,\x00\x00\x00\x00\xff\xff\xff\xff\x00\x02\x02D\x01\x00;"
    ),
    "bmp": b"BM" + struct.pack("<IIIIiiHHIIiiII", 99, 0, 54, 40, 90_000, 90_000, 1, 8, 0, 0, 0, 0, 0, 0),
    # A whole page of 16,383 by 8,000 pixels of one colour, in 100 kB.
    "webp": encoded(Image.new("L", (16_383, 8_000)), "WEBP", method=0),
    "tiff": huge_tiff(),
}


@pytest.mark.parametrize("kind", HUGE)
def test_a_page_with_too_many_pixels_is_refused_before_it_is_decoded(kind: str) -> None:
    with pytest.raises(PageTooLarge) as caught:
        DECODER.decode(HUGE[kind])
    assert caught.value.sentence == (
        "The page has more than 100 megapixels. Store it smaller, or raise MAX_PAGE_MEGAPIXELS."
    )


def test_the_limit_is_exact_and_for_every_format() -> None:
    decoder = Decoder(max_megapixels=0.0015, at_once=1)
    for kind in ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF"):
        assert decoder.decode(encoded(Image.new("L", (50, 30)).convert("RGB"), kind)).shape == (30, 50)
        with pytest.raises(PageTooLarge):
            decoder.decode(encoded(Image.new("L", (50, 31)), kind))


def test_pages_beyond_pillows_own_limit_are_read_when_ours_allows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    decoder = Decoder(max_megapixels=0.01, at_once=1)
    for kind in ("PNG", "TIFF", "WEBP", "GIF"):
        assert decoder.decode(encoded(Image.new("L", (90, 90)), kind)).shape == (90, 90)
    Decoder(max_megapixels=0.0001, at_once=1)
    assert Image.MAX_IMAGE_PIXELS == 10_000


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_file_that_is_cut_off_is_told(kind: str, share: float) -> None:
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 255, (64, 64, 3), np.uint8))
    data = encoded(noise, kind)
    with pytest.raises(PageUndecodable) as caught:
        DECODER.decode(data[: int(len(data) * share)])
    assert caught.value.sentence == "The page's image is damaged or cut off. Save it anew, or upload it again."


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF"])
def test_damaged_files_give_pages_or_our_own_errors(kind: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    options = {} if kind in {"BMP", "GIF"} else {"exif": exif}
    whole = encoded(fields(), kind, **options)
    dice = random.Random(kind)  # noqa: S311 - the same damage each time
    for _ in range(150):
        damaged = bytearray(whole)
        for _ in range(dice.choice([1, 2, 20])):
            damaged[dice.randrange(len(damaged))] = dice.randrange(256)
        with contextlib.suppress(PageError):
            assert DECODER.decode(bytes(damaged)).dtype == np.uint8


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "The page's file is empty."),
        (b"%PDF-1.7\n", "The page is a PDF, not an image."),
        (b"<!DOCTYPE html><html>", "The page is an HTML page (a login page?), not an image."),
        (b"\xef\xbb\xbf \n<HTML><body>", "The page is an HTML page (a login page?), not an image."),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "The page is an SVG drawing, not an image of pixels."),
        (b"<?xml version='1.0'?>\n<!-- x --><svg>", "The page is an SVG drawing, not an image of pixels."),
        (b"PK\x03\x04", "The page is a ZIP archive, not an image."),
        (b"AT&TFORM", "The page is a DjVu file, not an image."),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "The page is a PostScript file, not an image."),
        (b"\x00\x00\x00\x1cftypheic", "The page is a HEIC or AVIF image, not read here."),
        (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "The page is a JPEG 2000 image, which is not read here."),
        (b"P6 1 1 255\n\x00\x00\x00", "The page's file is not an image that can be read."),
        (b'{"detail": "Not found."}', "The page's file is not an image that can be read."),
        (bytes(100), "The page's file is not an image that can be read."),
    ],
)
def test_what_is_no_image_is_told(data: bytes, message: str) -> None:
    with pytest.raises(PageUndecodable) as caught:
        DECODER.decode(data)
    assert caught.value.message == message


@pytest.mark.parametrize("kind", ["PPM", "ICO", "TGA", "PCX", "JPEG2000", "EPS", "PDF"])
def test_formats_that_are_not_allowed_are_not_decoded(kind: str) -> None:
    with pytest.raises(PageUndecodable):
        DECODER.decode(encoded(fields(), kind))
