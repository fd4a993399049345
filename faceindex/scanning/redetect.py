"""Finds the faces of known contents by a detector that has not searched them."""

from collections.abc import Sequence
from dataclasses import replace

from faceindex.session import Session
from index.photos.redetection import Redetection
from index.values import KnownContent, NewDetections
from pipeline.values import PhotoIndexed


class DetectFaces:
    """The task of finding faces by a detector; see ``RevisitTask``."""

    def __init__(self, detector: str) -> None:
        self._detector = detector
        self._batch: list[NewDetections] = []
        self._parts: dict[bytes, list[PhotoIndexed]] = {}  # of films, by digest

    def waiting(self, session: Session) -> int:
        """See ``RevisitTask``."""
        return Redetection(session.database, self._detector).coverage().waiting

    def contents(self, session: Session, after: int, limit: int) -> Sequence[KnownContent]:
        """See ``RevisitTask``."""
        return Redetection(session.database, self._detector).unsearched(after, limit)

    def take(self, content: KnownContent, found: PhotoIndexed) -> None:
        """See ``RevisitTask``."""
        if found.film is not None:
            parts = self._parts.setdefault(content.digest, [])
            parts.append(found)
            if found.film.until is not None:
                return
            faces = tuple(face for part in self._parts.pop(content.digest) for face in part.faces)
            found = replace(found, faces=faces)
        self._batch.append(NewDetections(content.digest, found))

    def store(self, session: Session) -> int:
        """See ``RevisitTask``."""
        batch, self._batch = self._batch, []
        return Redetection(session.database, self._detector).add(batch)
