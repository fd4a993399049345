"""Suggests which faces to review: first possible errors, since they cause others.

The other suggestions follow by the number of faces that one decision would name.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from faceindex.session import Session
from index.people.contradictions import read_contradictions
from index.people.edited_faces import edited_faces
from index.people.queries import ClusterFaces, FaceStatus, Person
from index.recognition.decided_faces import load_gallery
from index.recognition.gallery import NEAREST
from index.recognition.identify import Match, identify
from index.recognition.thresholds import MIN_MARGIN
from index.values import Descriptors
from pipeline.values import F32

BARELY = 0.03
"""Suggest a recognised face for confirmation up to this similarity above the threshold."""

AT_A_TIME = 40
"""Faces suggested for one person, the most similar first: people do not check longer lists with care."""

_CLUSTERS = 500
"""Clusters compared at a time."""


class Kind(StrEnum):
    """What is suggested, in the order for suggestions about equally many faces."""

    EDITED = "edited"
    DOUBTFUL = "doubtful"
    SAME_PERSON = "same-person"
    PROBABLE_CLUSTER = "probable-cluster"
    PROBABLE_FACES = "probable-faces"
    BARELY_RECOGNISED = "barely-recognised"
    NEW_CLUSTER = "new-cluster"


_ERRORS = (Kind.EDITED, Kind.DOUBTFUL, Kind.SAME_PERSON)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Faces to review, by falling similarity; ``similarity`` is their mean to the person, -1 to 1.

    An ``EDITED`` face may be one of ``person`` that was confirmed before its photo was edited. For
    ``DOUBTFUL`` and ``SAME_PERSON``, the faces are those of ``person``, and similar to ``other``. Neither
    contradicts a decision: see ``index.people.contradictions``.
    """

    kind: Kind
    person: Person | None
    other: Person | None
    cluster_id: int | None
    face_ids: tuple[int, ...]
    similarity: float | None


def review(session: Session) -> list[Suggestion]:
    """Return all suggestions, the most useful first, without hidden or rejected persons."""
    order = list(Kind)
    return sorted(
        _Reviewer(session).suggestions(),
        key=lambda each: (
            _ERRORS.index(each.kind) if each.kind in _ERRORS else len(_ERRORS),
            -len(each.face_ids),
            order.index(each.kind),
            -(each.similarity or 0.0),
            each.face_ids,
        ),
    )


class _Reviewer:
    def __init__(self, session: Session) -> None:
        self._session = session
        self._model = session.model()
        self._thresholds = session.thresholds()
        self._people = session.people
        self._persons = self._people.everyone()
        self._hidden = {each.id for each in self._persons.values() if each.hidden}
        self._contradictions = read_contradictions(session.database)
        self._gallery = load_gallery(session.database, self._model.model_id)

    def suggestions(self) -> Iterator[Suggestion]:
        clusters = self._people.clusters()
        yield from self._of_edited_photos()
        yield from self._persons_looked_at()
        for start in range(0, len(clusters), _CLUSTERS):
            yield from self._of_clusters(clusters[start : start + _CLUSTERS])
        yield from self._of_single_faces({face for each in clusters for face in each.face_ids})
        yield from self._barely_recognised()

    def _of_edited_photos(self) -> Iterator[Suggestion]:
        for each in edited_faces(self._session.database):
            if person := self._shown(each.person_id):
                yield Suggestion(Kind.EDITED, person, None, None, (each.face_id,), each.similarity)

    def _of_clusters(self, clusters: Sequence[ClusterFaces]) -> Iterator[Suggestion]:
        faces = np.concatenate([each.face_ids for each in clusters]).astype(np.int64)
        number = np.repeat(np.arange(len(clusters)), [len(each.face_ids) for each in clusters])
        order = np.argsort(faces)
        means = np.zeros((len(clusters), self._model.dimension), np.float32)
        for chunk in self._session.catalog.descriptors(self._model.model_id, faces[order]):
            np.add.at(means, number[order][np.searchsorted(faces[order], chunk.ids)], chunk.vectors)
        lengths = np.linalg.norm(means, axis=1, keepdims=True)
        means /= np.where(lengths, lengths, 1.0)
        rejected: dict[int, set[int]] = {}
        statuses = self._people.statuses(faces.tolist())
        for face, row in zip(faces.tolist(), number.tolist(), strict=True):
            if statuses[face].rejected:
                rejected.setdefault(row, set()).update(person.id for person in statuses[face].rejected)
        matches = identify(self._gallery, means, self._thresholds, rejected)
        return (self._of_cluster(each, matches[row]) for row, each in enumerate(clusters))

    def _of_cluster(self, cluster: ClusterFaces, match: Match) -> Suggestion:
        number, faces = cluster.cluster_id, cluster.face_ids
        person = self._shown(match.person_id)
        if person is None or match.similarity < self._thresholds.review:
            return Suggestion(Kind.NEW_CLUSTER, None, None, number, faces, None)
        return Suggestion(Kind.PROBABLE_CLUSTER, person, None, number, faces, match.similarity)

    def _of_single_faces(self, clustered: set[int]) -> Iterator[Suggestion]:
        """Suggest faces in no cluster that are probably a person, one suggestion for each person."""
        by_person: dict[int, list[tuple[float, int]]] = {}
        catalog, model = self._session.catalog, self._model.model_id
        for chunk in catalog.descriptors(model, catalog.described_faces(model)):
            statuses = self._people.statuses(chunk.ids.tolist())
            rows = [
                row
                for row, face in enumerate(chunk.ids.tolist())
                if face not in clustered and _is_open(statuses[face])
            ]
            rejected = {
                at: [person.id for person in statuses[int(chunk.ids[row])].rejected]
                for at, row in enumerate(rows)
            }
            matches = identify(self._gallery, chunk.vectors[rows], self._thresholds, rejected)
            for at in np.flatnonzero(matches.probable | matches.accepted):
                by_person.setdefault(int(matches.person_ids[at]), []).append(
                    (-float(matches.similarities[at]), int(chunk.ids[rows[at]]))
                )
        for person_id, faces in by_person.items():
            if person := self._shown(person_id):
                yield self._of_faces(Kind.PROBABLE_FACES, person, sorted(faces))

    def _barely_recognised(self) -> Iterator[Suggestion]:
        low = self._thresholds.accept + BARELY
        for person in filter(None, map(self._shown, self._persons)):
            recognised = self._people.faces_of(person.id).recognised
            barely = [(-each.similarity, each.face_id) for each in recognised if each.similarity < low]
            if barely:
                yield self._of_faces(Kind.BARELY_RECOGNISED, person, barely)

    def _of_faces(self, kind: Kind, person: Person, faces: Sequence[tuple[float, int]]) -> Suggestion:
        faces = faces[:AT_A_TIME]
        similarity = -sum(each for each, _ in faces) / len(faces)
        return Suggestion(kind, person, None, None, tuple(face for _, face in faces), similarity)

    def _persons_looked_at(self) -> Iterator[Suggestion]:
        """Suggest confirmed faces that are more similar to others, and pairs of similar persons."""
        together: set[frozenset[Person | None]] = set()
        for person in filter(None, map(self._shown, self._gallery.person_ids.tolist())):
            confirmed = self._people.faces_of(person.id).confirmed
            chunks = self._session.catalog.descriptors(self._model.model_id, confirmed)
            described = Descriptors.joined(chunks, self._model.dimension)
            faces, vectors = tuple(described.ids.tolist()), described.vectors
            if not faces:
                continue
            if len(faces) > 1:
                yield from self._doubtful(person, faces, vectors)
            other, similarity = self._most_like(_mean(vectors), person)
            pair = frozenset((person, other))
            if other and similarity >= self._thresholds.accept and pair not in together:
                together.add(pair)
                yield Suggestion(Kind.SAME_PERSON, person, other, None, faces, similarity)

    def _most_like(self, template: F32, person: Person) -> tuple[Person | None, float]:
        """Return the other person with the most similar template; single faces say little here."""
        cosines = self._gallery.evidence(template[None]).template[0]
        others = self._contradictions.not_one.get(person.id, frozenset())
        cosines[np.isin(self._gallery.person_ids, [person.id, *others, *self._hidden])] = -1.0
        best = int(np.argmax(cosines))
        return self._shown(int(self._gallery.person_ids[best])), float(cosines[best])

    def _doubtful(self, person: Person, faces: Sequence[int], vectors: F32) -> Iterator[Suggestion]:
        rejected = {
            row: [person.id, *self._contradictions.not_suggested(face, person.id)]
            for row, face in enumerate(faces)
        }
        others = identify(self._gallery, vectors, self._thresholds, rejected)
        own = _to_the_others(vectors)
        for row in np.flatnonzero(others.similarities >= self._thresholds.accept).tolist():
            other = self._shown(int(others.person_ids[row]))
            if other and others.similarities[row] >= own[row] + MIN_MARGIN:
                similarity = float(others.similarities[row])
                yield Suggestion(Kind.DOUBTFUL, person, other, None, (faces[row],), similarity)

    def _shown(self, person_id: int) -> Person | None:
        person = self._persons.get(person_id)
        return None if person is None or person.hidden else person


def _is_open(status: FaceStatus) -> bool:
    return status.person is None and not status.ignored and not status.not_a_face


def _mean(vectors: F32) -> F32:
    mean = vectors.mean(axis=0)
    return np.asarray(mean / (np.linalg.norm(mean) or 1.0), np.float32)


def _to_the_others(vectors: F32) -> F32:
    """Return the mean similarity of each face to the nearest others of its person, float32 [N]."""
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, -1.0)
    nearest = np.sort(cosines, axis=1)[:, -NEAREST:]
    counted = nearest > -1.0
    sums = np.where(counted, nearest, 0.0).sum(axis=1)
    return np.asarray(
        np.where(counted.any(axis=1), sums / np.maximum(counted.sum(axis=1), 1), -1.0), np.float32
    )
