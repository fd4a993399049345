"""Assesses the quality of a detected face for recognition: size, blur, pose, confidence.

Each aspect is graded from 0 to 1 by a linear ramp between values measured with SFace on degraded faces of
Labeled Faces in the Wild (docs/models.md). The score is their product; a grade below a half gives a reason.
This module must not know the model, so that the scores of a photo are the same under all.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from pipeline.description.crop import cut
from pipeline.models.registry import SFACE, CropProtocol
from pipeline.values import F32, U8, DecodedPhoto, DetectedFace, FaceCrop, Quality

_FRAME = SFACE.crop
"""Every face is assessed upright and at the same size, in this frame of 112 x 112 pixels."""

_FACE = slice(16, 104), slice(16, 96)
"""Rows and columns of the frame that show face, and little hair or background."""

_FINE, _COARSE = 2.0, 6.0
"""Standard deviations, frame pixels: detail below the first is compared with detail between both."""

_FLAT = 1.0
"""Variance of grey levels below which there is only noise."""

_POOR = 0.5


@dataclass(frozen=True, slots=True)
class _Ramp:
    """A grade: 0 at ``worst`` and beyond, 1 at ``good`` and beyond, linear between."""

    reason: str
    worst: float
    good: float

    def grade(self, value: float) -> float:
        return min(1.0, max(0.0, (value - self.worst) / (self.good - self.worst)))


_SIZE = _Ramp("small", worst=8.0, good=32.0)  # shorter side of the box in full-size pixels
_SHARPNESS = _Ramp("blurred", worst=0.03, good=0.15)  # ratio of variances, see _sharpness
_SHAKE = _Ramp("blurred", worst=0.15, good=0.3)  # ratio of variances, see _evenness
_YAW = _Ramp("turned", worst=1.0, good=0.3)  # nose beside the middle, in distances between the eyes
_PITCH = _Ramp("up-or-down", worst=0.6, good=0.2)  # nose off its usual height, in eye-to-mouth distances
_CONFIDENCE = _Ramp("uncertain", worst=0.5, good=0.98)

_USUAL_NOSE = 0.54
"""Height of the nose from the eyes (0) to the mouth (1): the median of 1,931 faces of that collection."""


def crop_and_assess(photo: DecodedPhoto, face: DetectedFace, protocol: CropProtocol) -> FaceCrop:
    """Cut a face out by a model's protocol, and assess its quality.

    Decode the photo as finely as for a crop of 112 x 112: coarser pixels count as blur.
    """
    frame = cut(photo, face, _FRAME)
    pixels = frame if protocol == _FRAME else cut(photo, face, protocol)
    yaw, pitch = _pose(face.landmarks)
    grades = (
        (_SIZE, min(face.box.w, face.box.h)),
        (_SHARPNESS, _sharpness(frame)),
        (_SHAKE, _evenness(frame)),
        (_YAW, abs(yaw)),
        (_PITCH, abs(pitch)),
        (_CONFIDENCE, face.confidence),
    )
    quality = Quality(
        score=math.prod(ramp.grade(value) for ramp, value in grades),
        reasons=tuple(dict.fromkeys(ramp.reason for ramp, value in grades if ramp.grade(value) < _POOR)),
    )
    return FaceCrop(face, quality, pixels)


def _sharpness(frame: U8) -> float:
    """Return the variance of the finest detail, divided by that of detail up to three times as coarse.

    The ratio does not depend on contrast, and little on the face: about 0.43 for a sharp face 90 pixels wide,
    0.14 if it is blurred by 2 pixels, 0.06 if by 4.
    """
    grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY).astype(np.float32)
    finer, coarser = (cv2.GaussianBlur(grey, (0, 0), sigma) for sigma in (_FINE, _COARSE))
    fine, coarse = float((grey - finer)[_FACE].var()), float((finer - coarser)[_FACE].var())
    return fine / coarse if coarse > _FLAT else 0.0


def _evenness(frame: U8) -> float:
    """Return the variance of the finest detail along the direction with least, divided by that with most.

    A moving camera or head blurs along its way alone. Of 150 sharp faces none had less than 0.3; a way of a
    tenth of the face gives about 0.2, of a fifth 0.1.
    """
    grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY).astype(np.float32)
    fine = (grey - cv2.GaussianBlur(grey, (0, 0), _FINE))[_FACE]
    steps = (
        float((fine[:, 1:] - fine[:, :-1]).var()),
        float((fine[1:] - fine[:-1]).var()),
        float((fine[1:, 1:] - fine[:-1, :-1]).var()) / 2,  # a diagonal step is longer
        float((fine[1:, :-1] - fine[:-1, 1:]).var()) / 2,
    )
    return min(steps) / max(steps) if max(steps) > 0 else 0.0


def _pose(landmarks: F32) -> tuple[float, float]:
    """Return yaw and pitch; infinite where points coincide.

    Yaw is the nose's distance from the line between eyes and mouth, in distances between the eyes; pitch its
    distance from its usual height, in distances from eyes to mouth. A tilt to the side does not count:
    faces are cut upright.
    """
    left_eye, right_eye, nose, left_mouth, right_mouth = (complex(x, y) for x, y in landmarks)
    across = right_eye - left_eye
    eyes, mouth = (left_eye + right_eye) / 2, (left_mouth + right_mouth) / 2
    if not across:
        return math.inf, math.inf
    # Divided by the line through the eyes, a point has x along it and y down, in distances between the eyes.
    down, nose_below_eyes = ((mouth - eyes) / across).imag, ((nose - eyes) / across).imag
    yaw = ((nose - (eyes + mouth) / 2) / across).real
    pitch = nose_below_eyes / down - _USUAL_NOSE if down > 0 else math.inf
    return yaw, pitch
