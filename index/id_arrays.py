"""Arrays of row ids: made of columns and of texts, and compared."""

from collections.abc import Iterable, Sequence

import numpy as np

from index.values import I64, NONE, Flags


def ids_or_none(column: Iterable[int | None]) -> I64:
    """Make an array of a column of ids, ``NONE`` where it is null: int64 [N]."""
    return np.array([NONE if each is None else each for each in column], np.int64)


def columns_of(pairs: Iterable[Sequence[int]]) -> tuple[I64, I64]:
    """Make an array of each of two columns of ids: int64 [N] both."""
    first, second = np.array([tuple(each) for each in pairs], np.int64).reshape(-1, 2).T
    return first, second


def ids_in_text(text: str | None) -> I64:
    """Read ids that are joined by commas, as a ``concatenated`` column is: int64 [N], in their order."""
    return np.fromstring(text or "", dtype=np.int64, sep=",")


def pair_keys(first: I64, second: I64) -> I64:
    """Number pairs of ids, int64 [N] both and between -2^31 and 2^31, by first, then second: int64 [N]."""
    return np.asarray((first << 32) + second, np.int64)


def are_among(values: I64, rising: I64) -> Flags:
    """Tell which values, int64 [N], are among others, int64 [M], rising: bool [N]; quick for few of many."""
    if not len(rising):
        return np.zeros(len(values), bool)
    places = np.minimum(np.searchsorted(rising, values), len(rising) - 1)
    return np.asarray(rising[places] == values)
