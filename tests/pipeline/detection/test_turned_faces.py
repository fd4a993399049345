"""Faces that are upside down or on their side: found where they are, and not where there are none."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data
from hypothesis import given
from hypothesis import strategies as st

from pipeline.detection.detections import Detections
from pipeline.detection.mtcnn_detector import MtcnnDetector
from pipeline.detection.mtcnn_networks import REFINE_BATCH, Mtcnn, Proposals, Refinements
from pipeline.detection.shrinking import shrunk
from pipeline.detection.turned_faces import with_turned_faces
from pipeline.detection.turned_image import TurnedImage
from pipeline.models.runtime import RuntimeOptions
from pipeline.values import F32, U8, DetectedFace
from tests.pipeline.faces import astronaut, hopper, photo_of

turns = pytest.mark.parametrize("turns", [1, 2, 3])
photos = pytest.mark.parametrize("pixels", [astronaut().pixels, hopper().pixels], ids=["astronaut", "hopper"])


class CountingNetworks(Mtcnn):
    """The networks, which count the tiles and patches that they are given."""

    tiles = patches = 0

    def propose(self, tile: F32) -> Proposals:
        self.tiles += 1
        return super().propose(tile)

    def refine(self, patches: U8) -> Refinements:
        self.patches += len(patches)
        return super().refine(patches)


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> CountingNetworks:
    return CountingNetworks(RuntimeOptions(tmp_path_factory.mktemp("cache"), threads=0, streams=1))


def detect(networks: Mtcnn, pixels: U8) -> tuple[DetectedFace, ...]:
    return MtcnnDetector(networks).detect(photo_of(np.ascontiguousarray(pixels)))


def corners(face: DetectedFace) -> F32:
    box = face.box
    return np.array([[box.x, box.y, box.x + box.w, box.y + box.h]], np.float32)


@photos
@turns
def test_a_turned_photo_has_the_faces_of_the_upright_one(
    networks: CountingNetworks, pixels: U8, turns: int
) -> None:
    (expected,) = detect(networks, pixels)
    (found,) = detect(networks, np.rot90(pixels, turns))
    turned = TurnedImage(pixels, turns)
    assert turned.upright_points(found.landmarks) == pytest.approx(expected.landmarks, abs=0.5)
    # The last pixels of a photo are the limits of a box, and the limits of a turned one lie a pixel off.
    assert turned.upright_boxes(corners(found)) == pytest.approx(corners(expected), abs=1.5)
    assert found.confidence == pytest.approx(expected.confidence, abs=1e-4)


def test_single_turned_heads_are_found_beside_upright_ones(networks: CountingNetworks) -> None:
    upright = astronaut().pixels
    (expected,) = detect(networks, upright)
    side_by_side = np.concatenate([upright, np.rot90(upright, 2), np.rot90(upright, 1)], axis=1)
    found = sorted(detect(networks, side_by_side), key=lambda face: face.box.x)
    assert len(found) == 3
    # Of a wider image the pyramid differs: faces are found some pixels off.
    left_eye, right_eye, nose, *_ = expected.landmarks.tolist()
    assert found[0].landmarks[:3] == pytest.approx(np.array([left_eye, right_eye, nose]), abs=4)
    upside_down = np.array([(1024 - x, 512 - y) for x, y in (left_eye, right_eye, nose)])
    assert found[1].landmarks[:3] == pytest.approx(upside_down, abs=4)
    on_its_side = np.array([(1024 + y, 512 - x) for x, y in (left_eye, right_eye, nose)])
    assert found[2].landmarks[:3] == pytest.approx(on_its_side, abs=4)


@pytest.mark.parametrize("name", ["coffee", "chelsea", "rocket", "gravel", "camera"])
def test_a_photo_without_turned_faces_is_searched_once(networks: CountingNetworks, name: str) -> None:
    pixels = np.asarray(getattr(skimage.data, name)(), np.uint8)
    pixels = pixels if pixels.ndim == 3 else np.stack([pixels] * 3, axis=-1)
    detector = MtcnnDetector(networks)
    networks.tiles = networks.patches = 0
    upright = detector.find(pixels)
    tiles, patches = networks.tiles, networks.patches
    networks.tiles = networks.patches = 0
    found = detector.detect(photo_of(pixels))
    assert len(found) == len(upright.boxes)
    assert networks.tiles == tiles
    assert networks.patches <= patches + REFINE_BATCH


def test_nothing_is_added_to_photos_of_upright_people(
    networks: CountingNetworks, shared_photos: Path
) -> None:
    detector, added = MtcnnDetector(networks), 0
    for path in sorted((shared_photos / "groups").glob("*.jpg"))[:3]:
        pixels = np.asarray(cv2.imread(str(path))[:, :, ::-1], np.uint8)
        photo = photo_of(shrunk(pixels, 1600))
        added += len(detector.detect(photo)) - len(detector.find(photo.pixels).boxes)
    assert added == 0


@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 3), st.data())
def test_points_lie_on_the_same_pixels_in_the_turned_image(
    width: int, height: int, turns: int, data: st.DataObject
) -> None:
    pixels = np.arange(height * width * 3, dtype=np.uint8).reshape(height, width, 3)
    image = TurnedImage(pixels, turns)
    x, y = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    box = np.array([[x, y, x + 1, y + 1]], np.float32)
    left, top, right, bottom = image.turned_boxes(box)[0].astype(int).tolist()
    turned = image.turned(pixels)
    assert turned.shape[:2] == (image.height, image.width)
    assert (right - left, bottom - top) == (1, 1)
    assert np.array_equal(turned[top, left], pixels[y, x])
    assert np.array_equal(image.upright_boxes(image.turned_boxes(box)), box)


class FindsOneFace:
    """Stages of MTCNN that find one face in the middle of the image turned twice, of this probability."""

    def __init__(self, probability: float) -> None:
        self.probability = probability

    def find(self, pixels: U8) -> Detections:
        return one_face(self.probability)

    def refine(self, images: Sequence[TurnedImage], boxes: Sequence[F32]) -> list[F32]:
        return list(boxes)

    def finish(self, images: Sequence[TurnedImage], boxes: Sequence[F32]) -> list[Detections]:
        return [one_face(self.probability if image.turns == 2 else 0.0) for image in images]


def one_face(probability: float) -> Detections:
    box = np.array([[40, 40, 60, 60]], np.float32)
    points = np.array([[(45, 45), (55, 45), (50, 50), (45, 55), (55, 55)]], np.float32)
    return Detections(box, np.array([probability], np.float32), points)


@pytest.mark.parametrize(
    ("upright", "turned", "is_turned"),
    [
        (0.9, 0.99, True),
        (0.99, 0.998, True),
        (0.95, 0.97, False),
        (0.99, 0.8, False),
        (0.9995, 0.9999, False),
    ],
)
def test_of_two_faces_in_one_place_the_more_probable_is_taken_and_the_upright_one_if_in_doubt(
    upright: float, turned: float, is_turned: bool
) -> None:
    pixels = np.zeros((100, 100, 3), np.uint8)
    proposals = one_face(0).boxes
    found = with_turned_faces(FindsOneFace(turned), pixels, proposals, one_face(upright))
    assert len(found.boxes) == 1
    assert (found.landmarks[0, 0, 0] > found.landmarks[0, 1, 0]) == is_turned
