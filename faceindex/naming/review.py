"""Suggests which faces to review: first possible errors, since they cause others.

The other suggestions follow by the number of faces that one decision is expected to settle. That number is
known of all from a few queries; only those that are asked for are looked at closely.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby, islice
from operator import itemgetter
from typing import Self

import numpy as np

from faceindex.naming.doubts import Doubts
from faceindex.naming.suggestion import Kind, Suggestion, Suggestions, usefulness
from faceindex.session import Session
from index.people.concerned import Concerned, last_decision
from index.people.likely_faces import barely_recognised, is_of_face_like, is_of_single_face
from index.people.persons import Person
from index.people.queries import ClusterFaces
from index.recognition.decided_faces import load_confirmed, load_gallery, rejections_of
from index.recognition.gallery import Gallery
from index.recognition.identify import Match, identify
from index.recognition.likeness import read_likenesses
from index.recognition.rules import best_candidates
from index.recognition.thresholds import Thresholds
from index.store.statements import in_chunks
from index.values import RELIABLE

BARELY = 0.03
"""Suggest a recognised face for confirmation up to this similarity above the threshold."""

AT_A_TIME = 40
"""Faces suggested for one person, the most similar first: people do not check longer lists with care."""

_CLUSTERS = 500
"""Clusters compared at a time."""


def review(session: Session, most: int | None = None) -> Suggestions:
    """Return the most useful suggestions, at most ``most``, without hidden or rejected persons."""
    ranking = Ranking.of(session)
    shown = list(ranking.first(session, ranking.total if most is None else most))
    return Suggestions(_with_photos(session, shown), ranking.total)


class Ranking:
    """All that may be suggested in one state of a library, by usefulness; clusters are compared when asked.

    Attributes:
        gallery: The persons with whom faces were compared.
        persons: Everybody, by id.
        last: The number of the last decision that was followed.
    """

    def __init__(self, session: Session, gallery: Gallery, last: int) -> None:
        self.gallery, self.last = gallery, last
        self.thresholds: Thresholds = session.thresholds()
        self.persons: Mapping[int, Person] = session.people.everyone()
        self._errors: list[Suggestion] = []
        self._pairs: list[Suggestion] = []
        self._found: list[Suggestion] = []
        self._sizes: dict[int, int] = {}

    @classmethod
    def of(cls, session: Session) -> Self:
        """Look at the whole library."""
        last = last_decision(session.database)
        made = cls(session, load_gallery(session.database, session.model().model_id), last)
        groups, doubts = made._looking(session)
        made._errors, made._pairs = list(doubts.faces()), list(doubts.persons())
        made._found = [*groups.probable_faces(), *groups.barely_recognised()]
        made._sizes = dict(session.people.cluster_sizes())
        return made

    def followed(self, session: Session, concerned: Concerned) -> Self:
        """Return the ranking after some decisions; only what these are about is looked at again.

        What is suggested of a cluster, or a face of somebody else, may not hold any more: see
        ``faceindex.naming.review_queue``.
        """
        before = self.gallery.faces
        lost = before.person_ids[np.isin(before.face_ids, list(concerned.faces))].tolist()
        made = type(self)(session, self.gallery, concerned.last)
        gone = self.persons.keys() - made.persons.keys()
        persons = concerned.persons.union(lost, gone)
        if persons:
            theirs = load_confirmed(
                session.database, session.model().model_id, least_quality=RELIABLE, persons=persons
            )
            made.gallery = self.gallery.replaced(np.array(sorted(persons), np.int64), theirs)
        groups, doubts = made._looking(session)
        made._errors = list(doubts.faces())
        known = [each for each in self._pairs if not _is_about(each, persons)]
        made._pairs = [*known, *doubts.persons(persons | groups.like(persons))]
        found = [*groups.probable_faces(persons), *groups.barely_recognised(persons)]
        made._found = [*(each for each in self._found if not _is_about(each, persons)), *found]
        made._pairs = _each_pair_once(made._pairs)
        sizes = session.people.sizes_of_clusters(concerned.faces, after=max(self._sizes, default=0))
        made._sizes = {number: size for number, size in {**self._sizes, **sizes}.items() if size}
        return made

    @property
    def total(self) -> int:
        """The number of suggestions."""
        return len(self._errors) + len(self._pairs) + len(self._found) + len(self._sizes)

    def first(self, session: Session, most: int, without: Collection[int] = ()) -> Iterator[Suggestion]:
        """Yield the most useful suggestions, at most ``most``; none of the clusters ``without``."""
        errors = sorted([*self._errors, *self._pairs], key=usefulness)
        wanted = most - len(errors)
        found = list(self._found)
        if wanted > 0:
            sizes = {number: size for number, size in self._sizes.items() if number not in without}
            numbers = sorted([*(each.settles for each in found), *sizes.values()], reverse=True)
            least = numbers[wanted - 1] if wanted <= len(numbers) else 0
            large = [number for number, size in sizes.items() if size >= least]
            found += _Groups(session, self.gallery, self.persons, self.thresholds).clusters(large)
        return islice(iter([*errors, *sorted(found, key=usefulness)]), most)

    def of_key(self, session: Session, key: str) -> Iterator[Suggestion]:
        """Yield what is suggested of a face, a cluster or two persons; see ``Question.key``."""
        kind, _, rest = key.partition("-")
        if kind == "cluster" and rest.isascii() and rest.isdigit():
            yield from _Groups(session, self.gallery, self.persons, self.thresholds).clusters([int(rest)])
        elif kind == "face" and rest.isascii() and rest.isdigit():
            faces = (each for each in (*self._errors, *self._found) if int(rest) in each.face_ids)
            yield from islice(faces, 1)
        elif kind == "persons":
            keys = rest.split("-")
            for each in self._pairs:
                if each.person and each.other and sorted((each.person.key, each.other.key)) == keys:
                    yield each

    def _looking(self, session: Session) -> tuple["_Groups", Doubts]:
        groups = _Groups(session, self.gallery, self.persons, self.thresholds)
        return groups, Doubts(session, self.gallery, self.persons)


def _is_about(each: Suggestion, persons: Collection[int]) -> bool:
    return any(one is not None and one.id in persons for one in (each.person, each.other))


def _each_pair_once(pairs: Iterable[Suggestion]) -> list[Suggestion]:
    found = {frozenset((each.person, each.other)): each for each in pairs}
    return list(found.values())


def _with_photos(session: Session, suggestions: Sequence[Suggestion]) -> Iterator[Suggestion]:
    """Say of single faces in which photo they are."""
    single = [each.face_ids[0] for each in suggestions if len(each.face_ids) == 1]
    records = session.catalog.faces(single)
    for each in suggestions:
        record = records.get(each.face_ids[0]) if len(each.face_ids) == 1 else None
        yield each if record is None else replace(each, photo=record.photo, moment=record.box.moment)


class _Groups:
    def __init__(
        self, session: Session, gallery: Gallery, persons: Mapping[int, Person], thresholds: Thresholds
    ) -> None:
        self._session = session
        self._model = session.model()
        self._thresholds = thresholds
        self._gallery = gallery
        self._shown = {number: each for number, each in persons.items() if not each.hidden}

    def like(self, persons: Collection[int]) -> set[int]:
        """Return the persons whose templates are like those of some persons."""
        ids = self._gallery.person_ids
        rows = np.flatnonzero(np.isin(ids, list(persons)))
        cosines = self._gallery.to_templates(self._gallery.overall_templates[rows])
        return set(ids[(cosines >= self._thresholds.accept).any(axis=0)].tolist())

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

    def probable_faces(self, persons: Collection[int] | None = None) -> Iterator[Suggestion]:
        """Suggest faces in no cluster that are probably a person, one suggestion for each person, or some."""
        chosen = is_of_single_face()
        if persons is not None:
            chosen &= is_of_face_like(*persons)
        with self._session.database.read() as connection:
            alike = read_likenesses(connection, chosen)
        faces = np.unique(alike.face_ids)
        found = best_candidates(faces, alike, self._thresholds)
        order = np.lexsort((faces, -found.similarities, found.persons))
        columns = (found.persons[order], -found.similarities[order], faces[order])
        rows = zip(*(each.tolist() for each in columns), strict=True)
        for person_id, theirs in groupby(rows, key=itemgetter(0)):
            if (persons is None or person_id in persons) and (person := self._shown.get(person_id)):
                some = [(similarity, face_id) for _, similarity, face_id in islice(theirs, AT_A_TIME)]
                yield _of_faces(Kind.PROBABLE_FACES, person, some)

    def barely_recognised(self, persons: Collection[int] | None = None) -> Iterator[Suggestion]:
        """Suggest recognised faces with little to spare, one suggestion for each person, or some."""
        with self._session.database.read() as connection:
            found = barely_recognised(connection, self._thresholds.accept + BARELY, persons)
        for person_id, faces in found.items():
            if person := self._shown.get(person_id):
                yield self._with_probability(_of_faces(Kind.BARELY_RECOGNISED, person, faces))

    def _with_probability(self, each: Suggestion) -> Suggestion:
        probability = self._thresholds.probability(each.similarity or 0.0, max(1, len(self._gallery)))
        return replace(each, probability=probability)


def _of_faces(kind: Kind, person: Person, faces: Sequence[tuple[float, int]]) -> Suggestion:
    """Suggest faces of a person; the similarity of each, times -1, comes first."""
    faces = faces[:AT_A_TIME]
    similarity = -sum(each for each, _ in faces) / len(faces)
    return Suggestion(kind, person, None, None, tuple(face for _, face in faces), similarity)
