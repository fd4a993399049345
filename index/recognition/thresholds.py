"""From similarity to a verdict and a probability: the thresholds of a model, and what they follow from.

A threshold belongs to a model: a cosine that means "the same person" for one means nothing for another. It
follows from how often strangers are that similar (the model's curve), from how many persons a face is
compared with, and from how many errors are accepted. This module knows numbers, and nothing of faces.
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
"""The share of them that may be shown as probably a person, for people to look at."""

FEWEST_PERSONS = 100
"""Up to this many persons the thresholds are the same. With few persons they would become lax, while the
fewer persons have a name, the more faces are of strangers."""

MIN_MARGIN = 0.05
"""How much more similar to one person than to the next a face must be, to be named for sure: there are
brothers, and persons under two names. docs/identification.md has what it costs."""

_SUREST = math.log(1e6)
"""Likelihood ratios are cut off at a million to one: the measurement has not many more pairs."""


@dataclass(frozen=True, slots=True)
class RatePoint:
    """How often two strangers are at least this similar.

    Attributes:
        rate: The false match rate (ISO/IEC 19795-1), above 0 and at most 1.
        similarity: Cosine.
    """

    rate: float
    similarity: float


@dataclass(frozen=True, slots=True)
class EvidencePoint:
    """How strongly a similarity speaks for one person.

    Attributes:
        similarity: Cosine.
        log_ratio: Natural logarithm of how much more often two faces of one person are so similar than
            two of different people.
    """

    similarity: float
    log_ratio: float


@dataclass(frozen=True, slots=True)
class Curve:
    """What similarity means for one model, as it was measured.

    Attributes:
        rates: By falling rate, at least two. Between two points the logarithm of the rate is a straight
            line, and so it is beyond the last.
        evidence: By rising similarity, at least two; straight between, and flat beyond the ends.
        provenance: What it was measured on, in a few words.
    """

    rates: tuple[RatePoint, ...]
    evidence: tuple[EvidencePoint, ...]
    provenance: str

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> "Curve":
        """Read what ``to_json`` made; other entries of the body are passed over.

        Raises:
            KeyError: A part is missing.
            TypeError: A part is of another type.
            ValueError: A number is not finite or out of its range, or there are too few points.
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
        """Make a body for a table that keeps curves."""
        return {
            "rates": [[point.rate, point.similarity] for point in self.rates],
            "evidence": [[point.similarity, point.log_ratio] for point in self.evidence],
            "provenance": self.provenance,
        }

    def similarity_at(self, rate: float) -> float:
        """The similarity that this part of the pairs of strangers reaches, at most 1."""
        known = [math.log(point.rate) for point in self.rates]
        similarities = [point.similarity for point in self.rates]
        if math.log(rate) < known[-1]:
            slope = (similarities[-1] - similarities[-2]) / (known[-1] - known[-2])
            return min(1.0, similarities[-1] + slope * (math.log(rate) - known[-1]))
        return float(np.interp(math.log(rate), known[::-1], similarities[::-1]))

    def log_ratio(self, similarity: float) -> float:
        """How strongly a similarity speaks for one person, see ``EvidencePoint``."""
        return float(
            np.interp(
                similarity,
                [point.similarity for point in self.evidence],
                [point.log_ratio for point in self.evidence],
            )
        )


@dataclass(frozen=True, slots=True)
class ClosePair:
    """Two persons of a library who are easily confused, by their rows.

    Attributes:
        person_id: One.
        other_id: The other.
        margin: How much more similar to one of them a face must be than to the other, to be named for sure.
    """

    person_id: int
    other_id: int
    margin: float


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What a similarity means, for one model.

    Attributes:
        accept: From this similarity on, two faces are taken for one person.
        review: From this on they may be: a person should look.
        provenance: Where the two come from, in one line.
        curve: What they were taken from; ``None`` for a model that was never measured.
        close: Persons between whom the margin is wider than between others.
    """

    accept: float
    review: float
    provenance: str
    curve: Curve | None = None
    close: tuple[ClosePair, ...] = ()

    def probability(self, similarity: float, among: int = 1) -> float | None:
        """The probability that two faces, or a face and a person, are one person.

        The prior: a face is as likely somebody unknown as one of the persons that it is compared with, and
        each of these is as likely as the others, 1 in twice their number. With ``among=1``, two faces are as
        likely one person as two.

        Args:
            similarity: Cosine.
            among: How many persons the face was compared with, at least 1.

        Returns:
            From 0 to 1; ``None`` for a model that was never measured.
        """
        if self.curve is None:
            return None
        log_odds = self.curve.log_ratio(similarity) - math.log(2 * among - 1)
        return 1 / (1 + math.exp(-log_odds))

    def margins(self, person_ids: I64, runner_up_ids: I64) -> F32:
        """How far ahead of the runner-up each person must be to be named for sure, float32 [N].

        Args:
            person_ids: int64 [N], the most similar persons.
            runner_up_ids: int64 [N], the next.
        """
        margins = np.full(len(person_ids), MIN_MARGIN, np.float32)
        for pair in self.close:
            one_way = (person_ids == pair.person_id) & (runner_up_ids == pair.other_id)
            other_way = (person_ids == pair.other_id) & (runner_up_ids == pair.person_id)
            margins[one_way | other_way] = pair.margin
        return margins


def for_gallery(curve: Curve, persons: int, close: tuple[ClosePair, ...] = ()) -> Thresholds:
    """Compute the thresholds where a face is compared with a number of persons.

    If a stranger is taken for each of N persons with the false match rate f, independently, then the stranger
    is named with the probability 1 - (1 - f)^N. N is counted in doublings of ``FEWEST_PERSONS``, so that one
    more person hardly ever moves a threshold.

    Args:
        curve: What was measured.
        persons: How many are in the gallery.
        close: See ``Thresholds``.
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
    """Evidence that grows in proportion to similarity, up to the cut-off (a logistic regression).

    Args:
        zero: The similarity that speaks neither way.
        slope: Of the logarithm of the likelihood ratio, by similarity; positive.
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
    """What a model comes with; ``None`` for one that was never measured."""
    return _CURVES.get(model)


def shipped(model: ModelId, persons: int = 0) -> Thresholds:
    """The thresholds that a model comes with.

    Args:
        model: Which.
        persons: In the gallery that faces are compared with.
    """
    curve = shipped_curve(model)
    return _UNMEASURED if curve is None else for_gallery(curve, persons)
