"""Files that browsers display although they are damaged or cut off."""

import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from boxocr.errors import PageUndecodable
from tests.pages.conftest import encoded
from tests.pages.decoding import COLOURS, DECODER, fields, near, seen

NOISE = Image.fromarray(np.random.default_rng(1).integers(0, 255, (64, 64, 3), np.uint8))


# In which no pixel depends on those below it.
OPTIONS: dict[str, dict[str, object]] = {"PNG": {}, "JPEG": {"subsampling": 0}, "GIF": {"interlace": 0}}


def chunk(kind: bytes, content: bytes, *, checksum: int | None = None) -> bytes:
    right = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", right if checksum is None else checksum)


def png_with(added: bytes) -> bytes:
    data = encoded(fields())
    end_of_header = 8 + 25
    return data[:end_of_header] + added + data[end_of_header:]


@pytest.mark.parametrize(
    "added",
    [
        chunk(b"tEXt", b"name\0value", checksum=1),
        chunk(b"pHYs", b"\0\0"),
        chunk(b"gAMA", b""),
        chunk(b"cHRM", b"123"),
        chunk(b"sRGB", b""),
        chunk(b"iCCP", b"name\0\7nonsense"),
        chunk(b"iCCP", b"name"),
        chunk(b"zTXt", b"name\0\0nonsense"),
        chunk(b"zTXt", b"name\0\0" + zlib.compress(bytes(5_000_000))),
        chunk(b"iTXt", b"name\0\1\0"),
        chunk(b"eXIf", b"nonsense"),
        chunk(b"acTL", b"\0"),
        chunk(b"tIME", b"\0" * 100, checksum=0),
    ],
    ids=lambda added: str(added[4:8] + added[8:9]),
)
def test_odd_metadata_of_a_png_is_ignored(added: bytes) -> None:
    assert seen(png_with(added)) == COLOURS


@pytest.mark.parametrize("kind", [b"IHDR", b"IDAT", b"IEND"])
def test_a_wrong_checksum_of_a_png_is_ignored(kind: bytes) -> None:
    data = bytearray(encoded(fields()))
    place = data.index(kind)
    length = int.from_bytes(data[place - 4 : place])
    data[place + 4 + length] ^= 0xFF

    assert seen(bytes(data)) == COLOURS


@pytest.mark.parametrize(
    "segment",
    [
        b"\xff\xe0\x00\x07JFIF\0",
        b"\xff\xe1\x00\x08Exif\0\0",
        b"\xff\xe1\x00\x0cExif\0\0MM\0*",
        b"\xff\xe2\x00\x0eICC_PROFILE\0",
        b"\xff\xee\x00\x07Adobe",
        b"\xff\xed\x00\x10Photoshop 3.0\0",
    ],
    ids=lambda segment: segment[4:].decode("latin-1"),
)
def test_a_short_segment_of_a_jpeg_is_ignored(segment: bytes) -> None:
    data = encoded(fields(), "JPEG", quality=100, subsampling=0)

    assert near(seen(data[:2] + segment + data[2:], 2), COLOURS, 2)


@pytest.mark.parametrize("options", [{}, {"progressive": True}], ids=str)
@pytest.mark.parametrize("cut", [1, 2, 4])
def test_a_jpeg_without_its_last_bytes_is_whole(cut: int, options: dict[str, bool]) -> None:
    data = encoded(NOISE, "JPEG", **options)

    image = DECODER.decode_image(data[:-cut])

    assert image.missing is None
    # Except for the last row of blocks, whose colours the row above them blends in.
    assert abs(image.pixels.astype(int) - DECODER.decode(data))[:47].max() <= 8


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF"])
@pytest.mark.parametrize("share", [0.3, 0.5, 0.9])
def test_the_upper_part_of_a_file_that_is_cut_off_is_read(kind: str, share: float) -> None:
    data = encoded(NOISE, kind, **OPTIONS[kind])
    whole = DECODER.decode(data)

    image = DECODER.decode_image(data[: int(len(data) * share)])

    assert image.pixels.shape == whole.shape
    assert image.missing is not None
    left, top, right, bottom = image.missing
    assert (left, right, bottom) == (0, 64, 64)
    assert abs(top - 64 * share) < 24
    assert (image.pixels[:top] == whole[:top]).all()
    if kind == "PNG":
        assert (image.pixels[top:] == 255).all()


@pytest.mark.parametrize("options", [{"interlace": 1}, {}], ids=str)
def test_of_a_gif_stored_in_another_order_any_row_may_be_missing(options: dict[str, int]) -> None:
    data = encoded(NOISE.convert("P"), "GIF", **{"interlace": 0} | options)

    missing = DECODER.decode_image(data[: len(data) // 2]).missing

    assert missing is not None
    assert (missing[1] == 0) == bool(options)


def test_any_row_of_a_progressive_jpeg_that_is_cut_off_may_be_coarse() -> None:
    data = encoded(NOISE, "JPEG", progressive=True)

    assert DECODER.decode_image(data[: len(data) // 2]).missing == (0, 0, 64, 64)


@pytest.mark.parametrize(
    ("orientation", "side"),
    [(1, "bottom"), (2, "bottom"), (3, "top"), (4, "top"), (5, "right"), (6, "left"), (7, "left"), (8, "right")],
)
def test_the_missing_part_is_where_the_upright_page_has_it(orientation: int, side: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = Image.fromarray(np.random.default_rng(1).integers(0, 255, (40, 90), np.uint8))
    data = encoded(image, "PNG", exif=exif)
    # The EXIF block comes before the pixels.
    cut = DECODER.decode_image(data[: len(data) // 2])

    height, width = cut.pixels.shape
    assert (width, height) == ((40, 90) if orientation > 4 else (90, 40))
    assert cut.missing is not None
    left, top, right, bottom = cut.missing
    assert {
        "bottom": (left, right, bottom) == (0, width, height),
        "top": (left, top, right) == (0, 0, width),
        "left": (left, top, bottom) == (0, 0, height),
        "right": (top, right, bottom) == (0, width, height),
    }[side]
    assert (cut.pixels[top:bottom, left:right] == 255).all()
    outside = cut.pixels.copy()
    outside[top:bottom, left:right] = 0
    assert np.count_nonzero(outside) > 1_000


@pytest.mark.parametrize(("kind", "start", "more"), [("PNG", b"IDAT", 6), ("JPEG", b"\xff\xda", 14), ("GIF", b",", 11)])
def test_a_file_without_pixels_is_told(kind: str, start: bytes, more: int) -> None:
    data = encoded(NOISE, kind)

    with pytest.raises(PageUndecodable) as caught:
        DECODER.decode(data[: data.index(start) + more])

    assert caught.value.sentence == "The page's image is damaged or cut off. Save it or upload it again."


def test_a_png_whose_pixels_are_damaged_is_read_to_there() -> None:
    data = bytearray(encoded(NOISE))
    data[len(data) // 2] ^= 0x55

    image = DECODER.decode_image(bytes(data))

    assert image.missing is None or image.missing[1] > 20


def test_the_exif_orientation_of_a_heic_file_is_ignored() -> None:
    # The format has a property for it, and its decoder has applied that.
    exif = Image.Exif()
    exif[0x0112] = 6
    file = BytesIO()
    fields().save(file, "HEIF", quality=-1, exif=exif)

    assert near(seen(file.getvalue(), 2), COLOURS, 2)
