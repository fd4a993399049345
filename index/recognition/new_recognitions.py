"""What a night changed for people: the faces that are somebody now and were not, and those that may be.

It is made before the night's work, and asked after it. Nothing is written here.
"""

from collections import Counter

import numpy as np
from sqlalchemy import func, select

from index.people.named_faces import named_faces
from index.photos.catalog import Catalog
from index.recognition.confirmed_faces import load_gallery
from index.recognition.identify import identify
from index.recognition.thresholds import Thresholds
from index.store.schema import face, verdict
from index.store.store import Store
from index.values import I64
from pipeline.values import ModelId


class NewRecognitions:
    """Remembers who is who at the time when it is made.

    Args:
        store: The library.

    Every method may raise a ``LibraryError``.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._whose = self._who_is_who()
        with store.read() as connection:
            self._last = connection.scalar(select(func.max(face.c.id))) or 0

    def gains(self) -> Counter[int]:
        """How many faces are a person now, confirmed or recognised, and were not before, by person's id."""
        now = self._who_is_who()
        return Counter(who for number, who in now.items() if self._whose.get(number) != who)

    def probable(self, model: ModelId, thresholds: Thresholds) -> int:
        """How many new faces are nobody for sure, but like somebody enough for a person to look."""
        gallery = load_gallery(self._store, model)
        if not len(gallery):
            return 0
        chunks = Catalog(self._store).descriptors(model, self._open())
        return sum(int(identify(gallery, each.vectors, thresholds).probable.sum()) for each in chunks)

    def _who_is_who(self) -> dict[int, int]:
        one = named_faces()
        with self._store.read() as connection:
            rows = connection.execute(select(one.c.face_id, one.c.person_id))
            return {row.face_id: row.person_id for row in rows}

    def _open(self) -> I64:
        """The new faces that are nobody, and of which nothing was decided: int64 [N], rising."""
        one = named_faces()
        query = (
            select(face.c.id)
            .outerjoin(one, one.c.face_id == face.c.id)
            .outerjoin(verdict, verdict.c.face_id == face.c.id)
            .where(face.c.id > self._last, one.c.face_id.is_(None), verdict.c.face_id.is_(None))
            .order_by(face.c.id)
        )
        with self._store.read() as connection:
            return np.array(connection.scalars(query).all(), dtype=np.int64)
