"""The JSON of ``evaluate`` and ``calibrate``."""

from typing import Annotated

from faceindex.accuracy.calibrate import CloseNames
from faceindex.accuracy.cluster_agreement import Clustering
from faceindex.accuracy.group_rates import GroupRates
from faceindex.accuracy.identification import Identification
from faceindex.accuracy.measures import Detection
from faceindex.accuracy.verification import Folds, Operating
from faceindex.schemas.base import Schema, at, by


class VerificationRatesSchema(Schema):
    """One-to-one comparison of all faces with all."""

    genuine: int
    impostor: int
    auc: float
    eer: float
    operating: tuple[Operating, ...]


class EvaluationSchema(Schema):
    """Measures; null where the data does not suffice."""

    source: str
    model: str
    people: int
    faces: int
    measures: dict[str, float]
    detection: Detection | None
    verification: VerificationRatesSchema | None
    folds: Folds | None
    identification: Identification | None
    clustering: Clustering | None
    groups: tuple[GroupRates, ...]


class PairCountsSchema(Schema):
    """Numbers of pairs of faces."""

    same: int
    different: int
    rejected: int


class ThresholdsSchema(Schema):
    """Least similarities for recognition and for review."""

    accept: float
    review: float
    provenance: str


class RecognitionChangeSchema(Schema):
    """Numbers of faces that the new thresholds recognise, gain and lose."""

    now: int = at("recognised")
    gained: int
    lost: int


class CalibrationSchema(Schema):
    """A calibration and its effects."""

    model: str
    method: str
    persons: int
    pairs: PairCountsSchema = at("whole")
    losses: Annotated[dict[str, float], by("method", "loss")]
    before: ThresholdsSchema
    after: ThresholdsSchema
    close: tuple[CloseNames, ...]
    recognised: RecognitionChangeSchema = at("whole")
    stored: bool
