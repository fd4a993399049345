"""Groups faces of one person by their descriptors; this module knows only arrays.

Mutually best groups are joined while the likelihood ratio of the two-covariance model (Brummer and de
Villiers, "The speaker partitioning problem", Odyssey 2010) with equal variances is high enough. Many shots of
one moment count as one. Faces of low quality join the finished groups. docs/clustering.md has more.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from index.clustering.pair_counts import PairCounts, both, either
from index.values import I64, NONE, Flags, OnStep, no_step
from pipeline.values import F32

F64: TypeAlias = NDArray[np.float64]

PERSON_SHARE = 0.35
"""The person's share of the variance: the similarity of two faces of one person in a bad case (profiles,
sunglasses); the average is about 0.65. Results hardly change between 0.3 and 0.45."""

ONE_MOMENT = 0.85
"""Mean similarity above which faces of a group count as fewer: they are copies, or shots of one moment. Two
photos of one person from different times reach it in 1 % of cases."""

FORMER_GROUP_BONUS = 0.03
"""Added to the evidence for faces of one former group: two single faces then need 0.07 less similarity. More
preserves early errors; less moves faces around in each scan."""

TOLERATED_SHARE = 0.34
"""Two groups may be joined if at most this share of the smaller is presumed different from the other: a
collage does not split a large group, and a single face or a pair is never joined."""

_ELEMENTS = 1 << 23
"""Elements of descriptors compared at a time, 64 MB."""


@dataclass(frozen=True, slots=True, eq=False)
class FacesToGroup:
    """N faces to group.

    Attributes:
        vectors: float32 [N, D]: descriptors, perhaps in fewer dimensions; of norm 1 at most.
        initial: int64 [N], a row: faces with an equal value start together and stay so; they have one owner.
        owners: int64 [N], a known identity, or ``NONE``: faces of two owners never join.
        former: int64 [N], the previous group, or ``NONE``.
        reliable: bool [N], whether the quality suffices for evidence.
        near: int64 [E, 2], rows near each other: groups without such a pair are not compared.
        cannot_link: int64 [M, 2], rows that must not join, unless they start together.
        presumed_different: int64 [K, 2], rows presumed to be two people, see ``TOLERATED_SHARE``.
    """

    vectors: F32
    initial: I64
    owners: I64
    former: I64
    reliable: Flags
    near: I64
    cannot_link: I64
    presumed_different: I64


def group(faces: FacesToGroup, same: float, on_step: OnStep = no_step) -> I64:
    """Group faces; ``same`` is the similarity at which two single faces are one person.

    Returns:
        int64 [N], the group of each face: the lowest ``initial`` in it.
    """
    limit = strength_of_two(same)
    return _with_unreliable_faces(faces, _Linking(faces).link(limit, on_step), limit)


def strength_of_two(similarity: float) -> float:
    """Return the evidence that two single faces of this similarity are one person."""
    return float(_log_ratio(_SINGLE, _SINGLE, np.array([similarity]))[0])


def strengths_alone(vectors: F32, labels: I64, pairs: I64) -> F64:
    """Compute the evidence that a single face, counted as reliable, and a group are one person: float64 [E].

    Args:
        vectors: float32 [N, D].
        labels: int64 [N], a row for the group of each face; ``NONE`` for a face that is no evidence.
        pairs: int64 [E, 2], a face and a group.
    """
    return _strength(_Groups(vectors, np.arange(len(labels))), _Groups(vectors, labels), pairs)


def exemplar(vectors: F32, qualities: F32) -> int:
    """Choose the row of the face that represents a group: near its mean, and of good quality.

    ``vectors`` is float32 [N, D], N > 0, of unit norm, ``qualities`` float32 [N], 0 to 1.
    """
    middle = vectors.sum(axis=0)
    return int(np.argmax((vectors @ middle) * (0.5 + qualities)))


class _Groups:
    """Sums, float32 [N, D], numbers and evidence, float64 [N], of the reliable faces of each group."""

    def __init__(self, vectors: F32, labels: I64) -> None:
        counted = labels != NONE
        self.sums = np.zeros_like(vectors)
        step = max(1, _ELEMENTS // max(1, vectors.shape[1]))
        for rows in (slice(start, start + step) for start in range(0, len(labels), step)):
            np.add.at(self.sums, labels[rows][counted[rows]], vectors[rows][counted[rows]])
        self.sizes: F64 = np.bincount(labels[counted], minlength=len(vectors)).astype(np.float64)
        # The omitted dimensions of the vectors count as uncorrelated.
        lost = 1.0 - np.einsum("nd,nd->n", vectors, vectors, dtype=np.float64)
        self._lost = np.bincount(labels[counted], lost[counted], minlength=len(vectors))
        squares = np.einsum("nd,nd->n", self.sums, self.sums, dtype=np.float64)
        self._within = (squares + self._lost) / np.maximum(self.sizes, 1.0) ** 2

    def join(self, pairs: I64) -> None:
        """Merge the second group of each pair into the first. No group is in two pairs."""
        into, merged = pairs.T
        for values in (self.sums, self.sizes, self._lost):
            values[into] += values[merged]
        squares = np.einsum("nd,nd->n", self.sums[into], self.sums[into], dtype=np.float64)
        self._within[into] = (squares + self._lost[into]) / self.sizes[into] ** 2

    def sides(self, rows: I64) -> "_Side":
        within, counts = self._within[rows], self.sizes[rows]
        moments = (1.0 - ONE_MOMENT) / np.maximum(within - ONE_MOMENT, 1e-9)
        return _Side(np.clip(moments, 1.0, counts), within)


@dataclass(frozen=True, slots=True, eq=False)
class _Side:
    """The evidence of one group of each of N pairs.

    Attributes:
        moments: float64 [N], how many different times its photos count as.
        within: float64 [N], mean similarity of its faces, each with itself included.
    """

    moments: F64
    within: F64


_SINGLE = _Side(np.ones(1), np.ones(1))
"""The evidence of a single face."""


def _strength(first: _Groups, second: _Groups, pairs: I64) -> F64:
    """Compute the evidence that the two groups of each pair are one person, float64 [E]."""
    strengths = np.empty(len(pairs))
    step = max(1, _ELEMENTS // max(1, first.sums.shape[1]))
    for start in range(0, len(pairs), step):
        one, other = pairs[start : start + step].T
        dots = np.einsum("nd,nd->n", first.sums[one], second.sums[other])
        cosines = dots / (first.sizes[one] * second.sizes[other])
        # The model separates two large groups of one person if each is of one day. So groups are also
        # joined at a mean similarity at which two single faces would be.
        strengths[start : start + step] = np.maximum(
            _log_ratio(first.sides(one), second.sides(other), cosines), _log_ratio(_SINGLE, _SINGLE, cosines)
        )
    return strengths


def _log_ratio(first: _Side, second: _Side, cosines: F64) -> F64:
    """Compute the log likelihood ratio that two means are of one person, by dimension: float64 [N].

    ``cosines``, float64 [N], has the mean similarity between faces of the first and of the second group. The
    logarithm is divided by the number of independent dimensions.
    """
    one = PERSON_SHARE + (1.0 - PERSON_SHARE) / first.moments  # variance of the mean of a group
    other = PERSON_SHARE + (1.0 - PERSON_SHARE) / second.moments
    product, rest = one * other, one * other - PERSON_SHARE**2
    together = (other * first.within + one * second.within - 2.0 * PERSON_SHARE * cosines) / rest
    separate = first.within / one + second.within / other
    return np.asarray((np.log(product / rest) - together + separate) / 2.0)


@dataclass(frozen=True, slots=True, eq=False)
class _Candidates:
    """Pairs of groups that may be joined, int64 [E, 2], lower number first, with their evidence.

    ``were_one`` marks pairs with faces of one former group.
    """

    pairs: I64
    were_one: Flags
    strengths: F64

    def at(self, chosen: Flags) -> "_Candidates":
        return _Candidates(self.pairs[chosen], self.were_one[chosen], self.strengths[chosen])

    def and_(self, others: "_Candidates") -> "_Candidates":
        return _Candidates(
            np.concatenate([self.pairs, others.pairs]),
            np.concatenate([self.were_one, others.were_one]),
            np.concatenate([self.strengths, others.strengths]),
        )


class _Linking:
    def __init__(self, faces: FacesToGroup) -> None:
        self._groups = _Groups(faces.vectors, np.where(faces.reliable, faces.initial, NONE))
        self._labels = faces.initial.copy()
        self._owners = np.full(len(faces.initial), NONE)
        self._owners[faces.initial] = faces.owners
        self._cannot_link = PairCounts.of(self._labels[faces.cannot_link])
        different = faces.presumed_different[both(faces.reliable[faces.presumed_different])]
        self._presumed_different = PairCounts.of(self._labels[different])
        near = _chosen(faces.near, both(faces.reliable[faces.near]))
        former = faces.former[near]
        were_one = (former[:, 0] == former[:, 1]) & (former[:, 0] != NONE)
        self._candidates = self._compared(self._labels[near], were_one)

    def link(self, limit: float, on_step: OnStep) -> I64:
        """Join groups while the evidence is at least ``limit``; return as ``group``."""
        joinable = self._joinable(limit)
        while len(joined := _mutual(self._candidates, limit)):
            self._join(joined)
            on_step("grouped", max(0, joinable - self._joinable(limit)), joinable)
        return self._labels

    def _joinable(self, limit: float) -> int:
        """Count the faces of groups that may be joined to another."""
        are_joinable = np.zeros(len(self._labels), bool)
        are_joinable[self._candidates.pairs[self._candidates.strengths >= limit]] = True
        return int(self._groups.sizes[are_joinable].sum())

    def _join(self, joined: I64) -> None:
        self._groups.join(joined)
        names = np.arange(len(self._labels))
        names[joined[:, 1]] = joined[:, 0]
        self._labels = names[self._labels]
        self._owners[joined[:, 0]] = self._owners[joined].max(axis=1)
        changed = np.zeros(len(names), bool)
        changed[joined] = True
        self._cannot_link = self._cannot_link.renamed(names, changed)
        self._presumed_different = self._presumed_different.renamed(names, changed)
        stale = either(changed[self._candidates.pairs])
        again = self._candidates.at(stale)
        self._candidates = self._candidates.at(~stale).and_(
            self._compared(names[again.pairs], again.were_one)
        )

    def _compared(self, pairs: I64, were_one: Flags) -> _Candidates:
        """Compute the evidence of pairs of groups; minus infinity if they must not join."""
        pairs, former = PairCounts.of(pairs).pairs, PairCounts.of(pairs[were_one])
        were_one = former.counts_of(pairs) > 0
        strengths = _strength(self._groups, self._groups, pairs) + FORMER_GROUP_BONUS * were_one
        owners = self._owners[pairs]
        sizes = self._groups.sizes[pairs].min(axis=1)
        must_not = (owners[:, 0] != owners[:, 1]) & both(owners != NONE)
        must_not |= self._cannot_link.counts_of(pairs) > 0
        must_not |= self._presumed_different.counts_of(pairs) > TOLERATED_SHARE * sizes
        return _Candidates(pairs, were_one, np.where(must_not, -np.inf, strengths))


def _chosen(pairs: I64, flags: Flags) -> I64:
    """Return the chosen pairs; do not copy all of them, which may be many."""
    return pairs if flags.all() else pairs[flags]


def _mutual(candidates: _Candidates, limit: float) -> I64:
    """Find the groups that are each other's strongest candidate, int64 [K, 2]; the lowest of equals."""
    strong = np.flatnonzero(candidates.strengths >= limit)
    pairs, strengths = candidates.pairs[strong], candidates.strengths[strong]
    best = np.full(pairs.max(initial=0) + 1, -np.inf)
    for side in pairs.T:
        np.maximum.at(best, side, strengths)
    # No sorting of all candidates: what is left are the pairs of the result, and equal ones.
    pairs = pairs[(strengths[:, None] == best[pairs]).all(axis=1)]
    groups, partners = np.concatenate([pairs, pairs[:, ::-1]]).T
    order = np.lexsort((partners, groups))
    groups, first = np.unique(groups[order], return_index=True)
    chosen = partners[order][first]
    is_mutual = chosen[np.searchsorted(groups, chosen)] == groups
    return np.asarray(np.stack([groups, chosen], axis=1)[is_mutual & (groups < chosen)], np.int64)


def _with_unreliable_faces(faces: FacesToGroup, labels: I64, limit: float) -> I64:
    """Add single unreliable faces to the groups that fit best, the strongest evidence first."""
    alone = ~faces.reliable & (np.bincount(labels, minlength=len(labels))[labels] == 1)
    ways = (faces.near, faces.near[:, ::-1])
    near = np.concatenate([way[alone[way[:, 0]] & faces.reliable[way[:, 1]]] for way in ways])
    choices = np.unique(np.stack([near[:, 0], labels[near[:, 1]]], axis=1), axis=0)
    strengths = strengths_alone(faces.vectors, np.where(faces.reliable, labels, NONE), choices)
    order = np.lexsort((choices[:, 1], choices[:, 0], -strengths))
    pairs = np.concatenate([faces.cannot_link, faces.presumed_different])
    pairs = np.concatenate([pairs, pairs[:, ::-1]])
    different: dict[int, list[int]] = {}
    for one, other in pairs[alone[pairs[:, 0]]].tolist():
        different.setdefault(one, []).append(other)
    joined = labels.copy()
    for row, label in choices[order[strengths[order] >= limit]].tolist():
        if joined[row] == row and all(joined[other] != label for other in different.get(row, ())):
            joined[row] = label
    return joined
