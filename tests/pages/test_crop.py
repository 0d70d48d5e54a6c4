import itertools
import math

import numpy as np
import pytest
from PIL import Image, ImageDraw

from boxocr.errors import RegionError
from boxocr.geometry import Area
from boxocr.pages.crop import cut
from boxocr.pages.page import Page


def page_of(pixels: np.ndarray) -> Page:
    pixels.setflags(write=False)
    return Page(pixels, "digest")


# Each pixel has a value of its own: 10 rows of 20.
GREY = page_of(np.arange(200, dtype=np.uint8).reshape(10, 20).copy())
COLOUR = page_of(np.stack([GREY.pixels, 255 - GREY.pixels, GREY.pixels // 2], axis=-1))


@pytest.mark.parametrize("page", [GREY, COLOUR], ids=["grey", "colour"])
@pytest.mark.parametrize(
    ("box", "rows", "columns"),
    [
        ((0, 0, 20, 10), slice(0, 10), slice(0, 20)),
        ((3, 2, 5, 4), slice(2, 6), slice(3, 8)),
        # outward to whole pixels
        ((3.4, 2.6, 5, 4), slice(2, 7), slice(3, 9)),
        # but not for what rounding of percents adds or takes
        ((3.99, 1.99, 5.02, 4.02), slice(2, 6), slice(4, 9)),
        ((3.01, 2.01, 4.98, 3.98), slice(2, 6), slice(3, 8)),
        # over the edges
        ((-5, -5, 100, 100), slice(0, 10), slice(0, 20)),
        ((15, 6, 100, 100), slice(6, 10), slice(15, 20)),
        ((-7, 2, 10, 3), slice(2, 5), slice(0, 3)),
    ],
)
def test_a_straight_box_is_the_pages_own_pixels(
    page: Page, box: tuple[float, float, float, float], rows: slice, columns: slice
) -> None:
    crop = cut(page, Area(*box))
    assert np.array_equal(crop, page.pixels[rows, columns])
    assert not np.shares_memory(crop, page.pixels)
    assert crop.flags.writeable


@pytest.mark.parametrize("page", [GREY, COLOUR], ids=["grey", "colour"])
@pytest.mark.parametrize(
    ("rotation", "x", "y", "turned"),
    [(0, 3, 2, 0), (90, 9, 2, 1), (180, 9, 6, 2), (270, 3, 6, 3), (-90, 3, 6, 3), (360, 3, 2, 0), (450, 9, 2, 1)],
)
@pytest.mark.parametrize("upright", [0, 90, 180, 270])
def test_quarter_turns_are_exact(  # noqa: PLR0913, PLR0917
    page: Page, rotation: float, x: float, y: float, turned: int, upright: int
) -> None:
    # The same 6 by 4 pixels of the page, taken hold of at another corner each time.
    width, height = (6, 4) if turned % 2 == 0 else (4, 6)
    block = page.pixels[2:6, 3:9]
    expected = np.rot90(np.rot90(block, turned), -upright // 90)
    assert np.array_equal(cut(page, Area(x, y, width, height, rotation, upright)), expected)


def test_upright_turns_the_crop_clockwise() -> None:
    crop = cut(GREY, Area(0, 0, 3, 3, upright=90))
    assert crop.tolist() == [[40, 20, 0], [41, 21, 1], [42, 22, 2]]


def slanted_page(degrees: float, corner: tuple[float, float], *, colour: bool) -> tuple[Page, np.ndarray]:
    """A grey page on which a card of 90 by 40 with four different corners lies turned about its top left corner."""
    card = np.full((40, 90), 200, np.uint8)
    card[:20, :45], card[:20, 45:], card[20:, :45], card[20:, 45:] = 0, 60, 120, 180
    # Drawn four times as large and made smaller, so that the page is not drawn with what is tested.
    scale = 4
    sheet = Image.new("L", (300 * scale, 240 * scale), 230)
    draw = ImageDraw.Draw(sheet)
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    for left, top, value in ((0, 0, 0), (45, 0, 60), (0, 20, 120), (45, 20, 180)):
        corners = [(left, top), (left + 45, top), (left + 45, top + 20), (left, top + 20)]
        draw.polygon(
            [
                ((corner[0] + x * cosine - y * sine) * scale - 0.5, (corner[1] + x * sine + y * cosine) * scale - 0.5)
                for x, y in corners
            ],
            fill=value,
        )
    pixels = np.array(sheet.resize((300, 240), Image.Resampling.BOX))
    return page_of(np.stack([pixels] * 3, axis=-1) if colour else pixels), card


@pytest.mark.parametrize("colour", [False, True], ids=["grey", "colour"])
@pytest.mark.parametrize("upright", [0, 90, 180, 270])
@pytest.mark.parametrize("degrees", [1, 7.5, 33, 45, 89, 91, 135, 200, 275.5, 340, -20])
def test_a_slanted_box_is_cut_along_its_sides(degrees: float, upright: int, *, colour: bool) -> None:
    page, card = slanted_page(degrees, (150.3, 120.6), colour=colour)
    crop = cut(page, Area(150.3, 120.6, 90, 40, degrees % 360, upright)).astype(int)
    expected = np.rot90(card, -upright // 90).astype(int)
    assert crop.shape[:2] == expected.shape
    if colour:
        assert np.array_equal(crop[..., 0], crop[..., 2])
        crop = crop[..., 1]
    # Away from the edges between the fields every pixel is exact; at the edges the two differ by interpolation.
    difference = abs(crop - expected)
    inside = np.zeros((40, 90), bool)
    inside[3:17, 3:42] = inside[3:17, 48:87] = inside[23:37, 3:42] = inside[23:37, 48:87] = True
    assert difference[np.rot90(inside, -upright // 90)].max() == 0
    assert difference.mean() < 5


@pytest.mark.parametrize("width", [21.0, 20.4])
def test_a_slanted_box_is_placed_to_a_fraction_of_a_pixel(width: float) -> None:
    # A slope whose value says where on the page it was sampled: 4 per pixel along, 0 across.
    slope = page_of(np.tile(np.arange(0, 240, 4, dtype=np.uint8), (60, 1)).copy())
    crop = cut(slope, Area(20, 20, width, 15, 30)).astype(float)
    assert crop.shape == (15, 21)
    # What a crop has over the box, for the sake of whole pixels, it has on both sides.
    j, i = np.mgrid[:15, :21] + 0.5
    i -= (21 - width) / 2
    x = 20 + i * math.cos(math.radians(30)) - j * math.sin(math.radians(30))
    # Pillow cuts fractions of values off; a shift by a tenth of a pixel would show as 0.4 more.
    difference = crop - 4 * (x - 0.5)
    assert np.abs(difference).max() < 1.3
    assert np.abs(difference.mean() + 0.5) < 0.1


def test_a_slanted_box_sees_the_pixels_around_it() -> None:
    noise = page_of(np.random.default_rng(1).integers(0, 255, (120, 120)).astype(np.uint8))
    along = np.array([math.cos(math.radians(20)), math.sin(math.radians(20))])
    around = np.array([60.0, 40.0]) - 10 * along - 10 * np.array([-along[1], along[0]])
    inner = cut(noise, Area(60, 40, 30, 20, 20)).astype(int)
    outer = cut(noise, Area(float(around[0]), float(around[1]), 50, 40, 20)).astype(int)
    assert abs(outer[10:-10, 10:-10] - inner).max() <= 1


def test_a_slanted_box_over_the_edge_is_filled_with_the_local_background() -> None:
    pixels = np.full((100, 100, 3), 255, np.uint8)
    pixels[:50] = (200, 180, 140)
    crop = cut(page_of(pixels), Area(70, 5, 40, 20, 10))
    assert crop.shape[2] == 3
    assert (crop == (200, 180, 140)).all()


def test_a_slanted_box_is_clipped_to_what_lies_on_the_page() -> None:
    white = page_of(np.full((100, 100), 255, np.uint8))
    assert cut(white, Area(50, 50, 1_000_000, 1_000_000, 45)).shape == (71, 71)
    assert max(cut(white, Area(-500, -500, 2000, 2000, 1)).shape) < 105


def test_a_page_of_24_megapixels_is_cut_quickly_at_any_angle(benchmark_page: Page) -> None:
    assert cut(benchmark_page, Area(3000, 2000, 400, 60, 12)).shape == (60, 400)


@pytest.fixture
def benchmark_page() -> Page:
    return page_of(np.full((4000, 6000), 255, np.uint8))


NAN, INF = math.nan, math.inf


@pytest.mark.parametrize(
    "area",
    [
        *(
            Area(*values)
            for values in ((NAN, 0, 9, 9), (0, NAN, 9, 9), (0, 0, NAN, 9), (0, 0, 9, NAN), (0, 0, 9, 9, NAN))
        ),
        *(
            Area(*values)
            for values in ((INF, 0, 9, 9), (0, -INF, 9, 9), (0, 0, INF, 9), (0, 0, 9, INF), (0, 0, 9, 9, INF))
        ),
        *(Area(*values) for values in ((1e300, 0, 9, 9), (0, 0, 1e300, 9), (0, 0, 9, 1e300, 30), (0, 0, 9, 9, 1e300))),
        Area(0, 0, 9, 9, outline=(((0, 0), (9, NAN), (9, 9)),)),
    ],
)
def test_numbers_that_are_none_are_told(area: Area) -> None:
    with pytest.raises(RegionError) as caught:
        cut(GREY, area)
    assert (
        caught.value.sentence == "The shape's place on the page is not given in usable numbers. Delete and redraw it."
    )


@pytest.mark.parametrize(
    ("width", "height", "rotation"),
    [(2, 9, 0), (9, 2, 0), (2.9, 2.9, 45), (0, 0, 0), (-9, 9, 0), (9, -9, 30), (0, 9, 90)],
)
def test_a_shape_that_is_too_small_is_told(width: float, height: float, rotation: float) -> None:
    with pytest.raises(RegionError) as caught:
        cut(GREY, Area(2, 2, width, height, rotation))
    assert caught.value.sentence == "The shape is smaller than 3 pixels on a side. Draw it around the whole text."


@pytest.mark.parametrize("rotation", [0, 30, 90, 180, 270])
@pytest.mark.parametrize("place", [(100, 3), (-100, 3), (3, 100), (3, -100), (35, 3), (500, 500)])
def test_a_shape_outside_the_page_is_told(place: tuple[float, float], rotation: float) -> None:
    with pytest.raises(RegionError) as caught:
        cut(GREY, Area(*place, 9, 9, rotation))
    assert caught.value.sentence == "The shape is outside the page. Draw it on the page."


@pytest.mark.parametrize("area", [Area(18, 3, 9, 5), Area(18, 3, 9, 5, 0.5), Area(-8, -8, 9, 9)])
def test_a_shape_of_which_two_pixels_lie_on_the_page_is_outside(area: Area) -> None:
    with pytest.raises(RegionError, match="outside the page"):
        cut(GREY, area)


def test_the_smallest_shape_is_three_pixels() -> None:
    assert cut(GREY, Area(2, 2, 3, 3)).shape == (3, 3)
    assert cut(GREY, Area(5, 2, 3, 3, 30)).shape == (3, 3)


# Outlines and masks

SHEET = np.full((60, 80), 240, np.uint8)
SHEET[20:40, 30:50] = 10  # a dark word that the outline leaves out
SHEET[5:10, 5:10] = 90  # one that it holds


def test_outside_an_outline_is_the_background_that_lies_inside_it() -> None:
    triangle = ((0.0, 0.0), (40.0, 0.0), (0.0, 40.0))
    crop = cut(page_of(SHEET.copy()), Area(0, 0, 50, 45, outline=(triangle,)))
    assert crop.shape == (45, 50)
    expected = np.full((45, 50), 240, np.uint8)
    expected[5:10, 5:10] = 90
    assert np.array_equal(crop, expected)


def test_the_background_is_the_shapes_own_not_the_pages() -> None:
    sheet = np.full((60, 80, 3), 255, np.uint8)
    sheet[10:50, 10:70] = (20, 40, 60)
    diamond = ((40.0, 12.0), (66.0, 30.0), (40.0, 48.0), (14.0, 30.0))
    crop = cut(page_of(sheet), Area(5, 5, 70, 50, outline=(diamond,)))
    assert (crop == (20, 40, 60)).all()


def test_an_outline_holds_the_pixels_whose_centres_it_holds() -> None:
    sheet = np.full((40, 50), 200, np.uint8)
    sheet[10:20, 12:30] = 50
    # The ground inside is 50 everywhere, so what is not 50 would have come in from outside.
    square = ((12.2, 10.2), (29.8, 10.2), (29.8, 19.8), (12.2, 19.8))
    assert (cut(page_of(sheet), Area(0, 0, 50, 40, outline=(square,))) == 50).all()
    # A rim of one pixel that belongs to the square stays in it.
    rimmed = sheet.copy()
    rimmed[10:20, 12:30] = 90
    rimmed[12:18, 14:28] = 50
    kept = cut(page_of(rimmed), Area(12, 10, 18, 10, outline=(square,)))
    assert np.array_equal(kept, rimmed[10:20, 12:30])


def test_an_outline_can_have_several_parts() -> None:
    parts = tuple(((x, 0.0), (x + 10.0, 0.0), (x + 10.0, 60.0), (x, 60.0)) for x in (0.0, 60.0))
    crop = cut(page_of(SHEET.copy()), Area(0, 0, 80, 60, outline=parts))
    assert not (crop == 10).any()
    assert (crop[5:10, 5:10] == 90).all()


@pytest.mark.parametrize(("rotation", "upright"), [*itertools.product([0, 90, 17, 200], [0, 90, 270])])
def test_an_outline_turns_with_the_crop(rotation: float, upright: int) -> None:
    # A page whose left half is dark, with an outline along the dark half: all that is left is dark.
    sheet = np.full((100, 100), 250, np.uint8)
    sheet[:, :50] = 30
    outline = (((0.0, 0.0), (48.0, 0.0), (48.0, 100.0), (0.0, 100.0)),)
    x = 45 if rotation < 90 else 55
    crop = cut(page_of(sheet), Area(x, 45, 40, 20, rotation, upright, outline))
    plain = cut(page_of(sheet.copy()), Area(x, 45, 40, 20, rotation, upright))
    assert crop.shape == plain.shape
    assert plain.max() > 240
    # Interpolation at the edge between dark and light makes the dark a little darker.
    assert crop.max() <= 30
    assert crop.min() >= 18


@pytest.mark.parametrize("polygon", [(), ((5.0, 5.0),), ((5.0, 5.0), (9.0, 9.0))])
def test_an_outline_without_a_surface_is_told(polygon: tuple[tuple[float, float], ...]) -> None:
    with pytest.raises(RegionError, match="outside the page"):
        cut(page_of(SHEET.copy()), Area(0, 0, 20, 20, outline=(polygon,)))


def test_an_outline_beside_its_box_is_told() -> None:
    with pytest.raises(RegionError, match="outside the page"):
        cut(page_of(SHEET.copy()), Area(0, 0, 20, 20, outline=(((50.0, 50.0), (60.0, 50.0), (60.0, 60.0)),)))


@pytest.mark.parametrize("rotation", [0, 90, 180, 15])
@pytest.mark.parametrize("upright", [0, 90])
def test_a_mask_turns_with_the_crop(rotation: float, upright: int) -> None:
    sheet = np.full((100, 100), 250, np.uint8)
    sheet[40:60, 40:60] = 30
    mask = sheet == 250
    crop = cut(page_of(sheet), Area(50, 50, 45, 30, rotation, upright, mask=mask))
    # Nothing of the dark square is left but what interpolation smears over its edge.
    assert np.median(crop) == 250
    assert (crop > 100).mean() > 0.97
    keep = cut(page_of(sheet.copy()), Area(50, 50, 45, 30, rotation, upright, mask=~mask))
    assert abs(np.median(keep) - 30) <= 2


def test_an_empty_mask_is_told() -> None:
    with pytest.raises(RegionError, match="outside the page"):
        cut(GREY, Area(0, 0, 9, 9, mask=np.zeros((10, 20), bool)))


def test_the_page_is_left_as_it_was() -> None:
    before = SHEET.copy()
    page = page_of(SHEET.copy())
    for rotation in (0, 20, 90):
        cut(page, Area(30, 10, 30, 20, rotation, outline=(((20.0, 5.0), (60.0, 5.0), (40.0, 40.0)),)))
    assert np.array_equal(page.pixels, before)
