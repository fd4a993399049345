"""Ids come out of columns and texts as they went in, and pairs of them are told apart."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from index.id_arrays import are_among, columns_of, ids_in_text, ids_or_none, pair_keys
from index.values import NONE

ids = st.integers(-(2**31) + 1, 2**31 - 1)


@given(st.lists(st.tuples(ids, ids)))
def test_pairs_have_keys_of_their_own_in_the_order_of_the_pairs(pairs: list[tuple[int, int]]) -> None:
    keys = pair_keys(*np.array(pairs, np.int64).reshape(-1, 2).T)
    assert [pairs[each] for each in np.argsort(keys, kind="stable")] == sorted(pairs)
    assert len(set(keys.tolist())) == len(set(pairs))


@given(st.lists(ids), st.sets(ids))
def test_values_are_found_among_rising_ones(values: list[int], others: set[int]) -> None:
    found = are_among(np.array(values, np.int64), np.array(sorted(others), np.int64))
    assert found.tolist() == [each in others for each in values]


def test_columns_and_texts_are_read() -> None:
    assert [each.tolist() for each in columns_of([(1, 4), (2, 3)])] == [[1, 2], [4, 3]]
    assert [each.tolist() for each in columns_of([])] == [[], []]
    assert ids_or_none([3, None]).tolist() == [3, NONE]
    assert ids_in_text("12,-1,7").tolist() == [12, -1, 7]
    assert ids_in_text(None).tolist() == []
