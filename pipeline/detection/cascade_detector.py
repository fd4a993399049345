"""Finds faces with YuNet, and has MTCNN's O-Net accept them, and refine their boxes and landmarks.

YuNet proposes faces at any angle, as if they were upright; O-Net takes upright ones only. So where O-Net is
not sure, YuNet detects the face at all angles, and O-Net refines it at the best. Where a face is on its side
or upside down, others may be that YuNet did not propose: the whole photo is searched, turned that way.
"""

import numpy as np

from pipeline.detection.detections import Detections, Flags, faces_of, large_enough
from pipeline.detection.detector import DetectionOptions
from pipeline.detection.mtcnn_networks import OutputNetwork
from pipeline.detection.rotated_windows import (
    LEAST_MEAN,
    MOST_ROTATED,
    RotatedFaces,
    detect_rotated,
    refine_rotated,
)
from pipeline.detection.turned_image import TurnedImage
from pipeline.detection.yunet_network import Yunet
from pipeline.detection.yunet_search import SURE as SURELY_PROPOSED
from pipeline.detection.yunet_search import YunetSearch
from pipeline.geometry import Overlap, overlap, squared, suppress
from pipeline.values import U8, DecodedPhoto, DetectedFace

SURE_PROPOSAL, SURE = 0.88, 0.99
"""Probabilities by YuNet and by O-Net above which a candidate is an upright face as it is. Both are so sure
of 95 in 100 upright faces, and of 1 in 600 turned ones."""

ACCEPTED = 0.8
"""Least probability of a face by O-Net."""

ACCEPTED_ALONE = 0.9
"""YuNet's probability from which a face counts that O-Net does not accept: covered, or in profile."""

SAME_FACE = 0.7
"""Overlap, as a part of the smaller box, above which two boxes are of one face."""


class CascadeDetector:
    """YuNet and O-Net, without state between photos: threads may share it."""

    def __init__(self, yunet: Yunet, output_network: OutputNetwork, options: DetectionOptions) -> None:
        self._yunet = yunet
        self._output_network = output_network
        self._search = YunetSearch(yunet, options.long_edge)
        self._options = options
        self.name: str = options.name

    def detect(self, photo: DecodedPhoto) -> tuple[DetectedFace, ...]:
        """As ``Detector.detect``."""
        pixels = photo.pixels
        found, turns = self._find(pixels)
        images = [TurnedImage(pixels, turn) for turn in turns]
        turned = [image.upright_faces(self._find(image.turned(pixels))[0]) for image in images]
        faces = Detections.joined([found, *turned])
        faces = faces[suppress(faces.boxes, faces.probabilities, SAME_FACE, Overlap.SMALLER)]
        return faces_of(large_enough(faces, photo, self._options), pixels, photo)

    def _find(self, pixels: U8) -> tuple[Detections, list[int]]:
        """Return an image's faces, some twice, and the quarter turns that would set others upright."""
        candidates = self._search.candidates(pixels)
        squares = squared(candidates.boxes)
        upright = refine_rotated(self._output_network, pixels, squares, np.zeros(len(squares), np.float32))
        sure = (candidates.probabilities > SURE_PROPOSAL) & (upright.probabilities > SURE)
        boxes = candidates.boxes
        apart = ~(overlap(boxes, boxes[sure], Overlap.SMALLER) > SAME_FACE).any(axis=1)
        doubtful, others = np.split(np.flatnonzero(~sure & apart), [MOST_ROTATED])
        sure[others] = (upright.probabilities[others] >= ACCEPTED) & (
            candidates.probabilities[others] >= SURELY_PROPOSED
        )
        rotated = detect_rotated(self._yunet, pixels, squares[doubtful])
        refined, accepted = self._refined(pixels, candidates[doubtful], rotated, upright[doubtful])
        turns = rotated.angles[accepted] / 90
        near = {int(turn) % 4 for turn in (*np.floor(turns), *np.ceil(turns))}
        return Detections.joined([upright[sure], refined[accepted]]), sorted(near - {0})

    def _refined(
        self, pixels: U8, candidates: Detections, rotated: RotatedFaces, upright: Detections
    ) -> tuple[Detections, Flags]:
        """Return each candidate as the better of both networks finds it, and whether it is a face.

        ``upright`` is what O-Net made of them at angle 0.
        """
        refined = refine_rotated(self._output_network, pixels, squared(rotated.faces.boxes), rotated.angles)
        better = (rotated.angles == 0) & (upright.probabilities > refined.probabilities)
        refined = refined.replaced(np.flatnonzero(better), upright[better])
        detected = rotated.faces.probabilities
        means = (detected + candidates.probabilities) / 2
        by_both = (refined.probabilities >= ACCEPTED) & (means >= LEAST_MEAN)
        alone = ~by_both & (detected >= ACCEPTED_ALONE)
        return refined.replaced(np.flatnonzero(alone), rotated.faces[alone]), by_both | alone
