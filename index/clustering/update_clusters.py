"""Brings the clusters of a library up to date, in a transaction of the caller.

Read are the faces that are open and were never compared with others, the faces near them, and the groups of
these: nothing else, however large the library is. Clusters keep their numbers and faces, unless stronger
evidence changes them.
"""

from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection

from index.clock import utc_now
from index.clustering.affected_region import LARGE, NEAR_SHARE, NEIGHBORS, NearbyFaces, find_region
from index.clustering.cluster_tables import (
    alone_in,
    delete_empty_clusters,
    merge_clusters,
    new_clusters,
    read_faces,
    read_groups,
    write_clusters,
)
from index.clustering.cluster_threshold import cluster_threshold
from index.clustering.linkage import group
from index.clustering.shortened import shortened
from index.recognition.decided_faces import rejections_of
from index.recognition.thresholds import Thresholds
from index.values import I64, NONE, OnStep, no_step
from index.vectors.inverted_lists import InvertedLists
from index.vectors.vector_store import VectorStore
from pipeline.values import ModelId

MOST_COMPARISONS = 4_000_000_000
"""Pairs of faces up to which all are compared, in some ten seconds: 63,000 new ones of as many, or 4,000 in a
million. ``InvertedLists`` compare more."""

_FEWEST = 2
"""Minimum number of reliable faces of a new cluster."""


@dataclass(frozen=True, slots=True)
class ClusterChanges:
    """What changed for open faces.

    Attributes:
        joined: Faces of no cluster that entered an existing one.
        founded: New clusters.
        merged: Clusters that became part of another one.
        moved: Faces that left their cluster alone.
    """

    joined: int = 0
    founded: int = 0
    merged: int = 0
    moved: int = 0


def update_clusters(
    connection: Connection,
    model: ModelId,
    thresholds: Thresholds,
    reliable: int,
    vectors: VectorStore,
    new: I64,
    on_step: OnStep = no_step,
) -> ClusterChanges:
    """Group open faces that were never compared with those near them.

    Args:
        connection: In a transaction that writes.
        model: The library's.
        thresholds: Of the model.
        reliable: The number of reliable faces; see ``cluster_threshold``.
        vectors: The descriptors of the library's faces; may hold others.
        new: int64 [M], rising: the faces. Those that are not open, have a cluster, or lack a descriptor, are
            left out; all others count as compared from now on.
        on_step: Told about progress.
    """
    same = cluster_threshold(thresholds, reliable)
    nearby = _read_nearby(connection, model, same, vectors, new, on_step) if len(new) else None
    return ClusterChanges() if nearby is None else _regroup(connection, model, nearby, same, on_step)


def _read_nearby(
    connection: Connection, model: ModelId, same: float, vectors: VectorStore, new: I64, on_step: OnStep
) -> NearbyFaces | None:
    """Read the new faces and all that may be grouped with them; ``None`` if no face is new.

    A person or cluster of more than ``LARGE`` faces is represented by so many of them, evenly spread, and by
    those near a new face.
    """
    fresh = read_faces(connection, model, new)
    fresh = fresh.at(fresh.is_open & (fresh.clusters == NONE))
    if not len(fresh.ids):  # as after most decisions
        return None
    pairs = _near_pairs(vectors, fresh.ids, NEAR_SHARE * same, on_step)
    near = fresh.and_(read_faces(connection, model, np.setdiff1d(pairs[:, 1], fresh.ids)))
    persons, clusters = (np.unique(each[each != NONE]) for each in (near.persons, near.clusters))
    groups = read_groups(connection, persons, clusters)
    members = [near.ids[:0], *map(_evenly, groups.values())]
    faces = near.and_(read_faces(connection, model, np.setdiff1d(np.concatenate(members), near.ids)))
    described = shortened(vectors, faces.ids)
    faces = faces.at(np.isin(faces.ids, described.ids, assume_unique=True))
    new = np.intersect1d(fresh.ids, faces.ids, assume_unique=True)
    large = [NONE - key for key, ids in groups.items() if key < NONE and len(ids) >= LARGE]
    return NearbyFaces(
        faces=faces,
        vectors=described.vectors,
        rejections=rejections_of(connection, faces.ids),
        new=np.isin(faces.ids, new, assume_unique=True),
        near=np.searchsorted(faces.ids, pairs[np.isin(pairs[:, 0], new) & np.isin(pairs[:, 1], faces.ids)]),
        in_large=np.isin(faces.clusters, np.array(large, np.int64)),
    )


def _near_pairs(vectors: VectorStore, new: I64, least: float, on_step: OnStep) -> I64:
    """Find the faces near each new one; see ``VectorStore.near_pairs``."""
    if len(new) * len(vectors) <= MOST_COMPARISONS:
        return vectors.near_pairs(new, NEIGHBORS, least)
    everyone = shortened(vectors, vectors.ids())
    rows = np.flatnonzero(np.isin(everyone.ids, new, assume_unique=True))
    return everyone.ids[InvertedLists(everyone.vectors).near_pairs(rows, NEIGHBORS, least, on_step)]


def _evenly(ids: I64) -> I64:
    """Choose ``LARGE`` ids, evenly spread, or all if there are fewer."""
    # i * m mod n is below m for exactly m of 0 to n - 1.
    return ids[np.arange(len(ids)) * LARGE % len(ids) < LARGE] if len(ids) > LARGE else ids


def _regroup(
    connection: Connection, model: ModelId, nearby: NearbyFaces, same: float, on_step: OnStep
) -> ClusterChanges:
    faces, region = nearby.faces, find_region(nearby, same)
    groups = group(region.faces, same, on_step)
    is_open = faces.is_open[region.rows]
    rows, now = region.rows[is_open], groups[is_open]
    ids, former = faces.ids[rows], faces.clusters[rows]
    # Faces similar to an ignored stranger stay out, so that nobody is asked about the stranger again.
    stays_out = (former == NONE) & np.isin(now, groups[faces.ignored[region.rows]])
    going_on = _continued(former, now)
    present, counts = np.unique(now[nearby.is_reliable[rows] & ~stays_out], return_counts=True)
    founding = [each for each in present[counts >= _FEWEST].tolist() if each not in going_on.numbers]
    founded = new_clusters(connection, len(founding), utc_now().isoformat())
    numbers = going_on.numbers | dict(zip(founding, founded, strict=True))
    clusters = np.array([numbers.get(each, NONE) for each in now.tolist()], np.int64)
    clusters[stays_out] = NONE
    changed = ~faces.seen[rows] | (clusters != former)
    merge_clusters(connection, {old: numbers[each] for old, each in going_on.ended.items()})
    write_clusters(connection, ids[changed], clusters[changed])
    present, counts = np.unique(clusters[clusters != NONE], return_counts=True)
    left_alone = np.isin(ids, alone_in(connection, model, present[counts == 1]))
    clusters[left_alone] = NONE
    write_clusters(connection, ids[left_alone], clusters[left_alone])
    delete_empty_clusters(connection, np.unique(former))
    return _counted(former, clusters, founded)


@dataclass(frozen=True, slots=True)
class _Continued:
    """The cluster that each group continues, by group; the group with most faces of each other cluster."""

    numbers: dict[int, int]
    ended: dict[int, int]


def _continued(former: I64, groups: I64) -> _Continued:
    """Find the clusters that go on: each is the group with most of its faces, if it has most of the group's.

    Arguments are by open face: the former cluster, and the group.
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
    left = [pair for pair in reversed(shared) if pair[0] not in continued]  # the largest share counts
    return _Continued(numbers, dict(left))


def _counted(had: I64, has: I64, founded: list[int]) -> ClusterChanges:
    left = np.setdiff1d(had[had != NONE], has)
    successors = {}
    for cluster in left.tolist():
        values, counts = np.unique(has[had == cluster], return_counts=True)
        successors[cluster] = int(values[counts.argmax()])
    expected = np.array([successors.get(each, each) for each in had.tolist()], np.int64)
    is_founded = np.isin(has, founded)
    return ClusterChanges(
        joined=int(((had == NONE) & (has != NONE) & ~is_founded).sum()),
        founded=len(np.unique(has[is_founded])),
        merged=sum(successor != NONE for successor in successors.values()),
        moved=int(((had != NONE) & (has != expected)).sum()),
    )
