"""Groups a library's faces into recognised persons, clusters without a name, and single faces.

Groups follow from decisions and descriptors and can be rebuilt at any time. Clusters keep their numbers and
faces, unless a decision or stronger evidence changes them; a decision only hides a face in its cluster, so
that it can be undone. This module knows neither SQL nor how faces are compared.
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
from index.recognition.decided_faces import load_gallery, load_strangers, read_rejections
from index.recognition.thresholds import Thresholds
from index.store.store import Store
from index.values import I64, NONE, Flags

STRANGERS_AS_NEAR = 0.03
"""Expected number of strangers in a library similar enough to a face to form a cluster with it."""

FEWEST_FACES = 2000
"""Faces from which the similarity that makes a cluster rises."""

_DECADE = 0.07
"""Its rise for a tenfold library and a model without a measured curve: as for the others."""

_ACCEPTED_RATE = 1e-4
"""The false match rate at which faces of such a model are accepted: as for the others."""

_FEWEST = 2
"""Minimum number of reliable faces of a new cluster."""


@dataclass(frozen=True, slots=True)
class Regrouped:
    """The result of one run. An open face has neither a person nor a decision.

    Attributes:
        recognised: Faces with a person now, without a decision.
        newly_recognised: Of them, those that had no person or another one before.
        no_longer_recognised: Faces that were recognised before and have no person or another one now, without
            those that a decision is about now.
        joined: Faces of no cluster that entered an existing one.
        founded: New clusters.
        merged: Clusters that became part of another one.
        moved: Faces that left their cluster alone.
        clusters: Clusters with an open face now.
        clustered: Open faces in a cluster now.
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
        """Whether anything visible to users has changed, or would change."""
        people = self.newly_recognised + self.no_longer_recognised
        return bool(people + self.joined + self.founded + self.merged + self.moved)


def regroup(store: Store, thresholds: Thresholds, *, write: bool = True) -> Regrouped:
    """Bring recognised faces and clusters up to date with decisions and descriptors, idempotently.

    With ``write``, the store must be open for writing, by one process at a time, and gets the result in one
    transaction; else only count. The thresholds are of the library's model.
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
    gallery, strangers = load_gallery(store, model), load_strangers(store, model)
    recogniser = Recogniser(gallery, thresholds, before.ids[affected], rejections, strangers)
    descriptors = read_shortened(Catalog(store), model, before.ids, recogniser.add)
    # A face deleted since the tables were read has no descriptor: leave it out of both.
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
    """Return the similarity at which two of that many reliable faces form a cluster.

    The accepted false match rate is inversely proportional to the number of faces: see ``STRANGERS_AS_NEAR``.
    """
    rate = STRANGERS_AS_NEAR / max(faces, FEWEST_FACES)
    if thresholds.curve is None:
        return thresholds.accept + _DECADE * math.log10(_ACCEPTED_RATE / rate)
    return max(thresholds.accept, thresholds.curve.similarity_at(rate))


def _unseen(faces: FaceTable) -> Flags:
    return np.asarray(faces.is_open & ~faces.seen)


def _clustered(library: LibraryFaces, same: float) -> FaceTable:
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
    # Faces similar to an ignored stranger stay out, so that nobody is asked about the stranger again.
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
    """Find the cluster of each group: the one with most of its faces, or a new one below ``NONE``.

    Also returns, for each cluster that ended, the one with most of its faces. Arguments are by open face: the
    former cluster, the group, and whether the face counts for a new cluster.
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
        no_longer_recognised=int(((before.recognised != NONE) & differs & after.is_undecided).sum()),
        joined=int(((had == NONE) & (has > NONE)).sum()),
        founded=len(np.unique(has[has < NONE])),
        merged=sum(successor != NONE for successor in successors.values()),
        moved=int(((had != NONE) & (has != expected)).sum()),
        clusters=len(np.unique(has[has != NONE])),
        clustered=int((has != NONE).sum()),
        unclustered=int((has == NONE).sum()),
    )
