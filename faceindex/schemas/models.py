"""The JSON of descriptor models: ``models``, ``adapt``, and ``reindex --model``."""

from typing import Literal

from faceindex.adapt.cross_validation import Figures
from faceindex.schemas.base import Schema, Seconds, at
from index.recognition.model_comparison import Comparison
from index.values import Coverage


class ModelSchema(Schema):
    """A model, and whether it can be used now."""

    model: str = at("model.model_id")
    dimension: int = at("model.dimension")
    status: str = at("availability")
    summary: str = at("model.summary")
    licence: str = at("model.licence")


class ModelSwitchSchema(Schema):
    """The result of describing a library by another model."""

    event: Literal["model"] = "model"
    model: str
    previous: str
    changed: bool
    described: int
    coverage: Coverage
    comparison: Comparison | None
    in_time: bool
    seconds: Seconds
    unknown: tuple[str, ...]


class ModelPreviewSchema(Schema):
    """The state of another model in a library."""

    event: Literal["would-change-model"] = "would-change-model"
    model: str
    previous: str
    coverage: Coverage
    comparison: Comparison | None


class AdaptationSchema(Schema):
    """The result of ``adapt``; ``model`` is the one that was kept."""

    event: Literal["adapt"] = "adapt"
    base: str
    people: int
    faces: int
    dimension: int
    before: Figures = at("trial.before")
    after: Figures = at("trial.after")
    gain: float = at("trial.gain")
    deviation: float = at("trial.deviation")
    steps: int = at("trial.steps")
    helps: bool = at("trial.helps")
    model: str | None = at("kept")
    changed: bool = at("change.changed", False)
