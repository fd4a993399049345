"""Looks for faces in known contents with a detector that has not looked at them."""

from collections.abc import Sequence

from faceindex.session import Session
from index.photos.redetection import Redetection
from index.values import KnownContent, NewLook
from pipeline.values import PhotoIndexed


class LookAgain:
    """The task of finding faces by a detector; see ``RevisitTask``."""

    def __init__(self, detector: str) -> None:
        self._detector = detector
        self._batch: list[NewLook] = []

    def waiting(self, session: Session) -> int:
        """See ``RevisitTask``."""
        return Redetection(session.database, self._detector).coverage().waiting

    def contents(self, session: Session, after: int, limit: int) -> Sequence[KnownContent]:
        """See ``RevisitTask``."""
        return Redetection(session.database, self._detector).unlooked(after, limit)

    def take(self, content: KnownContent, found: PhotoIndexed) -> None:
        """See ``RevisitTask``."""
        self._batch.append(NewLook(content.digest, found))

    def store(self, session: Session) -> int:
        """See ``RevisitTask``."""
        batch, self._batch = self._batch, []
        return Redetection(session.database, self._detector).add(batch)
