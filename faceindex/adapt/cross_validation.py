"""Tells whether a map that is learned from some people helps others: cross-validation, with people as folds.

In each fold a map is learned from the people of the other folds alone, and those of this one are compared
with each other, by the descriptors as they were and by the map. This module knows numbers, and no library.
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
"""Steps after which maps are tried; after 0 nothing is learned, but the common mean is subtracted."""

CRITICAL_T = 1.53
"""Standard errors that a gain must be, for nine in ten to be sure: Student's t, with four degrees of freedom
for five folds."""

TAR_AT = 1e-2
"""The part of comparisons of two people that pass, at which those of one person are counted."""


@dataclass(frozen=True, slots=True)
class Figures:
    """How well people are told apart, on average of the folds.

    Attributes:
        eer: Equal error rate.
        auc: Area under the curve.
        tar: Part of the comparisons of one person that pass where ``TAR_AT`` of those of two people do;
            ``None`` where there are too few of these to say.
    """

    eer: float
    auc: float
    tar: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """What cross-validation found.

    Attributes:
        before: With the descriptors as they are.
        after: With maps that were learned from other people.
        gain: By how much the equal error rate falls, mean of the folds.
        deviation: Standard error of that mean.
        steps: Number of steps after which the maps were best. 0: best is to subtract the common mean and to
            learn nothing.
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
        """Whether the gain is significant, and no other figure is worse."""
        no_worse = self.after.auc >= self.before.auc and (self.after.tar or 0) >= (self.before.tar or 0)
        return self.gain > CRITICAL_T * self.deviation and no_worse


def cross_validate(people: LabelledDescriptors, start: F32) -> Trial:
    """Measure what a learned map is worth for people it was not learned from.

    Args:
        people: At least twice as many as there are folds.
        start: The map to begin with, float32 [D + 1, K].

    Raises:
        ValueError: There are fewer people.
    """
    everyone = np.random.default_rng(SEED).permutation(people.everyone)
    if len(everyone) < 2 * FOLDS:
        raise ValueError(f"cross-validation takes {2 * FOLDS} people, not {len(everyone)}")
    folds = []
    for held_out in np.array_split(everyone, FOLDS):
        others = people.of(np.setdiff1d(everyone, held_out))
        folds.append(_evaluate(people.of(held_out), learn(others, start, CHECKPOINTS)))
    aucs = [np.mean([fold.mapped[each].auc for fold in folds]) for each in range(len(CHECKPOINTS))]
    return _trial(folds, int(np.argmax(aucs)))


@dataclass(frozen=True, slots=True, eq=False)
class _Fold:
    """The rates of a fold's own people: without a map, and with that of each checkpoint."""

    plain: VerificationRates
    plain_spread: Spread
    mapped: tuple[VerificationRates, ...]
    spreads: tuple[Spread, ...]


def _evaluate(held_out: LabelledDescriptors, maps: Iterable[F32]) -> _Fold:
    names = [str(person) for person in held_out.persons]
    plain, *found = [
        compare_all(vectors, names)
        for vectors in (held_out.vectors, *(project(held_out.vectors, matrix) for matrix in maps))
    ]
    return _Fold(_verified(plain), _spread(plain), tuple(map(_verified, found)), tuple(map(_spread, found)))


def _trial(folds: Sequence[_Fold], checkpoint: int) -> Trial:
    before, after = [fold.plain for fold in folds], [fold.mapped[checkpoint] for fold in folds]
    gains = np.array([one.eer - other.eer for one, other in zip(before, after, strict=True)])
    return Trial(
        before=_mean(before),
        after=_mean(after),
        gain=float(gains.mean()),
        deviation=float(gains.std(ddof=1) / np.sqrt(len(folds))),
        steps=CHECKPOINTS[checkpoint],
        change=Change(
            _pooled([fold.plain_spread for fold in folds]),
            _pooled([fold.spreads[checkpoint] for fold in folds]),
        ),
    )


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
    return Spread(
        float(compared.genuine.mean()),
        float(compared.genuine.std()),
        float(compared.impostor.mean()),
        float(compared.impostor.std()),
    )


def _pooled(folds: Sequence[Spread]) -> Spread:
    """The mean of each figure over the folds."""
    return Spread(*np.mean([astuple(fold) for fold in folds], axis=0).tolist())
