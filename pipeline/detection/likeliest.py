"""Chooses between what looks at an image and at turned copies of it have seen in one place."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from pipeline.detection.detections import Detections, Flags
from pipeline.geometry import Overlap, overlap
from pipeline.values import F32

F64: TypeAlias = NDArray[np.float64]

UPRIGHT_FIRST = 3.0
"""How many times as great the odds of a turned face must be as those of an upright one in the same place."""

SAME_PLACE = 0.5
"""Overlap, as a part of the smaller box, above which two looks have seen one face."""

_TINY = 1e-7
"""Least doubt about a face: float32 has no more."""


def odds(probabilities: F32) -> F64:
    """Return the odds of probabilities [N]; finite."""
    certainty = np.clip(probabilities.astype(np.float64), 0, 1 - _TINY)
    return np.asarray(certainty / (1 - certainty))


def likeliest(looks: Sequence[Detections]) -> Flags:
    """Tell of each face of all looks, the upright one first, whether no other look's is likelier there."""
    faces = Detections.joined(looks)
    look = np.repeat(np.arange(len(looks)), [len(each.boxes) for each in looks])
    chances = odds(faces.probabilities) * np.where(look == 0, UPRIGHT_FIRST, 1)
    one_face = overlap(faces.boxes, faces.boxes, Overlap.SMALLER) > SAME_PLACE
    beaten = one_face & (look[:, None] != look) & (chances > chances[:, None])
    return np.asarray(~beaten.any(axis=1))
