"""How SQLite carries out the statements of a store: which tables it reads whole, and how much it does."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from index.store.sqlite.database import SqliteStore
from index.store.store import Store

Statement = tuple[str, Any]
STEP = 100
"""Instructions of SQLite's virtual machine that count as one step: https://www.sqlite.org/opcode.html."""


@contextmanager
def statements_of(store: Store) -> Iterator[list[Statement]]:
    """Collect the statements that a store executes in this block, with their parameters."""
    assert isinstance(store, SqliteStore)
    found: list[Statement] = []

    def collect(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        found.append((statement, parameters))

    event.listen(store._engine, "before_cursor_execute", collect)
    try:
        yield found
    finally:
        event.remove(store._engine, "before_cursor_execute", collect)


def whole_tables(store: Store, statements: list[Statement]) -> set[str]:
    """Return the tables that are read, or an index of which is read, from end to end.

    https://www.sqlite.org/eqp.html: SCAN is such a step, SEARCH reads a part.
    """
    with sqlite3.connect(store.path) as connection:
        plans = [
            row[3]
            for statement, parameters in statements
            if statement.startswith(("SELECT", "WITH"))
            for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    scanned = (step.split()[1] for step in plans if step.startswith("SCAN"))
    names = (re.sub(r"_\d+$", "", each) for each in scanned)  # of an alias
    return tables.intersection(names)


def steps(store: Store, statements: list[Statement]) -> int:
    """Execute statements, and count the steps that SQLite takes."""
    taken = 0

    def step() -> None:
        nonlocal taken
        taken += 1

    with sqlite3.connect(store.path) as connection:
        connection.set_progress_handler(step, STEP)
        for statement, parameters in statements:
            connection.execute(statement, parameters).fetchall()
    return taken
