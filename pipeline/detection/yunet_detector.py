"""Finds faces with YuNet alone: its boxes, probabilities and landmarks."""

import numpy as np

from pipeline.detection.detections import Detections, faces_of
from pipeline.detection.detector import DetectionOptions
from pipeline.detection.likeliest import likeliest
from pipeline.detection.shrinking import shrunk
from pipeline.detection.turned_image import TurnedImage
from pipeline.detection.yunet_network import Yunet
from pipeline.detection.yunet_search import FIRST_EDGE, YunetSearch
from pipeline.values import U8, DecodedPhoto, DetectedFace

ACCEPTED = 0.7
"""Least probability of a face."""

SURELY_UPRIGHT = 0.9
"""Probability from which a face is taken for upright without a look at the turned photo."""


class YunetDetector:
    """YuNet, without state between photos: threads may share it."""

    def __init__(self, network: Yunet, options: DetectionOptions) -> None:
        self._network = network
        self._search = YunetSearch(network, options.long_edge)
        self._smallest = options.smallest_face / options.long_edge
        self.name: str = options.name

    def detect(self, photo: DecodedPhoto) -> tuple[DetectedFace, ...]:
        """As ``Detector.detect``."""
        found = self._with_turned(photo.pixels, self._search.candidates(photo.pixels))
        found = found.at_least(ACCEPTED)
        return faces_of(found, photo.pixels, photo)

    def _with_turned(self, pixels: U8, upright: Detections) -> Detections:
        """Look at the photo turned three ways, if it has candidates and one of them is not surely upright."""
        if (upright.probabilities >= SURELY_UPRIGHT).all():
            return upright
        copy = shrunk(pixels, FIRST_EDGE)
        scale = np.array(pixels.shape[1::-1]) / copy.shape[1::-1]
        looks = [upright]
        for turns in (1, 2, 3):
            image = TurnedImage(copy, turns)
            seen = self._network.look_at(image.turned(copy), ACCEPTED)
            looks.append(image.upright_faces(seen).scaled(scale))
        faces = Detections.joined(looks)[likeliest(looks)]
        return faces[np.argsort(-faces.probabilities, kind="stable")]
