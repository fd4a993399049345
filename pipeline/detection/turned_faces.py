"""Finds faces that are upside down or on their side with MTCNN, in the turned image.

MTCNN finds upright faces. Of turned ones it misses most, and takes the others for upright faces that are not
there. Yet P-Net proposes nearly all of them. So R-Net and O-Net first run on its best proposals after one,
two and three quarter turns, which takes a small part of the time of all three networks. Only a turned image
in which they find a face is searched as a whole. A quarter turn is to the left (anticlockwise), as
``numpy.rot90`` makes it.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from pipeline.detection.detections import Detections, Flags
from pipeline.detection.turned_image import TurnedImage
from pipeline.geometry import Overlap, overlap
from pipeline.values import F32, U8

MOST_TURNED = 21
"""Most proposals that are turned: three turns of them fill one batch of R-Net. Of photos of one to thirty
people that were turned, 97 in 100 have a face among them."""

SURELY_UPRIGHT = 0.999
"""Probability of an upright face above which nothing turned is sought in its place. Of 2,500 turned faces 17
were taken for an upright face with more."""

SURELY_TURNED = 0.9
"""Least probability of a turned face."""

UPRIGHT_FIRST = 3.0
"""How many times as great the odds of a turned face must be as those of an upright one in the same place."""

SAME_PLACE = 0.5
"""Overlap, as a part of the smaller box, above which two boxes are of one face."""

_TINY = 1e-7
"""Least doubt about a face: float32 has no more."""


class MtcnnStages(Protocol):
    """What the search for turned faces needs of ``pipeline.detection.mtcnn_detector.MtcnnDetector``."""

    def find(self, pixels: U8) -> Detections:
        """Find the upright faces of an image."""

    def refine(self, images: Sequence[TurnedImage], boxes: Sequence[F32]) -> list[F32]:
        """Run R-Net on boxes of each image, in its own frame."""

    def finish(self, images: Sequence[TurnedImage], boxes: Sequence[F32]) -> list[Detections]:
        """Run O-Net on boxes of each image, in its own frame."""


def with_turned_faces(mtcnn: MtcnnStages, pixels: U8, proposals: F32, upright: Detections) -> Detections:
    """Add the turned faces of an image, uint8 [H, W, 3], to the ``upright`` ones.

    ``proposals``, float32 [N, 4], are P-Net's boxes, most probable first. Of several faces in one place the
    most probable is returned, the most confident first. Left and right landmarks are those of the face turned
    upright.
    """
    sure = upright.boxes[upright.probabilities > SURELY_UPRIGHT]
    covered = (overlap(proposals, sure, Overlap.SMALLER) > SAME_PLACE).any(axis=1)
    few = proposals[~covered][:MOST_TURNED]
    if not len(few):
        return upright
    images = [TurnedImage(pixels, turns) for turns in (1, 2, 3)]
    refined = mtcnn.refine(images, [image.turned_boxes(few) for image in images])
    # A photo without a sure upright face is taken for one that is turned as a whole.
    least = SURELY_TURNED if (upright.probabilities >= SURELY_TURNED).any() else 0.0
    found = [upright]
    for image, faces in zip(images, mtcnn.finish(images, refined), strict=True):
        turned = image.upright_faces(faces.at_least(SURELY_TURNED))
        if _most_probable([upright, turned])[len(upright.boxes) :].any():
            found.append(image.upright_faces(mtcnn.find(image.turned(pixels)).at_least(least)))
    if len(found) == 1:
        return upright
    kept = Detections.joined(found)[_most_probable(found)]
    return kept[np.argsort(-kept.probabilities, kind="stable")]


def _most_probable(found: Sequence[Detections]) -> Flags:
    """Tell of each face of all turns, the upright ones first, whether no other turn's is likelier there."""
    faces = Detections.joined(found)
    turn = np.repeat(np.arange(len(found)), [len(each.boxes) for each in found])
    certainty = np.clip(faces.probabilities.astype(np.float64), 0, 1 - _TINY)
    odds = certainty / (1 - certainty) * np.where(turn == 0, UPRIGHT_FIRST, 1)
    one_face = overlap(faces.boxes, faces.boxes, Overlap.SMALLER) > SAME_PLACE
    beaten = one_face & (turn[:, None] != turn) & (odds > odds[:, None])
    return np.asarray(~beaten.any(axis=1))
