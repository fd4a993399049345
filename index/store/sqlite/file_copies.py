"""Copies and replaces whole database files; knows no tables."""

import errno
import os
import shutil
import sqlite3
from contextlib import closing
from itertools import chain, count
from pathlib import Path

from index.errors import LibraryBusy, accessible
from index.store.sqlite.connection import BUSY_SECONDS, connect
from index.store.store import Access
from index.whole_file import sync_to_disk

_SIDE_FILES = ("-journal", "-wal", "-shm")
"""What SQLite puts beside a database: it belongs to that one, and to no other of the same name."""

_WRITING = frozenset(
    {
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR_WRITE,
        sqlite3.SQLITE_IOERR_FSYNC,
        sqlite3.SQLITE_IOERR_TRUNCATE,
    }
)
"""Errors of a database that is written; others are of one that is read."""


def copy_pages(source: Path, target: Path) -> None:
    """Copy a database, as it was last committed, over an existing file.

    It is one transaction that reads: who writes meanwhile waits with the commit, or, in WAL mode, does
    not. (Copying in steps would let a writer through, and begin again after each of its commits: during
    a scan it might never end.)

    Raises:
        LibraryBusy: Another process holds the source, and did not let go of it.
        sqlite3.Error: The source cannot be read.
        OSError: The target cannot be written.
    """

    def patience_is_over(status: int, remaining: int, total: int) -> None:
        if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):  # Python would try for ever
            raise LibraryBusy(source, BUSY_SECONDS)

    with closing(connect(source, Access.READ)) as original, closing(sqlite3.connect(target)) as copy:
        copy.execute("PRAGMA journal_mode=OFF")  # the target is worth nothing before it is whole
        try:
            original.backup(copy, progress=patience_is_over)
            # The copy of a file in WAL mode would need a file beside it even to be read.
            copy.execute("PRAGMA journal_mode=DELETE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode in _WRITING:
                raise OSError(errno.EIO, str(error)) from error
            raise


def put_in_place(new: Path, path: Path, suffix: str) -> Path | None:
    """Replace a database by another one; the old one stays beside it under another name.

    Nobody may write to either meanwhile.

    Args:
        new: On the same file system.
        path: The name it gets.
        suffix: The old one is kept as ``{path}.{suffix}``, or with a number where that is taken.

    Returns:
        Where the old one is now; ``None`` where there was none.

    Raises:
        LibraryInaccessible: A file cannot be written or renamed.
    """
    with accessible(path):
        kept = _free_name(path, suffix)
        if there_is_one := path.exists():
            _link(path, kept)
        for each in _SIDE_FILES:  # also where they outlived their database
            beside = path.with_name(path.name + each)
            if beside.exists():
                os.replace(beside, kept.with_name(kept.name + each))
        sync_to_disk(new)
        os.replace(new, path)
        sync_to_disk(path.parent)
    return kept if there_is_one else None


def _link(path: Path, other: Path) -> None:
    """Hard-link a file, or copy it where the file system has no links."""
    try:
        os.link(path, other)
    except OSError:
        shutil.copyfile(path, other)
    other.chmod(0o600)


def _free_name(path: Path, suffix: str) -> Path:
    names = (path.with_name(f"{path.name}.{suffix}{number}") for number in chain([""], count(2)))
    return next(name for name in names if not name.exists())
