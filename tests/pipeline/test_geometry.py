import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.geometry import Overlap, area, clipped, overlap, squared, suppress
from pipeline.values import F32


def boxes(least: int = 1) -> st.SearchStrategy[F32]:
    corner = st.integers(-50, 50)
    side = st.integers(0, 60)
    box = st.tuples(corner, corner, side, side).map(lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3]))
    rows = st.lists(box, min_size=least, max_size=30)
    return rows.map(lambda each: np.array(each, np.float32).reshape(-1, 4))


def test_overlap_of_known_boxes() -> None:
    a = np.array([[0, 0, 10, 10]], np.float32)
    b = np.array([[5, 0, 15, 10], [2, 2, 4, 4], [20, 20, 30, 30], [3, 3, 3, 9]], np.float32)
    assert overlap(a, b)[0] == pytest.approx([50 / 150, 4 / 100, 0, 0])
    assert overlap(a, b, Overlap.SMALLER)[0] == pytest.approx([0.5, 1, 0, 0])


@given(boxes(), boxes())
def test_overlap_is_symmetric_bounded_and_one_only_with_itself(a: F32, b: F32) -> None:
    both = overlap(a, b)
    assert np.array_equal(both, overlap(b, a).T)
    assert both.min() >= 0
    assert both.max() <= 1
    solid = a[area(a) > 0]
    assert np.diag(overlap(solid, solid)) == pytest.approx(np.ones(len(solid)))


@given(boxes())
def test_suppressed_boxes_overlap_a_better_one_and_kept_ones_none(a: F32) -> None:
    scores = np.random.default_rng(len(a)).permutation(len(a)).astype(np.float32)
    kept = suppress(a, scores, 0.4)
    assert list(scores[kept]) == sorted(scores[kept], reverse=True)
    both = overlap(a, a)
    for i in range(len(a)):
        beaten = any(both[i, j] > 0.4 for j in range(len(a)) if scores[j] > scores[i])
        assert (i in kept) == (not beaten)


def test_suppression_works_across_the_blocks_it_computes_in() -> None:
    pile = np.tile(np.array([[0, 0, 10, 10]], np.float32), (1500, 1))
    assert list(suppress(pile, np.arange(1500, dtype=np.float32), 0.5)) == [1499]
    apart = pile + np.arange(1500, dtype=np.float32)[:, None] * 20
    assert len(suppress(apart, np.ones(1500, np.float32), 0.5)) == 1500


@given(boxes())
def test_squared_keeps_the_centre_and_holds_the_box(a: F32) -> None:
    square = squared(a)
    assert square[:, :2] + square[:, 2:] == pytest.approx(a[:, :2] + a[:, 2:], abs=1e-3)
    assert square[:, 2] - square[:, 0] == pytest.approx(square[:, 3] - square[:, 1], abs=1e-3)
    assert (square[:, :2] <= a[:, :2] + 1e-3).all()
    assert (square[:, 2:] >= a[:, 2:] - 1e-3).all()


def test_clipped() -> None:
    out = clipped(np.array([[-5, -5, 50, 5]], np.float32), 20, 10)
    assert out.tolist() == [[0, 0, 20, 5]]
