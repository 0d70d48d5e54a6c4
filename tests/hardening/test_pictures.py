"""Files that are no pages: damaged, cut off, lying about their size. Only our own errors, and never much memory."""

import base64
import struct
import subprocess
import sys
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from boxocr.errors import PageError
from boxocr.pages.decode import Decoder
from tests.backend import PYTHONPATH, clean_environment
from tests.conftest import DATA
from tests.hardening.conftest import Front
from tests.hardening.test_requests import as_bytes
from tests.payloads import notes, payload, texts

DECODER = Decoder(1, at_once=2)

MEGABYTE = 1_000_000


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def originals() -> dict[str, bytes]:
    """A small picture in every format, and in the ways that formats offer."""
    values = np.add.outer(np.arange(40), np.arange(60) * 3) % 256
    colour = Image.fromarray(np.dstack([values, values.T.reshape(40, 60), 255 - values]).astype(np.uint8))
    grey, palette, bits = colour.convert("L"), colour.convert("P"), colour.convert("1")
    exif = Image.Exif()
    exif[0x0112] = 6
    return {
        "png": encoded(colour, "PNG", exif=exif),
        "png with a palette": encoded(palette, "PNG", transparency=3),
        "png of 16 bits": encoded(Image.fromarray(values.astype(np.uint16) * 257), "PNG"),
        "apng": encoded(grey, "PNG", save_all=True, append_images=[grey, grey]),
        "jpeg": encoded(colour, "JPEG", exif=exif),
        "progressive jpeg": encoded(colour, "JPEG", progressive=True),
        "cmyk jpeg": encoded(colour.convert("CMYK"), "JPEG"),
        "webp": encoded(colour, "WEBP", lossless=True),
        "animated webp": encoded(colour, "WEBP", save_all=True, append_images=[colour.rotate(9)]),
        "gif": encoded(palette, "GIF", save_all=True, append_images=[palette.rotate(9)]),
        "bmp": encoded(colour, "BMP"),
        "tiff": encoded(colour, "TIFF"),
        **{f"tiff, {way}": encoded(grey, "TIFF", compression=way) for way in ("tiff_lzw", "tiff_deflate", "jpeg")},
        **{f"tiff, {way}": encoded(bits, "TIFF", compression=way) for way in ("group3", "group4", "packbits")},
        "big tiff": encoded(grey, "TIFF", big_tiff=True),
    }


ORIGINALS = originals()


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A picture with bytes changed, taken out, put in, cut off, or with the rest of another picture."""
    data = ORIGINALS[draw(st.sampled_from(sorted(ORIGINALS)))]
    for _ in range(draw(st.integers(1, 4))):
        # Headers are where decoders go wrong, so half of the changes are made there.
        place = draw(st.integers(0, min(len(data), 120)) | st.integers(0, len(data)))
        change = draw(st.sampled_from(("bytes", "numbers", "cut", "take out", "put in", "other")))
        if change == "bytes":
            new = draw(st.binary(min_size=1, max_size=4))
            data = data[:place] + new + data[place + len(new) :]
        elif change == "numbers":
            new = draw(
                st.sampled_from([b"\xff" * 4, b"\x7f" + b"\xff" * 3, b"\0" * 4, b"\0\0\xff\xff", b"\xff\xff\0\0"])
            )
            data = data[:place] + new + data[place + 4 :]
        elif change == "cut":
            data = data[:place]
        elif change == "take out":
            data = data[:place] + data[place + draw(st.integers(1, 50)) :]
        elif change == "put in":
            data = data[:place] + draw(st.binary(min_size=1, max_size=50)) + data[place:]
        else:
            data = data[:place] + ORIGINALS[draw(st.sampled_from(sorted(ORIGINALS)))][place:]
    return data


@settings(max_examples=1500)
@given(damaged() | st.binary(max_size=300))
def test_a_damaged_picture_is_decoded_or_refused(data: bytes) -> None:
    # Warnings are errors here, so what Pillow complains of would show.
    try:
        pixels = DECODER.decode(data)
    except PageError:
        return
    assert pixels.dtype == np.uint8
    assert pixels.shape[0] * pixels.shape[1] <= MEGABYTE


@pytest.mark.parametrize("said", ["image/png", "image/jpeg", "text/html", "application/pdf", "", "x" * 2000])
@pytest.mark.parametrize("name", ["a.png", "exif6.jpg"])
def test_what_a_picture_is_called_does_not_matter(front: Front, name: str, said: str) -> None:
    body = payload("one-box", "")
    data = base64.b64encode((DATA / "pages" / name).read_bytes()).decode()
    body["tasks"][0]["data"]["ocr"] = f"data:{said};base64,{data}"

    status, answer = front.post("/predict", as_bytes(body))

    assert status == 200
    assert texts(answer["results"][0]["result"]) or "No text found" in notes(answer["results"][0]["result"])[0]


@settings(max_examples=100)
@given(data=damaged())
def test_a_damaged_picture_costs_nobody_the_box(front: Front, data: bytes) -> None:
    body = payload("one-box", "")
    body["tasks"][0]["data"]["ocr"] = f"data:image/png;base64,{base64.b64encode(data).decode()}"

    status, answer = front.post("/predict", as_bytes(body))

    assert status == 200
    assert answer["results"][0]["result"][0]["id"] == "DeBKjm31i2"


def png_of(width: int, height: int, *, more: bytes = b"", rows: bytes = b"") -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + more + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def text_chunk(kind: bytes, size: int) -> bytes:
    data = b"name\0\0" + zlib.compress(b"\0" * size, 9)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def tiff_of(width: int, height: int, strip_bytes: int) -> bytes:
    entries = [(256, 4, width), (257, 4, height), (258, 3, 8), (259, 3, 1), (262, 3, 1), (273, 4, 8), (277, 3, 1)]
    entries += [(278, 4, height), (279, 4, strip_bytes)]
    fields = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in entries)
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + fields + b"\0\0\0\0"


def bmp_of(width: int, height: int) -> bytes:
    return b"BM" + struct.pack("<IIIIiiHH6I", 54, 0, 54, 40, width, height, 1, 8, *(0,) * 6)


ONE_ROW = zlib.compress(b"\0\0")
JPEG_SCAN = b"\x03\x01\x11\0\x02\x11\0\x03\x11\0\xff\xda\0\x0c\x03\x01\0\x02\0\x03\0\0?\0"


def bombs() -> dict[str, bytes]:
    """Made by the test, since compressing gigabytes takes each worker of pytest-xdist eight seconds."""
    return {
        "a png that says 4 billion pixels": png_of(65_535, 65_535),
        "a png of the largest size there is": png_of(2**31 - 1, 2**31 - 1),
        "a png of one very long row": png_of(2**31 - 1, 1),
        "a png of zeros over the limit": png_of(20_000, 20_000, rows=zlib.compress(b"\0" * 10_000_000, 9)),
        "a png with a gigabyte of text": png_of(1, 1, more=text_chunk(b"zTXt", 1_000 * MEGABYTE), rows=ONE_ROW),
        "a png with a gigabyte of profile": png_of(
            1, 1, more=text_chunk(b"iCCP", 1_000 * MEGABYTE), rows=ONE_ROW
        ),
        "a png with more rows than it says": png_of(10, 10, rows=zlib.compress(b"\0" * 1_000 * MEGABYTE, 9)),
        "a tiff that says 4 billion pixels": tiff_of(65_535, 65_535, 2**32 - 1),
        "a tiff whose strip is longer than the file": tiff_of(1000, 1000, 2**31),
        "a gif that says 4 billion pixels": b"GIF89a\xff\xff\xff\xff\0\0\0,\0\0\0\0\xff\xff\xff\xff\0\x08\x01\0\0;",
        "a gif whose frame is larger than it says": b"GIF89a\x01\0\x01\0\0\0\0,\0\0\0\0\xff\xff\xff\xff\0\x08\x01\0\0;",
        "a bmp that says 4 billion pixels": bmp_of(65535, 65535),
        "a bmp of negative size": bmp_of(65535, -65535),
        "a jpeg that says 4 billion pixels": b"\xff\xd8\xff\xc0\0\x11\x08\xff\xff\xff\xff" + JPEG_SCAN,
        "a webp that says 268 million pixels": (
            b"RIFF\x20\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\xff\xff\xff\xff\x0f\0VP8 \0\0\0\0"
        ),
    }  # fmt: skip


DECODE_EACH = """
import sys, time
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from boxocr.errors import PageError
from boxocr.pages.decode import Decoder

decoder = Decoder(100, at_once=2)
for path in sorted(Path(sys.argv[1]).iterdir()):
    before, began = getrusage(RUSAGE_SELF).ru_maxrss, time.perf_counter()
    try:
        outcome = str(decoder.decode(path.read_bytes()).shape)
    except PageError as error:
        outcome = type(error).__name__
    print(path.name, outcome, getrusage(RUSAGE_SELF).ru_maxrss - before, time.perf_counter() - began, sep="\\t")
# The memory of processes counts once they have ended.
decoder.close()
print(getrusage(RUSAGE_CHILDREN).ru_maxrss)
"""

# Browsers display them, without the metadata or the rows too many.
DISPLAYED = {
    "a png with a gigabyte of text": "(1, 1)",
    "a png with a gigabyte of profile": "(1, 1)",
    "a png with more rows than it says": "(10, 10)",
}


def test_a_bomb_is_refused_before_it_takes_memory(tmp_path: Path) -> None:
    made = bombs()
    for name, data in made.items():
        (tmp_path / name).write_bytes(data)
    # In a process of its own, whose memory nobody else uses.
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-W", "error", "-c", DECODE_EACH, str(tmp_path)],
        capture_output=True,
        env=clean_environment(PYTHONPATH=PYTHONPATH),
        timeout=100,
        check=True,
    )
    *lines, decoders = [line.split("\t") for line in done.stdout.decode().splitlines()]

    assert [name for name, *_ in lines] == sorted(made)
    for name, outcome, kilobytes, seconds in lines:
        assert outcome in ("PageTooLarge", "PageUndecodable") or outcome == DISPLAYED[name], outcome
        assert int(kilobytes) < 100_000, name
        assert float(seconds) < 5, name
    assert int(decoders[0]) < 300_000
