"""A library in which faces are deleted while somebody reads it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, delete

from index.store.opening import open_store
from index.store.schema import stored_face
from index.store.sqlite.database import SqliteStore
from index.store.store import Access


class Meanwhile(SqliteStore):
    """Deletes faces just before one of its transactions that read.

    Args:
        path: The library.
        step: Which transaction, from 1 on.
        face_ids: The faces.
    """

    def __init__(self, path: Path, step: int, face_ids: Sequence[int]) -> None:
        super().__init__(path, Access.READ)
        self._left = step
        self._face_ids = face_ids

    @contextmanager
    def read(self) -> Iterator[Connection]:
        self._left -= 1
        if self._left == 0:
            with open_store(self.path, Access.WRITE) as store, store.write() as connection:
                connection.execute(delete(stored_face).where(stored_face.c.id.in_(self._face_ids)))
        with super().read() as connection:
            yield connection
