"""Finds faces with YuNet, and has MTCNN's O-Net judge them, place their boxes and their landmarks.

YuNet proposes turned faces too, as if they were upright. O-Net sees only upright ones. So a candidate that
O-Net does not take for a surely upright face is shown to it after one, two and three quarter turns.
"""

import numpy as np

from pipeline.detection.detections import Detections, faces_of
from pipeline.detection.detector import DetectionOptions
from pipeline.detection.likeliest import UPRIGHT_FIRST, odds
from pipeline.detection.mtcnn_networks import OutputNetwork
from pipeline.detection.mtcnn_patches import look_at
from pipeline.detection.turned_faces import SURELY_TURNED, SURELY_UPRIGHT
from pipeline.detection.turned_image import TurnedImage
from pipeline.detection.yunet_network import Yunet
from pipeline.detection.yunet_search import YunetSearch
from pipeline.geometry import Overlap, clipped, squared, suppress
from pipeline.values import F32, U8, DecodedPhoto, DetectedFace

ACCEPTED = 0.8
"""Least probability, by O-Net, of an upright face."""

SURE_ALONE = 0.8
"""YuNet's probability from which a face is taken that O-Net does not see."""

SAME_FACE = 0.7
"""Overlap, as a part of the smaller box, above which two boxes are of one face."""


class CascadeDetector:
    """YuNet and O-Net, without state between photos: threads may share them."""

    def __init__(self, proposing: Yunet, judging: OutputNetwork, options: DetectionOptions) -> None:
        self._search = YunetSearch(proposing, options.long_edge)
        self._judging = judging
        self.name: str = options.name

    def detect(self, photo: DecodedPhoto) -> tuple[DetectedFace, ...]:
        """As ``Detector.detect``."""
        return faces_of(self._find(photo.pixels), photo.pixels, photo)

    def _find(self, pixels: U8) -> Detections:
        candidates = self._search.candidates(pixels)
        seen = self._judged(pixels, squared(candidates.boxes))
        refused = seen.probabilities < ACCEPTED
        alone = candidates[refused & (candidates.probabilities >= SURE_ALONE)]
        faces = Detections.joined([seen[~refused], alone])
        kept = faces[suppress(faces.boxes, faces.probabilities, SAME_FACE, Overlap.SMALLER)]
        height, width = pixels.shape[:2]
        return Detections(clipped(kept.boxes, width, height), kept.probabilities, kept.landmarks)

    def _judged(self, pixels: U8, boxes: F32) -> Detections:
        """Return what O-Net says of square boxes [N, 4], each as it is or turned, whichever is likelier."""
        (upright,) = look_at(self._judging, [TurnedImage(pixels)], [boxes])
        doubtful = np.flatnonzero(upright.probabilities <= SURELY_UPRIGHT)
        if not len(doubtful):
            return upright
        images = [TurnedImage(pixels, turns) for turns in (1, 2, 3)]
        turned = look_at(self._judging, images, [image.turned_boxes(boxes[doubtful]) for image in images])
        looks = [image.upright_faces(look) for image, look in zip(images, turned, strict=True)]
        best = upright
        chances = odds(upright.probabilities) * UPRIGHT_FIRST
        for look in looks:
            own = np.zeros(len(boxes), np.float32)
            own[doubtful] = np.where(look.probabilities >= SURELY_TURNED, look.probabilities, 0)
            better = odds(own) > chances
            chances = np.where(better, odds(own), chances)
            best = best.replaced(np.flatnonzero(better), look[better[doubtful]])
        return best
