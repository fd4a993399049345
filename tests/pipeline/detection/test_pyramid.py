import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.detection.pyramid import STRIDE, WINDOW, fill, plan
from pipeline.values import Size

TILE = 64


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 400), st.integers(1, 400), st.sampled_from([0.6, 0.3, 1.0]))
def test_every_window_of_every_level_stands_once_and_unchanged_in_a_tile(
    w: int, h: int, scale: float
) -> None:
    image = np.random.default_rng(w * 1000 + h).integers(0, 256, (h, w, 3), dtype=np.uint8)
    pyramid = plan(Size(w, h), scale, TILE)
    tiles = fill(pyramid, image, TILE)
    taken = np.zeros(tiles.shape[:3], int)
    for level in pyramid.levels:
        size = (level.size.width, level.size.height)
        shrunk = cv2.resize(image.astype(np.float32), size, interpolation=cv2.INTER_AREA)
        # A last odd pixel takes part in a window, as the pooling of TensorFlow's "same" padding has it.
        rows, columns = ((side - WINDOW + 1) // STRIDE + 1 for side in (level.size.height, level.size.width))
        shrunk = cv2.copyMakeBorder(shrunk, 0, 1, 0, 1, cv2.BORDER_REPLICATE)
        seen = np.zeros((rows, columns), int)
        for piece in level.pieces:
            first_row, first_column = piece.top // STRIDE, piece.left // STRIDE
            seen[first_row : first_row + piece.rows, first_column : first_column + piece.columns] += 1
            own = tiles[piece.tile, piece.y : piece.y + piece.height, piece.x : piece.x + piece.width]
            whole = shrunk[piece.top : piece.top + piece.height, piece.left : piece.left + piece.width]
            assert np.abs(own - whole).max() < 0.02
            assert piece.x % STRIDE == piece.y % STRIDE == 0
            taken[piece.tile, piece.y : piece.y + piece.height, piece.x : piece.x + piece.width] += 1
        assert (seen == 1).all()
    assert taken.max(initial=0) <= 1


def test_levels_shrink_to_the_window_and_no_further() -> None:
    levels = plan(Size(1600, 1200), 0.6, 256).levels
    assert levels[0].size == Size(960, 720)
    assert len(levels) == 12  # as many as mtcnn 1.0.0 builds for this size
    assert min(levels[-1].size.height, levels[-1].size.width) >= WINDOW
    assert plan(Size(19, 400), 0.6, 256).levels == ()


def test_tiles_are_well_filled() -> None:
    pyramid = plan(Size(1600, 1200), 0.6, 256)
    pixels = sum(level.size.width * level.size.height for level in pyramid.levels)
    assert pyramid.tiles * 256 * 256 < 1.3 * pixels
