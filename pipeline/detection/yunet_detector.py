"""Finds faces with YuNet alone: its boxes, probabilities and landmarks."""

import numpy as np

from pipeline.detection.detections import Detections, faces_of, large_enough
from pipeline.detection.detector import DetectionOptions
from pipeline.detection.rotated_windows import LEAST_MEAN, MOST_ROTATED, detect_rotated
from pipeline.detection.yunet_network import SAME_FACE, Yunet
from pipeline.detection.yunet_search import YunetSearch
from pipeline.geometry import squared, suppress
from pipeline.values import DecodedPhoto, DetectedFace

SURE = 0.9
"""Least probability of a candidate that is an upright face as it is."""

ACCEPTED = 0.7
"""Least probability of a face detected at all angles."""


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
        first, others = np.split(np.flatnonzero(~sure), [MOST_ROTATED])
        sure[others] = candidates.probabilities[others] >= ACCEPTED
        doubtful = candidates[first]
        rotated = detect_rotated(self._network, pixels, squared(doubtful.boxes))
        better = (rotated.angles == 0) & (doubtful.probabilities > rotated.faces.probabilities)
        found = rotated.faces.replaced(np.flatnonzero(better), doubtful[better])
        means = (rotated.faces.probabilities + doubtful.probabilities) / 2
        accepted = (found.probabilities >= ACCEPTED) & (means >= LEAST_MEAN)
        faces = Detections.joined([candidates[sure], found[accepted]])
        faces = faces[suppress(faces.boxes, faces.probabilities, SAME_FACE)]
        return faces_of(large_enough(faces, photo, self._options), pixels, photo)
