"""Which pairs are made: those with the largest sum of gains, as SciPy finds it too."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy.optimize import linear_sum_assignment

from pipeline.tracking.assignment import assign
from pipeline.values import F32

MATRICES = arrays(
    np.float32, array_shapes(min_dims=2, max_dims=2, max_side=9), elements=st.floats(-1, 1, width=16)
)


@given(MATRICES)
@settings(deadline=None)
def test_the_sum_of_gains_is_the_largest(gains: F32) -> None:
    pairs = assign(gains)
    rows, columns = [row for row, _ in pairs], [column for _, column in pairs]
    assert len(set(rows)) == len(rows)
    assert len(set(columns)) == len(columns)
    assert all(gains[pair] > 0 for pair in pairs)
    best = linear_sum_assignment(np.maximum(gains, 0), maximize=True)
    assert sum(gains[pair] for pair in pairs) == pytest.approx(np.maximum(gains, 0)[best].sum(), abs=1e-5)


def test_the_best_pair_of_all_is_not_made_if_it_costs_more_elsewhere() -> None:
    gains = np.array([[0.9, 0.8], [0.8, 0.1]], np.float32)
    assert assign(gains) == [(0, 1), (1, 0)]


def test_nothing_to_pair() -> None:
    assert assign(np.empty((0, 3), np.float32)) == []
    assert assign(np.empty((3, 0), np.float32)) == []
    assert assign(np.full((2, 2), -1, np.float32)) == []
