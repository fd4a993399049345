import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.detection.area_sampler import MOST_ROWS, AreaSampler
from pipeline.values import Size


@settings(deadline=None)
@given(st.data(), st.integers(1, 150), st.integers(1, 150))
def test_is_the_mean_of_the_area_that_a_pixel_covers(data: st.DataObject, w: int, h: int) -> None:
    image = np.random.default_rng(w * 1000 + h).integers(0, 256, (h, w, 3), dtype=np.uint8)
    size = Size(data.draw(st.integers(1, w)), data.draw(st.integers(1, h)))
    copy = AreaSampler(image).shrunk(size)
    assert copy.shape == (size.height, size.width, 3)
    down, across = _cover(h, size.height), _cover(w, size.width)
    assert np.abs(copy - np.einsum("ab,bcd,ec->aed", down, image, across, optimize=True)).max() < 0.02


def _cover(length: int, samples: int) -> NDArray[np.float64]:
    """[samples, length]: the part of each new sample that each old one makes up."""
    edges = np.arange(samples + 1) * (length / samples)
    old = np.arange(length)
    inside = np.minimum(old + 1, edges[1:, None]) - np.maximum(old, edges[:-1, None])
    return np.asarray(np.maximum(inside, 0) * samples / length)


def test_sums_of_the_tallest_white_image_are_exact() -> None:
    white = np.full((MOST_ROWS, 1, 3), 255, np.uint8)
    assert np.abs(AreaSampler(white).shrunk(Size(1, 1000)) - 255).max() < 0.02
    with pytest.raises(ValueError, match="rows"):
        AreaSampler(np.zeros((MOST_ROWS + 1, 1, 3), np.uint8))


def test_agrees_with_opencv_on_a_pyramid_level() -> None:
    image = np.random.default_rng(0).integers(0, 256, (768, 1024, 3), dtype=np.uint8)
    for scale in (0.6, 0.4254, 0.1, 0.02):
        size = (int(1024 * scale), int(768 * scale))
        expected = cv2.resize(image.astype(np.float32), size, interpolation=cv2.INTER_AREA)
        assert np.abs(AreaSampler(image).shrunk(Size(*size)) - expected).max() < 0.02
