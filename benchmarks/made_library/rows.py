"""Writes many rows at once, by columns; benchmarks alone may write a library past the code that keeps it."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Table

_ROWS = 50_000
"""Rows in one statement."""


def fill(connection: Connection, table: Table, count: int, columns: Mapping[str, object]) -> None:
    """Insert rows; a column is a sequence of so many values, or one value for all rows."""
    names = ", ".join(f'"{name}"' for name in columns)
    marks = ", ".join("?" * len(columns))
    statement = f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})'  # noqa: S608 - names of our own tables
    values = [_column(each, count) for each in columns.values()]
    for start in range(0, count, _ROWS):
        part = [each[start : start + _ROWS] for each in values]
        connection.exec_driver_sql(statement, list(zip(*part, strict=True)))


def blobs(array: NDArray[np.generic]) -> list[bytes]:
    """Return the bytes of each row of an array, as it lies in memory."""
    whole, width = np.ascontiguousarray(array).tobytes(), array[0].nbytes if len(array) else 0
    return [whole[start : start + width] for start in range(0, len(whole), width or 1)]


def _column(values: object, count: int) -> Sequence[object]:
    if isinstance(values, np.ndarray):
        return list(values.tolist())
    if isinstance(values, Sequence) and not isinstance(values, str | bytes):
        return values
    return [values] * count
