"""Arrays as the bytes that stand in the database, little-endian on every machine, and back.

Descriptors are kept as float16: docs/storage.md says why, with figures. This module knows nothing of
SQL.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.values import F32

_LANDMARKS = np.dtype("<f4")
_DESCRIPTOR = np.dtype("<f2")

LANDMARKS_BYTES = 10 * _LANDMARKS.itemsize

_TOLERANCE = 1e-2
"""Float16 turns a norm of 1 into one between 0.999 and 1.001; what is further off was never a descriptor."""


def landmarks_to_blob(landmarks: F32) -> bytes:
    """Float32 [5, 2] as 40 bytes.

    Raises:
        ValueError: It has another shape.
    """
    if landmarks.shape != (5, 2):
        raise ValueError(f"landmarks are [5, 2], not {list(landmarks.shape)}")
    return landmarks.astype(_LANDMARKS).tobytes()


def landmarks_from_blob(blob: bytes) -> F32:
    """The float32 [5, 2] that was stored.

    Raises:
        ValueError: The blob is not 40 bytes long.
    """
    return np.frombuffer(blob, dtype=_LANDMARKS).reshape(5, 2).astype(np.float32)


def descriptor_to_blob(vector: F32) -> bytes:
    """A descriptor, float32 [D] of unit norm, as 2 D bytes.

    Raises:
        ValueError: It is not a vector, or its norm is not 1 (within a thousandth).
    """
    if vector.ndim != 1 or not abs(float(np.linalg.norm(vector)) - 1.0) < 1e-3:
        raise ValueError(f"a descriptor is a vector of unit norm, not of shape {list(vector.shape)}")
    return vector.astype(_DESCRIPTOR).tobytes()


def dimension_of(blob: bytes) -> int:
    """How many elements a stored descriptor has."""
    return len(blob) // _DESCRIPTOR.itemsize


def descriptors_from_blobs(blobs: Sequence[bytes]) -> F32:
    """The descriptors that were stored, float32 [N, D], brought back to unit norm.

    Args:
        blobs: At least one.

    Raises:
        ValueError: They differ in length, or one of them is no unit vector any more.
    """
    size = len(blobs[0])
    if any(len(blob) != size for blob in blobs):
        raise ValueError("descriptors differ in length")
    vectors = np.frombuffer(b"".join(blobs), dtype=_DESCRIPTOR).reshape(len(blobs), -1).astype(np.float32)
    norms = np.sqrt(np.einsum("nd,nd->n", vectors, vectors))[:, None]  # np.linalg.norm makes copies first
    if not np.all(np.abs(norms - 1.0) < _TOLERANCE):  # a NaN fails this comparison too
        raise ValueError("a descriptor is not of unit norm")
    vectors /= norms
    return vectors


def are_sound(blobs: Sequence[object], dimension: int) -> NDArray[np.bool_]:
    """Which of these are stored descriptors of the right length, finite and of unit norm, bool [N]."""
    size = dimension * _DESCRIPTOR.itemsize
    sound = np.array([isinstance(blob, bytes) and len(blob) == size for blob in blobs], dtype=bool)
    whole = b"".join(blob for blob in blobs if isinstance(blob, bytes) and len(blob) == size)
    with np.errstate(invalid="ignore", over="ignore"):  # anything may stand there
        vectors = np.frombuffer(whole, dtype=_DESCRIPTOR).reshape(-1, dimension).astype(np.float32)
        norms = np.sqrt(np.einsum("nd,nd->n", vectors, vectors))
        sound[sound] = np.abs(norms - 1.0) < _TOLERANCE  # a NaN fails this comparison
    return sound
