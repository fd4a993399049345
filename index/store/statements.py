"""Inserts that handle rows which already exist, for any backend."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

from sqlalchemy import Connection, Table


def upsert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]], key: str) -> None:
    """Insert rows, or update the existing row of the same key in the columns given.

    Args:
        connection: In a transaction that may write.
        table: With a unique column ``key``.
        rows: All of the same columns.
        key: Tells the rows apart.
    """
    if rows:
        statement = _insert(connection, table)
        changed = {name: statement.excluded[name] for name in rows[0] if name != key}
        connection.execute(statement.on_conflict_do_update(index_elements=[key], set_=changed), rows)


def insert_new(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, except those whose key exists already."""
    if rows:
        connection.execute(_insert(connection, table).on_conflict_do_nothing(), rows)


def _insert(connection: Connection, table: Table) -> Any:
    """The dialect's own INSERT: the classes have the same methods for conflicts, and no common base."""
    return import_module(f"sqlalchemy.dialects.{connection.dialect.name}").insert(table)
