"""Detects and refines faces in windows cut out of an image at an angle, in pixels of the image.

An angle is that of a face, in degrees to the right (clockwise): 0 upright, 90 on its side with the top of the
head to the right, 180 upside down. A window is cut at that angle, so that the face is upright in it.
"""

from dataclasses import dataclass

import numpy as np

from pipeline.detection.detections import Detections
from pipeline.detection.mtcnn_networks import OUTPUT_SIDE, OutputNetwork
from pipeline.detection.mtcnn_patches import sampled
from pipeline.detection.yunet_network import Yunet
from pipeline.values import F32, U8

ANGLES = np.arange(0, 360, 45, dtype=np.float32)
"""Angles of the windows: YuNet and O-Net find faces that are off by half such a step."""

WINDOW = 64
"""Side of YuNet's windows, pixels."""

_FACE = 36
"""Side of a candidate's square in its window, pixels."""

MOST_ROTATED = 12
"""Most candidates of an image to detect at all angles: bounds the time for crowds and for noise."""

LEAST_MEAN = 0.45
"""Least mean of YuNet's probabilities of a face: as it proposed it, and at the best of all angles."""


def _turned(points: F32, angles: F32) -> F32:
    """Turn points [N, M, 2] to the right by ``angles`` [N], about the origin."""
    cosines, sines = np.cos(np.radians(angles))[:, None], np.sin(np.radians(angles))[:, None]
    x, y = points[..., 0], points[..., 1]
    turned: F32 = np.stack([x * cosines - y * sines, x * sines + y * cosines], axis=-1).astype(np.float32)
    return turned


def _grid(side: int) -> F32:
    """Return the centres of pixels of a square of side 1 about the origin, float32 [1, side * side, 2]."""
    steps = (np.arange(side, dtype=np.float32) + np.float32(0.5)) / side - np.float32(0.5)
    return np.asarray(np.stack(np.meshgrid(steps, steps), axis=-1).reshape(1, side * side, 2), np.float32)


_WINDOWS = _turned(np.repeat(_grid(WINDOW), len(ANGLES), axis=0), ANGLES)
"""Where the pixels of the windows at all angles lie in a square of side 1 about the origin."""


@dataclass(frozen=True, slots=True, eq=False)
class RotatedFaces:
    """The most probable ``faces`` [N] of N candidates, at all angles, and their ``angles``, float32 [N]."""

    faces: Detections
    angles: F32


def detect_rotated(network: Yunet, pixels: U8, squares: F32) -> RotatedFaces:
    """Detect the face of each square, float32 [N, 4], of an image, uint8 [H, W, 3], at all ``ANGLES``."""
    faces = [Detections.joined([])]
    angles = np.zeros(len(squares), np.float32)
    for number, square in enumerate(squares):
        centre, scale = (square[:2] + square[2:]) / 2, float(square[2] - square[0]) / _FACE
        points = _WINDOWS * np.float32(scale * WINDOW) + centre - np.float32(0.5)
        windows = sampled(pixels, points[..., 0], points[..., 1]).reshape(-1, WINDOW, WINDOW, 3)
        found = network.detect_centred(windows)
        best = int(found.probabilities.argmax())
        angles[number] = ANGLES[best]
        face = found[best : best + 1].moved(np.full(2, -WINDOW / 2)).scaled(np.full(2, scale))
        faces.append(_returned(face, centre[None], angles[number : number + 1]))
    return RotatedFaces(Detections.joined(faces), angles)


def refine_rotated(network: OutputNetwork, pixels: U8, squares: F32, angles: F32) -> Detections:
    """Have O-Net refine squares, float32 [N, 4], of an image, uint8 [H, W, 3], each cut at its angle [N].

    Returns:
        Its probability, box and landmarks for each square, in their order, in pixels of the image.
    """
    centres = np.asarray((squares[:, :2] + squares[:, 2:]) / 2, np.float32)
    local = np.asarray(squares - np.tile(centres, 2), np.float32)
    sides: F32 = squares[:, 2:3] - squares[:, :1]
    # OpenCV's origin is the centre of the first pixel.
    points: F32 = _turned(_grid(OUTPUT_SIDE) * sides[:, None], angles) + centres[:, None] - np.float32(0.5)
    patches = sampled(pixels, points[..., 0], points[..., 1]).reshape(-1, OUTPUT_SIDE, OUTPUT_SIDE, 3)
    answer = network.output(patches)
    boxes: F32 = local + answer.offsets * sides
    landmarks = answer.landmarks * sides[:, None] + local[:, None, :2]
    return _returned(Detections(boxes, answer.probability, landmarks), centres, angles)


def _returned(found: Detections, centres: F32, angles: F32) -> Detections:
    """Return in the image what was found in windows at ``angles`` [N] about ``centres`` [N, 2]."""
    boxes = found.boxes.reshape(len(found.boxes), 2, 2)
    middles = _turned(boxes.mean(axis=1, keepdims=True), angles)[:, 0] + centres
    sides = boxes[:, 1] - boxes[:, 0]
    cosines, sines = np.abs(np.cos(np.radians(angles))), np.abs(np.sin(np.radians(angles)))
    halves = np.hypot(sides * cosines[:, None], sides[:, ::-1] * sines[:, None]).astype(np.float32) / 2
    landmarks = _turned(found.landmarks, angles) + centres[:, None]
    return Detections(
        np.concatenate([middles - halves, middles + halves], axis=1), found.probabilities, landmarks
    )
