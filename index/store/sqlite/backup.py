"""A library's backup: one file that holds all of it but the index, which is built anew after a restore.

This module knows nothing of the lock; whoever restores holds it.
"""

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from index.errors import LibraryDamaged, LibraryMissing, LibraryTooNew
from index.store.sqlite.connection import as_said, connect
from index.store.sqlite.database import check_file, explained, known_revisions, revision_of
from index.store.sqlite.file_copies import copy_pages, put_in_place
from index.store.store import Access
from index.whole_file import written_whole


@dataclass(frozen=True, slots=True)
class BackedUp:
    """What is in a library, or in a backup of one.

    Attributes:
        photos: Paths, missing ones included.
        faces: Faces.
        decisions: What people decided; 0 before there were decisions.
        file_bytes: Size of the file.
    """

    photos: int
    faces: int
    decisions: int
    file_bytes: int


def back_up(path: Path, target: Path) -> BackedUp:
    """Copy a library, as it was last committed, to a file that its owner alone can read (0600).

    Scans go on meanwhile, and whoever reads does too. The copy is read back before it gets its name.

    Args:
        path: The library, absolute.
        target: Absolute. What has the name before is replaced.

    Raises:
        LibraryError: The library cannot be read, or the copy not be written.
    """
    with written_whole(target) as copy:
        with explained(path):
            copy_pages(path, copy)
        try:
            return inspect(copy)
        except LibraryDamaged as error:  # a true copy of what is damaged
            raise LibraryDamaged(path, error.reason) from error


def inspect(path: Path) -> BackedUp:
    """See that a file is a sound library that this version can read, and what is in it.

    Raises:
        LibraryMissing: There is no file, or an empty one.
        LibraryTooNew: A newer version made it.
        LibraryDamaged: It is no library, or a damaged one.
        LibraryInaccessible: It cannot be read.
    """
    check_file(path)
    with explained(path):
        revision = revision_of(path)
        if revision is None:
            raise LibraryMissing(path)
        if revision not in known_revisions():
            raise LibraryTooNew(path, revision)
        with closing(connect(path, Access.READ)) as connection:
            (fault,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            if fault != "ok":
                raise LibraryDamaged(path, as_said(fault))
            photos, faces, decisions = (_count(connection, each) for each in ("photo", "face", "decision"))
        return BackedUp(photos, faces, decisions, os.path.getsize(path))


def restore(backup: Path, path: Path) -> Path | None:
    """Put a backup in the place of a library. Nobody else may write to it meanwhile.

    Args:
        backup: A file on which ``inspect`` finds nothing wrong.
        path: The library, absolute; there need not be one.

    Returns:
        Where the library that was there is now; ``None`` where there was none.

    Raises:
        LibraryError: The backup cannot be read, or its copy not be written: the library stays.
    """
    restored = path.with_name(f"{path.name}.restored")
    with written_whole(restored) as copy, explained(backup):
        copy_pages(backup, copy)
        with closing(sqlite3.connect(copy)) as connection:
            # The index file that is here now is another one, or, worse, one that looks like it.
            connection.execute("DELETE FROM vector_index")
            connection.commit()
    return put_in_place(restored, path, "replaced")


def _count(connection: sqlite3.Connection, table: str) -> int:
    known = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = ?", (table,)).fetchone()
    if known == (0,):
        return 0
    return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608
