"""From groups to clusters: which group goes on under which number, and which is a new one.

A cluster goes on where most of its faces are. This module knows numbers, and not why faces are together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from index.values import I64, NONE, Flags

_FOUNDERS = 2
"""Good faces that it takes to found a cluster."""


@dataclass(frozen=True, slots=True, eq=False)
class OpenFaces:
    """Open faces, and how they were grouped; N of them, in the order of their ids.

    Attributes:
        former: int64 [N], the cluster that each was in, or ``NONE``.
        groups: int64 [N], the group that it is in now.
        good: bool [N], whether it may found a cluster.
        owned: bool [N], whether its group is a person's or an ignored stranger's.
        strange: bool [N], whether it is an ignored stranger's.
    """

    former: I64
    groups: I64
    good: Flags
    owned: Flags
    strange: Flags


@dataclass(frozen=True, slots=True, eq=False)
class NumberedFaces:
    """Where open faces go.

    Attributes:
        clusters: int64 [N], the cluster of each now: ``NONE``, or below that for the new ones.
        settled: bool [N], whether it need not be looked at again: it has a cluster, or is like no other.
        heirs: For each cluster that is no more, the one in which most of its faces are now.
    """

    clusters: I64
    settled: Flags
    heirs: dict[int, int]


def number_clusters(seats: OpenFaces) -> NumberedFaces:
    """Find the cluster of each face."""
    claims = _former_clusters(seats)
    numbers = _kept(claims)
    numbers |= _founded(seats, numbers)
    clusters = np.array([numbers.get(each, NONE) for each in seats.groups.tolist()], np.int64)
    # Nobody is to be asked about an ignored stranger again: what looks like one stays out.
    clusters[seats.strange & (seats.former == NONE)] = NONE
    going_on = set(numbers.values())
    heirs: dict[int, int] = {}
    for claim in claims:
        if claim.cluster not in going_on:
            heirs.setdefault(claim.cluster, numbers[claim.group])
    return NumberedFaces(clusters, (clusters != NONE) | ~seats.owned, heirs)


@dataclass(frozen=True, slots=True)
class _FormerCluster:
    """That some faces of a group were in a cluster."""

    group: int
    cluster: int


def _former_clusters(seats: OpenFaces) -> list[_FormerCluster]:
    """What clusters there were in which groups, the claims of most faces first."""
    was = seats.former != NONE
    pairs = np.stack([seats.former[was], seats.groups[was]], axis=1)
    pairs, counts = np.unique(pairs, axis=0, return_counts=True)
    order = np.argsort(-counts, kind="stable")  # of equal claims, that of the older cluster comes first
    return [_FormerCluster(each, cluster) for cluster, each in pairs[order].tolist()]


def _kept(claims: Sequence[_FormerCluster]) -> dict[int, int]:
    """The clusters that go on, by group."""
    kept: dict[int, int] = {}
    given: set[int] = set()
    for claim in claims:
        if claim.group not in kept and claim.cluster not in given:
            kept[claim.group] = claim.cluster
            given.add(claim.cluster)
    return kept


def _founded(seats: OpenFaces, kept: Mapping[int, int]) -> dict[int, int]:
    """Numbers below ``NONE`` for the new clusters, by group."""
    able = seats.good & ~(seats.strange & (seats.former == NONE))
    groups, counts = np.unique(seats.groups[able], return_counts=True)
    new = [each for each in groups[counts >= _FOUNDERS].tolist() if each not in kept]
    return {each: NONE - 1 - place for place, each in enumerate(new)}
