"""Pages over the limit, damaged files, and what is no image."""

import contextlib
import random
import struct
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from boxocr.errors import PageError, PageTimeout, PageTooLarge, PageUndecodable
from boxocr.pages.decode import Decoder
from boxocr.process.deadline import Deadline
from tests.pages.conftest import encoded
from tests.pages.decoding import DECODER, fields, handmade_png


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
    "tiff": huge_tiff(),
}


def huge(kind: str) -> bytes:
    if kind == "webp":
        # A whole page of one colour, in 100 kB. Encoding it takes a second.
        return encoded(Image.new("L", (16_383, 8_000)), "WEBP", method=0)
    return HUGE[kind]


@pytest.mark.parametrize("kind", [*HUGE, "webp"])
def test_a_page_with_too_many_pixels_is_refused_before_it_is_decoded(kind: str) -> None:
    with pytest.raises(PageTooLarge) as caught:
        DECODER.decode(huge(kind))
    assert caught.value.sentence == (
        "The page has more than 100 megapixels. Store it smaller, or raise MAX_PAGE_MEGAPIXELS."
    )


def test_the_limit_is_exact_and_for_every_format() -> None:
    decoder = Decoder(max_megapixels=0.0015, at_once=1)
    for kind in ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF"):
        assert decoder.decode(encoded(Image.new("L", (50, 30)).convert("RGB"), kind)).shape == (30, 50)
        with pytest.raises(PageTooLarge):
            decoder.decode(encoded(Image.new("L", (50, 31)), kind))


def test_a_page_beyond_pillows_own_limit_is_read_when_ours_allows_it() -> None:
    # Pillow warns of more than 89 megapixels, and warnings are errors here.
    pixels = DECODER.decode(encoded(Image.new("1", (10_000, 9_500)), "TIFF", compression="group4"))

    assert pixels.shape == (9_500, 10_000)


@pytest.mark.parametrize("kind", ["WEBP", "TIFF", "BMP", "JPEG2000", "AVIF", "HEIF"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_file_that_is_cut_off_is_told(kind: str, share: float) -> None:
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 255, (64, 64, 3), np.uint8))
    data = encoded(noise, kind)
    with pytest.raises(PageUndecodable) as caught:
        DECODER.decode(data[: int(len(data) * share)])
    assert caught.value.sentence == "The page's image is damaged or cut off. Save it or upload it again."


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
        (b"\x00\x00\x00\x1cftypheic", "The page's image is damaged or cut off."),
        (b"\x00\x00\x00\x1cftypisom", "The page's file is not an image that can be read."),
        (b"P6 1 1 255\n\x00\x00\x00", "The page's file is not an image that can be read."),
        (b'{"detail": "Not found."}', "The page's file is not an image that can be read."),
        (bytes(100), "The page's file is not an image that can be read."),
    ],
)
def test_what_is_no_image_is_told(data: bytes, message: str) -> None:
    with pytest.raises(PageUndecodable) as caught:
        DECODER.decode(data)
    assert caught.value.message == message


@pytest.mark.parametrize("kind", ["PPM", "ICO", "TGA", "PCX", "EPS", "PDF"])
def test_formats_that_are_not_allowed_are_not_decoded(kind: str) -> None:
    with pytest.raises(PageUndecodable):
        DECODER.decode(encoded(fields(), kind))


def test_a_deadline_before_a_process_is_ready_is_a_timeout() -> None:
    decoder = Decoder(max_megapixels=1, at_once=1)
    # No process loads its libraries within a hundredth of a second.
    with pytest.raises(PageTimeout) as caught:
        decoder.decode_image(encoded(fields(), "PNG"), deadline=Deadline(0.01))
    assert caught.value.sentence == "The server was too busy to decode the page's image. Try again."
    assert decoder.decode(encoded(fields(), "PNG")).shape == (32, 48, 3)
    decoder.close()
