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
from pipeline.values import DecodedPhoto, DetectedFace, Outcomes, PhotoIndexed

MakeOutcomes: TypeAlias = Callable[[Detector], Outcomes]
"""Makes a runner that finds faces with a detector."""

FacesToDescribe: TypeAlias = Callable[[Store], Redescription]
"""Says which faces of a library are described, and by which model."""


class KnownFaces:
    """A detector that gives the known faces of ``contents``, by digest, and looks at no pixel."""

    name = "known faces"

    def __init__(self) -> None:
        self.contents: dict[bytes, Undescribed] = {}

    def detect(self, photo: DecodedPhoto) -> tuple[DetectedFace, ...]:
        """Return the known faces by id; none if another photo of the content was described meanwhile."""
        content = self.contents.get(photo.digest)
        return () if content is None else content.faces


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
        for digest in content.digests:
            self._detector.contents.pop(digest, None)
        if found.faces:
            vectors = np.stack([face.vector for face in found.faces])
            self._batch.append(NewDescriptors(known.digest, known.face_ids, vectors))

    def store(self, session: Session) -> int:
        """See ``RevisitTask``."""
        batch, self._batch = self._batch, []
        return self._faces(session.database).add(batch) if batch else 0


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
