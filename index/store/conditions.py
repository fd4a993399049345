"""Conditions of queries that several modules ask."""

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, and_, func, literal, or_, select


def is_under(column: ColumnElement[bytes], path: bytes) -> ColumnElement[bool]:
    """A condition on a column of paths: it is this one, or below it.

    What is below begins with the path and a slash: one range of bytes, which an index finds at once.
    """
    stem = path.rstrip(b"/")
    below = and_(column >= stem + b"/", column < stem + bytes([ord("/") + 1]))
    return or_(column == stem, below)


def is_one_of(column: ColumnElement[Any], values: Iterable[int | str]) -> ColumnElement[bool]:
    """A condition on a column: one parameter for however many values, of which SQLite limits the number."""
    listed = literal(json.dumps(list(values)))
    return column.in_(select(func.json_each(listed).table_valued("value").c.value))
