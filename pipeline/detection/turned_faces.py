"""Finds faces that are upside down or on their side, by second looks at the turned image.

MTCNN finds upright faces. Of turned ones it misses most, and takes the others for upright faces that are not
there. Yet P-Net proposes nearly all of them. So R-Net and O-Net are shown its best proposals after one, two
and three quarter turns, at a small part of the time that the whole cascade takes. Only where they see a face
does the cascade look at the turned image. docs/models.md has figures. A quarter turn is to the left
(anticlockwise), as ``numpy.rot90`` makes it.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from pipeline.detection.detections import Detections
from pipeline.detection.likeliest import SAME_PLACE, likeliest
from pipeline.detection.turned_image import TurnedImage
from pipeline.geometry import Overlap, overlap
from pipeline.values import F32, U8

FIRST_LOOK = 21
"""Proposals that are turned at first: three turns of them fill one batch of R-Net. Of photos of one to thirty
people that were turned, 97 in 100 have a face among them."""

SURELY_UPRIGHT = 0.999
"""Probability of an upright face above which nothing turned is sought in its place. Of 2,500 turned faces 17
were taken for an upright face with more."""

SURELY_TURNED = 0.9
"""Least probability of a turned face."""


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
        if likeliest([upright, _at_least(SURELY_TURNED, image, seen)])[len(upright.boxes) :].any():
            looks.append(_at_least(least, image, cascade.find(image.turned(pixels))))
    if len(looks) == 1:
        return upright
    faces = Detections.joined(looks)[likeliest(looks)]
    return faces[np.argsort(-faces.probabilities, kind="stable")]


def _at_least(probability: float, image: TurnedImage, seen: Detections) -> Detections:
    """Return the faces of a turned image that are so probable, as they lie in the upright one."""
    return image.upright_faces(seen[seen.probabilities >= probability])
