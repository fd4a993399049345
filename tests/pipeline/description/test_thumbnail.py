"""Pictures of faces for people to look at: where they are cut, how large they are, which way up."""

import io

import numpy as np
import pytest
from PIL import Image

from pipeline.description.thumbnail import LONG_EDGE, cut_thumbnail, with_thumbnails
from pipeline.values import U8, Box, DecodedPhoto, DetectedFace, FaceCrop, PhotoFile, Quality, Size

UPRIGHT = np.array([(40, 40), (60, 40), (50, 50), (42, 60), (58, 60)], np.float32)
RED, GREEN = (200, 0, 0), (0, 200, 0)


def photo(pixels: U8, scale: float = 1.0) -> DecodedPhoto:
    size = Size(round(pixels.shape[1] / scale), round(pixels.shape[0] / scale))
    return DecodedPhoto(PhotoFile(b"/p.jpg", 1, 1), bytes(32), size, None, pixels, scale, bytes(32))


def face(box: Box, turns: int = 0) -> DetectedFace:
    """A face that is turned to the right by quarters."""
    landmarks = UPRIGHT
    for _ in range(turns):
        landmarks = np.stack([100 - landmarks[:, 1], landmarks[:, 0]], axis=1)
    return DetectedFace(box, landmarks, 0.9)


def shown(thumbnail: bytes) -> U8:
    return np.asarray(Image.open(io.BytesIO(thumbnail)).convert("RGB"))


def painted(height: int, width: int, box: tuple[slice, slice]) -> U8:
    """A green photo with a red part."""
    pixels = np.full((height, width, 3), GREEN, np.uint8)
    pixels[box] = RED
    return pixels


def is_red(pixels: U8) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    return np.asarray(pixels[..., 0] > pixels[..., 1])


@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_it_shows_the_face_in_the_middle_and_some_of_what_is_around_it(scale: float) -> None:
    pixels = painted(400, 600, (slice(150, 250), slice(250, 350)))
    box = Box(250 / scale, 150 / scale, 100 / scale, 100 / scale)
    picture = shown(cut_thumbnail(photo(pixels, scale), face(box)))
    assert picture.shape == (180, 180, 3)  # 0.4 of the box on each side, and never enlarged
    rows, columns = np.nonzero(is_red(picture))
    for each in (rows, columns):
        assert abs(each.min() - 40) <= 2
        assert abs(each.max() - 139) <= 2


def test_a_large_face_is_made_smaller() -> None:
    pixels = painted(900, 1200, (slice(200, 700), slice(300, 800)))
    picture = shown(cut_thumbnail(photo(pixels), face(Box(300, 200, 500, 500))))
    assert picture.shape == (LONG_EDGE, LONG_EDGE, 3)
    assert is_red(picture).mean() == pytest.approx(1 / 1.8**2, abs=0.01)


def test_at_the_edge_the_square_moves_into_the_photo() -> None:
    pixels = painted(400, 600, (slice(0, 100), slice(500, 600)))
    picture = shown(cut_thumbnail(photo(pixels), face(Box(520, -20, 100, 100))))
    assert picture.shape == (180, 180, 3)
    assert is_red(picture)[:90, 90:].all()


def test_a_photo_smaller_than_the_square_is_shown_as_far_as_it_goes() -> None:
    pixels = painted(50, 300, (slice(0, 50), slice(100, 200)))
    assert shown(cut_thumbnail(photo(pixels), face(Box(100, -20, 100, 90)))).shape == (50, 180, 3)


@pytest.mark.parametrize("turns", range(4))
def test_a_face_on_its_side_or_upside_down_is_turned_upright(turns: int) -> None:
    upright = painted(180, 180, (slice(0, 60), slice(0, 180)))  # its forehead is red
    turned = np.ascontiguousarray(np.rot90(upright, -turns))
    picture = is_red(shown(cut_thumbnail(photo(turned), face(Box(40, 40, 100, 100), turns))))
    assert picture[:55].all()
    assert not picture[65:].any()


def test_a_face_without_landmarks_stays_as_it_is() -> None:
    pixels = painted(180, 180, (slice(0, 60), slice(0, 180)))
    drawn = DetectedFace(Box(40, 40, 100, 100), np.empty((0, 2), np.float32), 1.0)
    assert is_red(shown(cut_thumbnail(photo(pixels), drawn)))[:55].all()


def test_each_crop_gets_its_own() -> None:
    pixels = painted(200, 400, (slice(0, 200), slice(0, 200)))
    crops = [
        FaceCrop(face(box), Quality(1, ()), np.zeros((4, 4, 3), np.uint8))
        for box in (Box(50, 50, 50, 50), Box(300, 50, 50, 50))
    ]
    first, second = (each.thumbnail for each in with_thumbnails(photo(pixels), crops))
    assert first is not None
    assert second is not None
    assert is_red(shown(first)).all()
    assert not is_red(shown(second)).any()
