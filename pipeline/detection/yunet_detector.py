"""Finds faces with YuNet alone: its boxes, probabilities and landmarks."""

import numpy as np

from pipeline.detection.detections import Detections, faces_of, large_enough
from pipeline.detection.detector import DetectionOptions
from pipeline.detection.rotated_looks import look_around
from pipeline.detection.yunet_network import SAME_FACE, Yunet
from pipeline.detection.yunet_search import YunetSearch
from pipeline.geometry import squared, suppress
from pipeline.values import DecodedPhoto, DetectedFace

SURE = 0.9
"""Probability from which a candidate is an upright face, without another look."""

ACCEPTED = 0.7
"""Least probability of a face that was looked at from all sides."""

SEEN = 0.45
"""Least mean of its probabilities: as it was proposed, and from all sides."""

MOST_DOUBTFUL = 32
"""Most candidates looked at from all sides: bounds the time for images of pure noise."""


class YunetDetector:
    """YuNet, without state between photos: threads may share it."""

    def __init__(self, network: Yunet, options: DetectionOptions) -> None:
        self._network = network
        self._search = YunetSearch(network, options.long_edge)
        self._options = options
        self.name: str = options.name

    def detect(self, photo: DecodedPhoto) -> tuple[DetectedFace, ...]:
        """As ``Detector.detect``."""
        pixels = photo.pixels
        candidates = self._search.candidates(pixels)
        sure = candidates.probabilities >= SURE
        doubtful = candidates[np.flatnonzero(~sure)[:MOST_DOUBTFUL]]
        around = look_around(self._network, pixels, squared(doubtful.boxes)).faces
        accepted = (around.probabilities >= ACCEPTED) & (
            (around.probabilities + doubtful.probabilities) / 2 >= SEEN
        )
        faces = Detections.joined([candidates[sure], around[accepted]])
        faces = faces[suppress(faces.boxes, faces.probabilities, SAME_FACE)]
        return faces_of(large_enough(faces, photo, self._options), pixels, photo)
