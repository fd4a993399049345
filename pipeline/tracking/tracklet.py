"""One appearance of a person in a film: the faces of its frames, and what they come to as one face."""

from dataclasses import replace

import numpy as np

from pipeline.values import F32, Appearance, Descriptor

CLEAR = 0.3
"""Quality from which a descriptor says who a face is, as in the templates of persons."""

_LEAST_WEIGHT = 1e-3
"""Of a face of quality 0: it counts only beside others like it."""

_UNREADABLE = frozenset(("small", "blurred"))
"""Reasons of a low quality that leave nothing to see."""

_GLIMPSE_CONFIDENCE = 0.9
"""Confidence from which a face of one frame alone counts: of what is no face, most has less."""


class Tracklet:
    """The faces of one person in frames of one shot, in the order of time; the first is given.

    Attributes:
        moments: When each face is seen, in seconds.
        faces: As they were described; only the best one keeps its thumbnail.
        best: The index of the face that shows the person best.
    """

    def __init__(self, moment: float, face: Descriptor) -> None:
        self.moments = [moment]
        self.faces = [face]
        self.best = 0
        self._sum = _weighted(face)

    def add(self, moment: float, face: Descriptor) -> None:
        """Add a face that is seen later than the others."""
        self.moments.append(moment)
        self.faces.append(face)
        worse = len(self.faces) - 1
        if _worth(face) > _worth(self.best_face):
            self.best, worse = worse, self.best
        if self.faces[worse].thumbnail is not None:
            self.faces[worse] = replace(self.faces[worse], thumbnail=None)
        self._sum = self._sum + _weighted(face)

    @property
    def best_face(self) -> Descriptor:
        """The face that shows the person best."""
        return self.faces[self.best]

    @property
    def is_glimpse_of_nothing(self) -> bool:
        """Whether one frame alone shows it, and it may be no face, or nobody could tell whose.

        A clear glimpse of a head that is turned away is one of a person.
        """
        if len(self.faces) > 1:
            return False
        face = self.faces[0]
        too_poor = face.quality.score < CLEAR and not _UNREADABLE.isdisjoint(face.quality.reasons)
        return too_poor or face.face.confidence < _GLIMPSE_CONFIDENCE

    def template(self, *, without_last: bool = False) -> F32:
        """Return the mean of the descriptors, weighted by quality: float32 [D], of unit norm.

        ``without_last`` leaves out the last face, if it is not the only one.
        """
        leave_out = without_last and len(self.faces) > 1
        mean = self._sum - _weighted(self.faces[-1]) if leave_out else self._sum
        norm = float(np.linalg.norm(mean))
        if not norm:  # of opposite vectors
            return self.best_face.vector
        return np.asarray(mean / norm, np.float32)

    def described(self) -> Descriptor:
        """Return the tracklet as one face: the best one, with the template and the track of all."""
        moment, face = self.moments[self.best], self.best_face
        track = np.stack([_sighting(*each) for each in zip(self.moments, self.faces, strict=True)])
        return replace(
            face,
            face=replace(face.face, box=replace(face.face.box, moment=moment)),
            vector=self.template(),
            appearance=Appearance(self.moments[0], self.moments[-1], track),
        )


def _sighting(moment: float, face: Descriptor) -> F32:
    """Return a row of a track: float32 [15]."""
    box = face.face.box
    place = np.array([moment, box.x, box.y, box.w, box.h], np.float32)
    return np.concatenate([place, face.face.landmarks.ravel()])


def _weighted(face: Descriptor) -> F32:
    return np.asarray(face.vector * np.float32(max(face.quality.score, _LEAST_WEIGHT)), np.float32)


def _worth(face: Descriptor) -> tuple[float, float, float]:
    return face.quality.score, face.face.confidence, face.face.box.w * face.face.box.h
