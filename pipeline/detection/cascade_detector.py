"""Finds faces with YuNet, and has MTCNN's O-Net judge them, and place their boxes and landmarks.

YuNet proposes faces at any angle, as if they were upright; O-Net takes upright ones only. So where O-Net is
not sure, YuNet looks at the place from all sides, and O-Net judges it turned upright. Where a face is on its
side or upside down, others may be that YuNet did not propose: it searches the whole photo turned that way.
"""

import numpy as np

from pipeline.detection.detections import Detections, Flags, faces_of, large_enough
from pipeline.detection.detector import DetectionOptions
from pipeline.detection.likeliest import SAME_PLACE
from pipeline.detection.mtcnn_networks import OutputNetwork
from pipeline.detection.rotated_looks import Around, look_around, look_upright
from pipeline.detection.turned_image import TurnedImage
from pipeline.detection.yunet_network import Yunet
from pipeline.detection.yunet_search import SURE as SURELY_PROPOSED
from pipeline.detection.yunet_search import YunetSearch
from pipeline.geometry import Overlap, overlap, squared, suppress
from pipeline.values import U8, DecodedPhoto, DetectedFace

SURE_PROPOSAL, SURE = 0.88, 0.99
"""Probabilities by YuNet and by O-Net above which a candidate is an upright face, without another look. So
sure are both of 95 in 100 upright faces, and of 1 in 600 turned ones."""

ACCEPTED = 0.8
"""Least probability of a face by O-Net."""

SEEN = 0.45
"""Least mean of YuNet's probabilities of such a face: as it proposed it, and from all sides."""

SEEN_ALONE = 0.9
"""YuNet's probability from which a face counts that O-Net does not accept: covered, or in profile."""

MOST_DOUBTFUL = 32
"""Most candidates looked at from all sides, likeliest first: bounds the time for crowds and for noise."""

SAME_FACE = 0.7
"""Overlap, as a part of the smaller box, above which two boxes are of one face."""


class CascadeDetector:
    """YuNet and O-Net, without state between photos: threads may share it."""

    def __init__(self, proposing: Yunet, judging: OutputNetwork, options: DetectionOptions) -> None:
        self._proposing = proposing
        self._judging = judging
        self._search = YunetSearch(proposing, options.long_edge)
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
        upright = look_upright(self._judging, pixels, squares, np.zeros(len(squares), np.float32))
        sure = (candidates.probabilities > SURE_PROPOSAL) & (upright.probabilities > SURE)
        apart = ~(overlap(squares, squares[sure], Overlap.SMALLER) > SAME_PLACE).any(axis=1)
        doubtful, others = np.split(np.flatnonzero(~sure & apart), [MOST_DOUBTFUL])
        sure[others] = (upright.probabilities[others] >= ACCEPTED) & (
            candidates.probabilities[others] >= SURELY_PROPOSED
        )
        around = look_around(self._proposing, pixels, squares[doubtful])
        judged, accepted = self._judged(pixels, candidates[doubtful], around, upright[doubtful])
        turns = around.angles[accepted] / 90
        near = {int(turn) % 4 for turn in (*np.floor(turns), *np.ceil(turns))}
        return Detections.joined([upright[sure], judged[accepted]]), sorted(near - {0})

    def _judged(
        self, pixels: U8, candidates: Detections, around: Around, upright: Detections
    ) -> tuple[Detections, Flags]:
        """Return each candidate as the better of both networks sees it, and whether it is a face.

        ``upright`` is what O-Net saw of them as they lie in the image.
        """
        judged = look_upright(self._judging, pixels, squared(around.faces.boxes), around.angles)
        better = (around.angles == 0) & (upright.probabilities > judged.probabilities)
        judged = judged.replaced(np.flatnonzero(better), upright[better])
        seen = around.faces.probabilities
        by_both = (judged.probabilities >= ACCEPTED) & ((seen + candidates.probabilities) / 2 >= SEEN)
        alone = ~by_both & (seen >= SEEN_ALONE)
        return judged.replaced(np.flatnonzero(alone), around.faces[alone]), by_both | alone
