"""Judges how much a detected face can be trusted for recognition: size, sharpness, pose, confidence.

Each aspect gives a grade from 0 to 1 by a straight ramp between two values, both set by what SFace made
of degraded faces of Labeled Faces in the Wild (docs/models.md has the figures). The score is their
product; an aspect graded below a half is named as a reason. This module must not know which model
the face is for, so that scores of one photo are the same under every model.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from pipeline.description.crop import cut
from pipeline.models.registry import SFACE, CropProtocol
from pipeline.values import F32, U8, DecodedPhoto, DetectedFace, FaceCrop, Quality

_FRAME = SFACE.crop
"""Every face is judged turned upright and at the same size, in this frame of 112 x 112 pixels."""

_FACE = slice(16, 104), slice(16, 96)
"""Rows and columns of the frame that show face, and little hair or background."""

_FINE, _COARSE = 2.0, 6.0
"""Standard deviations in pixels of the frame: detail below the first is compared with detail between both."""

_FLAT = 1.0
"""Variance of grey levels below which there is no face to see, only noise."""

_POOR = 0.5


@dataclass(frozen=True, slots=True)
class _Ramp:
    """A grade: 0 at ``worst`` and beyond, 1 at ``good`` and beyond, straight between."""

    reason: str
    worst: float
    good: float

    def grade(self, value: float) -> float:
        return min(1.0, max(0.0, (value - self.worst) / (self.good - self.worst)))


_SIZE = _Ramp("small", worst=8.0, good=32.0)  # shorter side of the box in full-size pixels
_SHARPNESS = _Ramp("blurred", worst=0.03, good=0.15)  # ratio of variances, see _sharpness
_YAW = _Ramp("turned", worst=1.0, good=0.3)  # nose beside the middle, in distances between the eyes
_PITCH = _Ramp("up-or-down", worst=0.6, good=0.2)  # nose above or below where it usually is, see _Pose
_ROLL = _Ramp("tilted", worst=60.0, good=15.0)  # degrees; MTCNN's landmarks are worse past 15
_CONFIDENCE = _Ramp("uncertain", worst=0.5, good=0.98)

_USUAL_NOSE = 0.54
"""Where the nose lies from the eyes (0) to the mouth (1): the median of 1,931 faces of that collection."""


@dataclass(frozen=True, slots=True)
class _Pose:
    """How the head is turned, told from five landmarks.

    Attributes:
        yaw: Distance of the nose from the line between eyes and mouth, in distances between the eyes.
        pitch: Distance of the nose from its usual height, in distances from eyes to mouth.
        roll: Angle between the line through the eyes and the horizontal, degrees.
    """

    yaw: float
    pitch: float
    roll: float


def crop_and_assess(photo: DecodedPhoto, face: DetectedFace, protocol: CropProtocol) -> FaceCrop:
    """Cut a face out by a model's protocol, and assess its quality.

    The photo should be decoded as finely as for a crop of 112 x 112: coarser pixels count as blur. The face
    is cut out once where the model's protocol is the one by which quality is assessed.
    """
    frame = cut(photo, face, _FRAME)
    pixels = frame if protocol == _FRAME else cut(photo, face, protocol)
    return FaceCrop(face, _assess(face, frame), pixels)


def _assess(face: DetectedFace, frame: U8) -> Quality:
    """The quality of a face, given its pixels in the frame in which every face is assessed."""
    pose = _pose(face.landmarks)
    grades = (
        (_SIZE, min(face.box.w, face.box.h)),
        (_SHARPNESS, _sharpness(frame)),
        (_YAW, abs(pose.yaw)),
        (_PITCH, abs(pose.pitch)),
        (_ROLL, abs(pose.roll)),
        (_CONFIDENCE, face.confidence),
    )
    return Quality(
        score=math.prod(ramp.grade(value) for ramp, value in grades),
        reasons=tuple(ramp.reason for ramp, value in grades if ramp.grade(value) < _POOR),
    )


def _sharpness(frame: U8) -> float:
    """Variance of the finest detail of the face, divided by that of detail up to three times as coarse.

    The ratio does not change with contrast and little with what the face looks like. About 0.43 for a
    sharp face, 0.14 if it is blurred by 2 pixels of a face 90 pixels wide, 0.06 if by 4.
    """
    grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY).astype(np.float32)
    finer, coarser = (cv2.GaussianBlur(grey, (0, 0), sigma) for sigma in (_FINE, _COARSE))
    fine, coarse = float((grey - finer)[_FACE].var()), float((finer - coarser)[_FACE].var())
    return fine / coarse if coarse > _FLAT else 0.0


def _pose(landmarks: F32) -> _Pose:
    """The pose, in a frame whose x runs along the eyes; extreme where points coincide."""
    left_eye, right_eye, nose, left_mouth, right_mouth = _points(landmarks)
    across = right_eye - left_eye
    eyes, mouth = (left_eye + right_eye) / 2, (left_mouth + right_mouth) / 2
    if not across:
        return _Pose(math.inf, math.inf, math.inf)
    # Divided by the line through the eyes, a point has x along it and y down, in distances between the eyes.
    down, nose_below_eyes = ((mouth - eyes) / across).imag, ((nose - eyes) / across).imag
    yaw = ((nose - (eyes + mouth) / 2) / across).real
    pitch = nose_below_eyes / down - _USUAL_NOSE if down > 0 else math.inf
    return _Pose(yaw, pitch, math.degrees(math.atan2(across.imag, across.real)))


def _points(landmarks: F32) -> Iterator[complex]:
    """The landmarks as complex numbers, x + iy."""
    return (complex(x, y) for x, y in landmarks)
