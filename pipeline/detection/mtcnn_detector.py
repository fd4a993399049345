"""Finds faces: the MTCNN cascade (Zhang et al., 2016), our own driver around its three networks.

P-Net proposes boxes over an image pyramid, R-Net refines them, O-Net refines again and places five landmarks;
overlapping boxes are suppressed after each. Given equal pixels and settings, the faces are those of
``mtcnn.MTCNN().detect_faces`` (mtcnn 1.0.0), whose off-by-one corners the networks were trained with. This
module knows neither files nor descriptors.
"""

import math
from collections.abc import Sequence

import numpy as np

from pipeline.detection.detections import Detections, faces_of
from pipeline.detection.detector import DetectionOptions
from pipeline.detection.mtcnn_networks import REFINE_SIDE, TILE, Mtcnn, Proposals, Refinements
from pipeline.detection.mtcnn_patches import look_at, moved, patches_of_all
from pipeline.detection.pyramid import STRIDE, WINDOW, Level, Piece, fill, plan
from pipeline.detection.shrinking import shrunk
from pipeline.detection.turned_faces import with_turned_faces
from pipeline.detection.turned_image import TurnedImage
from pipeline.geometry import Overlap, clipped, squared, suppress
from pipeline.values import F32, U8, DecodedPhoto, DetectedFace, Size

THRESHOLDS = (0.6, 0.7, 0.8)
"""Probability above which a box passes P-Net, R-Net and O-Net."""

SAME_LEVEL, ALL_LEVELS, REFINED, FINAL = 0.5, 0.7, 0.7, 0.7
"""Overlaps above which boxes are suppressed: within a level, across levels, after R-Net, after O-Net."""

MOST_PROPOSALS = 5_000
"""Most windows kept per level, best first: bounds the time for images of pure noise."""


_DEFAULTS = DetectionOptions("mtcnn")


class MtcnnDetector:
    """The cascade, without state between photos: threads may share it."""

    def __init__(
        self,
        networks: Mtcnn,
        options: DetectionOptions = _DEFAULTS,
        thresholds: tuple[float, float, float] = THRESHOLDS,
    ) -> None:
        self._networks = networks
        self._options = options
        self._thresholds = thresholds
        self.name: str = self._options.name

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
        """Return P-Net's square boxes, float32 [N, 4], likeliest first, in an image, uint8 [H, W, 3]."""
        size = Size(pixels.shape[1], pixels.shape[0])
        pyramid = plan(size, WINDOW / self._options.least_side, TILE)
        answers = [self._networks.propose(tile) for tile in fill(pyramid, pixels, TILE)]
        found = [self._level_proposals(level, answers) for level in pyramid.levels]
        boxes = np.concatenate([boxes for boxes, _ in found] or [np.empty((0, 4), np.float32)])
        scores = np.concatenate([scores for _, scores in found] or [np.empty(0, np.float32)])
        return squared(boxes[suppress(boxes, scores, ALL_LEVELS)])

    def _level_proposals(self, level: Level, answers: list[Proposals]) -> tuple[F32, F32]:
        """Return boxes [N, 4] and scores [N] of one level, in pixels of the image."""
        least = logit(self._thresholds[0])
        found = [_piece_proposals(piece, answers[piece.tile], least) for piece in level.pieces]
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
        answers = self._networks.refine(patches_of_all(images, boxes, REFINE_SIDE)).split(boxes)
        return [self._refined(own, answer) for own, answer in zip(boxes, answers, strict=True)]

    def finish(self, images: Sequence[TurnedImage], boxes: Sequence[F32]) -> list[Detections]:
        """Return, for each image, the faces that O-Net accepts of its boxes [N, 4], with their landmarks."""
        looks = look_at(self._networks.output_network, images, boxes)
        return [self._finished(*each) for each in zip(images, looks, strict=True)]

    def _refined(self, boxes: F32, answer: Refinements) -> F32:
        passed = answer.probability > self._thresholds[1]
        corners, scores = moved(boxes, answer)[passed], answer.probability[passed]
        return squared(corners[suppress(corners, scores, REFINED)])

    def _finished(self, image: TurnedImage, look: Detections) -> Detections:
        passed = look[look.probabilities > self._thresholds[2]]
        kept = passed[suppress(passed.boxes, passed.probabilities, FINAL, Overlap.SMALLER)]
        inside = clipped(kept.boxes, image.width - 1, image.height - 1)
        return Detections(inside, kept.probabilities, kept.landmarks)


def logit(probability: float) -> float:
    """Return the logarithm of the odds; infinite at 0 and 1."""
    if 0 < probability < 1:
        return math.log(probability / (1 - probability))
    return math.copysign(math.inf, probability - 0.5)


def _piece_proposals(piece: Piece, answer: Proposals, least: float) -> tuple[F32, F32]:
    """Return boxes [N, 4] and probabilities [N] of a piece's windows that pass, in pixels of its level."""
    top, left = piece.y // STRIDE, piece.x // STRIDE
    own = (slice(top, top + piece.rows), slice(left, left + piece.columns))
    logits = answer.logit[own]
    row, column = np.nonzero(logits > least)
    x = (piece.left + column * STRIDE).astype(np.float32)
    y = (piece.top + row * STRIDE).astype(np.float32)
    # The package's window runs from pixel 1 to pixel 12; offsets are in units of that side, 11.
    windows = np.stack([x + 1, y + 1, x + WINDOW, y + WINDOW], axis=1)
    offsets = answer.offsets[(slice(None), *own)][:, row, column].T
    probabilities = np.asarray(1 / (1 + np.exp(-logits[row, column])), np.float32)
    return windows + offsets * np.float32(WINDOW - 1), probabilities
