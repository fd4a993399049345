"""One-to-one comparison: how often one person is recognised and two are taken for one.

FAR here is the false match rate and TAR the true match rate, 1 - FNMR, of ISO/IEC 19795-1:2021, over the
faces that were found: photos without a face are counted elsewhere. The accuracy over ten folds is that of
Labeled Faces in the Wild. Everything is NumPy on similarities; nothing here knows a photo.
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
"""Impostor comparisons that must reach a threshold, for the rate there to be measured at all: a rate of which
fewer are expected may as well be zero (the "rule of 3" of ISO/IEC 19795-1:2021)."""

_RESAMPLED = 200
_SEED = 20260102

_TAIL = 1.5
"""How much more of the impostor comparisons than the highest rate asks for are kept to be resampled."""

_CURVE_POINTS = 400


class Interval(NamedTuple):
    """Where a figure lies with a confidence of 95 per cent."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Operating:
    """What is recognised at one false accept rate.

    Attributes:
        far: The rate.
        threshold: The similarity that it takes.
        tar: Of the genuine comparisons, those above the threshold.
        interval: Of ``tar``: people are drawn with replacement, and both rates found again for them.
    """

    far: float
    threshold: float
    tar: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class Folds:
    """Accuracy over ten folds, the threshold of each chosen on the other nine.

    Attributes:
        accuracy: Mean of the folds, and of the draws.
        deviation: Standard error of the mean of one draw's folds, as published results give it; mean of the
            draws. As all draws are of the same photos, more of them do not make it less.
        pairs: How many were judged in a draw.
        draws: How many times the pairs were drawn.
    """

    accuracy: float
    deviation: float
    pairs: int
    draws: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class RocCurve:
    """Points of the receiver operating characteristic, by rising rate: float64 [N] each."""

    far: F64
    tar: F64


@dataclass(frozen=True, slots=True, eq=False)
class VerificationRates:
    """What one-to-one comparison of all faces with all comes to.

    Attributes:
        genuine: Comparisons of one person.
        impostor: Comparisons of two.
        auc: Area under the curve: how often a genuine comparison is more similar than an impostor one.
        eer: The rate at which as many genuine comparisons fail as impostor ones pass.
        operating: At each rate that the impostor comparisons suffice to measure.
        curve: To be drawn.
    """

    genuine: int
    impostor: int
    auc: float
    eer: float
    operating: tuple[Operating, ...]
    curve: RocCurve


@dataclass(frozen=True, slots=True, eq=False)
class Comparisons:
    """Similarities of all pairs of faces, and whose they are.

    Attributes:
        genuine: float32 [G].
        genuine_person: Whose, intp [G].
        impostor: float32 [I], falling.
        impostor_persons: Whose, intp [I, 2].
    """

    genuine: F32
    genuine_person: NDArray[np.intp]
    impostor: F32
    impostor_persons: NDArray[np.intp]


def compare_all(vectors: F32, people: Sequence[str] | Sequence[int]) -> Comparisons:
    """Compare every face with every other.

    Args:
        vectors: float32 [N, D], of unit norm.
        people: Who each is, [N].
    """
    _, persons = np.unique(np.asarray(people), return_inverse=True)
    first, second = np.triu_indices(len(persons), 1)
    similarity = (vectors @ vectors.T)[first, second]
    same = persons[first] == persons[second]
    falling = np.argsort(-similarity[~same], kind="stable")
    both = np.stack([persons[first[~same]], persons[second[~same]]], axis=1)
    return Comparisons(similarity[same], persons[first[same]], similarity[~same][falling], both[falling])


def verify(comparisons: Comparisons) -> VerificationRates | None:
    """The rates of a set of comparisons; ``None`` where a kind of them is wanting."""
    genuine, impostor = np.sort(comparisons.genuine), comparisons.impostor[::-1]
    if not len(genuine) or not len(impostor):
        return None
    thresholds = np.unique(np.concatenate([genuine, impostor]))
    missed = np.searchsorted(genuine, thresholds) / len(genuine)
    passed = 1 - np.searchsorted(impostor, thresholds) / len(impostor)
    crossing = int(np.abs(missed - passed).argmin())
    return VerificationRates(
        genuine=len(genuine),
        impostor=len(impostor),
        auc=_area(genuine, impostor),
        eer=float(missed[crossing] + passed[crossing]) / 2,
        operating=_operating(comparisons),
        curve=_curve(genuine, comparisons.impostor),
    )


def accuracy_over_folds(similarity: F32, pairs: Pairs) -> Folds | None:
    """Judge each fold by the threshold that is best on all others; ``None`` with fewer than two folds.

    Args:
        similarity: float32 [N], of ``pairs``; -1 for a pair in which no face was found, which so counts as
            two people: the protocol wants an answer to each pair.
        pairs: Which they are.
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
    """Accuracy over ten folds of pairs that are drawn by the protocol of ``pairs``, the mean of many draws.

    Args:
        vectors: float32 [N, D], of unit norm.
        people: Who each is, [N].

    Returns:
        ``None`` where there are fewer than two folds.
    """
    found = []
    for draw in range(DRAWS):
        pairs = draw_pairs(people, draw)
        similarity = np.einsum("nd,nd->n", vectors[pairs.first], vectors[pairs.second])
        folds = accuracy_over_folds(similarity, pairs)
        if folds is None:
            return None
        found.append(folds)
    return Folds(
        float(np.mean([each.accuracy for each in found])),
        float(np.mean([each.deviation for each in found])),
        round(float(np.mean([each.pairs for each in found]))),
        len(found),
    )


def best_threshold(similarity: F32, same: NDArray[np.bool_]) -> float:
    """The threshold with the fewest errors: the middle of the widest gap between values that has so few."""
    values = np.unique(similarity)
    missed = np.searchsorted(np.sort(similarity[same]), values)
    passed = np.sum(~same) - np.searchsorted(np.sort(similarity[~same]), values)
    best = np.flatnonzero(missed + passed == (missed + passed).min())
    below, above = values[np.maximum(best - 1, 0)], values[best]
    widest = int((above - below).argmax())
    return float(below[widest] + above[widest]) / 2


def threshold_at(falling: F32, rate: float) -> float:
    """The similarity that the given part of impostor comparisons reaches.

    Args:
        falling: Of impostors, float32 [N], from the most similar on.
        rate: Above 0.
    """
    return float(falling[min(int(rate * len(falling)), len(falling) - 1)])


def _area(genuine: F32, impostor: F32) -> float:
    """How often a genuine comparison is more similar; ties count half (Mann and Whitney's statistic)."""
    below = np.searchsorted(impostor, genuine, side="left")
    not_above = np.searchsorted(impostor, genuine, side="right")
    return float((below + not_above).mean() / 2 / len(impostor))


def _curve(genuine: F32, falling: F32) -> RocCurve:
    rates = np.geomspace(1 / len(falling), 1, _CURVE_POINTS)
    reached = falling[np.minimum((rates * len(falling)).astype(int), len(falling) - 1)]
    return RocCurve(rates, 1 - np.searchsorted(genuine, reached, side="right") / len(genuine))


def _operating(comparisons: Comparisons) -> tuple[Operating, ...]:
    """At each rate that so many impostor comparisons can measure."""
    falling = comparisons.impostor
    rates = [rate for rate in FALSE_ACCEPT_RATES if rate * len(falling) >= _ENOUGH]
    resampled = _resample(comparisons, rates)
    found = []
    for column, rate in enumerate(rates):
        threshold = threshold_at(falling, rate)
        low, high = np.quantile(resampled[:, column], (0.025, 0.975))
        found.append(
            Operating(
                rate,
                threshold,
                float(np.mean(comparisons.genuine > threshold)),
                Interval(float(low), float(high)),
            )
        )
    return tuple(found)


def _resample(comparisons: Comparisons, rates: Sequence[float]) -> F64:
    """TAR at each rate for people drawn with replacement, float64 [resampled, rates].

    People are drawn, and not comparisons: those of one person are alike, so that they tell less than as
    many of different people would (the "subsets bootstrap" of Bolle, Ratha and Pankanti, "Error analysis of
    pattern recognition systems", Computer Vision and Image Understanding 93, 2004).
    """
    generator = np.random.default_rng(_SEED)
    kept = int(max(rates, default=0) * _TAIL * len(comparisons.impostor))
    tail, persons = comparisons.impostor[:kept], comparisons.impostor_persons[:kept]
    order = np.argsort(-comparisons.genuine, kind="stable")
    genuine, persons_of_genuine = comparisons.genuine[order], comparisons.genuine_person[order]
    count = 1 + max(comparisons.impostor_persons.max(), comparisons.genuine_person.max())
    all_pairs = _pair_counts(comparisons.impostor_persons, int(count))
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


def _pair_counts(persons: NDArray[np.intp], count: int) -> F64:
    """How many impostor comparisons there are of each two persons, float64 [count, count]."""
    cells = np.bincount(persons[:, 0] * count + persons[:, 1], minlength=count * count)
    return cells.reshape(count, count).astype(float)
