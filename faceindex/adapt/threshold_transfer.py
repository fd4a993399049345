"""Moves thresholds along with a map, which changes the mean and the spread of similarities.

A model's measured curve is moved so that as many strangers pass as before. Without one, the similarities of
strangers and those of one person are assumed to be normally distributed.
"""

from dataclasses import dataclass, replace
from statistics import NormalDist

from index.recognition.thresholds import Curve, EvidencePoint, RatePoint, straight_evidence

_RATES = (0.5, 1e-1, 1e-2, 1e-3, 1e-4)

_NARROWEST = 1e-3
"""Least standard deviation of similarities: a few pairs may happen to be alike."""


@dataclass(frozen=True, slots=True)
class Spread:
    """Mean and standard deviation of the similarities of two faces of one person, and of two people."""

    same: float
    same_deviation: float
    other: float
    other_deviation: float


@dataclass(frozen=True, slots=True)
class Change:
    """The similarities of the same faces before and after a map."""

    before: Spread
    after: Spread

    def moved(self, similarity: float) -> float:
        """Move a similarity so that it stays as many standard deviations from the mean of strangers."""
        place = (similarity - self.before.other) / self.before.other_deviation
        return max(-1.0, min(1.0, self.after.other + place * self.after.other_deviation))


def moved_curve(curve: Curve, change: Change) -> Curve:
    """Move a model's curve along with the similarities."""
    return replace(
        curve,
        rates=tuple(RatePoint(point.rate, change.moved(point.similarity)) for point in curve.rates),
        evidence=tuple(
            EvidencePoint(change.moved(point.similarity), point.log_ratio) for point in curve.evidence
        ),
        provenance=f"{curve.provenance}; moved to the adapted descriptors",
    )


def normal_curve(spread: Spread) -> Curve:
    """Make the curve of two normal distributions.

    One standard deviation for both makes the evidence linear in similarity (Fisher's discriminant).
    """
    other = NormalDist(spread.other, max(spread.other_deviation, _NARROWEST))
    both = max((spread.same_deviation**2 + spread.other_deviation**2) / 2, _NARROWEST**2)
    apart = max(spread.same - spread.other, _NARROWEST)
    return Curve(
        rates=tuple(RatePoint(rate, min(1.0, other.inv_cdf(1 - rate))) for rate in _RATES),
        evidence=straight_evidence(spread.other + apart / 2, apart / both),
        provenance="the people confirmed in this library, taken as two normal distributions",
    )
