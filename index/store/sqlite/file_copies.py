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

SIDE_FILES = ("-journal", "-wal", "-shm")
"""SQLite's files beside a database, invalid for another database of the same name."""

_WRITING = frozenset(
    {
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR_WRITE,
        sqlite3.SQLITE_IOERR_FSYNC,
        sqlite3.SQLITE_IOERR_TRUNCATE,
    }
)
"""Errors of the target of a copy; all others come from the source."""


def copy_pages(source: Path, target: Path) -> None:
    """Copy a database, as it was last committed, over an existing file.

    One reading transaction copies all: a stepwise copy begins again after each commit, and might never end.

    Raises:
        LibraryBusy: Another process held the source for too long.
        sqlite3.Error: The source cannot be read.
        OSError: The target cannot be written.
    """

    def patience_is_over(status: int, remaining: int, total: int) -> None:
        if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):  # Python would retry for ever
            raise LibraryBusy(source, BUSY_SECONDS)

    with closing(connect(source, Access.READ)) as original, closing(sqlite3.connect(target)) as copy:
        copy.execute("PRAGMA journal_mode=OFF")  # an unfinished copy is thrown away
        try:
            original.backup(copy, progress=patience_is_over)
            # In WAL mode, even reading the copy would need a file beside it.
            copy.execute("PRAGMA journal_mode=DELETE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode in _WRITING:
                raise OSError(errno.EIO, str(error)) from error
            raise


def put_in_place(new: Path, path: Path, suffix: str) -> Path | None:
    """Replace a database by ``new``, on the same file system, while nobody writes to either.

    The old one is kept as ``{path}.{suffix}``, with a number if that name is taken.

    Returns:
        Where the old one is now; ``None`` if there was none.

    Raises:
        LibraryInaccessible: A file cannot be written or renamed.
    """
    with accessible(path):
        names = (path.with_name(f"{path.name}.{suffix}{number}") for number in chain([""], count(2)))
        kept = next(name for name in names if not name.exists())
        if there_is_one := path.exists():
            try:
                os.link(path, kept)
            except OSError:  # a file system without hard links
                shutil.copyfile(path, kept)
            kept.chmod(0o600)
        for each in SIDE_FILES:  # also those that outlived their database
            beside = path.with_name(path.name + each)
            if beside.exists():
                os.replace(beside, kept.with_name(kept.name + each))
        sync_to_disk(new)
        os.replace(new, path)
        sync_to_disk(path.parent)
    return kept if there_is_one else None
