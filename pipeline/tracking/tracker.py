"""Joins the faces of a film's frames to tracklets, frame by frame.

All faces of a frame are paired with all open tracklets at once. How much alike two descriptors must be
depends on where the faces are: a head moves little from one frame to the next. No tracklet crosses a cut:
there, the place alone joined two people.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.tracking.assignment import assign
from pipeline.tracking.tracklet import CLEAR, Tracklet
from pipeline.values import F32, Descriptor, ModelId

LONGEST_GAP = 4.0
"""Seconds that a face may be out of sight: two frames at one a second, which may be 1.5 s apart."""

_PLACE_GAP = 2.1
"""Seconds for which the place of a face tells who it is: the next frame, or the one after it."""

_STILL, _ELSEWHERE = 0.4, 1.2
"""Distances of two boxes, see ``_distances``: up to the first, a head has hardly moved, and the boxes overlap
by a third of their union; from the second on, another head may be between."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """How much alike descriptors of one model are, as cosines.

    Attributes:
        anywhere: From this on, two faces of one shot are one person's, wherever they are: one pair in 100,000
            of different people has as much.
        here: The same for faces in the same place: between one pair in 100 and one in 1,000 has as much.
    """

    anywhere: float
    here: float

    @property
    def turned(self) -> float:
        """As ``here`` where one of the faces is not clear, as when a head turns to the side."""
        return self.here - _LESS_IF_TURNED

    @property
    def unlike(self) -> float:
        """Below this, two clear faces are not one person's, though a face between them is like both.

        A dissolve blends two people.
        """
        return self.here - _LESS_IF_BLENDED


_LESS_IF_TURNED, _LESS_IF_BLENDED = 0.15, 0.1

_NEVER = 1.1
"""The likeness from which a poor face is somebody's anywhere: what is hardly a face is like others of its
kind, so that only the place counts."""

SFACE = Likeness(anywhere=0.45, here=0.25)
"""Among 736,000 pairs of different people of Labeled Faces in the Wild, clear, dark or blurred, one in 100
has 0.23, one in 1,000 0.31. One pair in ten of a person's photos has less than 0.39."""

_LIKENESS = {
    "sface": SFACE,
    "facenet": Likeness(anywhere=0.72, here=0.5),
}

_UNMEASURED = Likeness(anywhere=0.65, here=0.5)
"""Of other models: 0.5 is the tutorials' limit for VGGFace2."""


def likeness_of(model: ModelId) -> Likeness:
    """Return the likeness of a model's descriptors, or of those that it projects."""
    return _LIKENESS.get(model, _UNMEASURED)


_POOR = 0.1
"""Quality below which a descriptor says little."""


class Tracker:
    """Finds the tracklets of a film; give it the frames in the order of time."""

    def __init__(self, likeness: Likeness = SFACE) -> None:
        self._likeness = likeness
        self._open: list[Tracklet] = []

    @property
    def is_idle(self) -> bool:
        """Whether no tracklet is open, so that a new tracker would go on alike."""
        return not self._open

    def close(self, now: float | None = None) -> list[Tracklet]:
        """End the tracklets last seen too long before ``now``, or all; return them, without noise."""
        over = [each for each in self._open if now is None or now - each.moments[-1] > LONGEST_GAP]
        self._open = [each for each in self._open if each not in over]
        return [each for each in over if not each.is_glimpse_of_nothing]

    def add(self, moment: float, faces: Sequence[Descriptor]) -> None:
        """Add the faces of a frame to open tracklets, or to new ones. Call ``close`` for the moment first."""
        pairs = assign(self._gains(moment, faces)) if self._open and faces else []
        for row, column in pairs:
            self._open[row].add(moment, faces[column])
        joined = {column for _, column in pairs}
        self._open += [Tracklet(moment, face) for column, face in enumerate(faces) if column not in joined]

    def _gains(self, moment: float, faces: Sequence[Descriptor]) -> F32:
        """Return how well each open tracklet goes with each face, float32 [N, M]; 0 if not joined."""
        tracklets, likeness = self._open, self._likeness
        last = [each.faces[-1] for each in tracklets]
        quality, last_quality, best_quality = map(
            _qualities, (faces, last, [each.best_face for each in tracklets])
        )
        vectors = np.stack([face.vector for face in faces]).T
        alike = np.stack([each.template() for each in tracklets]) @ vectors
        alike_before = np.stack([each.template(without_last=True) for each in tracklets]) @ vectors
        clear = (best_quality[:, None] >= CLEAR) & (quality >= CLEAR)
        alike = np.where(clear, alike, np.maximum(alike, np.stack([face.vector for face in last]) @ vectors))
        distances = _distances(_circles(last), _circles(faces))
        still = np.clip((_ELSEWHERE - distances) / (_ELSEWHERE - _STILL), 0, 1)
        still *= np.array([[moment - each.moments[-1] <= _PLACE_GAP] for each in tracklets])
        elsewhere = np.where(np.minimum(best_quality[:, None], quality) < _POOR, _NEVER, likeness.anywhere)
        here = np.where(np.minimum(last_quality[:, None], quality) < CLEAR, likeness.turned, likeness.here)
        possible = alike >= elsewhere + still * (here - elsewhere)
        possible &= ~clear | (alike_before >= likeness.unlike)
        return np.where(possible, alike + still, 0).astype(np.float32)


def _qualities(faces: Sequence[Descriptor]) -> F32:
    return np.array([face.quality.score for face in faces], np.float32)


def _circles(faces: Sequence[Descriptor]) -> F32:
    """Return centres and sizes of faces, float32 [N, 3]; a size is the root of the area."""
    boxes = [face.face.box for face in faces]
    return np.array(
        [(box.x + box.w / 2, box.y + box.h / 2, max(1.0, box.w * box.h) ** 0.5) for box in boxes], np.float32
    )


def _distances(a: F32, b: F32) -> F32:
    """Return how far apart faces are, [N, M]: in sizes, plus the logarithm of the ratio of the sizes."""
    apart = np.hypot(a[:, None, 0] - b[:, 0], a[:, None, 1] - b[:, 1])
    sizes, others = a[:, None, 2], b[:, 2]
    distances: F32 = apart * 2 / (sizes + others) + np.abs(np.log(sizes / others))
    return distances
