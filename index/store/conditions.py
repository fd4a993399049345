"""Conditions of queries, with the parts that differ from backend to backend.

A backend compiles the elements here to its own SQL (``sqlalchemy.ext.compiler.compiles``).
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import Boolean, Column, ColumnElement, Integer, Table, Text, and_, literal, or_, select
from sqlalchemy.sql.functions import FunctionElement

_T = TypeVar("_T")


class Listed(FunctionElement[Any]):
    """The elements of a JSON list, as rows with a column ``value``."""

    name = "listed"
    inherit_cache = True


class HasDeclaredType(FunctionElement[bool]):
    """Whether a column's value has the type that the schema declares."""

    name = "has_declared_type"
    inherit_cache = True
    type = Boolean()


class LastId(FunctionElement[int]):
    """The highest id that a table ever gave a row, deleted ones included; NULL where it gave none."""

    name = "last_id"
    inherit_cache = True
    type = Integer()


def is_under(column: ColumnElement[bytes], path: bytes) -> ColumnElement[bool]:
    """Select paths that are this one, or below it.

    What is below begins with the path and a slash: one range of bytes, which an index finds at once.
    """
    stem = path.rstrip(b"/")
    below = and_(column >= stem + b"/", column < stem + bytes([ord("/") + 1]))
    return or_(column == stem, below)


def is_one_of(column: ColumnElement[Any], values: Iterable[int | str]) -> ColumnElement[bool]:
    """Select values from a list of any length: the whole list is one parameter of the statement."""
    listed = Listed(literal(json.dumps(list(values)), Text))
    return column.in_(select(listed.table_valued("value").c.value))


def has_declared_type(column: Column[Any]) -> ColumnElement[bool]:
    """Select values that have their column's type, which not every backend enforces."""
    return HasDeclaredType(column)


def last_id(table: Table) -> ColumnElement[int]:
    """The highest id that the table ever gave a row, NULL if none; no id is used twice."""
    return LastId(literal(table.name, Text))


def in_chunks(values: Sequence[_T], size: int) -> Iterator[Sequence[_T]]:
    """Split values into chunks, for statements with a parameter for each: backends limit their number."""
    return (values[start : start + size] for start in range(0, len(values), size))
