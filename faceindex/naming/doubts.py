"""Suggests what may be wrong: confirmed faces that are like another person, and persons who may be one."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from faceindex.naming.suggestion import Kind, Suggestion
from faceindex.session import Session
from index.people.contradictions import read_contradictions
from index.people.edited_faces import edited_faces
from index.people.likely_faces import confirmed_faces_in_photos, faces_like_others
from index.people.persons import Person
from index.recognition.gallery import Gallery
from index.recognition.own_likeness import to_the_others
from index.recognition.thresholds import MIN_MARGIN
from index.values import I64, Descriptors

_PERSONS = 1024
"""Persons compared with all others at a time: 8 MB with 2,000 of those."""


@dataclass(frozen=True, slots=True)
class _Doubt:
    """A confirmed face of one person that is like another one."""

    face_id: int
    person_id: int
    other_id: int
    similarity: float


class Doubts:
    """Looks for errors among the confirmed faces of a library; ``persons`` are all that it knows, by id."""

    def __init__(self, session: Session, gallery: Gallery, persons: Mapping[int, Person]) -> None:
        self._session = session
        self._model = session.model().model_id
        self._accept = session.thresholds().accept
        self._gallery = gallery
        self._persons = persons
        self._contradictions = read_contradictions(session.database)

    def faces(self) -> Iterator[Suggestion]:
        """Suggest faces that may be wrong, in no order, without hidden persons."""
        yield from self._edited()
        yield from self._doubtful()

    def persons(self, among: Collection[int] | None = None) -> Iterator[Suggestion]:
        """Suggest pairs of persons whose templates are alike; single faces say little here.

        With ``among``, only pairs with one of these persons, by id, are looked for.
        """
        rows = np.arange(len(self._gallery))
        if among is not None:
            rows = rows[np.isin(self._gallery.person_ids, list(among))]
        alike = [pair for some in _parts(rows) for pair in self._alike(some)]
        confirmed = self._confirmed([person_id for person_id, _, _ in alike])
        together: set[frozenset[int]] = set()
        for person_id, other_id, similarity in alike:
            pair = frozenset((person_id, other_id))
            if confirmed.get(person_id) and pair not in together:
                together.add(pair)
                person, other = self._persons[person_id], self._persons[other_id]
                faces = tuple(confirmed[person_id])
                yield Suggestion(Kind.SAME_PERSON, person, other, None, faces, similarity)

    def _edited(self) -> Iterator[Suggestion]:
        for each in edited_faces(self._session.database):
            if person := self._shown(each.person_id):
                yield Suggestion(Kind.EDITED, person, None, None, (each.face_id,), each.similarity)

    def _doubtful(self) -> Iterator[Suggestion]:
        """Suggest confirmed faces that are clearly more similar to another person than to their own.

        That person's faces are read only where the gallery, which has some of them, leaves the doubt.
        """
        doubts: dict[int, list[_Doubt]] = defaultdict(list)
        for each in self._most_like():
            doubts[each.person_id].append(each)
        vectors = self._session.described(
            sorted(each.face_id for theirs in doubts.values() for each in theirs)
        )
        for person_id, theirs in doubts.items():
            known = self._gallery.faces_of(person_id)
            doubts[person_id] = _clear(theirs, vectors, Descriptors(known.face_ids, known.vectors))
        remaining = [person_id for person_id, theirs in doubts.items() if theirs]
        for person_id, face_ids in self._confirmed(remaining).items():
            if len(face_ids) > 1:
                for each in _clear(doubts[person_id], vectors, self._session.described(face_ids)):
                    person, other = self._shown(person_id), self._shown(each.other_id)
                    if person and other:
                        faces = (each.face_id,)
                        yield Suggestion(Kind.DOUBTFUL, person, other, None, faces, each.similarity)

    def _most_like(self) -> Iterator[_Doubt]:
        """Find the other person whom each confirmed face is most like, of those that may be suggested."""
        with self._session.database.read() as connection:
            rows = faces_like_others(connection, float(np.float32(self._accept)))
        found = set()
        for each in (_Doubt(*row) for row in rows):
            refused = self._contradictions.not_suggested(each.face_id, each.person_id)
            if each.face_id not in found and each.other_id in self._persons and each.other_id not in refused:
                found.add(each.face_id)
                yield each

    def _alike(self, rows: I64) -> Iterator[tuple[int, int, float]]:
        """Find the other person whom each of some persons is most like, and the similarity."""
        ids = self._gallery.person_ids
        cosines = self._gallery.to_templates(self._gallery.overall_templates[rows])
        cosines[:, [self._shown(each) is None for each in ids.tolist()]] = -1.0
        for row, person_id in enumerate(ids[rows].tolist()):
            others = self._contradictions.not_one.get(person_id, frozenset())
            cosines[row, np.isin(ids, [person_id, *others])] = -1.0
        best = cosines.argmax(axis=1)
        for row, person_id in enumerate(ids[rows].tolist()):
            similarity = float(cosines[row, best[row]])
            if similarity >= self._accept and self._shown(person_id):
                yield person_id, int(ids[best[row]]), similarity

    def _confirmed(self, person_ids: Sequence[int]) -> dict[int, list[int]]:
        with self._session.database.read() as connection:
            return confirmed_faces_in_photos(connection, self._model, person_ids)

    def _shown(self, person_id: int) -> Person | None:
        person = self._persons.get(person_id)
        return None if person is None or person.hidden else person


def _parts(rows: I64) -> list[I64]:
    return [rows[start : start + _PERSONS] for start in range(0, len(rows), _PERSONS)]


def _clear(doubts: Sequence[_Doubt], vectors: Descriptors, own: Descriptors) -> list[_Doubt]:
    """Return the doubts about faces of one person that remain beside its ``own`` other faces.

    ``vectors`` have at least all faces in doubt, by rising id.
    """
    doubts = [each for each in doubts if each.face_id in vectors.ids]
    face_ids = np.array([each.face_id for each in doubts], np.int64)
    faces = vectors.vectors[np.searchsorted(vectors.ids, face_ids)]
    similarities = to_the_others(face_ids, faces, own)
    return [
        each
        for each, similarity in zip(doubts, similarities.tolist(), strict=True)
        if each.similarity >= similarity + MIN_MARGIN
    ]
