"""From groups to clusters: which group continues which cluster, and which is a new one.

A cluster continues in the group that has most of its faces. This module knows numbers, and not why faces are
together.
"""

from dataclasses import dataclass

import numpy as np

from index.values import I64, NONE, Flags

_FEWEST = 2
"""Reliable faces that make a new cluster."""


@dataclass(frozen=True, slots=True, eq=False)
class OpenFaces:
    """Open faces, and how they were grouped; N of them, in the order of their ids.

    Attributes:
        former: int64 [N], the cluster that each was in, or ``NONE``.
        groups: int64 [N], the group that it is in now.
        reliable: bool [N], whether its quality lets it count for a new cluster.
        owned: bool [N], whether its group is a person's or an ignored stranger's.
        ignored: bool [N], whether it is an ignored stranger's.
    """

    former: I64
    groups: I64
    reliable: Flags
    owned: Flags
    ignored: Flags


@dataclass(frozen=True, slots=True, eq=False)
class NumberedFaces:
    """Where open faces go.

    Attributes:
        clusters: int64 [N], the cluster of each now: ``NONE``, or below that for the new ones.
        settled: bool [N], whether it need not be looked at again: it has a cluster, or is like no other.
        successors: For each cluster that is no more, the one in which most of its faces are now.
    """

    clusters: I64
    settled: Flags
    successors: dict[int, int]


def number_clusters(faces: OpenFaces) -> NumberedFaces:
    """Find the cluster of each face."""
    shared = _clusters_in_groups(faces)
    numbers: dict[int, int] = {}  # of the clusters, by group
    continued: set[int] = set()
    for group, cluster in shared:
        if group not in numbers and cluster not in continued:
            numbers[group] = cluster
            continued.add(cluster)
    numbers |= _new_clusters(faces, numbers)
    clusters = np.array([numbers.get(each, NONE) for each in faces.groups.tolist()], np.int64)
    # Nobody is to be asked about an ignored stranger again: what looks like one stays out.
    clusters[faces.ignored & (faces.former == NONE)] = NONE
    successors: dict[int, int] = {}
    for group, cluster in shared:
        if cluster not in continued:
            successors.setdefault(cluster, numbers[group])
    return NumberedFaces(clusters, (clusters != NONE) | ~faces.owned, successors)


def _clusters_in_groups(faces: OpenFaces) -> list[tuple[int, int]]:
    """Groups, each with a cluster that some of its faces were in; those that share most faces come first."""
    was = faces.former != NONE
    pairs = np.stack([faces.former[was], faces.groups[was]], axis=1)
    pairs, counts = np.unique(pairs, axis=0, return_counts=True)
    order = np.argsort(-counts, kind="stable")  # of equal counts, that of the older cluster comes first
    return [(group, cluster) for cluster, group in pairs[order].tolist()]


def _new_clusters(faces: OpenFaces, continued: dict[int, int]) -> dict[int, int]:
    """Numbers below ``NONE`` for the new clusters, by group."""
    counted = faces.reliable & ~(faces.ignored & (faces.former == NONE))
    groups, counts = np.unique(faces.groups[counted], return_counts=True)
    new = [each for each in groups[counts >= _FEWEST].tolist() if each not in continued]
    return {each: NONE - 1 - place for place, each in enumerate(new)}
