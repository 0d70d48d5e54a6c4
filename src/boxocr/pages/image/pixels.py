"""Converts the pixels of any image to those of a page: 8-bit grey or RGB, upright, on white.

The pixels are converted in bands of rows. That is twice as fast as converting the whole page, since a band fits in the
processor's cache, and needs memory only for the image and the result. A page of 24 megapixels takes 45 ms.
"""

from collections.abc import Callable, Iterator

import numpy as np
from PIL import Image
from PIL.TiffImagePlugin import BITSPERSAMPLE, PHOTOMETRIC_INTERPRETATION, TiffImageFile

_BAND_ROWS = 64

# Pixels of a band. With a fixed number of rows, a page that is one pixel wide could have a million bands.
_BAND_PIXELS = 262_144

# EXIF's orientation → transposition of the stored pixels; 1 is upright.
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

_WHITE_IS_ZERO = 0

_MAX_8_BIT, _MAX_12_BIT, _MAX_16_BIT = 0xFF, 0xFFF, 0xFFFF

_Band = Callable[[Image.Image], np.ndarray]


def upright_pixels(image: Image.Image, orientation: int) -> np.ndarray:
    """The upright pixels of an image.

    Args:
        image: loaded, of any of Pillow's modes.
        orientation: EXIF's, 1 to 8.

    Returns:
        uint8, ``(h, w)`` if no pixel has a colour, otherwise ``(h, w, 3)`` in RGB. Grey pages stored as RGB are common,
        and one channel saves two thirds of their space in the cache. The check for colour costs some 40 ms. It ends at
        the first coloured band, which on most pages with colour is among the first.
    """
    to_band = _converter(image)
    if orientation in _TURNS:
        image = image.transpose(_TURNS[orientation])
    return _collect(_bands(image, to_band), image.height, image.width)


def _bands(image: Image.Image, to_band: _Band) -> Iterator[np.ndarray]:
    rows = max(_BAND_ROWS, _BAND_PIXELS // max(image.width, 1))
    for top in range(0, image.height, rows):
        yield to_band(image.crop((0, top, image.width, min(top + rows, image.height))))


def _collect(bands: Iterator[np.ndarray], height: int, width: int) -> np.ndarray:
    grey = np.empty((height, width), np.uint8)
    colour: np.ndarray | None = None
    top = 0
    for band in bands:
        rows = slice(top, top := top + len(band))
        if colour is None and band.ndim == 3 and not _colourless(band):  # noqa: PLR2004 - dimensions
            colour = np.empty((height, width, 3), np.uint8)
            colour[: rows.start] = grey[: rows.start, :, None]
        if colour is not None:
            colour[rows] = band
        else:
            grey[rows] = band if band.ndim == 2 else band[:, :, 0]  # noqa: PLR2004 - dimensions
    return grey if colour is None else colour


def _colourless(band: np.ndarray) -> bool:
    red, green, blue = band[..., 0], band[..., 1], band[..., 2]
    return bool((red == green).all() and (green == blue).all())


def _converter(image: Image.Image) -> _Band:
    """The conversion from a band to an array. It is chosen once per page, since some modes need the page's extremes."""
    if image.mode.startswith("I;16"):
        return _from_16_bit(white=_white(image), inverted=_is_white_zero(image))
    if image.mode in ("I", "F"):
        return _from_range(*_extremes(image))
    if image.mode == "LAB":
        # Only lightness is used, as grey, since Pillow needs a colour profile to convert LAB to RGB.
        return lambda band: np.asarray(band.getchannel(0))
    if image.has_transparency_data:
        return _on_white
    if image.mode in ("1", "L"):
        return lambda band: np.asarray(band.convert("L"))
    return lambda band: np.asarray(band.convert("RGB"))


def _on_white(band: Image.Image) -> np.ndarray:
    if band.mode == "La":
        band = band.convert("LA")
    values = np.asarray(band.convert("RGBA"))
    colours, alpha = values[..., :3], values[..., 3:]
    if alpha.min() == _MAX_8_BIT:
        return colours
    # 16 bits are enough for 255 · 255 + 127.
    opaque = alpha.astype(np.uint16)
    laid = colours * opaque + _MAX_8_BIT * (_MAX_8_BIT - opaque)
    return ((laid + 127) // _MAX_8_BIT).astype(np.uint8)


def _from_16_bit(*, white: int, inverted: bool) -> _Band:
    def to_band(band: Image.Image) -> np.ndarray:
        rounded = (np.asarray(band).astype(np.uint32) * _MAX_8_BIT + white // 2) // white
        values = rounded.astype(np.uint8)
        return ~values if inverted else values

    return to_band


def _from_range(low: float, high: float) -> _Band:
    def to_band(band: Image.Image) -> np.ndarray:
        values = np.nan_to_num(np.asarray(band, dtype=np.float64), nan=low, posinf=high, neginf=low)
        return np.rint((values - low) * (_MAX_8_BIT / (high - low))).clip(0, _MAX_8_BIT).astype(np.uint8)

    return to_band


def _extremes(image: Image.Image) -> tuple[float, float]:
    """The values of black and white in an image of 32-bit integers or floats, whose format does not define them.

    They are those of the smallest range that contains all values: 0 to 1 for floats, 8 bits, 16 bits; otherwise the
    actual extremes.
    """
    lowest, highest = _finite_extremes(image)
    if lowest >= 0:
        for usual in (1.0,) * (image.mode == "F") + (_MAX_8_BIT, _MAX_16_BIT):
            if highest <= usual:
                return 0.0, float(usual)
    return lowest, max(highest, lowest + 1)


def _finite_extremes(image: Image.Image) -> tuple[float, float]:
    lowest, highest = np.inf, -np.inf
    for band in _bands(image, np.asarray):
        if (finite := band[np.isfinite(band)]).size:
            lowest, highest = min(lowest, float(finite.min())), max(highest, float(finite.max()))
    return (lowest, highest) if lowest <= highest else (0.0, 0.0)


def _white(image: Image.Image) -> int:
    # Pillow does not scale the values of 12-bit TIFFs, so they fill a sixteenth of the range.
    bits = image.tag_v2.get(BITSPERSAMPLE) if isinstance(image, TiffImageFile) else None
    return _MAX_12_BIT if bits == (12,) else _MAX_16_BIT


def _is_white_zero(image: Image.Image) -> bool:
    # Pillow inverts TIFFs of 1 and 8 bits that store ink instead of light, but not those of 16 bits.
    return isinstance(image, TiffImageFile) and image.tag_v2.get(PHOTOMETRIC_INTERPRETATION) == _WHITE_IS_ZERO
