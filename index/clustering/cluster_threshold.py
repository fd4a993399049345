"""How similar two faces must be to form a cluster, in a library of some size; knows only numbers."""

import math

from index.recognition.thresholds import Thresholds

STRANGERS_AS_NEAR = 0.03
"""Expected number of strangers in a library similar enough to a face to form a cluster with it."""

FEWEST_FACES = 2000
"""Faces from which the similarity that makes a cluster rises."""

_DECADE = 0.07
"""Its rise for a tenfold library and a model without a measured curve: as for the others."""

_ACCEPTED_RATE = 1e-4
"""The false match rate at which faces of such a model are accepted: as for the others."""


def cluster_threshold(thresholds: Thresholds, faces: int) -> float:
    """Return the similarity at which two of that many reliable faces form a cluster.

    The accepted false match rate is inversely proportional to the number of faces: see ``STRANGERS_AS_NEAR``.
    """
    rate = STRANGERS_AS_NEAR / max(faces, FEWEST_FACES)
    if thresholds.curve is None:
        return thresholds.accept + _DECADE * math.log10(_ACCEPTED_RATE / rate)
    return max(thresholds.accept, thresholds.curve.similarity_at(rate))
