"""Describes known faces by a model that has not described them.

Faces are cut out of their photos where they were found before; no detector runs.
"""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np

from faceindex.results import Listeners
from faceindex.scanning.revisit import OpenToRead, OpenToWrite, Revisit
from faceindex.session import Session
from index.photos.redescription import Redescription
from index.store.store import Store
from index.values import KnownContent, NewDescriptors, Undescribed
from pipeline.detection.detector import Detector
from pipeline.values import F32, DecodedPhoto, DetectedFace, Outcomes, PhotoIndexed

MakeOutcomes: TypeAlias = Callable[[Detector], Outcomes]
"""Makes a runner that finds faces with a detector."""

FacesToDescribe: TypeAlias = Callable[[Store], Redescription]
"""Says which faces of a library are described, and by which model."""


_SAME_FRAME = 0.002
"""Seconds that the moment of a frame may differ after it was stored, in a film of three hours."""


class KnownFaces:
    """A detector that gives the known faces of ``contents``, by digest, and looks at no pixel."""

    name = "known faces"

    def __init__(self) -> None:
        self.contents: dict[bytes, Undescribed] = {}

    def detect(self, photo: DecodedPhoto) -> tuple[DetectedFace, ...]:
        """Return the known faces by id, of a film those of the frame.

        There is none if another photo of the content was described meanwhile.
        """
        content = self.contents.get(photo.digest)
        if content is None or photo.moment is None:
            return () if content is None else content.photo_faces
        return tuple(
            DetectedFace(box, landmarks, 1.0)
            for seen in content.appearances
            if seen is not None
            for moment, box, landmarks in seen.sightings
            if abs(moment - photo.moment) <= _SAME_FRAME
        )


class DescribeFaces:
    """The task of describing faces; see ``RevisitTask``."""

    def __init__(self, faces: FacesToDescribe, detector: KnownFaces) -> None:
        self._faces = faces
        self._detector = detector
        self._batch: list[NewDescriptors] = []

    def waiting(self, session: Session) -> int:
        """See ``RevisitTask``."""
        return self._faces(session.database).coverage().contents

    def contents(self, session: Session, after: int, limit: int) -> Sequence[KnownContent]:
        """See ``RevisitTask``."""
        contents = self._faces(session.database).undescribed(after, limit)
        for content in contents:
            self._detector.contents.update(dict.fromkeys(content.digests, content))
        return contents

    def take(self, content: KnownContent, found: PhotoIndexed) -> None:
        """See ``RevisitTask``."""
        known = self._detector.contents[content.digest]
        if found.film is None or found.film.until is None:
            for digest in content.digests:
                self._detector.contents.pop(digest, None)
        described = _described(known, found)
        if described:
            vectors = np.stack(list(described.values()))
            self._batch.append(NewDescriptors(known.digest, tuple(described), vectors))

    def store(self, session: Session) -> int:
        """See ``RevisitTask``."""
        batch, self._batch = self._batch, []
        return self._faces(session.database).add(batch) if batch else 0


def _described(known: Undescribed, found: PhotoIndexed) -> dict[int, F32]:
    """Return the descriptors of known faces by id; of a film, those of the tracklets of this part."""
    own = [face.vector for face in found.faces if face.appearance is None]
    if own or found.film is None:  # no face: another photo was described meanwhile
        ids = known.photo_face_ids if own else ()
        return dict(zip(ids, own, strict=True))
    sums: dict[int, F32] = {}
    for face_id, seen in zip(known.face_ids, known.appearances, strict=True):
        if seen is None:
            continue
        places = {(round(moment, 2), round(box.x)) for moment, box, _ in seen.sightings}
        for face in found.faces:
            others = face.appearance.sightings if face.appearance is not None else []
            shared = sum((round(moment, 2), round(box.x)) in places for moment, box, _ in others)
            if shared:
                sums[face_id] = sums.get(face_id, np.zeros_like(face.vector)) + shared * face.vector
    return {face_id: each / np.linalg.norm(each) for face_id, each in sums.items() if each.any()}


def describer(
    open_to_write: OpenToWrite,
    open_to_read: OpenToRead,
    faces: FacesToDescribe,
    make_outcomes: MakeOutcomes,
    listeners: Listeners,
) -> Revisit:
    """Make a run that describes faces by a model."""
    detector = KnownFaces()
    task = DescribeFaces(faces, detector)
    return Revisit(open_to_write, open_to_read, task, make_outcomes(detector), listeners)
