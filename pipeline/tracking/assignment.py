"""Pairs the rows of a matrix with its columns so that the sum of their gains is largest."""

import numpy as np
from numpy.typing import NDArray

from pipeline.values import F32


def assign(gains: F32) -> list[tuple[int, int]]:
    """Return pairs of a row and a column, by row, each in one pair at most, with the largest sum of gains.

    ``gains`` is float32 [N, M]; pairs without a gain above 0 are never made.

    The Hungarian method with potentials: Kuhn, "The Hungarian method for the assignment problem", Naval
    Research Logistics Quarterly 2, 1955; by shortest augmenting paths, as Jonker and Volgenant have it,
    Computing 38, 1987. Time grows with N * N * M for N rows, if there are fewer rows than columns.
    """
    gains = np.maximum(gains, 0)  # a pair without gain is as good as none
    if gains.shape[0] > gains.shape[1]:
        return sorted((row, column) for column, row in assign(gains.T))
    rows = _rows_of_columns(-gains.astype(np.float64))
    pairs = ((int(row), column) for column, row in enumerate(rows) if row >= 0)
    return sorted((row, column) for row, column in pairs if gains[row, column] > 0)


def _rows_of_columns(costs: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the row, or -1, that each column is paired with at the least cost; every row is paired.

    One row after another is added: along the cheapest path of columns, each taken over by the row before it.
    """
    count, width = costs.shape
    row_price, column_price = np.zeros(count), np.zeros(width + 1)
    rows = np.full(width + 1, -1)  # the last column is no real one: the path begins there
    for added in range(count):
        rows[width] = added
        cheapest, before = np.full(width, np.inf), np.full(width, width)
        on_path, column = np.zeros(width + 1, bool), width
        while rows[column] >= 0:
            on_path[column] = True
            reduced = costs[rows[column]] - row_price[rows[column]] - column_price[:width]
            better = ~on_path[:width] & (reduced < cheapest)
            cheapest[better], before[better] = reduced[better], column
            column = int(np.argmin(np.where(on_path[:width], np.inf, cheapest)))
            step = cheapest[column]
            row_price[rows[on_path]] += step
            column_price[on_path] -= step
            cheapest[~on_path[:width]] -= step
        while column != width:
            rows[column] = rows[before[column]]
            column = int(before[column])
    return rows[:width]
