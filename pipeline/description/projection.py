"""Applies a learned linear map to descriptors."""

import numpy as np

from pipeline.values import F32

_TINY = 1e-12
"""Keeps the result finite if a meaningless map gives zero."""


def project(vectors: F32, matrix: F32) -> F32:
    """Map descriptors float32 [N, D] by ``matrix``, float32 [D + 1, K], whose last row is added to each.

    Returns:
        float32 [N, K], of unit norm.

    Raises:
        ValueError: The matrix is for descriptors of another length.
    """
    if vectors.shape[1] + 1 != matrix.shape[0]:
        raise ValueError(f"a map of {matrix.shape[0] - 1} numbers was given vectors of {vectors.shape[1]}")
    mapped = vectors @ matrix[:-1] + matrix[-1]
    projected: F32 = mapped / np.maximum(np.linalg.norm(mapped, axis=1, keepdims=True), _TINY)
    return projected
