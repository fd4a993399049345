"""Fits what similarity means to pairs of faces of which it is known whether they are one person.

Three ways to say how much a similarity speaks for one person are tried: what the model comes with, a
logistic regression that starts from it, and an isotonic regression, which only asks that more similar is
never less likely. Persons, not pairs, are left out to see which holds up: pairs of one person are alike.
The more persons there are, the more their pairs count against what the model comes with.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.recognition.thresholds import Curve, EvidencePoint, RatePoint, straight_evidence
from pipeline.values import F32

F64 = NDArray[np.float64]
Rows = NDArray[np.intp]

FEWEST_PERSONS = 4
"""Persons with two faces or more, to calibrate at all: half of them are left out in turn."""

ISOTONIC_PERSONS = 20
"""Persons from which on the isotonic regression is tried: it has no shape of its own to lean on."""

_SPLITS = 10
_SEED = 20260104

_BINS = 400  # of the cosines from -1 to 1: 0.005 each
_CENTRES: F64 = (np.arange(_BINS) + 0.5) * 2 / _BINS - 1

_ZERO_SPREAD, _SLOPE_SPREAD = 0.05, 0.3
"""How far the similarity that speaks neither way, and the logarithm of the slope, may be expected to lie
from what the model comes with: standard deviations of the prior."""

_VAGUE = 4.0
"""How much wider that is for a model that comes with nothing, where the pairs' own spread is the guess."""

_TRUSTED_PERSONS = 20
"""With so many persons, the rates that were measured here count as much as those that were shipped."""

_MEASURABLE = 30
"""Pairs of strangers that must reach a similarity, for their rate there to be measured (the "rule of 30" of
Doddington et al., "The NIST speaker recognition evaluation", Speech Communication 31, 2000)."""

_FLOOR = 1e-3
"""What every cell of the isotonic regression holds of both kinds, in persons: nothing is quite certain."""


@dataclass(frozen=True, slots=True, eq=False)
class KnownPairs:
    """Pairs of faces, by what people decided.

    Attributes:
        same: Similarities of pairs of one person, float32 [G].
        same_person: Who it is, intp [G].
        different: Similarities of pairs of two, float32 [I].
        different_persons: Who they are, intp [I, 2]; a stranger has a number of its own.
    """

    same: F32
    same_person: Rows
    different: F32
    different_persons: Rows

    @property
    def persons(self) -> Rows:
        """Those with pairs of their own."""
        return np.unique(self.same_person)


@dataclass(frozen=True, slots=True)
class PredictionLoss:
    """How badly a way of fitting predicts pairs of persons that it has not seen.

    Attributes:
        method: Which.
        loss: Mean of minus the logarithm of the probability of what was decided, both kinds counting
            alike; 0.693 for one who knows nothing.
    """

    method: str
    loss: float


@dataclass(frozen=True, slots=True)
class Fitted:
    """What similarity was found to mean.

    Attributes:
        curve: It.
        method: The way that holds up best.
        losses: Of every way that was tried.
    """

    curve: Curve
    method: str
    losses: tuple[PredictionLoss, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Cells:
    """Pairs counted by similarity, each kind adding up to the number of persons: float64 [_BINS]."""

    same: F64
    different: F64


_Evidence = tuple[EvidencePoint, ...]
_Way = Callable[[_Cells], _Evidence]


def fit(pairs: KnownPairs, shipped: Curve | None, provenance: str) -> Fitted:
    """Find what similarity means.

    Args:
        pairs: Of ``FEWEST_PERSONS`` persons at least, and of both kinds.
        shipped: What the model comes with; ``None`` if nothing.
        provenance: Of the result.

    Raises:
        ValueError: Without anything shipped, there are too few pairs of strangers to measure a rate.
    """
    ways = _ways(shipped, len(pairs.persons))
    losses = tuple(PredictionLoss(name, _loss_left_out(pairs, way)) for name, way in ways.items())
    best = min(losses, key=lambda each: each.loss).method
    evidence = ways[best](_cells(pairs))
    rates = _rates(np.sort(pairs.different)[::-1], shipped, len(pairs.persons))
    return Fitted(Curve(rates, evidence, provenance), best, losses)


def _ways(shipped: Curve | None, persons: int) -> dict[str, _Way]:
    ways: dict[str, _Way] = {}
    if shipped is not None:
        ways["shipped"] = lambda cells: shipped.evidence
    ways["logistic"] = lambda cells: _logistic(cells, shipped)
    if persons >= ISOTONIC_PERSONS:
        ways["isotonic"] = _isotonic
    return ways


def _loss_left_out(pairs: KnownPairs, way: _Way) -> float:
    """Fit to half of the persons, and predict the pairs of the other half; mean over several halves."""
    generator = np.random.default_rng(_SEED)
    everyone = np.unique(np.concatenate([pairs.same_person, pairs.different_persons.ravel()]))
    losses = []
    for _ in range(_SPLITS):
        chosen = _half(pairs.persons, everyone, generator)
        halves = [_among(pairs, chosen), _among(pairs, np.setdiff1d(everyone, chosen))]
        for fitted, left_out in (halves, halves[::-1]):
            if all(len(each.same) and len(each.different) for each in (fitted, left_out)):
                losses.append(_loss(_cells(left_out), way(_cells(fitted))))
    return float(np.mean(losses)) if losses else math.log(2)


def _half(persons: Rows, everyone: Rows, generator: np.random.Generator) -> Rows:
    """Half of those with pairs of their own, and half of the others."""
    others = np.setdiff1d(everyone, persons)
    halves = [generator.permutation(each)[: (len(each) + 1) // 2] for each in (persons, others)]
    return np.concatenate(halves)


def _among(pairs: KnownPairs, persons: Rows) -> KnownPairs:
    """The pairs of these persons alone."""
    chosen = np.zeros(1 + max(pairs.same_person.max(), pairs.different_persons.max()), bool)
    chosen[persons] = True
    same, different = chosen[pairs.same_person], chosen[pairs.different_persons].all(axis=1)
    return KnownPairs(
        pairs.same[same],
        pairs.same_person[same],
        pairs.different[different],
        pairs.different_persons[different],
    )


def _cells(pairs: KnownPairs) -> _Cells:
    """Each person counts once, however many pairs it has; and strangers together as much as all persons."""
    _, person, counts = np.unique(pairs.same_person, return_inverse=True, return_counts=True)
    same = np.bincount(_cell(pairs.same), 1 / counts[person], minlength=_BINS)
    share = len(counts) / max(1, len(pairs.different))
    different = np.bincount(_cell(pairs.different), minlength=_BINS) * share
    return _Cells(np.asarray(same, np.float64), np.asarray(different, np.float64))


def _cell(similarity: F32) -> Rows:
    return np.clip(((similarity + 1) / 2 * _BINS).astype(np.intp), 0, _BINS - 1)


def _loss(cells: _Cells, evidence: _Evidence) -> float:
    ratio = np.interp(
        _CENTRES, [point.similarity for point in evidence], [point.log_ratio for point in evidence]
    )
    same = (cells.same * np.logaddexp(0, -ratio)).sum() / cells.same.sum()
    different = (cells.different * np.logaddexp(0, ratio)).sum() / cells.different.sum()
    return float(same + different) / 2


def _logistic(cells: _Cells, shipped: Curve | None) -> _Evidence:
    """Logistic regression, drawn to what is shipped: the best point of a grid that is made finer twice."""
    zero, slope, width = _start(cells, shipped)
    best_zero, best_slope = zero, math.log(slope)
    reach_zero, reach_slope = 4 * _ZERO_SPREAD * width, 4 * _SLOPE_SPREAD * width
    for _ in range(3):
        zeros = best_zero + np.linspace(-reach_zero, reach_zero, 25)
        slopes = best_slope + np.linspace(-reach_slope, reach_slope, 25)
        cost = _cost(cells, zeros[:, None, None], slopes[None, :, None])
        cost += ((zeros[:, None] - zero) / (_ZERO_SPREAD * width)) ** 2 / 2
        cost += ((slopes[None, :] - math.log(slope)) / (_SLOPE_SPREAD * width)) ** 2 / 2
        row, column = np.unravel_index(int(cost.argmin()), cost.shape)
        best_zero, best_slope = float(zeros[row]), float(slopes[column])
        reach_zero, reach_slope = reach_zero / 8, reach_slope / 8
    return straight_evidence(best_zero, math.exp(best_slope))


def _cost(cells: _Cells, zero: F64, slope: F64) -> F64:
    """Minus the log likelihood of the cells, for each zero and each logarithm of the slope."""
    used = (cells.same + cells.different) > 0
    ratio = np.exp(slope) * (_CENTRES[used] - zero)
    same = cells.same[used] * np.logaddexp(0, -ratio)
    return np.asarray((same + cells.different[used] * np.logaddexp(0, ratio)).sum(axis=2), np.float64)


def _start(cells: _Cells, shipped: Curve | None) -> tuple[float, float, float]:
    """Zero and slope to begin with, and how wide the prior about them is."""
    if shipped is not None:
        first, last = shipped.evidence[0], shipped.evidence[-1]
        slope = (last.log_ratio - first.log_ratio) / (last.similarity - first.similarity)
        return last.similarity - last.log_ratio / slope, slope, 1.0
    same, same_spread = _moments(cells.same)
    different, different_spread = _moments(cells.different)
    spread = (same_spread + different_spread) / 2
    # Of two normal distributions of one width, the log likelihood ratio is a straight line.
    return (same + different) / 2, max(1.0, (same - different) / spread), _VAGUE


def _moments(weights: F64) -> tuple[float, float]:
    """Mean and variance."""
    mean = float((weights * _CENTRES).sum() / weights.sum())
    return mean, float((weights * (_CENTRES - mean) ** 2).sum() / weights.sum()) + 1e-4


def _isotonic(cells: _Cells) -> _Evidence:
    """Isotonic regression by pooling neighbours that are out of order (Ayer et al., 1955)."""
    blocks: list[tuple[float, float, float]] = []  # of one person, of two, similarity times weight
    for same, different, centre in zip(cells.same, cells.different, _CENTRES, strict=True):
        if not same and not different:
            continue
        block = (same + _FLOOR, different + _FLOOR, centre * (same + different + 2 * _FLOOR))
        while blocks and blocks[-1][0] * block[1] >= block[0] * blocks[-1][1]:
            before = blocks.pop()
            block = (before[0] + block[0], before[1] + block[1], before[2] + block[2])
        blocks.append(block)
    points = [EvidencePoint(sum_ / (same + diff), math.log(same / diff)) for same, diff, sum_ in blocks]
    # One block says that similarity means nothing; a line has two ends.
    return tuple(points) if len(points) > 1 else (points[0], EvidencePoint(1.0, points[0].log_ratio))


def _rates(falling: F32, shipped: Curve | None, persons: int) -> tuple[RatePoint, ...]:
    """How often strangers are how similar.

    What was shipped is shifted at each rate by what was measured here, the more so the more persons there
    are; rates too low to be measured are shifted like the lowest that was.
    """
    if shipped is None:
        points = [
            RatePoint(rate, _reached(falling, rate))
            for rate in (0.5, 0.1, 0.01, 1e-3, 1e-4)
            if rate * len(falling) >= _MEASURABLE
        ]
        if not points or points[-1].rate > 0.01:
            raise ValueError("too few pairs of strangers")
        return tuple(points)
    trust = persons / (persons + _TRUSTED_PERSONS)
    shift, similarity, points = 0.0, -1.0, []
    for point in shipped.rates:
        if point.rate * len(falling) >= _MEASURABLE:
            shift = trust * (_reached(falling, point.rate) - point.similarity)
        similarity = max(similarity, point.similarity + shift)
        points.append(RatePoint(point.rate, similarity))
    return tuple(points)


def _reached(falling: F32, rate: float) -> float:
    return float(falling[min(int(rate * len(falling)), len(falling) - 1)])
