"""One-to-one comparison: true and false accept rates, and accuracy over ten folds.

FAR is the false match rate and TAR the true match rate, 1 - FNMR, of ISO/IEC 19795-1:2021, over faces that
were found. Accuracy over ten folds is the figure of Labeled Faces in the Wild.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from faceindex.accuracy.pairs import DRAWS, Pairs, draw_pairs
from pipeline.values import F32

FALSE_ACCEPT_RATES = (1e-1, 1e-2, 1e-3, 1e-4)

F64 = NDArray[np.float64]

_ENOUGH = 3
"""Impostor comparisons that must reach a threshold before its rate is measured (the "rule of 3" of ISO/IEC
19795-1:2021)."""

_RESAMPLED = 200
_SEED = 20260102

_TAIL = 1.5
"""Resampling uses this many times the impostor comparisons that pass at the highest rate."""

_CURVE_POINTS = 400


class Interval(NamedTuple):
    """A 95 % confidence interval."""

    low: float
    high: float

    @classmethod
    def of(cls, draws: NDArray[np.float64]) -> "Interval":
        """Compute the interval from the figures of random draws."""
        return cls(*np.quantile(draws, (0.025, 0.975)).tolist())


@dataclass(frozen=True, slots=True)
class Operating:
    """TAR at one FAR, with its confidence interval, found by drawing persons with replacement."""

    far: float
    threshold: float
    tar: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class Folds:
    """Mean accuracy over ten folds and all draws, the threshold of each fold chosen on the other nine.

    Attributes:
        deviation: Standard error over the folds of one draw, as published results give it; mean over draws.
        pairs: In a draw.
    """

    accuracy: float
    deviation: float
    pairs: int
    draws: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class RocCurve:
    """Points of the receiver operating characteristic, by rising FAR: float64 [N] each."""

    far: F64
    tar: F64


@dataclass(frozen=True, slots=True, eq=False)
class VerificationRates:
    """Rates of one-to-one comparison, and the numbers of genuine and impostor comparisons.

    Attributes:
        auc: Area under the curve: how often a genuine comparison is more similar than an impostor one.
        eer: Equal error rate: as many genuine comparisons fail as impostor ones pass.
        operating: The rates that the number of impostor comparisons suffices to measure.
    """

    genuine: int
    impostor: int
    auc: float
    eer: float
    operating: tuple[Operating, ...]
    curve: RocCurve


@dataclass(frozen=True, slots=True, eq=False)
class Comparisons:
    """Similarities of pairs of faces, with their persons as numbers from 0.

    Genuine pairs: float32 [G] and intp [G]. Impostor pairs, falling: float32 [I] and intp [I, 2].
    """

    genuine: F32
    genuine_person: NDArray[np.intp]
    impostor: F32
    impostor_persons: NDArray[np.intp]


def compare_all(vectors: F32, people: Sequence[str] | Sequence[int]) -> Comparisons:
    """Compare every face with every other: unit vectors, float32 [N, D], and their persons, [N]."""
    _, persons = np.unique(people, return_inverse=True)
    first, second = np.triu_indices(len(persons), 1)
    same = persons[first] == persons[second]
    return by_kind((vectors @ vectors.T)[first, second], same, persons[first], persons[second])


def by_kind(
    similarity: F32, same: NDArray[np.bool_], first: NDArray[np.intp], second: NDArray[np.intp]
) -> Comparisons:
    """Separate genuine (``same``) from impostor comparisons of two persons each; all arguments are [N]."""
    falling = np.flatnonzero(~same)[np.argsort(-similarity[~same], kind="stable")]
    both = np.stack([first[falling], second[falling]], axis=1)
    return Comparisons(similarity[same], first[same], similarity[falling], both)


def verify(comparisons: Comparisons) -> VerificationRates | None:
    """Compute the rates; ``None`` without genuine or without impostor comparisons."""
    genuine, impostor = np.sort(comparisons.genuine), comparisons.impostor[::-1]
    if not len(genuine) or not len(impostor):
        return None
    thresholds = np.unique(np.concatenate([genuine, impostor]))
    missed = np.searchsorted(genuine, thresholds) / len(genuine)
    passed = 1 - np.searchsorted(impostor, thresholds) / len(impostor)
    crossing = int(np.abs(missed - passed).argmin())
    below, not_above = (np.searchsorted(impostor, genuine, side) for side in ("left", "right"))
    rates = np.geomspace(1 / len(impostor), 1, _CURVE_POINTS)
    reached = comparisons.impostor[np.minimum((rates * len(impostor)).astype(int), len(impostor) - 1)]
    return VerificationRates(
        genuine=len(genuine),
        impostor=len(impostor),
        # Mann and Whitney's statistic: ties count half.
        auc=float((below + not_above).mean() / 2 / len(impostor)),
        eer=float(missed[crossing] + passed[crossing]) / 2,
        operating=_operating(comparisons),
        curve=RocCurve(rates, 1 - np.searchsorted(genuine, reached, "right") / len(genuine)),
    )


def accuracy_over_folds(similarity: F32, pairs: Pairs) -> Folds | None:
    """Judge each fold by the threshold that is best on all others; ``None`` with fewer than two folds.

    A pair without a face has similarity -1, because the protocol wants an answer to each pair.
    """
    folds = np.unique(pairs.fold)
    if len(folds) < 2:
        return None
    right = []
    for fold in folds:
        held_out = pairs.fold == fold
        threshold = best_threshold(similarity[~held_out], pairs.same[~held_out])
        right.append(np.mean((similarity[held_out] >= threshold) == pairs.same[held_out]))
    return Folds(float(np.mean(right)), float(np.std(right, ddof=1) / np.sqrt(len(right))), len(similarity))


def accuracy_by_protocol(vectors: F32, people: Sequence[str]) -> Folds | None:
    """Measure accuracy over folds of drawn pairs, see ``compare_all``; ``None`` with fewer than two folds."""
    found = []
    for draw in range(DRAWS):
        pairs = draw_pairs(people, draw)
        similarity = np.einsum("nd,nd->n", vectors[pairs.first], vectors[pairs.second])
        folds = accuracy_over_folds(similarity, pairs)
        if folds is None:
            return None
        found.append(folds)
    figures = [(each.accuracy, each.deviation, each.pairs) for each in found]
    accuracy, deviation, count = np.mean(figures, axis=0).tolist()
    return Folds(accuracy, deviation, round(count), DRAWS)


def best_threshold(similarity: F32, same: NDArray[np.bool_]) -> float:
    """Find the threshold with the fewest errors; of several such gaps, take the middle of the widest."""
    values = np.unique(similarity)
    missed = np.searchsorted(np.sort(similarity[same]), values)
    passed = np.sum(~same) - np.searchsorted(np.sort(similarity[~same]), values)
    best = np.flatnonzero(missed + passed == (missed + passed).min())
    below, above = values[np.maximum(best - 1, 0)], values[best]
    widest = int((above - below).argmax())
    return float(below[widest] + above[widest]) / 2


def threshold_at(falling: F32, rate: float) -> float:
    """Find the threshold at a false accept rate, from falling impostor similarities, float32 [N]."""
    return float(falling[min(int(rate * len(falling)), len(falling) - 1)])


def _operating(comparisons: Comparisons) -> tuple[Operating, ...]:
    falling = comparisons.impostor
    rates = [rate for rate in FALSE_ACCEPT_RATES if rate * len(falling) >= _ENOUGH]
    resampled = _resample(comparisons, rates)
    found = []
    for column, rate in enumerate(rates):
        threshold = threshold_at(falling, rate)
        tar = float(np.mean(comparisons.genuine > threshold))
        found.append(Operating(rate, threshold, tar, Interval.of(resampled[:, column])))
    return tuple(found)


def _resample(comparisons: Comparisons, rates: Sequence[float]) -> F64:
    """Compute TAR at each rate for persons drawn with replacement, float64 [_RESAMPLED, rates].

    Comparisons of one person depend on each other, so persons are drawn (Bolle, Ratha and Pankanti, "Error
    analysis of pattern recognition systems", Computer Vision and Image Understanding 93, 2004).
    """
    generator = np.random.default_rng(_SEED)
    kept = int(max(rates, default=0) * _TAIL * len(comparisons.impostor))
    tail, persons = comparisons.impostor[:kept], comparisons.impostor_persons[:kept]
    order = np.argsort(-comparisons.genuine, kind="stable")
    genuine, persons_of_genuine = comparisons.genuine[order], comparisons.genuine_person[order]
    count = int(1 + max(comparisons.impostor_persons.max(), comparisons.genuine_person.max()))
    cells = comparisons.impostor_persons @ (count, 1)
    all_pairs = np.bincount(cells, minlength=count * count).reshape(count, count).astype(float)
    tar = np.empty((_RESAMPLED, len(rates)))
    for row in range(_RESAMPLED):
        drawn = np.bincount(generator.integers(count, size=count), minlength=count).astype(float)
        above = np.cumsum(drawn[persons[:, 0]] * drawn[persons[:, 1]])
        total = drawn @ all_pairs @ drawn
        weights = np.cumsum(drawn[persons_of_genuine])
        for column, rate in enumerate(rates):
            threshold = tail[min(int(np.searchsorted(above, rate * total)), kept - 1)]
            passing = int(np.searchsorted(-genuine, -threshold))
            tar[row, column] = weights[passing - 1] / weights[-1] if passing and weights[-1] else 0.0
    return tar
