"""Keeps the faces of a library in groups: recognised persons, clusters of faces without a name, the rest.

All of it follows from decisions and descriptors, and can be made anew at any time. New faces go to a person
first, then to a cluster; only what is left founds new clusters, of two faces at least. What was there keeps
its number and its faces, unless a decision or stronger evidence says otherwise. A decision never takes a face
out of its cluster: while it stands the face is not shown there, and when it is undone the face is back.

This module puts the parts together: it knows neither SQL nor how faces are compared.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from index.clock import Clock, utc_now
from index.clustering.affected_region import LibraryFaces, find_region
from index.clustering.cluster_numbers import OpenFaces, number_clusters
from index.clustering.cluster_tables import (
    Basis,
    Changes,
    Grouped,
    digest_of_decisions,
    read_former_basis,
    read_grouped,
    write_changes,
)
from index.clustering.linkage import group
from index.clustering.shortened import read_shortened
from index.photos.catalog import Catalog
from index.recognition.decided_faces import Rejections, load_gallery, read_rejections
from index.recognition.recognise import Likenesses, Recogniser, like_the_rejected, second_in_photo
from index.recognition.thresholds import Thresholds
from index.store.store import Store
from index.values import I64, NONE, Flags
from index.vectors.vector_store import VectorStore

STRANGERS_AS_NEAR = 0.03
"""How many strangers in a library may be as like a face as two single faces must be to be a cluster."""

FEWEST_FACES = 2000
"""Up to so many faces the similarity for that is the same: what a small library founds, a large one keeps."""

_DECADE = 0.07
"""How much that similarity rises when a library grows tenfold, for a model of which it was never measured:
as much as for those of which it was."""

_ACCEPTED_RATE = 1e-4
"""The false match rate at which faces are accepted, for such a model: what it is for the others."""


@dataclass(frozen=True, slots=True)
class Regrouped:
    """What one run came to. A face is open that is nobody, and of which nothing was decided.

    Attributes:
        recognised: Faces that count as a person now, and of which nobody decided anything.
        newly_recognised: Of these: were not, or as another person, before.
        no_longer_recognised: Were before, and are not now.
        joined: Faces that were in no cluster, and are now in one that existed.
        founded: New clusters.
        merged: Clusters that became part of another one.
        moved: Faces that left their cluster, alone, for another or for none.
        clusters: Clusters with an open face now.
        clustered: Open faces in a cluster now.
        unclustered: Open faces in none: like no other, or too poor to tell.
    """

    recognised: int = 0
    newly_recognised: int = 0
    no_longer_recognised: int = 0
    joined: int = 0
    founded: int = 0
    merged: int = 0
    moved: int = 0
    clusters: int = 0
    clustered: int = 0
    unclustered: int = 0

    @property
    def changed(self) -> bool:
        """Whether anything that people see is, or would be, another now."""
        people = self.newly_recognised + self.no_longer_recognised
        return bool(people + self.joined + self.founded + self.merged + self.moved)


def regroup(store: Store, thresholds: Thresholds, clock: Clock = utc_now, *, write: bool = True) -> Regrouped:
    """Bring recognised faces and clusters up to date with the decisions and descriptors that there are.

    Twice is the same as once. To be called by one process at a time.

    Args:
        store: Of a library; open for writing, unless ``write`` is false.
        thresholds: Of the library's model.
        clock: For the time at which a cluster was founded.
        write: Also write down what comes of it, in one transaction; else only count.

    Raises:
        LibraryError: The library cannot be read, or not be written.
    """
    model = Catalog(store).model()
    if model is None:
        return Regrouped()
    with store.read() as connection:
        former = read_former_basis(connection)
        before = read_grouped(connection, model)
        rejections = read_rejections(connection)
        decided = digest_of_decisions(connection)
    basis = Basis(model, thresholds.accept, thresholds.review, decided)
    if not basis.compares_as(former):
        before = replace(before, seen=before.clusters != NONE)
    if basis == former and not _unseen(before).any():
        return _counted(before, before)
    judged = _unseen(before) if basis == former else _undecided(before)
    recogniser = Recogniser(load_gallery(store, model), thresholds, before.ids[judged], rejections)
    descriptors = read_shortened(Catalog(store), model, before.ids, recogniser.see)
    # A face that was deleted since the tables were read has no descriptor any more: leave it out of both.
    still_there = np.isin(before.ids, descriptors.ids(), assume_unique=True)
    before, judged = before.at(still_there), judged[still_there]
    after = _recognised(before, judged, recogniser, descriptors, rejections)
    library = LibraryFaces(after, descriptors, rejections)
    after = _clustered(library, same_person(thresholds, int(library.is_good.sum())))
    if write:
        with store.write() as connection:
            write_changes(connection, _changes(before, after, basis), clock().isoformat())
    return _counted(before, after)


def same_person(thresholds: Thresholds, faces: int) -> float:
    """The similarity from which on two single faces are a cluster, among so many good ones.

    With each face more there is one more stranger who may look like somebody: so the false match rate that
    is borne is one in so many faces, see ``STRANGERS_AS_NEAR``.
    """
    rate = STRANGERS_AS_NEAR / max(faces, FEWEST_FACES)
    if thresholds.curve is None:
        return thresholds.accept + _DECADE * math.log10(_ACCEPTED_RATE / rate)
    return max(thresholds.accept, thresholds.curve.similarity_at(rate))


def _undecided(known: Grouped) -> Flags:
    """The faces of which nothing was decided."""
    return np.asarray((known.confirmed == NONE) & ~known.ignored)


def _unseen(known: Grouped) -> Flags:
    """Those of them that were never looked at, or of which nothing came that is in the tables."""
    return np.asarray(_undecided(known) & ~known.seen & (known.recognised == NONE))


def _recognised(
    before: Grouped, judged: Flags, recogniser: Recogniser, descriptors: VectorStore, rejections: Rejections
) -> Grouped:
    """Who is recognised now; the faces that were not judged stay who they were."""
    stays = _undecided(before) & ~judged
    recognised = np.where(stays, before.recognised, NONE)
    similarities = np.where(stays, before.similarities, np.float32(0))
    recognised[judged], similarities[judged] = recogniser.judged(before.ids[judged])
    vectors = descriptors.fetch(before.ids).vectors
    looks = Likenesses(before.ids, vectors, before.contents, before.confirmed, recognised, similarities)
    recognised[like_the_rejected(looks, rejections)] = NONE
    recognised[second_in_photo(looks)] = NONE
    similarities[recognised == NONE] = 0
    return replace(before, recognised=recognised, similarities=similarities)


def _clustered(library: LibraryFaces, same: float) -> Grouped:
    """The clusters now."""
    known = library.known
    fresh = library.is_open & ~known.seen
    if not fresh.any():
        return known
    region = find_region(library, fresh, same)
    groups = group(region.faces, same)
    is_open = library.is_open[region.rows]
    rows = region.rows[is_open]
    owned = groups[region.faces.owners != NONE]
    strange = groups[known.ignored[region.rows]]
    placed = number_clusters(
        OpenFaces(
            former=known.clusters[rows],
            groups=groups[is_open],
            good=library.is_good[rows],
            owned=np.isin(groups[is_open], owned),
            strange=np.isin(groups[is_open], strange),
        )
    )
    clusters, seen = known.clusters.copy(), known.seen.copy()
    for cluster, heir in placed.heirs.items():
        clusters[known.clusters == cluster] = heir
    clusters[rows] = placed.clusters
    numbers, sizes = np.unique(clusters, return_counts=True)
    clusters[rows[np.isin(clusters[rows], numbers[sizes == 1])]] = NONE  # the others have left it
    seen[rows] |= placed.settled
    return replace(known, clusters=clusters, seen=seen)


def _changes(before: Grouped, after: Grouped, basis: Basis) -> Changes:
    """What is to be written to get from the one to the other."""
    is_other = (after.recognised != before.recognised) | (after.similarities != before.similarities)
    named = is_other & (after.recognised != NONE)
    lost = (before.recognised != NONE) & (after.recognised == NONE)
    newest = int(after.clusters.min(initial=NONE))
    placed = after.seen & (~before.seen | (after.clusters != before.clusters)) & (after.clusters >= NONE)
    return Changes(
        recognised=after.ids[named],
        persons=after.recognised[named],
        similarities=after.similarities[named],
        unrecognised=after.ids[lost],
        founded=[after.ids[after.clusters == number] for number in range(NONE - 1, newest - 1, -1)],
        placed=after.ids[placed],
        clusters=after.clusters[placed],
        basis=basis,
    )


def _counted(before: Grouped, after: Grouped) -> Regrouped:
    """What became another."""
    is_open = _undecided(after) & (after.recognised == NONE)
    had, has = (each.clusters[is_open] for each in (before, after))
    in_one = has != NONE
    left = np.setdiff1d(had[had != NONE], has)
    heirs = {int(cluster): _most_frequent(has[had == cluster]) for cluster in left}
    expected = np.array([heirs.get(each, each) for each in had.tolist()], np.int64)
    is_named = after.recognised != NONE
    return Regrouped(
        recognised=int(is_named.sum()),
        newly_recognised=int((is_named & (after.recognised != before.recognised)).sum()),
        no_longer_recognised=int(
            ((before.recognised != NONE) & (after.recognised != before.recognised)).sum()
        ),
        joined=int(((had == NONE) & (has > NONE)).sum()),
        founded=len(np.unique(has[has < NONE])),
        merged=sum(heir != NONE for heir in heirs.values()),
        moved=int(((had != NONE) & (has != expected)).sum()),
        clusters=len(np.unique(has[in_one])),
        clustered=int(in_one.sum()),
        unclustered=int((~in_one).sum()),
    )


def _most_frequent(numbers: I64) -> int:
    values, counts = np.unique(numbers, return_counts=True)
    return int(values[counts.argmax()])
