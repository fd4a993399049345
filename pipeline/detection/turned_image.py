"""An image after quarter turns, and where its points lie in the upright one.

A quarter turn is to the left (anticlockwise), as ``numpy.rot90`` makes it.
"""

from dataclasses import dataclass

import numpy as np

from pipeline.detection.detections import Detections
from pipeline.values import F32, U8


@dataclass(frozen=True, slots=True, eq=False)
class TurnedImage:
    """An image, uint8 [H, W, 3], as it looks after ``turns`` quarter turns, 0 to 3."""

    upright: U8
    turns: int = 0

    @property
    def width(self) -> int:
        """Width in pixels, as turned."""
        return int(self.upright.shape[1 - self.turns % 2])

    @property
    def height(self) -> int:
        """Height in pixels, as turned."""
        return int(self.upright.shape[self.turns % 2])

    def turned(self, pixels: U8) -> U8:
        """Turn images, uint8 [..., H, W, 3], as this one is; contiguous."""
        return np.ascontiguousarray(np.rot90(pixels, self.turns, axes=(-3, -2)))

    def turned_boxes(self, boxes: F32) -> F32:
        """Return where boxes [N, 4], corners, of the upright image lie in the turned one."""
        height, width = self.upright.shape[:2]
        return _ordered(_turned(boxes.reshape(-1, 2, 2), self.turns, width, height))

    def upright_boxes(self, boxes: F32) -> F32:
        """Return where boxes [N, 4], corners, of the turned image lie in the upright one."""
        return _ordered(self.upright_points(boxes.reshape(-1, 2, 2)))

    def upright_points(self, points: F32) -> F32:
        """Return where points [..., 2], (x, y), of the turned image lie in the upright one."""
        return _turned(points, -self.turns % 4, self.width, self.height)

    def upright_faces(self, faces: Detections) -> Detections:
        """Return where faces of the turned image lie in the upright one."""
        return Detections(
            self.upright_boxes(faces.boxes), faces.probabilities, self.upright_points(faces.landmarks)
        )


def _turned(points: F32, turns: int, width: int, height: int) -> F32:
    """Turn points [..., 2] of an image of this size."""
    x, y = points[..., 0], points[..., 1]
    if turns == 1:
        x, y = y, width - x
    elif turns == 2:
        x, y = width - x, height - y
    elif turns == 3:
        x, y = height - y, x
    return np.stack([x, y], axis=-1)


def _ordered(corners: F32) -> F32:
    """Return boxes [N, 4] from two opposite corners each, [N, 2, 2]."""
    boxes: F32 = np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1)
    return boxes
