"""Finds the part of a library that must be regrouped when faces are added.

New faces are grouped with the clusters, persons and single faces near them. Small clusters are dissolved for
this, so that later photos can correct early errors. Old faces are compared again only if their groups are
near the same new face. This module knows only arrays.
"""

from dataclasses import dataclass

import numpy as np

from index.clustering.cluster_tables import FaceTable
from index.clustering.linkage import FacesToGroup, strength_of_two, strengths_alone
from index.recognition.decided_faces import Rejections
from index.recognition.rules import NEAR_IDENTICAL
from index.spans import seen_at_once
from index.values import I64, NONE, RELIABLE, Flags
from index.vectors.nearest import near_pairs_among, pairs_of_parts
from pipeline.values import F32

NEIGHBORS = 16
"""Neighbours compared for each face; 8 or 64 give the same clusters in the test collections."""

NEAR_SHARE = 0.75
"""Minimum similarity of neighbours, as a share of the similarity at which two single faces are one person.
Any share up to 0.8 gives the same clusters in the test collections."""

LARGE = 200
"""Faces from which a cluster keeps its faces and only takes in others; so many stand for a larger group."""


@dataclass(frozen=True, slots=True, eq=False)
class AffectedRegion:
    """The part of a library to regroup: rows of its ``FaceTable``, int64 [M], rising, and their faces."""

    rows: I64
    faces: FacesToGroup


@dataclass(frozen=True, slots=True, eq=False)
class NearbyFaces:
    """New faces, those near them and the groups of these: N faces.

    Attributes:
        vectors: float32 [N, D]: descriptors, perhaps in fewer dimensions; of norm 1 at most.
        rejections: Those of these faces.
        new: bool [N]: open faces that are to be compared with the others.
        near: int64 [E, 2], rows: a new face, and another face near it.
        in_large: bool [N]: the face is in a cluster that keeps its faces; see ``LARGE``.
    """

    faces: FaceTable
    vectors: F32
    rejections: Rejections
    new: Flags
    near: I64
    in_large: Flags

    @property
    def is_reliable(self) -> Flags:
        """Whether each face's quality lets it count as evidence: bool [N]."""
        return np.asarray(self.faces.qualities >= RELIABLE)


def find_region(nearby: NearbyFaces, same: float) -> AffectedRegion:
    """Find the faces that must be regrouped; see ``group`` for ``same``."""
    new, near, is_reliable = nearby.new, nearby.near, nearby.is_reliable
    groups = _ExistingGroups(nearby)
    within_reach = new[near[:, 1]]
    within_reach[~within_reach] = _within_reach(nearby, groups, near[~within_reach], same)
    near = near if within_reach.all() else near[within_reach]
    inside = new | np.isin(groups.numbers, groups.numbers[near[:, 1]])
    # An unreliable face in a group stays there, and is no evidence for others.
    rows = np.flatnonzero(inside & (is_reliable | groups.are_single))
    places = np.full(len(new), NONE)
    places[rows] = np.arange(len(rows))
    vectors = nearby.vectors if len(rows) == len(new) else nearby.vectors[rows]
    initial = groups.initial(rows)
    if len(rows) < len(new):  # else they are many, and a copy takes memory
        near = places[near[places[near[:, 1]] != NONE]]
    again = (initial == np.arange(len(rows))) & ~new[rows]
    near_again = _near_within(
        vectors, groups.numbers[rows], near[~new[rows][near[:, 1]]], again, NEAR_SHARE * same
    )
    return AffectedRegion(
        rows,
        FacesToGroup(
            vectors=vectors,
            initial=initial,
            owners=np.where(groups.are_owned, groups.numbers, NONE)[rows],
            former=np.where(groups.are_clusters, groups.numbers, NONE)[rows],
            reliable=is_reliable[rows],
            near=np.concatenate([near, near_again]) if len(near_again) else near,
            cannot_link=_rejected(nearby, places),
            presumed_different=_of_one_photo(vectors, nearby.faces.contents[rows], nearby.faces.spans[rows]),
        ),
    )


def never_grouped(vectors: F32, qualities: F32, same: float, spans: F32 | None = None) -> FacesToGroup:
    """Prepare faces for grouping that were never grouped before: each in a photo of its own, or all in one.

    ``vectors`` is float32 [N, D], of unit norm, ``qualities`` float32 [N]; see ``find_region`` for ``same``.
    ``spans``, float32 [N, 2], as in ``index.spans``, are given of the faces of one photo or film.
    """
    rows = np.arange(len(vectors), dtype=np.int64)
    nobody, no_pairs = np.full(len(rows), NONE, np.int64), np.empty((0, 2), np.int64)
    near = near_pairs_among(vectors, rows, NEIGHBORS, NEAR_SHARE * same)
    different = no_pairs if spans is None else _of_one_photo(vectors, np.zeros_like(rows), spans)
    return FacesToGroup(vectors, rows, nobody, nobody, qualities >= RELIABLE, near, no_pairs, different)


def _within_reach(nearby: NearbyFaces, groups: "_ExistingGroups", near: I64, same: float) -> Flags:
    """Tell whether the new face of each pair (new, old) may join the group of the old one: bool [E].

    It may if the group's reliable faces together are nearly enough evidence, if one of them alone is (it may
    be in the group by mistake), or if the group is a single face.
    """
    rows = np.flatnonzero(np.isin(groups.first, np.append(groups.first[near[:, 1]], near[:, 0])))
    vectors, first = nearby.vectors[rows], np.searchsorted(rows, groups.first[rows])
    new, old = np.searchsorted(rows, near).T
    labels = np.where(nearby.is_reliable[rows], first, NONE)
    pairs = np.stack([new, first[old]], axis=1)
    counted = np.isin(pairs[:, 1], labels)
    strengths = np.full(len(near), -np.inf)
    strengths[counted] = strengths_alone(vectors, labels, pairs[counted])
    similarities = np.einsum("nd,nd->n", vectors[new], vectors[old])
    enough = strengths >= strength_of_two(NEAR_SHARE * same)
    return np.asarray(enough | (similarities >= same) | groups.are_single[rows][old])


class _ExistingGroups:
    """The present groups (persons, ignored strangers, clusters, single faces), by face: int64 or bool [N].

    Attributes:
        first: The first face of the face's group.
        are_owned: Whether the group is a person or an ignored stranger.
    """

    def __init__(self, nearby: NearbyFaces) -> None:
        faces, persons = nearby.faces, nearby.faces.persons
        rows = np.arange(len(persons))
        has_cluster = faces.clusters != NONE
        is_person = persons != NONE
        kinds = np.select([is_person, faces.ignored, has_cluster], [0, 1, 2], 3)
        # Ignored strangers of one cluster are one stranger.
        names = np.select([is_person, has_cluster], [persons, faces.clusters], -1 - rows)
        order = np.lexsort((rows, names, kinds))
        begins = np.diff(kinds[order], prepend=-1) != 0
        begins |= np.diff(names[order], prepend=names[order][:1]) != 0
        self.numbers = np.empty(len(rows), np.int64)
        self.numbers[order] = np.cumsum(begins) - 1
        self.first = np.asarray(order[begins][self.numbers], np.int64)
        self.are_owned = kinds <= 1
        self.are_clusters = kinds == 2
        self.are_single = kinds == 3
        self._stay = self.are_owned | (self.are_clusters & nearby.in_large)

    def initial(self, rows: I64) -> I64:
        """For each of ``rows``, int64 [M], the place in it of the first face of the same lasting group."""
        keys = np.where(self._stay[rows], self.numbers[rows], -1 - rows)
        _, first, places = np.unique(keys, return_index=True, return_inverse=True)
        return np.asarray(first[places], np.int64)


def _near_within(vectors: F32, numbers: I64, near: I64, asked: Flags, least: float) -> I64:
    """Find the nearest pairs of faces within each set of groups near the same new face: int64 [E, 2].

    ``near`` is int64 [E, 2], places of a new and an old face; ``asked``, bool [M], marks faces of which each
    pair has one first; ``least`` is the minimum similarity.
    """
    order = np.argsort(numbers, kind="stable")
    bounds = np.searchsorted(numbers[order], np.arange(numbers.max(initial=0) + 2))
    met = np.unique(np.stack([near[:, 0], numbers[near[:, 1]]], axis=1), axis=0)
    parts = np.split(met[:, 1], np.flatnonzero(np.diff(met[:, 0])) + 1)
    different = {part.tobytes(): part for part in parts if len(part)}.values()

    def pairs_within(groups: I64) -> I64:
        places = np.sort(np.concatenate([order[bounds[each] : bounds[each + 1]] for each in groups]))
        pairs = near_pairs_among(vectors[places], np.flatnonzero(asked[places]), NEIGHBORS, least)
        return places[pairs]

    return pairs_of_parts(pairs_within, different)


def _of_one_photo(vectors: F32, contents: I64, spans: F32) -> I64:
    """Find the pairs of faces of one photo, or of one moment, that are not near-identical: int64 [E, 2].

    ``spans`` is float32 [N, 2], as in ``index.spans``.
    """
    order = np.lexsort((spans[:, 0], contents))
    ordered, seen = contents[order], spans[order]
    pairs = [np.empty((0, 2), np.int64)]
    begins, step = np.arange(len(order)), 0
    while len(begins):  # the next face of each, as long as it comes before the end of the first
        step += 1
        begins = begins[begins + step < len(order)]
        begins = begins[
            (ordered[begins] == ordered[begins + step]) & seen_at_once(seen[begins], seen[begins + step])
        ]
        found = np.stack([order[begins], order[begins + step]], axis=1)
        one, other = vectors[found[:, 0]], vectors[found[:, 1]]
        lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
        pairs.append(found[np.einsum("nd,nd->n", one, other) < NEAR_IDENTICAL * lengths])
    return np.concatenate(pairs)


def _rejected(nearby: NearbyFaces, places: I64) -> I64:
    """Find the places of rejected faces, each with the place of a face of the person: int64 [E, 2]."""
    ids, rejections = nearby.faces.ids, nearby.rejections
    inside = np.flatnonzero((places != NONE) & (nearby.faces.persons != NONE))
    persons, first = np.unique(nearby.faces.persons[inside], return_index=True)
    chosen = np.isin(rejections.face_ids, ids) & np.isin(rejections.person_ids, persons)
    rows = np.searchsorted(ids, rejections.face_ids[chosen])
    others = inside[first[np.searchsorted(persons, rejections.person_ids[chosen])]]
    pairs = np.stack([places[rows], places[others]], axis=1)
    return np.asarray(pairs[(pairs != NONE).all(axis=1)], np.int64)
