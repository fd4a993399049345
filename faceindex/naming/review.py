"""Suggests which faces to review: first possible errors, since they cause others.

The other suggestions follow by the number of faces that one decision would name. That number is known of all
from a few queries; only those that are asked for are looked at closely.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby, islice
from operator import itemgetter

import numpy as np

from faceindex.naming.doubts import Doubts
from faceindex.naming.suggestion import Kind, Suggestion, Suggestions, usefulness
from faceindex.session import Session
from index.people.likely_faces import barely_recognised, is_of_single_face
from index.people.persons import Person
from index.people.queries import ClusterFaces
from index.recognition.decided_faces import load_gallery, rejections_of
from index.recognition.gallery import Gallery
from index.recognition.identify import Match, identify
from index.recognition.likeness import read_likenesses
from index.recognition.rules import best_candidates
from index.store.statements import in_chunks

BARELY = 0.03
"""Suggest a recognised face for confirmation up to this similarity above the threshold."""

AT_A_TIME = 40
"""Faces suggested for one person, the most similar first: people do not check longer lists with care."""

_CLUSTERS = 500
"""Clusters compared at a time."""


def review(session: Session, most: int | None = None) -> Suggestions:
    """Return the most useful suggestions, at most ``most``, without hidden or rejected persons."""
    persons = session.people.everyone()
    gallery = load_gallery(session.database, session.model().model_id)
    errors = sorted(Doubts(session, gallery, persons).suggestions(), key=usefulness)
    groups = _Groups(session, gallery, persons)
    found = [*groups.probable_faces(), *groups.barely_recognised()]
    sizes = session.people.cluster_sizes()
    total = len(errors) + len(found) + len(sizes)
    wanted = (total if most is None else most) - len(errors)
    if wanted > 0:
        numbers = sorted([*(len(each.face_ids) for each in found), *sizes.values()], reverse=True)
        least = numbers[wanted - 1] if wanted <= len(numbers) else 0
        found += groups.clusters([number for number, size in sizes.items() if size >= least])
    shown = [*errors, *sorted(found, key=usefulness)][:most]
    return Suggestions(_with_photos(session, shown), total)


def _with_photos(session: Session, suggestions: Sequence[Suggestion]) -> Iterator[Suggestion]:
    """Say of single faces in which photo they are."""
    single = [each.face_ids[0] for each in suggestions if len(each.face_ids) == 1]
    records = session.catalog.faces(single)
    for each in suggestions:
        record = records.get(each.face_ids[0]) if len(each.face_ids) == 1 else None
        yield each if record is None else replace(each, photo=record.photo, moment=record.box.moment)


class _Groups:
    def __init__(self, session: Session, gallery: Gallery, persons: Mapping[int, Person]) -> None:
        self._session = session
        self._model = session.model()
        self._thresholds = session.thresholds()
        self._gallery = gallery
        self._shown = {number: each for number, each in persons.items() if not each.hidden}

    def clusters(self, numbers: Sequence[int]) -> Iterator[Suggestion]:
        """Suggest whole clusters, each as somebody known or as nobody."""
        for some in in_chunks(numbers, _CLUSTERS):
            yield from self._of_clusters(self._session.people.clusters(some))

    def _of_clusters(self, clusters: Sequence[ClusterFaces]) -> Iterator[Suggestion]:
        faces = np.array([face for each in clusters for face in each.face_ids], np.int64)
        number = np.repeat(np.arange(len(clusters)), [len(each.face_ids) for each in clusters])
        order = np.argsort(faces)
        faces, number = faces[order], number[order]
        means = np.zeros((len(clusters), self._model.dimension), np.float32)
        for chunk in self._session.catalog.descriptors(self._model.model_id, faces):
            np.add.at(means, number[np.searchsorted(faces, chunk.ids)], chunk.vectors)
        lengths = np.linalg.norm(means, axis=1, keepdims=True)
        means /= np.where(lengths, lengths, 1.0)
        with self._session.database.read() as connection:
            refused = rejections_of(connection, faces)
        rows = number[np.searchsorted(faces, refused.face_ids)]
        rejected: dict[int, set[int]] = {}
        for row, person_id in zip(rows.tolist(), refused.person_ids.tolist(), strict=True):
            rejected.setdefault(row, set()).add(person_id)
        matches = identify(self._gallery, means, self._thresholds, rejected)
        return (self._of_cluster(each, matches[row]) for row, each in enumerate(clusters))

    def _of_cluster(self, cluster: ClusterFaces, match: Match) -> Suggestion:
        number, faces = cluster.cluster_id, cluster.face_ids
        person = self._shown.get(match.person_id)
        if person is None or match.similarity < self._thresholds.review:
            return Suggestion(Kind.NEW_CLUSTER, None, None, number, faces, None)
        return Suggestion(Kind.PROBABLE_CLUSTER, person, None, number, faces, match.similarity)

    def probable_faces(self) -> Iterator[Suggestion]:
        """Suggest faces in no cluster that are probably a person, one suggestion for each person."""
        with self._session.database.read() as connection:
            alike = read_likenesses(connection, is_of_single_face())
        faces = np.unique(alike.face_ids)
        found = best_candidates(faces, alike, self._thresholds)
        order = np.lexsort((faces, -found.similarities, found.persons))
        columns = (found.persons[order], -found.similarities[order], faces[order])
        rows = zip(*(each.tolist() for each in columns), strict=True)
        for person_id, theirs in groupby(rows, key=itemgetter(0)):
            if person := self._shown.get(person_id):
                some = [(similarity, face_id) for _, similarity, face_id in islice(theirs, AT_A_TIME)]
                yield _of_faces(Kind.PROBABLE_FACES, person, some)

    def barely_recognised(self) -> Iterator[Suggestion]:
        """Suggest recognised faces with little to spare, one suggestion for each person."""
        with self._session.database.read() as connection:
            found = barely_recognised(connection, self._thresholds.accept + BARELY)
        for person_id, faces in found.items():
            if person := self._shown.get(person_id):
                yield _of_faces(Kind.BARELY_RECOGNISED, person, faces)


def _of_faces(kind: Kind, person: Person, faces: Sequence[tuple[float, int]]) -> Suggestion:
    """Suggest faces of a person; the similarity of each, times -1, comes first."""
    faces = faces[:AT_A_TIME]
    similarity = -sum(each for each, _ in faces) / len(faces)
    return Suggestion(kind, person, None, None, tuple(face for _, face in faces), similarity)
