"""Curves as JSON, for the tables that keep them, and back; one that is read is checked."""

import math
from typing import Any

from index.recognition.thresholds import Curve, EvidencePoint, RatePoint


def curve_to_json(curve: Curve) -> dict[str, Any]:
    """What ``curve_from_json`` reads."""
    return {
        "rates": [[point.rate, point.similarity] for point in curve.rates],
        "evidence": [[point.similarity, point.log_ratio] for point in curve.evidence],
        "provenance": curve.provenance,
    }


def curve_from_json(body: dict[str, Any]) -> Curve:
    """A stored curve; what else is in the body is passed over.

    Raises:
        KeyError: A part of it is missing.
        TypeError: A part is of another type.
        ValueError: A number is not finite, or is out of its range; or there are too few points.
    """
    curve = Curve(
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
