"""The faces that a network finds in an image: corners, probabilities and landmarks as arrays."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from pipeline.detection.detector import DetectionOptions
from pipeline.geometry import clipped
from pipeline.values import F32, U8, Box, DecodedPhoto, DetectedFace

Flags: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """Faces in an image, most confident first, in its pixels.

    Attributes:
        boxes: float32 [N, 4], corners, clipped to the image.
        probabilities: float32 [N].
        landmarks: float32 [N, 5, 2], (x, y); they may lie outside the image.
    """

    boxes: F32
    probabilities: F32
    landmarks: F32

    def __getitem__(self, chosen: Flags | NDArray[np.intp] | slice) -> "Detections":
        return Detections(*(each[chosen] for each in (self.boxes, self.probabilities, self.landmarks)))

    def at_least(self, probability: float) -> "Detections":
        """Return those of at least this probability."""
        return self[self.probabilities >= probability]

    def scaled(self, scale: NDArray[np.floating]) -> "Detections":
        """Return them with x and y multiplied by ``scale`` [2]."""
        factors = np.asarray(scale, np.float32)
        return Detections(self.boxes * np.tile(factors, 2), self.probabilities, self.landmarks * factors)

    def moved(self, shift: NDArray[np.integer]) -> "Detections":
        """Return them moved by ``shift`` [2], (x, y)."""
        by = np.asarray(shift, np.float32)
        return Detections(self.boxes + np.tile(by, 2), self.probabilities, self.landmarks + by)

    def replaced(self, places: NDArray[np.intp], others: "Detections") -> "Detections":
        """Return them with ``others`` [M] at the indices ``places`` [M]."""
        source = np.arange(len(self.boxes))
        source[places] = len(source) + np.arange(len(places))
        return Detections.joined([self, others])[source]

    @classmethod
    def joined(cls, parts: Sequence["Detections"]) -> "Detections":
        """Put several parts together, one after the other; none have no faces."""
        return cls(
            np.concatenate([np.empty((0, 4), np.float32), *(part.boxes for part in parts)]),
            np.concatenate([np.empty(0, np.float32), *(part.probabilities for part in parts)]),
            np.concatenate([np.empty((0, 5, 2), np.float32), *(part.landmarks for part in parts)]),
        )


def large_enough(found: Detections, photo: DecodedPhoto, options: DetectionOptions) -> Detections:
    """Return faces found in the photo's pixels, clipped to them, without those too small to be asked for."""
    height, width = photo.pixels.shape[:2]
    copy = min(options.long_edge, max(photo.size.width, photo.size.height))
    sides = (found.boxes[:, 2:] - found.boxes[:, :2]).max(axis=1, initial=0) * (copy / max(height, width))
    inside = Detections(clipped(found.boxes, width, height), found.probabilities, found.landmarks)
    return inside[sides >= options.least_side]


def faces_of(found: Detections, copy: U8, photo: DecodedPhoto) -> tuple[DetectedFace, ...]:
    """Return faces found in ``copy``, the photo's pixels or fewer, in pixels of the full-size photo.

    Boxes are clipped to the photo.
    """
    # Both sides are rounded to whole pixels, so each has a scale of its own.
    copy_size, size = np.array([copy.shape[1::-1], photo.pixels.shape[1::-1]], np.float32)
    scale = copy_size / size * np.float32(photo.scale)
    boxes = clipped(found.boxes / np.tile(scale, 2), photo.size.width, photo.size.height)
    landmarks = found.landmarks / scale
    return tuple(
        DetectedFace(_box(corners), points, float(probability))
        for corners, points, probability in zip(boxes, landmarks, found.probabilities, strict=True)
    )


def _box(corners: F32) -> Box:
    x1, y1, x2, y2 = (float(corner) for corner in corners)
    return Box(x1, y1, x2 - x1, y2 - y1)
