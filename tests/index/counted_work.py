"""Counts what a piece of work asks of the database: cost, but not time, which depends on the machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, event


@dataclass
class Work:
    """How many statements were executed, and how many rows came back from them."""

    statements: int = 0
    rows: int = 0


@contextmanager
def counted_work() -> Iterator[Work]:
    """Count the work that is done meanwhile, in all threads and all libraries."""
    work = Work()

    def count_row(cursor: object, row: tuple[Any, ...]) -> tuple[Any, ...]:
        work.rows += 1
        return row

    def count(connection: Any, cursor: Any, *others: object) -> None:
        work.statements += 1
        cursor.row_factory = count_row

    event.listen(Engine, "before_cursor_execute", count)
    try:
        yield work
    finally:
        event.remove(Engine, "before_cursor_execute", count)
