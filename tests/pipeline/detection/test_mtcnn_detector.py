"""MTCNN against the mtcnn package itself, on real photographs, and on frames of its own making."""

import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import skimage.data

from pipeline.detection.detections import Detections
from pipeline.detection.detector import DetectionOptions
from pipeline.detection.mtcnn_detector import MOST_PROPOSALS, MtcnnDetector
from pipeline.detection.mtcnn_networks import TILE, Mtcnn, Proposals
from pipeline.detection.mtcnn_patches import patches
from pipeline.detection.pyramid import STRIDE, WINDOW, plan
from pipeline.detection.shrinking import shrunk
from pipeline.geometry import overlap
from pipeline.models.runtime import RuntimeOptions
from pipeline.values import F32, U8, Size
from tests.pipeline.faces import photo_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore"),  # TensorFlow's and Keras's own, on import
]


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> Mtcnn:
    return Mtcnn(RuntimeOptions(tmp_path_factory.mktemp("cache"), threads=0, streams=1))


@pytest.fixture(scope="module")
def package() -> Any:
    from mtcnn import MTCNN

    return MTCNN()


def read(path: Path) -> U8:
    return shrunk(np.asarray(cv2.imread(str(path), cv2.IMREAD_COLOR)[:, :, ::-1], np.uint8), 1600)


def photos(folder: Path) -> Iterator[Path]:
    for name in ("groups", "dlib-faces", "bbt"):
        yield from sorted((folder / name).glob("*.jpg"))


def package_faces(package: Any, pixels: U8) -> Detections:
    found = package.detect_faces(pixels)
    names = ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right")
    boxes = np.array([face["box"] for face in found], np.float32).reshape(-1, 4)
    boxes[:, 2:] += boxes[:, :2]
    points = np.array([[face["keypoints"][name] for name in names] for face in found], np.float32)
    confidence = np.array([face["confidence"] for face in found], np.float32)
    return Detections(boxes, confidence, points.reshape(-1, 5, 2))


def agreement(ours: Detections, theirs: Detections) -> tuple[int, int]:
    """Of their faces, how many are ours at IoU 0.85, and how many of those have our landmarks within 3%."""
    if not len(theirs.boxes) or not len(ours.boxes):
        return 0, 0
    both = overlap(theirs.boxes, ours.boxes)
    best = both.argmax(axis=1)
    matched = both.max(axis=1) >= 0.85
    sides = (theirs.boxes[:, 2:] - theirs.boxes[:, :2]).max(axis=1)
    distance = np.linalg.norm(ours.landmarks[best] - theirs.landmarks, axis=2).max(axis=1)
    return int(matched.sum()), int((matched & (distance <= 0.03 * sides)).sum())


def test_agrees_with_the_package_on_real_photos(networks: Mtcnn, package: Any, shared_photos: Path) -> None:
    detector = MtcnnDetector(networks)
    total = matched = near = ours_total = 0
    for path in photos(shared_photos):
        pixels = read(path)
        ours, theirs = detector.find(pixels), package_faces(package, pixels)
        total, ours_total = total + len(theirs.boxes), ours_total + len(ours.boxes)
        same, close = agreement(ours, theirs)
        matched, near = matched + same, near + close
    assert total > 150
    assert matched >= 0.98 * total
    assert near >= 0.98 * matched
    assert abs(ours_total - total) <= 0.02 * total


def test_faces_agree_with_the_package_on_shipped_photos(networks: Mtcnn, package: Any, hopper: Path) -> None:
    for pixels in (read(hopper), np.asarray(skimage.data.astronaut())):
        ours, theirs = MtcnnDetector(networks).find(pixels), package_faces(package, pixels)
        assert agreement(ours, theirs) == (1, 1)
        assert len(ours.boxes) == len(theirs.boxes)
        assert ours.probabilities == pytest.approx(theirs.probabilities, abs=1e-3)


def xml_boxes(folder: Path) -> dict[str, F32]:
    boxes: dict[str, list[list[float]]] = {}
    for name in ("training.xml", "testing.xml"):
        for image in ElementTree.parse(folder / name).iter("image"):  # noqa: S314 - our own test file
            rows = boxes.setdefault(image.attrib["file"], [])
            for box in image.iter("box"):
                left, top, width, height = (float(box.attrib[k]) for k in ("left", "top", "width", "height"))
                rows.append([left, top, left + width, top + height])
    return {name: np.array(rows, np.float32).reshape(-1, 4) for name, rows in boxes.items()}


def test_finds_as_many_labelled_faces(networks: Mtcnn, package: Any, shared_photos: Path) -> None:
    detector = MtcnnDetector(networks)
    ours = theirs = labelled = 0
    for name, truth in xml_boxes(shared_photos / "dlib-faces").items():
        path = shared_photos / "dlib-faces" / name
        if not path.exists() or not len(truth):
            continue
        full = np.asarray(cv2.imread(str(path), cv2.IMREAD_COLOR)[:, :, ::-1], np.uint8)
        pixels = shrunk(full, 1600)
        truth = truth * (pixels.shape[1] / full.shape[1])
        labelled += len(truth)
        ours += hits(truth, detector.find(pixels))
        theirs += hits(truth, package_faces(package, pixels))
    assert labelled >= 20
    assert ours >= theirs
    assert ours >= 0.9 * labelled


def hits(truth: F32, found: Detections) -> int:
    """Labelled boxes that were found; the labels are squares about the face, the detector's boxes are not."""
    return int((overlap(truth, found.boxes).max(axis=1, initial=0) >= 0.35).sum())


def test_boxes_are_in_pixels_of_the_full_size_photo(networks: Mtcnn) -> None:
    detector = MtcnnDetector(networks)
    full = np.asarray(skimage.data.astronaut())
    half = np.asarray(cv2.resize(full, (256, 256), interpolation=cv2.INTER_AREA))
    twice = np.asarray(cv2.resize(full, (2048, 2048), interpolation=cv2.INTER_CUBIC))
    (expected,) = detector.detect(photo_of(full))
    (small,) = detector.detect(photo_of(half, 0.5))
    (large,) = detector.detect(photo_of(twice))
    assert np.array([small.box.x, small.box.y, small.box.w, small.box.h]) == pytest.approx(
        np.array([expected.box.x, expected.box.y, expected.box.w, expected.box.h]), abs=12
    )
    assert large.landmarks / 4 == pytest.approx(expected.landmarks, abs=3)
    eyes_to_mouth = expected.landmarks[3:, 1].mean() - expected.landmarks[:2, 1].mean()
    assert eyes_to_mouth > 0
    assert expected.landmarks[0, 0] < expected.landmarks[1, 0]


def test_smallest_face_is_heeded_beyond_what_the_package_can(networks: Mtcnn) -> None:
    pixels = np.asarray(skimage.data.astronaut())
    assert len(MtcnnDetector(networks, DetectionOptions("mtcnn", smallest_face=60)).find(pixels).boxes) == 1
    assert len(MtcnnDetector(networks, DetectionOptions("mtcnn", smallest_face=300)).find(pixels).boxes) == 0


@pytest.mark.parametrize("shape", [(1, 1), (5, 900), (19, 19), (20, 20), (33, 1700)])
def test_photos_too_small_for_a_face_have_none(networks: Mtcnn, shape: tuple[int, int]) -> None:
    assert MtcnnDetector(networks).detect(photo_of(np.full((*shape, 3), 200, np.uint8))) == ()


class ProposesEveryWindow(Mtcnn):
    """A P-Net that proposes a box of about one pixel in the middle of every window."""

    def __init__(self) -> None:
        side = (TILE - WINDOW) // STRIDE + 1
        inwards = np.array([5, 5, -5, -5], np.float32) / (WINDOW - 1)
        self._proposals = Proposals(
            np.full((side, side), 3, np.float32), np.tile(inwards[:, None, None], (side, side))
        )

    def propose(self, tile: F32) -> Proposals:
        return self._proposals


def test_the_proposals_of_each_level_of_the_pyramid_are_bounded() -> None:
    pyramid = plan(Size(600, 600), WINDOW / DetectionOptions("mtcnn").least_side, TILE)
    windows = [sum(piece.rows * piece.columns for piece in level.pieces) for level in pyramid.levels]
    bounded = sum(min(each, MOST_PROPOSALS) for each in windows)
    found = MtcnnDetector(ProposesEveryWindow()).propose(np.zeros((600, 600, 3), np.uint8))
    assert bounded < 0.5 * sum(windows)
    assert 0.9 * bounded < len(found) <= bounded


def test_patches_are_sampled_corner_to_corner() -> None:
    x, y = np.meshgrid(np.arange(200), np.arange(100))
    ramp = np.stack([x, y, np.zeros_like(x)], axis=2).astype(np.uint8)
    (patch,) = patches(ramp, np.array([[20, 10, 66, 56]], np.float32), 24)
    assert patch[0, 0, :2] == pytest.approx([20, 10], abs=1)
    assert patch[-1, -1, :2] == pytest.approx([66 * 199 / 200, 56 * 99 / 100], abs=1)
    (outside,) = patches(ramp, np.array([[-60, -60, -20, -20]], np.float32), 24)
    assert (outside == 127).all()
