"""The thresholds of a model: from similarity to a verdict and a probability; knows only numbers.

They follow from the model's curve of false match rates, the number of persons that a face is compared with,
and the accepted errors.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from index.values import I64
from pipeline.values import F32, ModelId

ACCEPTED_STRANGERS = 0.01
"""False positive identification rate: the accepted share of strangers' faces that get a person's name."""

REVIEWED_STRANGERS = 0.05
"""The accepted share of them that are shown for review as probably a person."""

FEWEST_PERSONS = 100
"""Number of persons below which the thresholds are constant; otherwise they would become lax,
although more faces are of strangers then."""

MIN_MARGIN = 0.05
"""Lead over the next person that a sure name needs, because of siblings and persons under two names;
docs/identification.md has the cost."""

_SUREST = math.log(1e6)
"""Natural logarithm of the highest likelihood ratio, a million to one: more pairs were not measured."""


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
        """Read what ``to_json`` made; ignore other entries of the body.

        Raises a ``KeyError``, ``TypeError`` or ``ValueError`` if a part is missing or malformed.
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
        """Make a JSON body to store."""
        return {
            "rates": [[point.rate, point.similarity] for point in self.rates],
            "evidence": [[point.similarity, point.log_ratio] for point in self.evidence],
            "provenance": self.provenance,
        }

    def similarity_at(self, rate: float) -> float:
        """Return the similarity at which the false match rate is ``rate``, at most 1."""
        known = [math.log(point.rate) for point in self.rates]
        similarities = [point.similarity for point in self.rates]
        if math.log(rate) < known[-1]:
            slope = (similarities[-1] - similarities[-2]) / (known[-1] - known[-2])
            return min(1.0, similarities[-1] + slope * (math.log(rate) - known[-1]))
        return float(np.interp(math.log(rate), known[::-1], similarities[::-1]))

    def log_ratio(self, similarity: float) -> float:
        """Return the evidence at a similarity, see ``EvidencePoint``."""
        known = [point.similarity for point in self.evidence]
        return float(np.interp(similarity, known, [point.log_ratio for point in self.evidence]))


UNKNOWN = 0
"""Stands for a person who is no longer known."""


@dataclass(frozen=True, slots=True)
class ClosePair:
    """Two persons who are easily confused, and the margin between them that a sure name needs.

    One may be ``UNKNOWN``.
    """

    person_id: int
    other_id: int
    margin: float


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The meaning of similarities by one model.

    Attributes:
        accept: Similarity from which two faces are taken for one person.
        review: Similarity from which they may be, and a user decides.
        provenance: Source of the two, in one line.
        curve: ``None`` for a model that was never measured.
        close: Pairs of persons with a wider margin.
    """

    accept: float
    review: float
    provenance: str
    curve: Curve | None = None
    close: tuple[ClosePair, ...] = ()

    def probability(self, similarity: float, among: int = 1) -> float | None:
        """Compute the probability, 0 to 1, that a face is a person, or that two faces are one person.

        The prior: a face is as likely unknown as one of the persons that it is compared ``among``, all
        equally likely. ``None`` for a model that was never measured.
        """
        if self.curve is None:
            return None
        log_odds = self.curve.log_ratio(similarity) - math.log(2 * among - 1)
        return 1 / (1 + math.exp(-log_odds))

    def least(self, person_ids: I64) -> F32:
        """Return the similarity to each person, int64 [P], from which it matters to a face: float32 [P].

        Below it, the person is not shown for review, and makes no more similar one doubtful.
        """
        least = np.full(len(person_ids), min(self.review, self.accept - MIN_MARGIN), np.float32)
        for pair in self.close:
            is_one = (person_ids == pair.person_id) | (person_ids == pair.other_id)
            least[is_one] = np.minimum(least[is_one], self.accept - pair.margin)
        return least

    def margins(self, person_ids: I64, runner_up_ids: I64) -> F32:
        """Return the lead over the runner-up that a sure name needs: int64 [N] both, float32 [N]."""
        margins = np.full(len(person_ids), MIN_MARGIN, np.float32)
        for pair in self.close:
            one_way = (person_ids == pair.person_id) & (runner_up_ids == pair.other_id)
            other_way = (person_ids == pair.other_id) & (runner_up_ids == pair.person_id)
            margins[one_way | other_way] = pair.margin
        return margins


def for_gallery(curve: Curve, persons: int, close: tuple[ClosePair, ...] = ()) -> Thresholds:
    """Compute the thresholds for a gallery of a number of persons.

    A stranger taken for each of N persons with the false match rate f, independently, is named with the
    probability 1 - (1 - f)^N. N is rounded up to doublings of ``FEWEST_PERSONS``, so that thresholds rarely
    move.
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
    """Make evidence that is linear in similarity up to the cut-off (a logistic regression).

    The log likelihood ratio is 0 at the similarity ``zero``; its slope by similarity is positive.
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
    """Return the curve that comes with a model; ``None`` for one that was never measured."""
    return _CURVES.get(model)


def shipped(model: ModelId, persons: int = 0) -> Thresholds:
    """Compute the thresholds that come with a model, for a gallery of a number of persons."""
    curve = shipped_curve(model)
    return _UNMEASURED if curve is None else for_gallery(curve, persons)
