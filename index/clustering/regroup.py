"""Keeps the faces of a library in groups: recognised persons, clusters of faces without a name, the rest.

The groups follow from decisions and descriptors, and can be rebuilt at any time. A new face goes to a person
first, then to a cluster; the remaining faces may make new clusters. Clusters keep their numbers and faces,
unless a decision or stronger evidence says otherwise. A decision never removes a face from its cluster: it
hides the face there until the decision is undone. This module knows neither SQL nor how faces are compared.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from index.clock import utc_now
from index.clustering.affected_region import LibraryFaces, find_region
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
"""Expected number of strangers in a library who are similar enough to a face to make a cluster with it."""

FEWEST_FACES = 2000
"""The similarity that makes a cluster is the same up to this many faces, and rises above."""

_DECADE = 0.07
"""How much it rises when a library grows tenfold, for a model that was never measured: as for the others."""

_ACCEPTED_RATE = 1e-4
"""The false match rate at which faces of such a model are accepted: as for the others."""

_FEWEST = 2
"""Reliable faces of a new cluster, at least."""


@dataclass(frozen=True, slots=True)
class Regrouped:
    """The result of one run. An open face is nobody, and has no decision.

    Attributes:
        recognised: Faces that are a person now without a decision.
        newly_recognised: Of them, those that were nobody or another person before.
        no_longer_recognised: Faces that were recognised before, and are nobody or another person now.
        joined: Faces that were in no cluster, and are now in one that existed.
        founded: New clusters.
        merged: Clusters that became part of another one.
        moved: Faces that left their cluster alone, for another or for none.
        clusters: Clusters with an open face now.
        clustered: Open faces in a cluster now.
        unclustered: Open faces in none.
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
        """Whether anything that users see has changed, or would change."""
        people = self.newly_recognised + self.no_longer_recognised
        return bool(people + self.joined + self.founded + self.merged + self.moved)


def regroup(store: Store, thresholds: Thresholds, *, write: bool = True) -> Regrouped:
    """Bring recognised faces and clusters up to date with decisions and descriptors.

    A second run changes nothing. Only one process at a time may write.

    Args:
        store: The library; open for writing, unless ``write`` is false.
        thresholds: Of the library's model.
        write: Also write the result, in one transaction; else only count.
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
    # A face that was deleted since the tables were read has no descriptor: leave it out of both.
    still_there = np.isin(before.ids, descriptors.ids(), assume_unique=True)
    before, affected = before.at(still_there), affected[still_there]
    after = recognise(before, affected, recogniser, descriptors.fetch(before.ids).vectors, rejections)
    library = LibraryFaces(after, descriptors, rejections)
    after = _clustered(library, same_person(thresholds, int(library.is_reliable.sum())))
    if write:
        with store.write() as connection:
            write_faces(connection, before, after, inputs, utc_now().isoformat())
    return _counted(before, after)


def same_person(thresholds: Thresholds, faces: int) -> float:
    """The similarity at which two single faces are a cluster, among that many reliable ones.

    Each further face is one more stranger who may look like somebody: so the accepted false match rate is
    inversely proportional to the number of faces, see ``STRANGERS_AS_NEAR``.
    """
    rate = STRANGERS_AS_NEAR / max(faces, FEWEST_FACES)
    if thresholds.curve is None:
        return thresholds.accept + _DECADE * math.log10(_ACCEPTED_RATE / rate)
    return max(thresholds.accept, thresholds.curve.similarity_at(rate))


def _unseen(faces: FaceTable) -> Flags:
    """The open faces that were never compared with the others."""
    return np.asarray(faces.is_open & ~faces.seen)


def _clustered(library: LibraryFaces, same: float) -> FaceTable:
    """The faces with their clusters now."""
    faces = library.faces
    new = _unseen(faces)
    if not new.any():
        return faces
    region = find_region(library, new, same)
    groups = group(region.faces, same)
    is_open = faces.is_open[region.rows]
    rows = region.rows[is_open]
    former, now = faces.clusters[rows], groups[is_open]
    is_owned = np.isin(now, groups[region.faces.owners != NONE])
    # Nobody should be asked about an ignored stranger again: faces that look like one stay out.
    stays_out = (former == NONE) & np.isin(now, groups[faces.ignored[region.rows]])
    numbers, successors = _number_clusters(former, now, library.is_reliable[rows] & ~stays_out)
    clusters, seen = faces.clusters.copy(), faces.seen.copy()
    for cluster, successor in successors.items():
        clusters[faces.clusters == cluster] = successor
    clusters[rows] = [numbers.get(each, NONE) for each in now.tolist()]
    clusters[rows[stays_out]] = NONE
    seen[rows] |= (clusters[rows] != NONE) | ~is_owned
    present, sizes = np.unique(clusters, return_counts=True)
    clusters[rows[np.isin(clusters[rows], present[sizes == 1])]] = NONE  # the others have left it
    return replace(faces, clusters=clusters, seen=seen)


def _number_clusters(former: I64, groups: I64, counted: Flags) -> tuple[dict[int, int], dict[int, int]]:
    """Find the cluster of each group: the one that has most of its faces there, or a new one below ``NONE``.

    Also returns, for each cluster that no longer exists, the one that has most of its faces now. Of each open
    face it takes the former cluster, the group now, and whether it counts for a new cluster.
    """
    was = former != NONE
    pairs, counts = np.unique(np.stack([former[was], groups[was]], axis=1), axis=0, return_counts=True)
    order = np.argsort(-counts, kind="stable")  # of equal counts, the older cluster comes first
    shared = pairs[order].tolist()
    numbers: dict[int, int] = {}
    continued: set[int] = set()
    for cluster, group_number in shared:
        if group_number not in numbers and cluster not in continued:
            numbers[group_number] = cluster
            continued.add(cluster)
    present, counts = np.unique(groups[counted], return_counts=True)
    new = [each for each in present[counts >= _FEWEST].tolist() if each not in numbers]
    numbers |= {each: NONE - 1 - place for place, each in enumerate(new)}
    left = [pair for pair in reversed(shared) if pair[0] not in continued]  # the largest share counts
    return numbers, {cluster: numbers[group_number] for cluster, group_number in left}


def _counted(before: FaceTable, after: FaceTable) -> Regrouped:
    is_open = after.is_open
    had, has = (each.clusters[is_open] for each in (before, after))
    left = np.setdiff1d(had[had != NONE], has)
    successors = {}
    for cluster in left.tolist():
        values, counts = np.unique(has[had == cluster], return_counts=True)
        successors[cluster] = int(values[counts.argmax()])
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
