"""From similarity to a verdict: where a model's thresholds lie, and where that is known from.

A threshold belongs to a model: the cosine that says "the same person" for one says nothing for another.
This module knows numbers, and nothing of faces.
"""

from dataclasses import dataclass

from pipeline.values import ModelId


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What a similarity means, for one model.

    Attributes:
        accept: From this similarity on, two faces are taken for one person.
        review: From this on they may be: a person should look.
        provenance: Where the two come from, in one line.
    """

    accept: float
    review: float
    provenance: str


_SHIPPED = {
    "sface": Thresholds(0.45, 0.37, "not yet calibrated"),
    "facenet": Thresholds(0.70, 0.60, "not yet calibrated"),
}

_UNMEASURED = Thresholds(0.60, 0.50, "not measured: cosine distance 0.5 is the tutorials' cut-off for VGGFace2")


def shipped(model: ModelId) -> Thresholds:
    """The thresholds that a model comes with."""
    return _SHIPPED.get(model, _UNMEASURED)
