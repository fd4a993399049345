"""Quality falls with what makes a face harder to recognise, and says what that was."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from pipeline.description.quality import crop_and_assess
from pipeline.detection.mtcnn_detector import MtcnnDetector
from pipeline.detection.mtcnn_networks import Mtcnn
from pipeline.models.registry import SFACE
from pipeline.models.runtime import RuntimeOptions
from pipeline.values import F32, Box, DecodedPhoto, DetectedFace, Quality
from tests.pipeline.faces import ASTRONAUT, HOPPER, astronaut, hopper, photo_of


def assess(photo: DecodedPhoto, face: DetectedFace) -> Quality:
    return crop_and_assess(photo, face, SFACE.crop).quality


real_faces = pytest.mark.parametrize(("photo", "face"), [(astronaut(), ASTRONAUT), (hopper(), HOPPER)])


def blurred(photo: DecodedPhoto, face: DetectedFace, amount: float) -> DecodedPhoto:
    """Blurred by ``amount`` hundredths of the face's width."""
    pixels = cv2.GaussianBlur(photo.pixels, (0, 0), amount * face.box.w / 100)
    return replace(photo, pixels=np.asarray(pixels, np.uint8))


def shrunk(photo: DecodedPhoto, face: DetectedFace, side: float) -> tuple[DecodedPhoto, DetectedFace]:
    """The photo taken from further away, so that the face's box is ``side`` pixels wide."""
    scale = side / min(face.box.w, face.box.h)
    pixels = cv2.resize(photo.pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    box = Box(*(scale * value for value in (face.box.x, face.box.y, face.box.w, face.box.h)))
    smaller = DetectedFace(box, face.landmarks * np.float32(scale), face.confidence)
    return photo_of(np.asarray(pixels, np.uint8)), smaller


def moved(face: DetectedFace, landmark: int, dx: float, dy: float) -> DetectedFace:
    """One landmark moved, in distances between the eyes."""
    landmarks = face.landmarks.copy()
    landmarks[landmark] += np.linalg.norm(landmarks[1] - landmarks[0]) * np.array([dx, dy], np.float32)
    return replace(face, landmarks=landmarks)


@real_faces
def test_a_good_portrait_has_a_high_score_and_no_complaint(photo: DecodedPhoto, face: DetectedFace) -> None:
    quality = assess(photo, face)
    assert quality.score > 0.8
    assert quality.reasons == ()


@real_faces
def test_the_more_it_is_blurred_the_lower_the_score(photo: DecodedPhoto, face: DetectedFace) -> None:
    qualities = [assess(blurred(photo, face, amount), face) for amount in (2.5, 3.5, 5)]
    scores = [assess(photo, face).score, *(quality.score for quality in qualities)]
    assert scores == sorted(scores, reverse=True)
    assert scores[-1] < 0.3
    assert qualities[-1].reasons == ("blurred",)


@real_faces
@pytest.mark.parametrize("degrees", [0, 45, 90])
def test_a_face_blurred_by_movement_is_blurred(
    photo: DecodedPhoto, face: DetectedFace, degrees: float
) -> None:
    way = round(face.box.w / 4)
    line = np.zeros((way, way), np.float32)
    line[way // 2] = 1.0
    middle = ((way - 1) / 2, (way - 1) / 2)
    line = np.asarray(cv2.warpAffine(line, cv2.getRotationMatrix2D(middle, degrees, 1.0), (way, way)))
    shaken = replace(photo, pixels=np.asarray(cv2.filter2D(photo.pixels, -1, line / line.sum()), np.uint8))
    assert assess(shaken, face).score < 0.3
    assert assess(shaken, face).reasons == ("blurred",)


@real_faces
def test_the_smaller_it_is_the_lower_the_score(photo: DecodedPhoto, face: DetectedFace) -> None:
    qualities = [assess(*shrunk(photo, face, side)) for side in (60, 25, 18, 12)]
    scores = [quality.score for quality in qualities]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > 0.8
    assert scores[-1] < 0.2
    assert "small" in qualities[-1].reasons


@real_faces
def test_the_scale_at_which_a_photo_was_decoded_matters_little(
    photo: DecodedPhoto, face: DetectedFace
) -> None:
    half = cv2.resize(photo.pixels, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    decoded = replace(photo, pixels=np.asarray(half, np.uint8), scale=0.5)
    assert assess(decoded, face).score == pytest.approx(assess(photo, face).score, abs=0.1)


@pytest.mark.parametrize(
    ("reason", "landmark", "dx", "dy"), [("turned", 2, 0.9, 0.0), ("up-or-down", 2, 0.0, 0.5)]
)
def test_a_nose_out_of_place_tells_that_the_head_is_turned(
    reason: str, landmark: int, dx: float, dy: float
) -> None:
    straight, turned = HOPPER, moved(HOPPER, landmark, dx, dy)
    assert assess(hopper(), turned).score < assess(hopper(), straight).score
    assert assess(hopper(), turned).reasons == (reason,)


def turned_by(degrees: float) -> tuple[DecodedPhoto, DetectedFace]:
    """Grace Hopper after a turn to the right about the middle of her face."""
    photo, box = hopper(), HOPPER.box
    middle = box.x + box.w / 2, box.y + box.h / 2
    turn = cv2.getRotationMatrix2D(middle, -degrees, 1.0)
    size = photo.pixels.shape[1::-1]
    pixels = cv2.warpAffine(photo.pixels, turn, size, borderMode=cv2.BORDER_REPLICATE)
    landmarks = HOPPER.landmarks @ turn[:, :2].T + turn[:, 2]
    return photo_of(np.asarray(pixels, np.uint8)), replace(HOPPER, landmarks=landmarks.astype(np.float32))


@pytest.mark.parametrize("degrees", [20, 45, 70, 90, 135, 180, 225, 270, 315])
def test_a_tilted_head_is_as_good_as_an_upright_one(degrees: float) -> None:
    quality = assess(*turned_by(degrees))
    assert quality.score == pytest.approx(assess(hopper(), HOPPER).score, abs=0.05)
    assert quality.reasons == ()


def test_a_face_that_the_detector_doubts_is_uncertain() -> None:
    assert assess(hopper(), replace(HOPPER, confidence=0.6)).reasons == ("uncertain",)


@given(arrays(np.float32, (5, 2), elements=st.floats(0, 500, width=32)))
def test_any_landmarks_give_a_score_between_0_and_1(landmarks: F32) -> None:
    landmarks[0] += (0.5, 0.25)  # five equal points are no face, and no detector gives them
    quality = assess(hopper(), replace(HOPPER, landmarks=landmarks))
    assert 0 <= quality.score <= 1


def test_on_labelled_faces_in_the_wild_most_are_good_and_blurring_any_lowers_its_score(
    shared_photos: Path, tmp_path: Path
) -> None:
    detector = MtcnnDetector(Mtcnn(RuntimeOptions(tmp_path, threads=0, streams=1)))
    photos = [
        photo_of(np.asarray(Image.open(path).convert("RGB")))
        for path in sorted((shared_photos / "lfw").glob("*/*.jpg"))[:400:10]
    ]
    found = [(photo, detector.detect(photo)[0]) for photo in photos]
    before = np.array([assess(photo, face).score for photo, face in found])
    after = np.array([assess(blurred(photo, face, 4), face).score for photo, face in found])
    assert np.median(before) > 0.9
    assert (after < before).all()
    assert np.median(after) < 0.5
