"""Converts arrays to the bytes that the database stores, little-endian on every machine, and back.

Descriptors are stored as float16; docs/storage.md has the reasons, with figures.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.values import F32

_LANDMARKS = np.dtype("<f4")
_DESCRIPTOR = np.dtype("<f2")

LANDMARKS_BYTES = 10 * _LANDMARKS.itemsize

_TOLERANCE = 1e-2
"""Allowed error of a stored descriptor's norm; float16 makes one of up to 0.001."""


def landmarks_to_blob(landmarks: F32) -> bytes:
    """Float32 [5, 2] as 40 bytes; raises a ``ValueError`` for another shape."""
    if landmarks.shape != (5, 2):
        raise ValueError(f"landmarks are [5, 2], not {list(landmarks.shape)}")
    return landmarks.astype(_LANDMARKS).tobytes()


def landmarks_from_blob(blob: bytes) -> F32:
    """The float32 [5, 2] that was stored; raises a ``ValueError`` unless the blob has 40 bytes."""
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
    """The descriptors that were stored, at least one: float32 [N, D], brought back to unit norm.

    Raises:
        ValueError: They differ in length, or one is not a unit vector.
    """
    size = len(blobs[0])
    if any(len(blob) != size for blob in blobs):
        raise ValueError("descriptors differ in length")
    vectors = np.frombuffer(b"".join(blobs), dtype=_DESCRIPTOR).reshape(len(blobs), -1).astype(np.float32)
    norms = np.sqrt(np.einsum("nd,nd->n", vectors, vectors))[:, None]  # np.linalg.norm would make copies
    if not np.all(np.abs(norms - 1.0) < _TOLERANCE):  # a NaN fails this comparison too
        raise ValueError("a descriptor is not of unit norm")
    vectors /= norms
    return vectors


def are_sound(blobs: Sequence[object], dimension: int) -> NDArray[np.bool_]:
    """Whether each is a stored descriptor of the right length, finite and of unit norm: bool [N]."""
    size = dimension * _DESCRIPTOR.itemsize
    sound = np.array([isinstance(blob, bytes) and len(blob) == size for blob in blobs], dtype=bool)
    whole = b"".join(blob for blob in blobs if isinstance(blob, bytes) and len(blob) == size)
    with np.errstate(invalid="ignore", over="ignore"):  # damaged blobs may have any value
        vectors = np.frombuffer(whole, dtype=_DESCRIPTOR).reshape(-1, dimension).astype(np.float32)
        norms = np.sqrt(np.einsum("nd,nd->n", vectors, vectors))
        sound[sound] = np.abs(norms - 1.0) < _TOLERANCE
    return sound
