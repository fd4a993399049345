"""Counts faces newly recognised since a given moment."""

from collections import Counter

import numpy as np
from sqlalchemy import and_, func, select

from index.id_arrays import ids_in_text
from index.people.named_faces import is_open, named_faces
from index.recognition.likeness import read_likenesses
from index.recognition.rules import best_candidates
from index.recognition.thresholds import Thresholds
from index.store.schema import likeness, stored_face, verdict
from index.store.statements import concatenated
from index.store.store import Store
from index.values import I64, NONE


class NewRecognitions:
    """Remembers the person of each face at its creation, to count later changes."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._before = self._named()
        with store.read() as connection:
            self._last = connection.scalar(select(func.max(stored_face.c.id))) or 0

    def by_person(self) -> Counter[int]:
        """Count the faces that have a person now, confirmed or recognised, and had none before, by person.

        Faces of edited photos do not count that were confirmed before the edit.
        """
        edited = select(verdict.c.face_id).where(verdict.c.edited)
        with self._store.read() as connection:
            known = np.array(connection.scalars(edited).all(), dtype=np.int64)
        faces, persons = self._named()
        before, persons_before = self._before
        place = np.searchsorted(before, faces)
        place[place == len(before)] = 0
        had = np.zeros(len(faces), bool)
        if len(before):
            had = (before[place] == faces) & (persons_before[place] == persons)
        gained = persons[~had & ~np.isin(faces, known)]
        return Counter(gained.tolist())

    def probable(self, thresholds: Thresholds) -> int:
        """Count the new faces without a name that are similar enough to a person for review."""
        is_new = and_(likeness.c.face_id > self._last, is_open(likeness.c.face_id))
        with self._store.read() as connection:
            alike = read_likenesses(connection, is_new)
        found = best_candidates(np.unique(alike.face_ids), alike, thresholds)
        return int(((found.persons != NONE) & ~found.accepted).sum())

    def _named(self) -> tuple[I64, I64]:
        """Read the named faces, int64 [N], rising, and the person of each."""
        named = named_faces()
        query = select(concatenated(named.c.face_id), concatenated(named.c.person_id))
        with self._store.read() as connection:
            faces, persons = map(ids_in_text, connection.execute(query).one())
        order = np.argsort(faces)
        return faces[order], persons[order]
