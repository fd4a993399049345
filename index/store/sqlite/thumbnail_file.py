"""Keeps pictures of faces in a SQLite file beside the library: a cache, which knows no table of the library.

The file may be deleted, or replaced by another process, between any two calls. A process that is killed
leaves it whole; after a power failure it may be damaged, which costs the pictures.
"""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock

from index.errors import LibraryDamaged, LibraryError, LibraryInaccessible, accessible
from index.store.sqlite.connection import as_said, connect, explained, is_writable
from index.store.sqlite.file_copies import SIDE_FILES
from index.store.store import Access
from index.values import Thumbnail

APPLICATION_ID = 0x66636974
"""Marks the file (the letters fcit): it is no library, nor a copy of one."""

_VERSION = 1
"""Of the table below; a file of another version is thrown away."""

_PATIENCE = 2.0
"""Seconds to wait for another process, whose turns take milliseconds."""

# The index lists stamps without reading pictures, which are most of each row.
_TABLE = """
CREATE TABLE thumbnail (face_id INTEGER PRIMARY KEY, stamp BLOB NOT NULL, picture BLOB NOT NULL);
CREATE INDEX thumbnail_stamp ON thumbnail (face_id, stamp);
"""


class SqliteThumbnails:
    """See ``index.store.store.Thumbnails``; one connection, which threads take in turn."""

    def __init__(self, library: Path) -> None:
        self.path = library.with_name(f"{library.name}.thumbnails")
        self._lock = Lock()
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._is_writable = False

    def read(self, face_id: int, stamp: bytes) -> bytes | None:
        """See ``Thumbnails``."""
        query = "SELECT picture FROM thumbnail WHERE face_id = ? AND stamp = ?"
        with self._opened() as connection:
            row = None if connection is None else connection.execute(query, (face_id, stamp)).fetchone()
        return None if row is None else bytes(row[0])

    def write(self, thumbnails: Sequence[Thumbnail]) -> None:
        """See ``Thumbnails``."""
        rows = [(each.face_id, each.stamp, each.picture) for each in thumbnails]
        if not rows:
            return
        with self._opened(make=True) as connection:
            if connection is None or not self._is_writable:
                raise LibraryInaccessible(self.path, "it, or its folder, cannot be written")
            with _transaction(connection):
                connection.executemany("INSERT OR REPLACE INTO thumbnail VALUES (?, ?, ?)", rows)

    def stamps(self, after: int, most: int) -> list[tuple[int, bytes]]:
        """See ``Thumbnails``."""
        query = "SELECT face_id, stamp FROM thumbnail INDEXED BY thumbnail_stamp WHERE face_id > ? LIMIT ?"
        with self._opened() as connection:
            return [] if connection is None else connection.execute(query, (after, most)).fetchall()

    def erase(self, face_ids: Sequence[int]) -> None:
        """See ``Thumbnails``. Where another process keeps the file in use, all of it goes."""
        try:
            with self._opened() as connection:
                if connection is not None and face_ids:
                    self._erase(connection, face_ids)
        except LibraryError:
            self.throw_away()

    def _erase(self, connection: sqlite3.Connection, face_ids: Sequence[int]) -> None:
        connection.execute("PRAGMA synchronous=FULL")
        try:
            with _transaction(connection):
                rows = ((face_id,) for face_id in face_ids)
                connection.executemany("DELETE FROM thumbnail WHERE face_id = ?", rows)
            (is_busy, *_) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        finally:
            connection.execute("PRAGMA synchronous=OFF")
        if is_busy:  # the pictures are still in the file
            raise LibraryInaccessible(self.path, "another process keeps it in use")

    def damage(self) -> str | None:
        """See ``Thumbnails``."""
        try:
            with self._opened() as connection:
                if connection is None:
                    return None
                connection.execute("SELECT face_id, stamp, picture FROM thumbnail LIMIT 0")
                (fault,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        except LibraryDamaged as error:
            return error.reason
        except LibraryInaccessible as error:
            return str(error.__cause__ or error)
        return None if fault == "ok" else as_said(fault)

    def throw_away(self) -> None:
        """See ``Thumbnails``."""
        with self._lock, accessible(self.path):
            self._close()
            for suffix in ("", *SIDE_FILES):
                self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)

    def close(self) -> None:
        """See ``Thumbnails``."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
        self._connection = self._file = None

    @contextmanager
    def _opened(self, *, make: bool = False) -> Iterator[sqlite3.Connection | None]:
        """Yield the connection to the file that is there now; ``None`` if there is none."""
        with self._lock, explained(self.path):
            if self._connection is None or self._file != _identity(self.path):
                self._close()
                self._open(make=make)
            try:
                yield self._connection
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode == sqlite3.SQLITE_ERROR:  # its tables are others
                    raise LibraryDamaged(self.path, str(error)) from error
                raise

    def _open(self, *, make: bool) -> None:
        if make and not self.path.exists():
            with accessible(self.path):
                os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
        found = _identity(self.path)
        if found is None:
            return
        self._is_writable = is_writable(self.path)
        access = Access.WRITE if self._is_writable else Access.READ
        connection = connect(self.path, access, _PATIENCE)
        try:
            if self._is_writable:
                connection.execute("PRAGMA synchronous=OFF")
                _prepare(connection)
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version != _VERSION:
                raise LibraryDamaged(self.path, "it is empty, or another version of faceindex made it")
        except BaseException:
            connection.close()
            raise
        self._connection, self._file = connection, found


def _prepare(connection: sqlite3.Connection) -> None:
    """Make the table of an empty file."""
    if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        return
    with _transaction(connection):
        if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            return  # another process has made it meanwhile
        for statement in _TABLE.split(";"):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version={_VERSION}")
        connection.execute(f"PRAGMA application_id={APPLICATION_ID}")


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino
