"""Backs up a library in one file, without the index, which is rebuilt after a restore."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from index.errors import LibraryDamaged, LibraryMissing, LibraryTooNew
from index.store.sqlite.connection import as_said, connect, explained
from index.store.sqlite.database import check_file, known_revisions, revision_of
from index.store.sqlite.file_copies import copy_pages, put_in_place
from index.store.sqlite.thumbnail_file import SqliteThumbnails
from index.store.store import Access, BackedUp
from index.whole_file import written_whole


def back_up(path: Path, target: Path) -> BackedUp:
    """See ``Backend``."""
    with written_whole(target) as copy:
        with explained(path):
            copy_pages(path, copy)
        try:
            return inspect(copy)
        except LibraryDamaged as error:  # a true copy of what is damaged
            raise LibraryDamaged(path, error.reason) from error


def inspect(path: Path) -> BackedUp:
    """See ``Backend``."""
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
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
            counts = {
                table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608
                for table in tables & {"photo", "face", "decision"}
            }
            if "other_face" in tables:  # faces that another detector found are not shown
                hidden = connection.execute("SELECT count(*) FROM other_face WHERE NOT kept")
                counts["face"] -= hidden.fetchone()[0]
        return BackedUp(counts["photo"], counts["face"], counts.get("decision", 0), os.path.getsize(path))


def restore(backup: Path, path: Path) -> Path | None:
    """See ``Backend``."""
    restored = path.with_name(f"{path.name}.restored")
    with written_whole(restored) as copy, explained(backup):
        copy_pages(backup, copy)
        with closing(sqlite3.connect(copy)) as connection, connection:
            # The saved index beside the library belongs to another one, even if it looks like this one's.
            connection.execute("DELETE FROM vector_index")
    kept = put_in_place(restored, path, "replaced")
    SqliteThumbnails(path).throw_away()  # of other faces, perhaps
    return kept
