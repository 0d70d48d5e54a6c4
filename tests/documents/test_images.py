"""Pages of image files."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image, TiffImagePlugin

from boxocr.documents.kinds import Kind
from boxocr.documents.page_image import PageImage
from boxocr.documents.renderer import Renderer, RenderingOptions
from boxocr.errors import BoxOCRError
from tests.reading import drawn

# Of a fax of standard resolution, an inch.
ACROSS, DOWN = 204, 98
PAGE = Image.fromarray(drawn.text("Delivery of the goods", "ordered in March")).convert("L")


def fax(path: Path, orientation: int = 1, frames: int = 1, resolution: tuple[float, float] = (ACROSS, DOWN)) -> Path:
    """The page as fax machines send it: with less than half of the rows."""
    squashed = PAGE.resize((PAGE.width, PAGE.height * DOWN // ACROSS), Image.Resampling.BOX)
    if orientation == 8:
        # Stored on its side, with the rows as columns.
        squashed = PAGE.resize((PAGE.width * DOWN // ACROSS, PAGE.height), Image.Resampling.BOX)
        squashed = squashed.transpose(Image.Transpose.ROTATE_270)
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[ExifTags.Base.Orientation] = orientation
    tags[ExifTags.Base.XResolution], tags[ExifTags.Base.YResolution] = resolution
    squashed.save(path, tiffinfo=tags, save_all=True, append_images=[squashed] * (frames - 1))
    return path


def last_page(path: Path, max_megapixels: float = 100) -> PageImage | BoxOCRError:
    """The page of the last frame, rendered in another process as always, since Pillow's limit holds for a process."""
    with Renderer(RenderingOptions(dpi=72, passwords=(), max_megapixels=max_megapixels)) as renderer:
        frames = renderer.open(path, Kind.TIFF)
        ((_, page),) = renderer.pages(path, Kind.TIFF, [frames - 1])
        return page


@pytest.mark.parametrize(("orientation", "frames"), [(1, 1), (1, 2), (8, 1), (8, 2)])
def test_a_fax_with_oblong_pixels_is_as_high_as_on_paper(tmp_path: Path, orientation: int, frames: int) -> None:
    page = last_page(fax(tmp_path / "fax.tif", orientation, frames))
    assert isinstance(page, PageImage)
    width, height = page.width, page.height
    assert width / height == pytest.approx(PAGE.width / PAGE.height, rel=0.01)
    with Image.open(io.BytesIO(page.data)) as image:
        assert image.size == (width, height)
        shown = np.asarray(image.convert("L").resize(PAGE.size, Image.Resampling.BILINEAR), np.float32)
    assert np.abs(shown - np.asarray(PAGE, np.float32)).mean() < 12


@pytest.mark.parametrize("resolution", [(300, 300), (300, 297), (72, 1), (0, 98)])
def test_equal_and_impossible_resolutions_change_nothing(tmp_path: Path, resolution: tuple[float, float]) -> None:
    page = last_page(fax(tmp_path / "scan.tif", resolution=resolution))
    assert isinstance(page, PageImage)
    assert (page.width, page.height) == (PAGE.width, PAGE.height * DOWN // ACROSS)


def test_a_fax_that_is_too_large_as_it_is_on_paper_is_refused(tmp_path: Path) -> None:
    refused = last_page(fax(tmp_path / "fax.tif"), max_megapixels=0.03)
    assert isinstance(refused, BoxOCRError)
    assert refused.message == "The page has more than 0.03 megapixels."
