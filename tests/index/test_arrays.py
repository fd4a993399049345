"""Arrays survive the database, and what is no array of the right kind is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from index.arrays import descriptor_to_blob, descriptors_from_blobs, landmarks_from_blob, landmarks_to_blob
from pipeline.values import F32
from tests.index.builders import units

coordinates = st.floats(-1e6, 1e6, width=32)


@given(arrays(np.float32, (5, 2), elements=coordinates))
def test_landmarks_come_back_as_they_were(landmarks: F32) -> None:
    assert np.array_equal(landmarks_from_blob(landmarks_to_blob(landmarks)), landmarks)


def test_landmarks_are_little_endian_float32() -> None:
    blob = landmarks_to_blob(np.ones((5, 2), dtype=np.float32))
    assert blob == b"\x00\x00\x80\x3f" * 10
    with pytest.raises(ValueError, match=r"\[5, 2\]"):
        landmarks_to_blob(np.ones((2, 5), dtype=np.float32))


@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 16, 128, 512, 2048]))
def test_descriptors_come_back_nearly_as_they_were(seed: int, dimension: int) -> None:
    vectors = units(3, seed, dimension)
    back = descriptors_from_blobs([descriptor_to_blob(vector) for vector in vectors])
    assert back.dtype == np.float32
    assert np.allclose(np.linalg.norm(back, axis=1), 1.0, atol=1e-6)
    assert np.all(np.sum(back * vectors, axis=1) > 1.0 - 1e-6)


def test_descriptors_are_little_endian_float16() -> None:
    assert descriptor_to_blob(np.array([0.0, -1.0], dtype=np.float32)) == b"\x00\x00\x00\xbc"


@pytest.mark.parametrize("vector", [np.zeros(4), np.full(4, np.nan), np.full(4, 2.0), np.eye(2), np.zeros(0)])
def test_a_descriptor_that_is_no_unit_vector_is_not_written(vector: F32) -> None:
    with pytest.raises(ValueError, match="unit norm"):
        descriptor_to_blob(vector.astype(np.float32))
