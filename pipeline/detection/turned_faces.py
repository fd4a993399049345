"""Finds faces that are upside down or on their side, by second looks at the turned image.

MTCNN finds upright faces. Of turned ones it misses most, and takes the others for upright faces that are not
there. Yet P-Net proposes nearly all of them. So R-Net and O-Net are shown its best proposals after one, two
and three quarter turns, at a small part of the time that the whole cascade takes. Only where they see a face
does the cascade look at the turned image. docs/models.md has figures. A quarter turn is to the left
(anticlockwise), as ``numpy.rot90`` makes it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pipeline.geometry import Overlap, overlap
from pipeline.values import F32, U8

Flags: TypeAlias = NDArray[np.bool_]

FIRST_LOOK = 21
"""Proposals that are turned at first: three turns of them fill one batch of R-Net. Of photos of one to thirty
people that were turned, 97 in 100 have a face among them."""

SURELY_UPRIGHT = 0.999
"""Probability of an upright face above which nothing turned is sought in its place. Of 2,500 turned faces 17
were taken for an upright face with more."""

SURELY_TURNED = 0.9
"""Least probability of a turned face."""

UPRIGHT_FIRST = 3.0
"""How many times as great the odds of a turned face must be as those of an upright one in the same place."""

SAME_PLACE = 0.5
"""Overlap, as a part of the smaller box, above which two looks have seen one face."""

_TINY = 1e-7
"""Least doubt about a face: float32 has no more."""


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

    @classmethod
    def joined(cls, parts: Sequence["Detections"]) -> "Detections":
        """Put the faces of several looks together, one look after the other."""
        return cls(
            np.concatenate([part.boxes for part in parts]),
            np.concatenate([part.probabilities for part in parts]),
            np.concatenate([part.landmarks for part in parts]),
        )


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


class Cascade(Protocol):
    """What the second looks need of ``pipeline.detection.mtcnn_detector.MtcnnDetector``."""

    def find(self, pixels: U8) -> Detections:
        """Find the upright faces of an image."""

    def refine(self, images: Sequence[TurnedImage], boxes: Sequence[F32]) -> list[F32]:
        """Run R-Net on boxes of each image, in its own frame."""

    def finish(self, images: Sequence[TurnedImage], boxes: Sequence[F32]) -> list[Detections]:
        """Run O-Net on boxes of each image, in its own frame."""


def with_turned_faces(cascade: Cascade, pixels: U8, proposals: F32, upright: Detections) -> Detections:
    """Add the turned faces of an image, uint8 [H, W, 3], to the ``upright`` ones.

    ``proposals``, float32 [N, 4], are P-Net's boxes, likeliest first. Of several faces in one place the
    likeliest is returned, the most confident first. Left and right landmarks are those of the face turned
    upright.
    """
    sure = upright.boxes[upright.probabilities > SURELY_UPRIGHT]
    covered = (overlap(proposals, sure, Overlap.SMALLER) > SAME_PLACE).any(axis=1)
    few = proposals[~covered][:FIRST_LOOK]
    if not len(few):
        return upright
    images = [TurnedImage(pixels, turns) for turns in (1, 2, 3)]
    refined = cascade.refine(images, [image.turned_boxes(few) for image in images])
    # A photo without a sure upright face is taken for one that is turned as a whole.
    least = SURELY_TURNED if (upright.probabilities >= SURELY_TURNED).any() else 0.0
    looks = [upright]
    for image, seen in zip(images, cascade.finish(images, refined), strict=True):
        if _likeliest([upright, _at_least(SURELY_TURNED, image, seen)])[len(upright.boxes) :].any():
            looks.append(_at_least(least, image, cascade.find(image.turned(pixels))))
    if len(looks) == 1:
        return upright
    faces = Detections.joined(looks)[_likeliest(looks)]
    return faces[np.argsort(-faces.probabilities, kind="stable")]


def _at_least(probability: float, image: TurnedImage, seen: Detections) -> Detections:
    """Return the faces of a turned image that are so probable, as they lie in the upright one."""
    return image.upright_faces(seen[seen.probabilities >= probability])


def _likeliest(looks: Sequence[Detections]) -> Flags:
    """Tell of each face of all looks, the upright one first, whether no other look's is likelier there."""
    faces = Detections.joined(looks)
    look = np.repeat(np.arange(len(looks)), [len(each.boxes) for each in looks])
    certainty = np.clip(faces.probabilities.astype(np.float64), 0, 1 - _TINY)
    odds = certainty / (1 - certainty) * np.where(look == 0, UPRIGHT_FIRST, 1)
    one_face = overlap(faces.boxes, faces.boxes, Overlap.SMALLER) > SAME_PLACE
    beaten = one_face & (look[:, None] != look) & (odds > odds[:, None])
    return np.asarray(~beaten.any(axis=1))


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
