"""Keeps the faces of a library in groups: recognised persons, clusters of faces without a name, the rest.

All of it follows from decisions and descriptors, and can be made anew at any time. A new face goes to a
person first, then to a cluster; what is left may make new clusters, of two faces at least. Clusters keep
their numbers and faces, unless a decision or stronger evidence says otherwise. A decision never takes a face
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
    FaceTable,
    GroupingInputs,
    digest_of_decisions,
    read_faces,
    read_last_inputs,
    write_faces,
)
from index.clustering.linkage import group
from index.clustering.recognise import Recogniser, recognise
from index.clustering.shortened import read_shortened
from index.photos.catalog import Catalog
from index.recognition.decided_faces import load_gallery, read_rejections
from index.recognition.thresholds import Thresholds
from index.store.store import Store
from index.values import I64, NONE, Flags

STRANGERS_AS_NEAR = 0.03
"""How many strangers in a library may be as like a face as two single faces must be to be a cluster."""

FEWEST_FACES = 2000
"""Up to this many faces the similarity for that is the same: clusters of a small library stay clusters."""

_DECADE = 0.07
"""How much that similarity rises when a library grows tenfold, for a model that was never measured: as much
as for those that were."""

_ACCEPTED_RATE = 1e-4
"""The false match rate at which faces are accepted, for such a model: what it is for the others."""


@dataclass(frozen=True, slots=True)
class Regrouped:
    """What one run came to. An open face is nobody, and nothing was decided of it.

    Attributes:
        recognised: Faces that count as a person now without a decision.
        newly_recognised: Of them, those that did not before, or as another person.
        no_longer_recognised: Faces that did before, and do not now, or as another person.
        joined: Faces that were in no cluster, and are now in one that existed.
        founded: New clusters.
        merged: Clusters that became part of another one.
        moved: Faces that left their cluster, alone, for another or for none.
        clusters: Clusters with an open face now.
        clustered: Open faces in a cluster now.
        unclustered: Open faces in none: like no other, or of too low quality to tell.
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
        """Whether anything that people see has changed, or would change."""
        people = self.newly_recognised + self.no_longer_recognised
        return bool(people + self.joined + self.founded + self.merged + self.moved)


def regroup(store: Store, thresholds: Thresholds, clock: Clock = utc_now, *, write: bool = True) -> Regrouped:
    """Bring recognised faces and clusters up to date with the decisions and descriptors that there are.

    Twice is the same as once. To be called by one process at a time.

    Args:
        store: The library; open for writing, unless ``write`` is false.
        thresholds: Of the library's model.
        clock: For the time at which a cluster was made.
        write: Also write down what comes of it, in one transaction; else only count.
    """
    model = Catalog(store).model()
    if model is None:
        return Regrouped()
    with store.read() as connection:
        last = read_last_inputs(connection)
        before = read_faces(connection, model)
        rejections = read_rejections(connection)
        decided = digest_of_decisions(connection)
    inputs = GroupingInputs(model, thresholds.accept, thresholds.review, decided)
    if not inputs.judge_alike(last):
        before = replace(before, seen=before.clusters != NONE)
    if inputs == last and not _unseen(before).any():
        return _counted(before, before)
    affected = _unseen(before) if inputs == last else before.is_undecided
    recogniser = Recogniser(load_gallery(store, model), thresholds, before.ids[affected], rejections)
    descriptors = read_shortened(Catalog(store), model, before.ids, recogniser.add)
    # A face that was deleted since the tables were read has no descriptor any more: leave it out of both.
    still_there = np.isin(before.ids, descriptors.ids(), assume_unique=True)
    before, affected = before.at(still_there), affected[still_there]
    after = recognise(before, affected, recogniser, descriptors.fetch(before.ids).vectors, rejections)
    library = LibraryFaces(after, descriptors, rejections)
    after = _clustered(library, same_person(thresholds, int(library.is_reliable.sum())))
    if write:
        with store.write() as connection:
            write_faces(connection, before, after, inputs, clock().isoformat())
    return _counted(before, after)


def same_person(thresholds: Thresholds, faces: int) -> float:
    """The similarity from which on two single faces are a cluster, among that many reliable ones.

    With each face more there is one more stranger who may look like somebody: so the false match rate that
    is accepted is one in so many faces, see ``STRANGERS_AS_NEAR``.
    """
    rate = STRANGERS_AS_NEAR / max(faces, FEWEST_FACES)
    if thresholds.curve is None:
        return thresholds.accept + _DECADE * math.log10(_ACCEPTED_RATE / rate)
    return max(thresholds.accept, thresholds.curve.similarity_at(rate))


def _unseen(faces: FaceTable) -> Flags:
    """The open faces that were never looked at."""
    return np.asarray(faces.is_open & ~faces.seen)


def _clustered(library: LibraryFaces, same: float) -> FaceTable:
    """The clusters now."""
    faces = library.faces
    new = _unseen(faces)
    if not new.any():
        return faces
    region = find_region(library, new, same)
    groups = group(region.faces, same)
    is_open = faces.is_open[region.rows]
    rows = region.rows[is_open]
    owned = groups[region.faces.owners != NONE]
    ignored = groups[faces.ignored[region.rows]]
    numbered = number_clusters(
        OpenFaces(
            former=faces.clusters[rows],
            groups=groups[is_open],
            reliable=library.is_reliable[rows],
            owned=np.isin(groups[is_open], owned),
            ignored=np.isin(groups[is_open], ignored),
        )
    )
    clusters, seen = faces.clusters.copy(), faces.seen.copy()
    for cluster, successor in numbered.successors.items():
        clusters[faces.clusters == cluster] = successor
    clusters[rows] = numbered.clusters
    numbers, sizes = np.unique(clusters, return_counts=True)
    clusters[rows[np.isin(clusters[rows], numbers[sizes == 1])]] = NONE  # the others have left it
    seen[rows] |= numbered.settled
    return replace(faces, clusters=clusters, seen=seen)


def _counted(before: FaceTable, after: FaceTable) -> Regrouped:
    """What has changed."""
    is_open = after.is_open
    had, has = (each.clusters[is_open] for each in (before, after))
    left = np.setdiff1d(had[had != NONE], has)
    successors = {int(cluster): _most_frequent(has[had == cluster]) for cluster in left}
    expected = np.array([successors.get(each, each) for each in had.tolist()], np.int64)
    is_named, differs = after.recognised != NONE, after.recognised != before.recognised
    return Regrouped(
        recognised=int(is_named.sum()),
        newly_recognised=int((is_named & differs).sum()),
        no_longer_recognised=int(((before.recognised != NONE) & differs).sum()),
        joined=int(((had == NONE) & (has > NONE)).sum()),
        founded=len(np.unique(has[has < NONE])),
        merged=sum(successor != NONE for successor in successors.values()),
        moved=int(((had != NONE) & (has != expected)).sum()),
        clusters=len(np.unique(has[has != NONE])),
        clustered=int((has != NONE).sum()),
        unclustered=int((has == NONE).sum()),
    )


def _most_frequent(numbers: I64) -> int:
    values, counts = np.unique(numbers, return_counts=True)
    return int(values[counts.argmax()])
