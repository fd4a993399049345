"""Joins the faces of a film's frames to tracklets, frame by frame.

All faces of a frame are paired with all open tracklets at once. How much alike two descriptors must be
depends on where the faces are: a head moves little from one frame to the next. No tracklet crosses a cut:
there, the place alone joined two people.
"""

from collections.abc import Sequence

import numpy as np

from pipeline.tracking.assignment import assign
from pipeline.tracking.tracklet import CLEAR, Tracklet
from pipeline.values import F32, Descriptor

LONGEST_GAP = 4.0
"""Seconds that a face may be out of sight: two frames at one a second, which may be 1.5 s apart."""

_PLACE_GAP = 2.1
"""Seconds for which the place of a face tells who it is: the next frame, or the one after it."""

_STILL, _ELSEWHERE = 0.4, 1.2
"""Distances of two boxes, see ``_distances``: up to the first, a head has hardly moved, and the boxes overlap
by a third of their union; from the second on, another head may be between."""

_ALIKE = 0.45
"""Cosine from which two faces of one shot are one person's, wherever they are. Among 736,000 pairs of
different people of Labeled Faces in the Wild, clear or blurred, one in a thousand had 0.31 or more."""

_ALIKE_POOR = 0.6
"""The same where both faces are poor: what is hardly a face is like others of its kind; one pair in a
thousand had 0.49."""

_ALIKE_STILL = 0.25
"""The same in the same place: one pair in a hundred of different people had 0.23."""

_ALIKE_TURNED = 0.1
"""The same in the same place where one of the faces is not clear, as when a head turns to the side."""

_UNLIKE = 0.15
"""Cosine below which two clear descriptors are not of one person, though a face between them is like both:
a dissolve blends two people. One pair in ten of a person's photos had less than 0.39, and one in twenty of
other people's 0.17 or more."""

_POOR = 0.1
"""Quality below which a descriptor says little."""


class Tracker:
    """Finds the tracklets of a film; give it the frames in the order of time."""

    def __init__(self) -> None:
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
        pairs = assign(_gains(self._open, moment, faces)) if self._open and faces else []
        for row, column in pairs:
            self._open[row].add(moment, faces[column])
        joined = {column for _, column in pairs}
        self._open += [Tracklet(moment, face) for column, face in enumerate(faces) if column not in joined]


def _gains(tracklets: Sequence[Tracklet], moment: float, faces: Sequence[Descriptor]) -> F32:
    """Return how well each tracklet goes with each face, float32 [N, M]; 0 for pairs that are impossible."""
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
    elsewhere = np.where(np.maximum(best_quality[:, None], quality) < _POOR, _ALIKE_POOR, _ALIKE)
    here = np.where(np.minimum(last_quality[:, None], quality) < CLEAR, _ALIKE_TURNED, _ALIKE_STILL)
    possible = alike >= elsewhere + still * (here - elsewhere)
    possible &= ~clear | (alike_before >= _UNLIKE)
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
