"""The face in a box that somebody drew, with the real networks, on photos that packages ship."""

import cv2
import numpy as np
import pytest

from pipeline.detection.drawn_box import DrawnBoxSearch
from pipeline.detection.mtcnn_networks import OutputNetwork
from pipeline.detection.yunet_network import Yunet
from pipeline.geometry import eighth_turns
from pipeline.models.runtime import RuntimeOptions
from pipeline.values import U8, Box
from tests.pipeline.faces import ASTRONAUT, astronaut, hopper

FACE = ASTRONAUT.box


@pytest.fixture(scope="module")
def search(tmp_path_factory: pytest.TempPathFactory) -> DrawnBoxSearch:
    options = RuntimeOptions(tmp_path_factory.mktemp("cache"), threads=1, streams=1)
    return DrawnBoxSearch(Yunet(options), OutputNetwork(options))


def moved(box: Box, x: float, y: float, scale: float = 1.0) -> Box:
    """A box moved by parts of its sides, and scaled about its middle."""
    w, h = box.w * scale, box.h * scale
    return Box(box.x + (x + 0.5) * box.w - w / 2, box.y + (y + 0.5) * box.h - h / 2, w, h)


@pytest.mark.parametrize(
    "box",
    [FACE, moved(FACE, 0.2, -0.2), moved(FACE, 0, 0, 1.6), moved(FACE, 0, 0, 0.6), moved(FACE, -0.2, 0, 1.3)],
    ids=["close", "beside", "too large", "too small", "both"],
)
def test_the_landmarks_of_a_face_are_found_in_a_box_drawn_roughly(search: DrawnBoxSearch, box: Box) -> None:
    found = search.find(astronaut().pixels, box)
    assert found.landmarks.shape == (1, 5, 2)
    assert np.abs(found.landmarks[0] - ASTRONAUT.landmarks).max() < 0.08 * FACE.w


@pytest.mark.parametrize("scale", [0.2, 3.0])
def test_a_face_of_any_size_is_found(search: DrawnBoxSearch, scale: float) -> None:
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    pixels = np.asarray(cv2.resize(astronaut().pixels, None, fx=scale, fy=scale, interpolation=how), np.uint8)
    box = Box(FACE.x * scale, FACE.y * scale, FACE.w * scale, FACE.h * scale)
    found = search.find(pixels, box)
    assert np.abs(found.landmarks[0] / scale - ASTRONAUT.landmarks).max() < 0.1 * FACE.w


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_turned_face_is_found_as_it_is_turned(search: DrawnBoxSearch, turns: int) -> None:
    pixels = np.ascontiguousarray(np.rot90(astronaut().pixels, turns))
    middle = np.array([FACE.x + FACE.w / 2, FACE.y + FACE.h / 2])
    for _ in range(turns):
        middle = np.array([middle[1], 512 - middle[0]])
    side = max(FACE.w, FACE.h)
    left, top = (middle - side / 2).tolist()
    found = search.find(pixels, Box(left, top, side, side))
    assert eighth_turns(found.landmarks[0]) == (8 - 2 * turns) % 8


def test_of_two_faces_the_one_in_the_box_is_found(search: DrawnBoxSearch) -> None:
    one, other = (np.asarray(cv2.resize(each.pixels, (256, 300))) for each in (astronaut(), hopper()))
    pixels = np.concatenate([one, other], axis=1)
    left, right = (search.find(pixels, box) for box in (Box(90, 40, 45, 60), Box(345, 55, 90, 110)))
    assert left.landmarks[0, :, 0].max() < 256 < right.landmarks[0, :, 0].min()


def test_a_face_that_is_known_is_not_taken_for_another(search: DrawnBoxSearch) -> None:
    assert len(search.find(astronaut().pixels, moved(FACE, 0.2, 0), [FACE]).boxes) == 0


def nothing() -> list[U8]:
    rows, columns = np.mgrid[0:200, 0:200]
    slope = np.stack([columns, rows, (columns + rows) // 2], axis=2).astype(np.uint8)
    noise = np.random.default_rng(1).integers(0, 256, (200, 200, 3), np.uint8)
    return [slope, noise, np.full((200, 200, 3), 128, np.uint8)]


@pytest.mark.parametrize("pixels", nothing(), ids=["slope", "noise", "grey"])
@pytest.mark.parametrize("box", [Box(60, 60, 60, 80), Box(0, 0, 200, 200), Box(190, 190, 10, 10)])
def test_where_there_is_none_none_is_found(search: DrawnBoxSearch, pixels: U8, box: Box) -> None:
    assert len(search.find(pixels, box).boxes) == 0
