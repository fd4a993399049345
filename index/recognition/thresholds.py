"""The thresholds of a model: from similarity to a verdict and a probability.

A cosine means something else for each model. A threshold follows from how often strangers are that similar
(the model's curve), how many persons a face is compared with, and how many errors are accepted. This module
knows only numbers.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from index.values import I64
from pipeline.values import F32, ModelId

ACCEPTED_STRANGERS = 0.01
"""The share of strangers' faces that may get a person's name: the false positive identification rate."""

REVIEWED_STRANGERS = 0.05
"""The share of them that may be shown as probably a person, for review."""

FEWEST_PERSONS = 100
"""Up to this many persons the thresholds are the same. With fewer they would become lax, although more faces
are of strangers the fewer persons have a name."""

MIN_MARGIN = 0.05
"""How much more similar to one person than to the next a face must be for a sure name: there are brothers,
and persons under two names. docs/identification.md has the cost."""

_SUREST = math.log(1e6)
"""Likelihood ratios are cut off at a million to one: the measurement has not many more pairs."""


@dataclass(frozen=True, slots=True)
class RatePoint:
    """The false match rate (ISO/IEC 19795-1), above 0 and at most 1, at a cosine similarity."""

    rate: float
    similarity: float


@dataclass(frozen=True, slots=True)
class EvidencePoint:
    """The natural logarithm of the likelihood ratio, one person to two people, at a cosine similarity."""

    similarity: float
    log_ratio: float


@dataclass(frozen=True, slots=True)
class Curve:
    """The meaning of similarity for one model, as measured.

    Attributes:
        rates: By falling rate, at least two. The logarithm of the rate is linear between two points and
            beyond the last.
        evidence: By rising similarity, at least two; linear between points, constant beyond the ends.
        provenance: What it was measured on, in a few words.
    """

    rates: tuple[RatePoint, ...]
    evidence: tuple[EvidencePoint, ...]
    provenance: str

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> "Curve":
        """Read what ``to_json`` made; other entries of the body are ignored.

        Raises:
            KeyError, TypeError, ValueError: A part is missing or malformed.
        """
        curve = cls(
            tuple(RatePoint(*map(float, each)) for each in body["rates"]),
            tuple(EvidencePoint(*map(float, each)) for each in body["evidence"]),
            str(body["provenance"]),
        )
        numbers = [number for point in body["rates"] + body["evidence"] for number in point]
        if len(curve.rates) < 2 or len(curve.evidence) < 2 or not all(map(math.isfinite, numbers)):
            raise ValueError("a curve has two points or more, all finite")
        if not all(0 < point.rate <= 1 for point in curve.rates):
            raise ValueError("a rate is above 0 and at most 1")
        return curve

    def to_json(self) -> dict[str, Any]:
        """Make a JSON body to be stored."""
        return {
            "rates": [[point.rate, point.similarity] for point in self.rates],
            "evidence": [[point.similarity, point.log_ratio] for point in self.evidence],
            "provenance": self.provenance,
        }

    def similarity_at(self, rate: float) -> float:
        """The similarity at which the false match rate is ``rate``, at most 1."""
        known = [math.log(point.rate) for point in self.rates]
        similarities = [point.similarity for point in self.rates]
        if math.log(rate) < known[-1]:
            slope = (similarities[-1] - similarities[-2]) / (known[-1] - known[-2])
            return min(1.0, similarities[-1] + slope * (math.log(rate) - known[-1]))
        return float(np.interp(math.log(rate), known[::-1], similarities[::-1]))

    def log_ratio(self, similarity: float) -> float:
        """The evidence at a similarity, see ``EvidencePoint``."""
        known = [point.similarity for point in self.evidence]
        return float(np.interp(similarity, known, [point.log_ratio for point in self.evidence]))


@dataclass(frozen=True, slots=True)
class ClosePair:
    """Two persons who are easily confused, and the margin between them that a sure name needs."""

    person_id: int
    other_id: int
    margin: float


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The meaning of similarities by one model.

    Attributes:
        accept: At this similarity two faces are taken for one person.
        review: At this similarity they may be: a person should look.
        provenance: Where the two come from, in one line.
        curve: Their source; ``None`` for a model that was never measured.
        close: Pairs of persons with a wider margin.
    """

    accept: float
    review: float
    provenance: str
    curve: Curve | None = None
    close: tuple[ClosePair, ...] = ()

    def probability(self, similarity: float, among: int = 1) -> float | None:
        """The probability that a face is a person, or that two faces are one person, 0 to 1.

        The prior: a face is as likely somebody unknown as one of the persons that it is compared ``among``,
        and all of these are equally likely. It is ``None`` for a model that was never measured.
        """
        if self.curve is None:
            return None
        log_odds = self.curve.log_ratio(similarity) - math.log(2 * among - 1)
        return 1 / (1 + math.exp(-log_odds))

    def margins(self, person_ids: I64, runner_up_ids: I64) -> F32:
        """How far ahead of the runner-up each person must be for a sure name: int64 [N] both, float32 [N]."""
        margins = np.full(len(person_ids), MIN_MARGIN, np.float32)
        for pair in self.close:
            one_way = (person_ids == pair.person_id) & (runner_up_ids == pair.other_id)
            other_way = (person_ids == pair.other_id) & (runner_up_ids == pair.person_id)
            margins[one_way | other_way] = pair.margin
        return margins


def for_gallery(curve: Curve, persons: int, close: tuple[ClosePair, ...] = ()) -> Thresholds:
    """Compute the thresholds for a gallery of a number of persons.

    If a stranger is taken for each of N persons with the false match rate f, independently, then the stranger
    is named with the probability 1 - (1 - f)^N. N is rounded up to doublings of ``FEWEST_PERSONS``, so that
    one more person hardly ever moves a threshold.
    """
    counted = FEWEST_PERSONS
    while counted < persons:
        counted *= 2
    accept, review = (
        1 - (1 - strangers) ** (1 / counted) for strangers in (ACCEPTED_STRANGERS, REVIEWED_STRANGERS)
    )
    return Thresholds(
        accept=round(curve.similarity_at(accept), 3),
        review=round(curve.similarity_at(review), 3),
        provenance=(
            f"{ACCEPTED_STRANGERS:.0%} of strangers' faces named and {REVIEWED_STRANGERS:.0%} shown for "
            f"review among up to {counted:,} persons, {curve.provenance}"
        ),
        curve=curve,
        close=close,
    )


def straight_evidence(zero: float, slope: float) -> tuple[EvidencePoint, ...]:
    """Evidence that is linear in similarity up to the cut-off (a logistic regression).

    Args:
        zero: The similarity at which the logarithm of the likelihood ratio is 0.
        slope: Of that logarithm, by similarity; positive.
    """
    reach = _SUREST / slope
    return (EvidencePoint(zero - reach, -_SUREST), EvidencePoint(zero + reach, _SUREST))


_RATES = (0.5, 0.1, 0.01, 1e-3, 1e-4, 1e-5)


def _measured(similarities: tuple[float, ...], zero: float, slope: float) -> Curve:
    return Curve(
        tuple(RatePoint(rate, similarity) for rate, similarity in zip(_RATES, similarities, strict=True)),
        straight_evidence(zero, slope),
        "measured on 546 people of Labeled Faces in the Wild",
    )


# Printed by `python -m benchmarks.centre`: 1.85 million pairs of strangers, 5,623 pairs of one person.
_CURVES = {
    "sface": _measured((-0.001, 0.118, 0.217, 0.293, 0.365, 0.434), zero=0.282, slope=43.0),
    "facenet": _measured((-0.005, 0.180, 0.349, 0.475, 0.562, 0.624), zero=0.352, slope=24.5),
}

_UNMEASURED = Thresholds(
    0.60, 0.50, "not measured: cosine distance 0.5 is the tutorials' cut-off for VGGFace2"
)


def shipped_curve(model: ModelId) -> Curve | None:
    """The curve that comes with a model; ``None`` for one that was never measured."""
    return _CURVES.get(model)


def shipped(model: ModelId, persons: int = 0) -> Thresholds:
    """The thresholds that come with a model, for a gallery of a number of persons."""
    curve = shipped_curve(model)
    return _UNMEASURED if curve is None else for_gallery(curve, persons)
