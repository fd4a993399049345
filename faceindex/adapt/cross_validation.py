"""Tests by cross-validation over people whether a map learned from some helps others.

For each fold a map is learned from the people of the others; then the people of this one are compared with
each other by their descriptors as they are and by the map.
"""

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass

import numpy as np

from faceindex.accuracy.verification import Comparisons, VerificationRates, compare_all, verify
from faceindex.adapt.threshold_transfer import Change, Spread
from faceindex.adapt.triplet_loss import SEED, LabelledDescriptors, learn
from pipeline.description.projection import project
from pipeline.values import F32

FOLDS = 5

CHECKPOINTS = (0, 10, 20, 40, 60, 80, 100)
"""Numbers of steps to try; at 0 nothing is learned, but the common mean is subtracted."""

CRITICAL_T = 1.53
"""Least significant gain in standard errors: Student's t, one-sided, 90 %, for five folds (4 degrees)."""

TAR_AT = 1e-2
"""The false accept rate at which the true accept rate is compared."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Means over the folds; ``tar`` at ``TAR_AT`` is ``None`` with too few comparisons of two people."""

    eer: float
    auc: float
    tar: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """Figures with the original descriptors, and with maps learned from other people.

    Attributes:
        gain: Fall of the equal error rate, mean of the folds.
        deviation: Standard error of that mean.
        steps: The best one of ``CHECKPOINTS``.
        change: How similarities change.
    """

    before: Figures
    after: Figures
    gain: float
    deviation: float
    steps: int
    change: Change

    @property
    def helps(self) -> bool:
        """Tell whether the gain is significant, and no other figure is worse."""
        no_worse = self.after.auc >= self.before.auc and (self.after.tar or 0) >= (self.before.tar or 0)
        return self.gain > CRITICAL_T * self.deviation and no_worse


def cross_validate(people: LabelledDescriptors, start: F32) -> Trial:
    """Measure whether a learned map helps people it was not learned from; see ``learn``.

    Raises:
        ValueError: There are fewer people than two for each fold.
    """
    everyone = np.random.default_rng(SEED).permutation(people.everyone)
    if len(everyone) < 2 * FOLDS:
        raise ValueError(f"cross-validation takes {2 * FOLDS} people, not {len(everyone)}")
    folds = []
    for held_out in np.array_split(everyone, FOLDS):
        others = people.of(np.setdiff1d(everyone, held_out))
        folds.append(_evaluate(people.of(held_out), learn(others, start, CHECKPOINTS)))
    aucs = np.mean([[rates.auc for rates in fold.rates[1:]] for fold in folds], axis=0)
    best = int(np.argmax(aucs))
    before, after = ([fold.rates[which] for fold in folds] for which in (0, 1 + best))
    gains = np.array([one.eer - other.eer for one, other in zip(before, after, strict=True)])
    return Trial(
        before=_mean(before),
        after=_mean(after),
        gain=float(gains.mean()),
        deviation=float(gains.std(ddof=1) / np.sqrt(len(folds))),
        steps=CHECKPOINTS[best],
        change=Change(*(_pooled([fold.spreads[which] for fold in folds]) for which in (0, 1 + best))),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Fold:
    """Results for the people of a fold: first without a map, then with that of each checkpoint."""

    rates: tuple[VerificationRates, ...]
    spreads: tuple[Spread, ...]


def _evaluate(held_out: LabelledDescriptors, maps: Iterable[F32]) -> _Fold:
    mapped = (project(held_out.vectors, matrix) for matrix in maps)
    compared = [compare_all(vectors, held_out.persons.tolist()) for vectors in (held_out.vectors, *mapped)]
    return _Fold(tuple(map(_verified, compared)), tuple(map(_spread, compared)))


def _verified(comparisons: Comparisons) -> VerificationRates:
    found = verify(comparisons)
    if found is None:
        raise ValueError("people with one face each cannot be compared")
    return found


def _mean(folds: Sequence[VerificationRates]) -> Figures:
    tars = [each.tar for fold in folds for each in fold.operating if each.far == TAR_AT]
    return Figures(
        eer=float(np.mean([fold.eer for fold in folds])),
        auc=float(np.mean([fold.auc for fold in folds])),
        tar=float(np.mean(tars)) if len(tars) == len(folds) else None,
    )


def _spread(compared: Comparisons) -> Spread:
    same, other = compared.genuine, compared.impostor
    return Spread(float(same.mean()), float(same.std()), float(other.mean()), float(other.std()))


def _pooled(folds: Sequence[Spread]) -> Spread:
    return Spread(*np.mean([astuple(fold) for fold in folds], axis=0).tolist())
