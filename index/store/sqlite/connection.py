"""Connections to one SQLite file: opening, journal mode, and translation of errors. Knows no tables.

Any file name works: SQLite gets it as percent-encoded bytes.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from sqlalchemy.exc import DBAPIError

from index.errors import LibraryBusy, LibraryDamaged, LibraryInaccessible, NumberUnknown
from index.store.sqlite.mounts import is_on_network
from index.store.store import Access

BUSY_SECONDS = 60.0
"""Seconds to wait for another process, for example a commit of a scan for a backup."""

_WAL_IN_HEADER = b"\x02\x02"
"""Bytes 18 and 19 of a file in WAL mode (https://www.sqlite.org/fileformat.html, section 1.3)."""


def connect(path: Path, access: Access, patience: float = BUSY_SECONDS) -> sqlite3.Connection:
    """Connect to an existing file, by its absolute path, without an open transaction.

    Each statement waits ``patience`` seconds at most for other processes.

    ``READ`` cannot change the content, but rolls back a crashed writer's changes, unless the file is
    read-only. Raises a ``sqlite3.Error``, see ``explained``.
    """
    connection = sqlite3.connect(
        _uri(path), uri=True, timeout=patience, isolation_level=None, check_same_thread=False
    )
    try:
        for pragma in _pragmas(path, access):
            connection.execute(f"PRAGMA {pragma}").close()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _pragmas(path: Path, access: Access) -> tuple[str, ...]:
    if access is Access.READ:
        return ("foreign_keys=ON", "query_only=ON")
    return (
        "foreign_keys=ON",
        f"journal_mode={journal_mode(path)}",
        # FULL in WAL mode too: commits survive a power failure, for one more fsync a batch.
        "synchronous=FULL",
        # A cache that spills before the commit would lock readers out for the whole transaction.
        "cache_spill=OFF",
        # A damaged page is found when it is read, before anything that follows from it is written.
        "cell_size_check=ON",
        # Deleted data is overwritten: a forgotten person must not be left in free pages.
        "secure_delete=ON",
    )


def _uri(path: Path) -> str:
    query = "mode=rw"
    if not is_writable(path):
        query = "mode=ro"
        if _is_wal(path) and not os.path.exists(os.fsencode(path) + b"-wal"):
            # Reading in WAL mode needs a file beside the library, which cannot be made here.
            query = "immutable=1"
    return f"file://{quote(os.fsencode(path))}?{query}"


def is_writable(path: Path) -> bool:
    """Return whether the file, and the folder in which SQLite puts its journal, can be written."""
    return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK | os.X_OK)


def _is_wal(path: Path) -> bool:
    try:
        with open(path, "rb") as file:
            return file.read(20)[18:] == _WAL_IN_HEADER
    except OSError:
        return False  # opening it with SQLite says why


def journal_mode(path: Path) -> str:
    """Return WAL where safe, so that readers and a writer never wait for each other; else DELETE.

    WAL needs all processes on one machine: they share memory (https://www.sqlite.org/wal.html).
    """
    return "WAL" if has_safe_wal(sqlite3.sqlite_version_info) and not is_on_network(path) else "DELETE"


def has_safe_wal(version: tuple[int, int, int]) -> bool:
    """Return whether this SQLite has the fix of the WAL-reset bug, which can corrupt a library.

    https://www.sqlite.org/wal.html, section 11: fixed in 3.51.3, and in 3.50.7 and 3.44.6 of their series.
    """
    return version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51) or (3, 44, 6) <= version < (3, 45)


def as_said(line: object) -> str:
    """Return a line of SQLite's integrity report, without its decoration."""
    return " ".join(str(line).removeprefix("*** in database main ***").split())


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Translate errors of SQLite to ``LibraryError``; bugs of this program propagate unchanged."""
    try:
        yield
    except (sqlite3.Error, DBAPIError) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        code = getattr(cause, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise LibraryDamaged(path, str(cause)) from error
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise LibraryBusy(path, BUSY_SECONDS) from error
        if code in _PLACE_AT_FAULT:
            raise LibraryInaccessible(path, str(cause)) from error
        raise
    except OverflowError as error:
        if "SQLite INTEGER" in str(error):  # a parameter, of 64 bits
            raise NumberUnknown(path) from error
        raise


_PLACE_AT_FAULT = frozenset(
    {
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_AUTH,
    }
)
