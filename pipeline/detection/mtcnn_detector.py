"""Finds faces with MTCNN (Zhang et al., 2016): our own driver around its three networks.

P-Net proposes boxes over an image pyramid, R-Net refines them, O-Net refines again and places five landmarks;
overlapping boxes are suppressed after each. Given equal pixels and options, the faces are those of
``mtcnn.MTCNN().detect_faces`` (mtcnn 1.0.0), whose off-by-one corners the networks were trained with. This
module knows neither files nor descriptors.
"""

import math
from collections.abc import Sequence

import numpy as np

from pipeline.detection.detections import Detections, faces_of
from pipeline.detection.detector import DetectionOptions
from pipeline.detection.mtcnn_networks import (
    OUTPUT_SIDE,
    REFINE_SIDE,
    TILE,
    Mtcnn,
    Proposals,
    Refinements,
)
from pipeline.detection.mtcnn_patches import moved, patches_of_all, placed
from pipeline.detection.pyramid import STRIDE, WINDOW, Level, Piece, fill, plan
from pipeline.detection.shrinking import shrunk
from pipeline.detection.turned_faces import with_turned_faces
from pipeline.detection.turned_image import TurnedImage
from pipeline.geometry import Overlap, clipped, squared, suppress
from pipeline.values import F32, U8, DecodedPhoto, DetectedFace, Size

THRESHOLDS = (0.6, 0.7, 0.8)
"""Probability above which a box passes P-Net, R-Net and O-Net."""

_LEAST_LOGIT = math.log(THRESHOLDS[0] / (1 - THRESHOLDS[0]))

SAME_LEVEL, ALL_LEVELS, REFINED, FINAL = 0.5, 0.7, 0.7, 0.7
"""Overlaps above which boxes are suppressed: within a level, across levels, after R-Net, after O-Net."""

MOST_PROPOSALS = 5_000
"""Most windows kept per level, best first: bounds the time for images of pure noise."""

_DEFAULTS = DetectionOptions("mtcnn")


class MtcnnDetector:
    """MTCNN, without state between photos: threads may share it."""

    def __init__(self, networks: Mtcnn, options: DetectionOptions = _DEFAULTS) -> None:
        self._networks = networks
        self._options = options
        self.name: str = options.name

    def detect(self, photo: DecodedPhoto) -> tuple[DetectedFace, ...]:
        """As ``Detector.detect``."""
        copy = shrunk(photo.pixels, self._options.long_edge)
        proposals = self.propose(copy)
        found = with_turned_faces(self, copy, proposals, self.accept(copy, proposals))
        return faces_of(found, copy, photo)

    def find(self, pixels: U8) -> Detections:
        """Find the upright faces of an image, uint8 [H, W, 3], at its own size."""
        return self.accept(pixels, self.propose(pixels))

    def accept(self, pixels: U8, boxes: F32) -> Detections:
        """Find the upright faces in square boxes, float32 [N, 4], of an image, uint8 [H, W, 3]."""
        image = [TurnedImage(pixels)]
        return self.finish(image, self.refine(image, [boxes]))[0]

    def propose(self, pixels: U8) -> F32:
        """Return P-Net's square boxes, float32 [N, 4], most probable first, in an image, uint8 [H, W, 3]."""
        size = Size(pixels.shape[1], pixels.shape[0])
        pyramid = plan(size, WINDOW / self._options.least_side, TILE)
        answers = [self._networks.propose(tile) for tile in fill(pyramid, pixels, TILE)]
        found = [self._level_proposals(level, answers) for level in pyramid.levels]
        boxes = np.concatenate([boxes for boxes, _ in found] or [np.empty((0, 4), np.float32)])
        scores = np.concatenate([scores for _, scores in found] or [np.empty(0, np.float32)])
        return squared(boxes[suppress(boxes, scores, ALL_LEVELS)])

    def _level_proposals(self, level: Level, answers: list[Proposals]) -> tuple[F32, F32]:
        """Return boxes [N, 4] and scores [N] of one level, in pixels of the image."""
        found = [_piece_proposals(piece, answers[piece.tile]) for piece in level.pieces]
        boxes: F32 = np.concatenate([boxes for boxes, _ in found])
        scores: F32 = np.concatenate([scores for _, scores in found])
        if len(scores) > MOST_PROPOSALS:
            best = np.argsort(-scores, kind="stable")[:MOST_PROPOSALS]
            boxes, scores = boxes[best], scores[best]
        kept = suppress(boxes, scores, SAME_LEVEL)
        return boxes[kept] / np.float32(level.scale), scores[kept]

    def refine(self, images: Sequence[TurnedImage], boxes: Sequence[F32]) -> list[F32]:
        """Return, for each image, the square boxes [M, 4] that R-Net accepts of its ``boxes`` [N, 4].

        The patches of all images are run together.
        """
        answers = self._networks.refine(patches_of_all(images, boxes, REFINE_SIDE))
        return [_refined(*each) for each in zip(boxes, answers.split(boxes), strict=True)]

    def finish(self, images: Sequence[TurnedImage], boxes: Sequence[F32]) -> list[Detections]:
        """Return, for each image, the faces that O-Net accepts of its boxes [N, 4], with their landmarks."""
        answers = self._networks.output_network.output(patches_of_all(images, boxes, OUTPUT_SIDE))
        return [_finished(*each) for each in zip(images, boxes, answers.split(boxes), strict=True)]


def _refined(boxes: F32, answer: Refinements) -> F32:
    passed = answer.probability > THRESHOLDS[1]
    corners, scores = moved(boxes, answer)[passed], answer.probability[passed]
    return squared(corners[suppress(corners, scores, REFINED)])


def _finished(image: TurnedImage, boxes: F32, answer: Refinements) -> Detections:
    found = placed(boxes, answer)
    passed = found[found.probabilities > THRESHOLDS[2]]
    kept = passed[suppress(passed.boxes, passed.probabilities, FINAL, Overlap.SMALLER)]
    inside = clipped(kept.boxes, image.width - 1, image.height - 1)
    return Detections(inside, kept.probabilities, kept.landmarks)


def _piece_proposals(piece: Piece, answer: Proposals) -> tuple[F32, F32]:
    """Return boxes [N, 4] and probabilities [N] of a piece's windows that pass, in pixels of its level."""
    top, left = piece.y // STRIDE, piece.x // STRIDE
    own = (slice(top, top + piece.rows), slice(left, left + piece.columns))
    logits = answer.logit[own]
    row, column = np.nonzero(logits > _LEAST_LOGIT)
    x = (piece.left + column * STRIDE).astype(np.float32)
    y = (piece.top + row * STRIDE).astype(np.float32)
    # The package's window runs from pixel 1 to pixel 12; offsets are in units of that side, 11.
    windows = np.stack([x + 1, y + 1, x + WINDOW, y + WINDOW], axis=1)
    offsets = answer.offsets[(slice(None), *own)][:, row, column].T
    probabilities = np.asarray(1 / (1 + np.exp(-logits[row, column])), np.float32)
    return windows + offsets * np.float32(WINDOW - 1), probabilities
