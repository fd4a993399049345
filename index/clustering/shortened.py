"""Reads descriptors into little memory, for comparison with each other.

Where they are many, they are projected to the dimensions in which these faces differ most; the rest is little
more than noise. docs/clustering.md has figures.
"""

import numpy as np

from index.values import I64, Descriptors
from index.vectors.vector_store import VectorStore
from pipeline.values import F32

WHOLE_BYTES = 64 << 20
"""Size of descriptors, as float32, above which they are projected to ``FEW_DIMENSIONS``: 8,192 of 2048
elements."""

FEW_DIMENSIONS = 256

_CHUNK = 8192
"""Descriptors fetched at a time, 64 MB of 2048 elements."""

_SAMPLE = 4096
"""Faces, spread evenly over all, that determine the dimensions."""

_ROUNDS = 2
_SEED = 20261122


def shortened(store: VectorStore, face_ids: I64, whole_bytes: int = WHOLE_BYTES) -> Descriptors:
    """Fetch descriptors once; projected ones have a norm of 1 at most.

    ``face_ids``, int64 [N], rise; faces without a descriptor are left out. See ``WHOLE_BYTES`` for
    ``whole_bytes``.
    """
    dimension = store.fetch(face_ids[:1]).vectors.shape[1]
    is_long = dimension > FEW_DIMENSIONS and 4 * dimension * len(face_ids) > whole_bytes
    spread = face_ids[:: max(1, len(face_ids) // _SAMPLE)]
    axes = _main_axes(store.fetch(spread).vectors) if is_long else None
    ids = np.empty(len(face_ids), np.int64)
    vectors = np.empty((len(face_ids), dimension if axes is None else FEW_DIMENSIONS), np.float32)
    end = 0
    for start in range(0, len(face_ids), _CHUNK):
        chunk = store.fetch(face_ids[start : start + _CHUNK])
        start, end = end, end + len(chunk)
        ids[start:end], vectors[start:end] = (
            chunk.ids,
            chunk.vectors if axes is None else chunk.vectors @ axes,
        )
    return Descriptors(ids[:end], vectors[:end])


def _main_axes(faces: F32) -> F32:
    """Compute the dimensions in which faces differ most, float32 [D, ``FEW_DIMENSIONS``], orthonormal.

    By subspace iteration (Halko, Martinsson and Tropp, "Finding structure with randomness", 2011, algorithm
    4.4): a tenth of the work of an exact decomposition.
    """
    start = np.random.default_rng(_SEED).standard_normal((faces.shape[1], FEW_DIMENSIONS), dtype=np.float32)
    axes: F32 = np.linalg.qr(start)[0]
    for _ in range(_ROUNDS):
        axes = np.linalg.qr(faces.T @ (faces @ axes))[0]
    return axes
