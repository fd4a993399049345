"""Converts arrays to little-endian bytes in the database and back; docs/storage.md explains float16."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from index.values import F16
from pipeline.values import F32, Appearance

_LANDMARKS = np.dtype("<f4")
_DESCRIPTOR = np.dtype("<f2")

_TRACK_COLUMNS = 15
"""Moment, box and landmarks."""

TRACK_ROW_BYTES = _TRACK_COLUMNS * _LANDMARKS.itemsize

LANDMARKS_BYTES = 10 * _LANDMARKS.itemsize

_TOLERANCE = 1e-2
"""Allowed error of a stored descriptor's norm; rounding to float16 causes up to 0.001."""


def landmarks_to_blob(landmarks: F32) -> bytes:
    """Encode float32 [5, 2] as 40 bytes, [0, 2] as none; raise a ``ValueError`` for another shape."""
    if landmarks.shape not in ((5, 2), (0, 2)):
        raise ValueError(f"landmarks are [5, 2], not {list(landmarks.shape)}")
    return landmarks.astype(_LANDMARKS).tobytes()


def landmarks_from_blob(blob: bytes) -> F32:
    """Decode float32 [5, 2], or [0, 2] of no byte; raise a ``ValueError`` for another length than 40."""
    return np.frombuffer(blob, dtype=_LANDMARKS).reshape(5 if blob else 0, 2).astype(np.float32)


def track_to_blob(appearance: Appearance) -> bytes:
    """Encode a track, float32 [n, 15], as 60 n bytes; raise a ``ValueError`` for another shape."""
    track = appearance.track
    if track.ndim != 2 or track.shape[1] != _TRACK_COLUMNS or not len(track):
        raise ValueError(f"a track is [n, {_TRACK_COLUMNS}], not {list(track.shape)}")
    return track.astype(_LANDMARKS).tobytes()


def appearance_from_row(start: float, end: float, blob: bytes) -> Appearance:
    """Decode when and where a film shows a face; raise a ``ValueError`` for a blob of another length."""
    track = np.frombuffer(blob, dtype=_LANDMARKS).reshape(-1, _TRACK_COLUMNS).astype(np.float32)
    return Appearance(start, end, track)


def descriptor_to_blob(vector: F32) -> bytes:
    """Encode a descriptor, float32 [D], as 2 D bytes; raise a ``ValueError`` unless its norm is 1."""
    if vector.ndim != 1 or not abs(float(np.linalg.norm(vector)) - 1.0) < 1e-3:
        raise ValueError(f"a descriptor is a vector of unit norm, not of shape {list(vector.shape)}")
    return vector.astype(_DESCRIPTOR).tobytes()


def dimension_of(blob: bytes) -> int:
    """Return the number of elements of a stored descriptor."""
    return len(blob) // _DESCRIPTOR.itemsize


def halves_from_blobs(blobs: Sequence[bytes]) -> tuple[F16, F32]:
    """Decode at least one descriptor as stored: float16 [N, D], with the norms, float32 [N].

    Raises a ``ValueError`` if they differ in length, or one is not a unit vector.
    """
    size = len(blobs[0])
    if any(len(blob) != size for blob in blobs):
        raise ValueError("descriptors differ in length")
    halves = np.frombuffer(b"".join(blobs), dtype=_DESCRIPTOR).reshape(len(blobs), -1)
    vectors = halves.astype(np.float32)
    norms = np.sqrt(np.einsum("nd,nd->n", vectors, vectors))  # np.linalg.norm would make copies
    if not np.all(np.abs(norms - 1.0) < _TOLERANCE):  # a NaN fails this comparison too
        raise ValueError("a descriptor is not of unit norm")
    return halves, norms


def descriptors_from_blobs(blobs: Sequence[bytes]) -> F32:
    """Decode at least one descriptor: float32 [N, D], scaled back to unit norm; raise as above."""
    return scaled(*halves_from_blobs(blobs))


def scaled(halves: F16, norms: F32) -> F32:
    """Scale stored descriptors, float16 [N, D], back to unit norm: float32 [N, D]."""
    vectors = halves.astype(np.float32)
    vectors /= norms[:, None]
    return vectors


def are_sound(blobs: Sequence[object], dimension: int) -> NDArray[np.bool_]:
    """Check that each blob is a descriptor of this length, finite and of unit norm: bool [N]."""
    size = dimension * _DESCRIPTOR.itemsize
    sound = np.array([isinstance(blob, bytes) and len(blob) == size for blob in blobs], dtype=bool)
    whole = b"".join(blob for blob in blobs if isinstance(blob, bytes) and len(blob) == size)
    with np.errstate(invalid="ignore", over="ignore"):  # damaged blobs may have any value
        vectors = np.frombuffer(whole, dtype=_DESCRIPTOR).reshape(-1, dimension).astype(np.float32)
        norms = np.sqrt(np.einsum("nd,nd->n", vectors, vectors))
        sound[sound] = np.abs(norms - 1.0) < _TOLERANCE
    return sound
