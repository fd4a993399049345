"""Which part of a library has to be grouped anew when faces come to it, and what may come of it there.

New faces are compared with all. The clusters and persons that they may come to, and the single faces that
they are near to, are grouped again together with them; the rest of the library stays as it is. Clusters are
taken apart for that, so that an error of the first photos is mended by later ones, unless they are large. Of
the faces that were there those are compared again that met: to which the same new face is near. The others
were compared before, and nothing came between them since. This module knows what stands in the tables, as
values, and decides nothing of the outcome.
"""

from dataclasses import dataclass

import numpy as np

from index.clustering.cluster_tables import Grouped
from index.clustering.linkage import FacesToGroup, strength_of_two, strengths_alone
from index.recognition.decided_faces import Rejections
from index.recognition.recognise import NEAR_IDENTICAL
from index.values import I64, NONE, Descriptors, Flags
from index.vectors.exact_index import ExactIndex
from index.vectors.faiss_index import pairs_of_parts
from index.vectors.vector_store import VectorStore
from pipeline.values import F32

NEIGHBORS = 16
"""With 8 as with 64 the clusters of the test collections are the same."""

NEAR_SHARE = 0.75
"""Faces are neighbours from this share of the similarity on that makes two single ones one person. With any
share up to 0.8 the clusters of the test collections are the same."""

LARGE = 200
"""Good faces from which on a cluster is not taken apart any more: it takes faces in, and keeps its own."""

GOOD = 0.3
"""Quality from which on a face is evidence. docs/clustering.md has what spoilt faces do without, and with
other limits."""


@dataclass(frozen=True, slots=True, eq=False)
class AffectedRegion:
    """A part of a library, to be grouped.

    Attributes:
        rows: int64 [M], rising: which faces of the library.
        faces: The same, in this order.
    """

    rows: I64
    faces: FacesToGroup


@dataclass(frozen=True, slots=True, eq=False)
class LibraryFaces:
    """All faces of a library that are to be grouped, N of them.

    Attributes:
        known: What is known of each.
        descriptors: Holds the descriptors of these faces.
        rejections: Who they are not.
    """

    known: Grouped
    descriptors: VectorStore
    rejections: Rejections

    def vectors(self, rows: I64) -> F32:
        """The descriptors of some of the faces, int64 [M], rising: float32 [M, D]."""
        return self.descriptors.fetch(self.known.ids[rows]).vectors

    @property
    def persons(self) -> I64:
        """Who each is, confirmed or recognised, ``NONE`` where it is nobody: int64 [N]."""
        known = self.known
        return np.where(known.confirmed != NONE, known.confirmed, known.recognised)

    @property
    def is_open(self) -> Flags:
        """Whether each is nobody, and nothing was decided of it: bool [N]."""
        return np.asarray((self.persons == NONE) & ~self.known.ignored)

    @property
    def is_good(self) -> Flags:
        """Whether each can be trusted as evidence: bool [N]."""
        return np.asarray(self.known.qualities >= GOOD)


def find_region(library: LibraryFaces, fresh: Flags, same: float) -> AffectedRegion:
    """What is to be grouped anew.

    Args:
        library: All of it.
        fresh: bool [N], open faces that were never compared with the others.
        same: The similarity from which on two single faces are one person.
    """
    least = NEAR_SHARE * same
    blocks = _Blocks(library)
    ids = library.known.ids
    near = np.searchsorted(ids, library.descriptors.near_pairs(ids[fresh], NEIGHBORS, least))
    wanted = fresh[near[:, 1]]
    wanted[~wanted] = _within_reach(library, blocks, near[~wanted], same)
    near = near[wanted]
    inside = fresh | np.isin(blocks.numbers, blocks.numbers[near[:, 1]])
    # A poor face that has its place keeps it, and is no evidence to others.
    rows = np.flatnonzero(inside & (library.is_good | blocks.are_single))
    places = np.full(len(fresh), NONE)
    places[rows] = np.arange(len(rows))
    vectors = library.vectors(rows)
    starts = blocks.starts(rows)
    again = (starts == np.arange(len(rows))) & ~fresh[rows]
    near = near[places[near[:, 1]] != NONE]
    meetings = _Meetings(blocks.numbers[rows], places[near[~fresh[near[:, 1]]]])
    return AffectedRegion(
        rows,
        FacesToGroup(
            vectors=vectors,
            starts=starts,
            owners=np.where(blocks.are_owned, blocks.numbers, NONE)[rows],
            former=np.where(blocks.are_clusters, blocks.numbers, NONE)[rows],
            good=library.is_good[rows],
            near=np.concatenate([places[near], _near_within(vectors, meetings, again, least)]),
            apart=_rejected(library, places),
            rivals=_of_one_photo(vectors, library.known.contents[rows]),
        ),
    )


def _within_reach(library: LibraryFaces, blocks: "_Blocks", near: I64, same: float) -> Flags:
    """Of pairs of a new face and an old one, whether the new one may come to the block of the old: bool [E].

    It may where the good faces of the block together are evidence enough, or nearly; or one of them alone is,
    which may have got there by mistake; or where the block is a single face.
    """
    rows = np.flatnonzero(np.isin(blocks.first, np.append(blocks.first[near[:, 1]], near[:, 0])))
    vectors, first = library.vectors(rows), np.searchsorted(rows, blocks.first[rows])
    new, old = np.searchsorted(rows, near).T
    labels = np.where(library.is_good[rows], first, NONE)
    pairs = np.stack([new, first[old]], axis=1)
    counted = np.isin(pairs[:, 1], labels)
    strengths = np.full(len(near), -np.inf)
    strengths[counted] = strengths_alone(vectors, labels, pairs[counted])
    cosines = np.einsum("nd,nd->n", vectors[new], vectors[old])
    enough = strengths >= strength_of_two(NEAR_SHARE * same)
    return np.asarray(enough | (cosines >= same) | blocks.are_single[rows][old])


class _Meetings:
    """Blocks to which the same new face is near.

    Args:
        numbers: int64 [M], the block of each place.
        near: int64 [E, 2], places of new faces, each with one of a face that is not new.
    """

    def __init__(self, numbers: I64, near: I64) -> None:
        self._order = np.argsort(numbers, kind="stable")
        self._bounds = np.searchsorted(numbers[self._order], np.arange(numbers.max(initial=0) + 2))
        met = np.unique(np.stack([near[:, 0], numbers[near[:, 1]]], axis=1), axis=0)
        parts = np.split(met[:, 1], np.flatnonzero(np.diff(met[:, 0])) + 1)
        self.blocks = list({part.tobytes(): part for part in parts if len(part)}.values())
        """int64 [B] each: those that met at one face, or at several."""

    def places(self, blocks: I64) -> I64:
        """The places of all faces of some blocks: int64 [K]."""
        parts = [self._order[self._bounds[each] : self._bounds[each + 1]] for each in blocks]
        return np.asarray(np.concatenate(parts), np.int64)


def _near_within(vectors: F32, meetings: _Meetings, asked: Flags, least: float) -> I64:
    """The nearest pairs among the faces of blocks that met, int64 [E, 2]: one of those asked, and another."""

    def near(blocks: I64) -> I64:
        places = np.sort(meetings.places(blocks))
        index = ExactIndex.of(Descriptors(places, vectors[places]))
        return index.near_pairs(places[asked[places]], NEIGHBORS, least)

    return pairs_of_parts(near, meetings.blocks)


def never_grouped(vectors: F32, qualities: F32, same: float) -> FacesToGroup:
    """Faces of which nothing is known, each in a photo of its own, ready to be grouped.

    Args:
        vectors: float32 [N, D], of unit norm.
        qualities: float32 [N].
        same: The similarity from which on two single faces are one person.
    """
    rows = np.arange(len(vectors), dtype=np.int64)
    nobody, no_pairs = np.full(len(rows), NONE, np.int64), np.empty((0, 2), np.int64)
    near = ExactIndex.of(Descriptors(rows, vectors)).near_pairs(rows, NEIGHBORS, NEAR_SHARE * same)
    return FacesToGroup(vectors, rows, nobody, nobody, qualities >= GOOD, near, no_pairs, no_pairs)


class _Blocks:
    """What belongs together already: persons, strangers, clusters; and the faces that are by themselves.

    Attributes:
        numbers: int64 [N], the block of each face.
        first: int64 [N], the first face of that block.
        are_owned: bool [N], whether it is a person, or an ignored stranger.
        are_clusters: bool [N], whether it is a cluster.
        are_single: bool [N], whether it is a face by itself.
    """

    def __init__(self, library: LibraryFaces) -> None:
        known, persons = library.known, library.persons
        rows = np.arange(len(persons))
        has_cluster = known.clusters != NONE
        is_person = persons != NONE
        kinds = np.select([is_person, known.ignored, has_cluster], [0, 1, 2], 3)
        # Of the strangers that were ignored, those of one cluster are one.
        names = np.select([is_person, has_cluster], [persons, known.clusters], -1 - rows)
        _, first, self.numbers = np.unique(
            np.stack([kinds, names], axis=1), axis=0, return_index=True, return_inverse=True
        )
        self.first = np.asarray(first[self.numbers], np.int64)
        self.are_owned = kinds <= 1
        self.are_clusters = kinds == 2
        self.are_single = kinds == 3
        good = np.bincount(self.numbers[library.is_good], minlength=len(rows))[self.numbers]
        self._stay = self.are_owned | (self.are_clusters & (good >= LARGE))

    def starts(self, rows: I64) -> I64:
        """For some faces, int64 [M], the places of those that they start with, in ``rows``."""
        own = np.where(self._stay[rows], self.numbers[rows], -1 - rows)
        _, first, places = np.unique(own, return_index=True, return_inverse=True)
        return np.asarray(first[places], np.int64)


def _of_one_photo(vectors: F32, contents: I64) -> I64:
    """The pairs of faces in one photo that are not near-identical: int64 [E, 2]."""
    order = np.argsort(contents, kind="stable")
    ordered = contents[order]
    pairs = [np.empty((0, 2), np.int64)]
    step = 1
    while len(begins := np.flatnonzero(ordered[step:] == ordered[:-step])):
        found = np.stack([order[begins], order[begins + step]], axis=1)
        one, other = vectors[found[:, 0]], vectors[found[:, 1]]
        lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
        pairs.append(found[np.einsum("nd,nd->n", one, other) < NEAR_IDENTICAL * lengths])
        step += 1
    return np.concatenate(pairs)


def _rejected(library: LibraryFaces, places: I64) -> I64:
    """The places of faces that were rejected, each with that of a face of the person: int64 [E, 2]."""
    inside = np.flatnonzero((places != NONE) & (library.persons != NONE))
    persons, first = np.unique(library.persons[inside], return_index=True)
    faces, who = library.rejections.face_ids, library.rejections.person_ids
    chosen = np.isin(faces, library.known.ids) & np.isin(who, persons)
    rows = np.searchsorted(library.known.ids, faces[chosen])
    pairs = np.stack([places[rows], places[inside[first[np.searchsorted(persons, who[chosen])]]]], axis=1)
    return np.asarray(pairs[(pairs != NONE).all(axis=1)], np.int64)
