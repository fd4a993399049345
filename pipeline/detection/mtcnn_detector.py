"""Finds faces: the MTCNN cascade (Zhang et al., 2016), our own driver around its three networks.

P-Net proposes boxes over an image pyramid, R-Net refines them, O-Net refines again and places five landmarks;
overlapping boxes are suppressed after each. Given equal pixels and settings, the faces are those of
``mtcnn.MTCNN().detect_faces`` (mtcnn 1.0.0), whose off-by-one corners the networks were trained with. This
module knows neither files nor descriptors.
"""

import math
from collections.abc import Sequence

import cv2
import numpy as np

from pipeline.detection.detector import DetectionOptions
from pipeline.detection.mtcnn_networks import OUTPUT_SIDE, REFINE_SIDE, TILE, Mtcnn, Proposals, Refinements
from pipeline.detection.pyramid import STRIDE, WINDOW, Level, Piece, fill, plan
from pipeline.detection.turned_faces import Detections, TurnedImage, with_turned_faces
from pipeline.geometry import Overlap, clipped, squared, suppress
from pipeline.values import F32, U8, Box, DecodedPhoto, DetectedFace, Size

THRESHOLDS = (0.6, 0.7, 0.8)
"""Probability above which a box passes P-Net, R-Net and O-Net."""

SAME_LEVEL, ALL_LEVELS, REFINED, FINAL = 0.5, 0.7, 0.7, 0.7
"""Overlaps above which boxes are suppressed: within a level, across levels, after R-Net, after O-Net."""

MOST_PROPOSALS = 5_000
"""Most windows kept per level, best first: bounds the time for images of pure noise."""

PATCH_ROWS = 512
"""Patches cut at once; cv2.remap takes at most 32,767 rows."""


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
        # Both sides are rounded to whole pixels, so each has a scale of its own.
        copy_size, size = np.array([copy.shape[1::-1], photo.pixels.shape[1::-1]], np.float32)
        scale = copy_size / size * np.float32(photo.scale)
        boxes = clipped(found.boxes / np.tile(scale, 2), photo.size.width, photo.size.height)
        landmarks = found.landmarks / scale
        return tuple(
            DetectedFace(_box(corners), points, float(probability))
            for corners, points, probability in zip(boxes, landmarks, found.probabilities, strict=True)
        )

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
        pyramid = plan(size, WINDOW / self._options.smallest_face, TILE)
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
        answers = self._networks.refine(_patches_of_all(images, boxes, REFINE_SIDE)).split(boxes)
        return [self._refined(own, answer) for own, answer in zip(boxes, answers, strict=True)]

    def finish(self, images: Sequence[TurnedImage], boxes: Sequence[F32]) -> list[Detections]:
        """Return, for each image, the faces that O-Net accepts of its boxes [N, 4], with their landmarks."""
        answers = self._networks.output(_patches_of_all(images, boxes, OUTPUT_SIDE)).split(boxes)
        return [self._finished(*each) for each in zip(images, boxes, answers, strict=True)]

    def _refined(self, boxes: F32, answer: Refinements) -> F32:
        passed = answer.probability > self._thresholds[1]
        moved, scores = _moved(boxes, answer)[passed], answer.probability[passed]
        return squared(moved[suppress(moved, scores, REFINED)])

    def _finished(self, image: TurnedImage, boxes: F32, answer: Refinements) -> Detections:
        sides = (boxes[:, 2:] - boxes[:, :2] + 1)[:, None]
        landmarks = answer.landmarks * sides + boxes[:, None, :2] - 1
        passed = answer.probability > self._thresholds[2]
        moved, scores = _moved(boxes, answer)[passed], answer.probability[passed]
        kept = suppress(moved, scores, FINAL, Overlap.SMALLER)
        return Detections(
            clipped(moved[kept], image.width - 1, image.height - 1), scores[kept], landmarks[passed][kept]
        )


def shrunk(pixels: U8, long_edge: int) -> U8:
    """Shrink the image to ``long_edge`` pixels along its long edge; return itself if it has no more."""
    height, width = pixels.shape[:2]
    scale = long_edge / max(height, width)
    if scale >= 1:
        return pixels
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    # Whole blocks of pixels are averaged quickly; down to a half, bilinear sampling then skips none.
    block = int(1 / scale)
    if block > 1:
        blocks = (max(width // block, 1), max(height // block, 1))
        pixels = np.asarray(cv2.resize(pixels, blocks, interpolation=cv2.INTER_AREA))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR))


def patches(pixels: U8, boxes: F32, side: int) -> U8:
    """Cut boxes [N, 4] out of an image, uint8 [H, W, 3], and scale each to a square; grey outside the image.

    Returns:
        uint8 [N, side, side, 3]. The bilinear sampling is that of TensorFlow's crop_and_resize, which the
        mtcnn package uses: no averaging, first and last samples on the corners, image size W taken as W - 1.
    """
    height, width = pixels.shape[:2]
    steps = np.linspace(0, 1, side, dtype=np.float32)
    columns = (boxes[:, :1] + (boxes[:, 2:3] - boxes[:, :1]) * steps) * np.float32((width - 1) / width)
    rows = (boxes[:, 1:2] + (boxes[:, 3:4] - boxes[:, 1:2]) * steps) * np.float32((height - 1) / height)
    out = np.empty((len(boxes), side * side, 3), np.uint8)
    for start in range(0, len(boxes), PATCH_ROWS):
        end = min(start + PATCH_ROWS, len(boxes))
        grid = (end - start, side, side)
        x = np.broadcast_to(columns[start:end, None, :], grid).reshape(end - start, -1)
        y = np.broadcast_to(rows[start:end, :, None], grid).reshape(end - start, -1)
        out[start:end] = cv2.remap(
            pixels, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=(127, 127, 127)
        )
    return out.reshape(-1, side, side, 3)


def _patches_of_all(images: Sequence[TurnedImage], boxes: Sequence[F32], side: int) -> U8:
    """Cut the boxes of each image, one image after the other."""
    cut = [
        image.turned(patches(image.upright, image.upright_boxes(own), side))
        for image, own in zip(images, boxes, strict=True)
    ]
    return np.concatenate(cut)


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


def _moved(boxes: F32, answer: Refinements) -> F32:
    """Move the boxes [N, 4] by the network's offsets; sides include both end pixels."""
    sides = np.tile(boxes[:, 2:] - boxes[:, :2] + 1, 2)
    return boxes + answer.offsets * sides


def _box(corners: F32) -> Box:
    x1, y1, x2, y2 = (float(corner) for corner in corners)
    return Box(x1, y1, x2 - x1, y2 - y1)
