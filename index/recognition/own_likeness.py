"""Compares confirmed faces with the other confirmed faces of their person; knows only arrays."""

import numpy as np

from index.recognition.gallery import NEAREST
from index.values import I64, Descriptors
from pipeline.values import F32

_CHUNK = 1024
"""Faces compared at a time."""


def to_the_others(face_ids: I64, faces: F32, own: Descriptors) -> F32:
    """Return the mean similarity of each face to the ``NEAREST`` of some others, float32 [N].

    ``face_ids`` is int64 [N], ``faces`` float32 [N, D], of unit norm; ``own`` are faces of the person, of
    which a face itself does not count. The result is -1 without any other.
    """
    if not len(own):
        return np.full(len(face_ids), -1.0, np.float32)
    found = np.empty(len(face_ids), np.float32)
    for start in range(0, len(face_ids), _CHUNK):
        rows = slice(start, start + _CHUNK)
        cosines = faces[rows] @ own.vectors.T
        cosines[face_ids[rows, None] == own.ids] = -1.0
        count = min(NEAREST, cosines.shape[1])
        nearest = np.partition(cosines, -count, axis=1)[:, -count:]
        counted = nearest > -1.0
        sums = np.where(counted, nearest, 0.0).sum(axis=1)
        found[rows] = np.where(counted.any(axis=1), sums / np.maximum(counted.sum(axis=1), 1), -1.0)
    return found
