"""Makes questions of suggestions: which face is shown, whom it is compared with, what an answer is about."""

from collections.abc import Collection, Iterator, Sequence

import numpy as np

from faceindex.naming.face_groups import grouped, representative
from faceindex.naming.question import Compared, Question
from faceindex.naming.review import Ranking
from faceindex.naming.suggestion import Kind, Suggestion
from faceindex.session import Session
from index.people.persons import Person
from index.people.queries import FaceStatus
from index.recognition.decided_faces import rejections_of
from index.recognition.gallery import Gallery
from index.recognition.identify import similarities
from index.values import FaceRecord
from pipeline.values import F32

_OF_CLUSTER = 200
"""Faces of a cluster among which the one that is shown is chosen."""


class Asking:
    """Makes questions by the ranking of a library's present state."""

    def __init__(self, session: Session, ranking: Ranking) -> None:
        self._session = session
        self._ranking = ranking
        self._persons = ranking.persons

    def questions(self, each: Suggestion, skipped: Collection[str] = ()) -> Iterator[Question]:
        """Yield the questions of a suggestion that still holds, without those that were skipped."""
        if each.kind is Kind.SAME_PERSON:
            yield from self._of_persons(each, skipped)
        elif each.cluster_id is not None:
            if (key := f"cluster-{each.cluster_id}") not in skipped:
                faces = representative(self._session, each.face_ids, _OF_CLUSTER)
                yield from self.about(key, each, faces)
        else:
            for faces in grouped(self._session, self._still_open(each)):
                if (key := f"face-{faces[0]}") not in skipped:
                    yield from self.about(key, each, faces)

    def again(self, key: str) -> Iterator[Question]:
        """Yield the question of a key, if it is one now."""
        for each in self._ranking.of_key(self._session, key):
            for question in self.questions(each):
                is_same = question.key == key or key in {f"face-{face}" for face in question.face_ids}
                if is_same and (question.cluster_id is None or question.key == key):
                    yield question

    def about(
        self, key: str, each: Suggestion, face_ids: Sequence[int], *, beside: bool = True
    ) -> Iterator[Question]:
        """Yield the question whether faces, of which the first one is shown, are whom a suggestion says.

        Without ``beside``, the face is not compared with the others that the question is about.
        """
        record = self._session.catalog.faces(face_ids[:1]).get(face_ids[0])
        if record is None:
            return
        is_doubt = each.kind is Kind.DOUBTFUL
        person, own = (each.other, each.person) if is_doubt else (each.person, None)
        found = self._compared(record, () if beside else face_ids)
        proposed = None if person is None else found.with_person(person, each.similarity)
        runner_up = found.with_person(own) if own else found.best_but(person)
        yield Question(
            key, each.kind, record, tuple(face_ids), proposed, runner_up, own, cluster_id=each.cluster_id
        )

    def _of_persons(self, each: Suggestion, skipped: Collection[str]) -> Iterator[Question]:
        """Ask whether two persons are one; the one with more faces is proposed for a face of the other."""
        gallery = self._ranking.gallery
        if each.person is None or each.other is None:
            return
        pair = [self._persons.get(one.id) for one in (each.person, each.other)]
        known = sorted((one for one in pair if one), key=lambda one: -len(gallery.faces_of(one.id)))
        key = "-".join(["persons", *sorted(one.key for one in known)])
        if len(known) < 2 or key in skipped:
            return
        person, other = known
        theirs = gallery.faces_of(other.id)
        templates = gallery.of(person.id)[0].vectors
        order = np.argsort(-(theirs.vectors @ templates.T).max(axis=1))
        records = self._session.catalog.faces(theirs.face_ids[order].tolist())
        record = next((records[face] for face in theirs.face_ids[order].tolist() if face in records), None)
        if record is not None:
            found = self._compared(record)
            same = found.with_person(person, each.similarity)
            runner_up = found.with_person(other)
            yield Question(key, each.kind, record, (record.face_id,), same, runner_up, other)

    def _still_open(self, each: Suggestion) -> list[int]:
        """Return the faces of a suggestion of which no decision, nor a later judgement, says otherwise."""
        person = each.other if each.kind is Kind.DOUBTFUL else each.person
        statuses = self._session.people.statuses(each.face_ids)
        return [
            face_id
            for face_id, status in statuses.items()
            if _holds(each, status) and person not in status.rejected
        ]

    def _compared(self, record: FaceRecord, left_out: Sequence[int] = ()) -> "_Comparison":
        face_id = np.array([record.face_id], np.int64)
        described = self._session.described(face_id)
        with self._session.database.read() as connection:
            rejected = set(rejections_of(connection, face_id).person_ids.tolist())
        own = self._session.catalog.face_ids_of(record.digest)
        gallery = self._ranking.gallery.without([*own, *left_out])
        vector = described.vectors[0] if len(described) else None
        return _Comparison(self._ranking, gallery, vector, rejected)


def _holds(each: Suggestion, status: FaceStatus) -> bool:
    if status.ignored or status.not_a_face:
        return False
    if each.kind is Kind.DOUBTFUL:
        return status.confirmed and status.person == each.person
    if each.kind is Kind.BARELY_RECOGNISED:
        return not status.confirmed and status.person == each.person
    if each.kind is Kind.EDITED:
        return not status.confirmed
    return status.person is None


class _Comparison:
    """A face, float32 [D] or without a descriptor, beside the persons of a gallery without its photo."""

    def __init__(self, ranking: Ranking, gallery: Gallery, vector: F32 | None, rejected: set[int]) -> None:
        self._ranking, self._gallery, self._vector, self._rejected = ranking, gallery, vector, rejected
        self._scores = np.empty(0, np.float32)
        if vector is not None and len(gallery):
            self._scores = similarities(gallery.evidence(vector[None]), ranking.thresholds)[0]

    def with_person(self, person: Person, otherwise: float | None = None) -> Compared:
        """Compare with a person; if nothing else is known of that one, a given similarity is told."""
        ids = self._gallery.person_ids
        column = np.flatnonzero(ids == person.id)
        if not len(column) or not len(self._scores) or self._vector is None:
            similarity = otherwise or 0.0
            return Compared(person, similarity, self._probability(similarity), ())
        similarity = min(1.0, float(self._scores[column[0]]))
        nearest = self._gallery.likeness(self._vector, person.id).nearest
        return Compared(person, similarity, self._probability(similarity), nearest)

    def best_but(self, person: Person | None) -> Compared | None:
        """Compare with the most similar person who is not hidden, rejected, or a given one."""
        ids = self._gallery.person_ids
        for column in np.argsort(-self._scores)[:20].tolist():
            other = self._ranking.persons.get(int(ids[column]))
            if other and not other.hidden and other != person and other.id not in self._rejected:
                return self.with_person(other)
        return None

    def _probability(self, similarity: float) -> float | None:
        return self._ranking.thresholds.probability(similarity, max(1, len(self._gallery)))
