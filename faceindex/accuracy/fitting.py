"""Fits what similarity means to pairs of faces that are known to be of one person or of two.

Three methods are tried: the evidence that the model comes with, logistic regression with that as its prior,
and isotonic regression. Cross-validation over persons, whose pairs depend on each other, chooses among them.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faceindex.accuracy.verification import F64, Comparisons, threshold_at
from index.recognition.thresholds import Curve, EvidencePoint, RatePoint, straight_evidence
from pipeline.values import F32

Rows = NDArray[np.intp]

FEWEST_PERSONS = 4
"""Persons with two faces or more that a calibration needs: half of them are left out in turn."""

ISOTONIC_PERSONS = 20
"""Persons that the isotonic regression needs: it assumes no shape."""

_SPLITS = 10
_SEED = 20260104

_BINS = 400  # of the cosines from -1 to 1: 0.005 each
_CENTRES: F64 = (np.arange(_BINS) + 0.5) * 2 / _BINS - 1

_ZERO_SPREAD, _SLOPE_SPREAD = 0.05, 0.3
"""Standard deviations of the prior: of the neutral similarity, and of the logarithm of the slope."""

_UNINFORMED_WIDTH = 4.0
"""How much wider the prior is for a model without a shipped curve, where it follows from the pairs."""

_PRIOR_PERSONS = 20
"""With this number of persons, measured and shipped rates count alike."""

_MEASURABLE = 30
"""Pairs of strangers that must reach a similarity before its rate is measured (the "rule of 30" of Doddington
et al., "The NIST speaker recognition evaluation", Speech Communication 31, 2000)."""

_PSEUDOCOUNT = 1e-3
"""Added to every bin for both kinds, in persons, so that every ratio is finite."""


@dataclass(frozen=True, slots=True)
class PredictionLoss:
    """Cross-entropy of a method on left-out persons, in nats; 0.693 without any information."""

    method: str
    loss: float


@dataclass(frozen=True, slots=True)
class Fitted:
    """A fitted curve, the method with the lowest loss, and the losses of all methods."""

    curve: Curve
    method: str
    losses: tuple[PredictionLoss, ...]


_Histogram = F64
"""Pairs counted by similarity, [2, _BINS]: of one person, and of two; each row adds up to the persons."""

_Evidence = tuple[EvidencePoint, ...]
_Method = Callable[[_Histogram], _Evidence]


def fit(pairs: Comparisons, shipped: Curve | None, provenance: str) -> Fitted:
    """Fit a curve by the method that predicts left-out persons best; ``provenance`` is stored with it.

    ``pairs`` needs genuine ones of at least ``FEWEST_PERSONS`` persons, and impostor ones. ``shipped`` is the
    curve that the model comes with.

    Raises:
        ValueError: ``shipped`` is missing and there are too few pairs of strangers to measure a rate.
    """
    persons = len(np.unique(pairs.genuine_person))
    methods: dict[str, _Method] = {}
    if shipped is not None:
        methods["shipped"] = lambda _: shipped.evidence
    methods["logistic"] = lambda histogram: _logistic(histogram, shipped)
    if persons >= ISOTONIC_PERSONS:
        methods["isotonic"] = _isotonic
    losses = tuple(
        PredictionLoss(name, _cross_validated_loss(pairs, method)) for name, method in methods.items()
    )
    best = min(losses, key=lambda each: each.loss).method
    evidence = methods[best](_histogram(pairs))
    rates = _rates(pairs.impostor, shipped, persons)
    return Fitted(Curve(rates, evidence, provenance), best, losses)


def _cross_validated_loss(pairs: Comparisons, method: _Method) -> float:
    """Fit to half of the persons and predict the pairs of the other half; mean over several random halves."""
    generator = np.random.default_rng(_SEED)
    known = np.unique(pairs.genuine_person)
    everyone = np.union1d(known, pairs.impostor_persons)
    strata = (known, np.setdiff1d(everyone, known))
    losses = []
    for _ in range(_SPLITS):
        chosen = np.concatenate([generator.permutation(each)[: (len(each) + 1) // 2] for each in strata])
        halves = [_restricted_to(pairs, chosen), _restricted_to(pairs, np.setdiff1d(everyone, chosen))]
        for fitted, left_out in (halves, halves[::-1]):
            if all(len(each.genuine) and len(each.impostor) for each in (fitted, left_out)):
                losses.append(_loss(_histogram(left_out), method(_histogram(fitted))))
    return float(np.mean(losses)) if losses else math.log(2)


def _restricted_to(pairs: Comparisons, persons: Rows) -> Comparisons:
    same = np.isin(pairs.genuine_person, persons)
    different = np.isin(pairs.impostor_persons, persons).all(axis=1)
    return Comparisons(
        pairs.genuine[same],
        pairs.genuine_person[same],
        pairs.impostor[different],
        pairs.impostor_persons[different],
    )


def _histogram(pairs: Comparisons) -> _Histogram:
    """Count pairs so that each person weighs 1, and the pairs of strangers as much as all persons."""
    _, person, counts = np.unique(pairs.genuine_person, return_inverse=True, return_counts=True)
    same = np.bincount(_bin(pairs.genuine), 1 / counts[person], minlength=_BINS)
    different = np.bincount(_bin(pairs.impostor), minlength=_BINS)
    return np.stack([same, different * (len(counts) / max(1, len(pairs.impostor)))])


def _bin(similarity: F32) -> Rows:
    return np.clip(((similarity + 1) / 2 * _BINS).astype(np.intp), 0, _BINS - 1)


def _loss(histogram: _Histogram, evidence: _Evidence) -> float:
    ratio = np.interp(
        _CENTRES, [point.similarity for point in evidence], [point.log_ratio for point in evidence]
    )
    costs = (histogram * np.logaddexp(0, [-ratio, ratio])).sum(axis=1) / histogram.sum(axis=1)
    return float(costs.mean())


def _logistic(histogram: _Histogram, shipped: Curve | None) -> _Evidence:
    """Fit a maximum a posteriori logistic regression: the best point of a grid that is refined twice."""
    zero, slope, width = _prior(histogram, shipped)
    zero_found, slope_found = zero, math.log(slope)
    reach_zero, reach_slope = 4 * _ZERO_SPREAD * width, 4 * _SLOPE_SPREAD * width
    for _ in range(3):
        zeros = zero_found + np.linspace(-reach_zero, reach_zero, 25)
        slopes = slope_found + np.linspace(-reach_slope, reach_slope, 25)
        cost = _cost(histogram, zeros[:, None, None], slopes[None, :, None])
        cost += ((zeros[:, None] - zero) / (_ZERO_SPREAD * width)) ** 2 / 2
        cost += ((slopes[None, :] - math.log(slope)) / (_SLOPE_SPREAD * width)) ** 2 / 2
        row, column = np.unravel_index(int(cost.argmin()), cost.shape)
        zero_found, slope_found = float(zeros[row]), float(slopes[column])
        reach_zero, reach_slope = reach_zero / 8, reach_slope / 8
    return straight_evidence(zero_found, math.exp(slope_found))


def _cost(histogram: _Histogram, zero: F64, slope: F64) -> F64:
    """Compute the negative log likelihood of the histogram for each zero and each logarithm of the slope."""
    used = histogram.any(axis=0)
    same, different = histogram[:, used]
    ratio = np.exp(slope) * (_CENTRES[used] - zero)
    cost = same * np.logaddexp(0, -ratio) + different * np.logaddexp(0, ratio)
    return np.asarray(cost.sum(axis=2), np.float64)


def _prior(histogram: _Histogram, shipped: Curve | None) -> tuple[float, float, float]:
    """Return zero and slope of the prior, and its width."""
    if shipped is not None:
        first, last = shipped.evidence[0], shipped.evidence[-1]
        slope = (last.log_ratio - first.log_ratio) / (last.similarity - first.similarity)
        return last.similarity - last.log_ratio / slope, slope, 1.0
    (same, same_spread), (different, different_spread) = map(_moments, histogram)
    spread = (same_spread + different_spread) / 2
    # Of two normal distributions of one width, the log likelihood ratio is a straight line.
    return (same + different) / 2, max(1.0, (same - different) / spread), _UNINFORMED_WIDTH


def _moments(weights: F64) -> tuple[float, float]:
    """Return mean and variance."""
    mean = float((weights * _CENTRES).sum() / weights.sum())
    return mean, float((weights * (_CENTRES - mean) ** 2).sum() / weights.sum()) + 1e-4


def _isotonic(histogram: _Histogram) -> _Evidence:
    """Fit an isotonic regression by pooling neighbours that are out of order (Ayer et al., 1955)."""
    blocks: list[tuple[float, float, float]] = []  # of one person, of two, similarity times weight
    for same, different, centre in zip(*histogram, _CENTRES, strict=True):
        if not same and not different:
            continue
        same, different = same + _PSEUDOCOUNT, different + _PSEUDOCOUNT
        block = (same, different, centre * (same + different))
        while blocks and blocks[-1][0] * block[1] >= block[0] * blocks[-1][1]:
            before = blocks.pop()
            block = (before[0] + block[0], before[1] + block[1], before[2] + block[2])
        blocks.append(block)
    points = [EvidencePoint(sum_ / (same + diff), math.log(same / diff)) for same, diff, sum_ in blocks]
    # One block says that similarity means nothing; a line has two ends.
    return tuple(points) if len(points) > 1 else (points[0], EvidencePoint(1.0, points[0].log_ratio))


def _rates(falling: F32, shipped: Curve | None, persons: int) -> tuple[RatePoint, ...]:
    """Measure the similarities at several rates, from those of strangers.

    Each shipped similarity is shifted towards the measured one, the more so the more persons there are; rates
    too low to be measured are shifted like the lowest measured one.
    """
    if shipped is None:
        points = [
            RatePoint(rate, threshold_at(falling, rate))
            for rate in (0.5, 0.1, 0.01, 1e-3, 1e-4)
            if rate * len(falling) >= _MEASURABLE
        ]
        if not points or points[-1].rate > 0.01:
            raise ValueError("too few pairs of strangers")
        return tuple(points)
    trust = persons / (persons + _PRIOR_PERSONS)
    shift, similarity, points = 0.0, -1.0, []
    for point in shipped.rates:
        if point.rate * len(falling) >= _MEASURABLE:
            shift = trust * (threshold_at(falling, point.rate) - point.similarity)
        similarity = max(similarity, point.similarity + shift)
        points.append(RatePoint(point.rate, similarity))
    return tuple(points)
