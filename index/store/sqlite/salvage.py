"""Saves what can be read of a damaged library into a new one of the same revision, which replaces it.

Tables are read by row id; past a damaged page, every next row id is tried. A row must fit the constraints and
types of its table: overwritten bytes may look like a row. Pages outside all tables are not searched, as
deleted rows would come back. The damaged file stays beside the new one.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from sqlalchemy import exists, select

from index.errors import LibraryDamaged, LibraryTooNew, NotALibrary
from index.store.read_again import read_again
from index.store.schema import DRAWN, content, stored_face
from index.store.sqlite.connection import as_said, connect, explained
from index.store.sqlite.database import HEAD, SqliteStore, is_library, known_revisions, migrate
from index.store.sqlite.file_copies import put_in_place
from index.store.statements import is_one_of
from index.store.store import Access, Salvage, SavedTable
from index.whole_file import written_whole

REACH = 200_000
"""Row ids tried beyond the last readable row: about as many as one page of the tree leads to, at 400 pages a
page and 300 of the smallest rows a page."""

_LEFT_OUT = frozenset(
    {"alembic_version", "vector_index", "sqlite_sequence", "grouping", "likeness", "changed"}
)
"""Tables that are not copied: the new file has its own revision, an index saved before the damage may hold
lost face ids, and all faces are judged anew."""

_Row: TypeAlias = tuple[Any, ...]


def damage(path: Path) -> str | None:
    """See ``Backend``."""
    with explained(path):
        try:
            with closing(connect(path, Access.READ)) as connection:
                lines = [str(line) for (line,) in connection.execute("PRAGMA integrity_check(20)")]
        except sqlite3.DatabaseError as error:
            if not _is_damage(error):
                raise
            lines = [str(error)]
    if lines == ["ok"]:
        return None
    if not is_library(path):
        raise NotALibrary(path, lines[0])
    return "; ".join(as_said(line) for line in lines[:3])


def salvage(path: Path, now: str) -> Salvage:
    """See ``Backend``."""
    target = path.with_name(f"{path.name}.saved")
    with explained(path):
        with closing(_open_damaged(path)) as source, written_whole(target) as new:
            stored = _first(source, "SELECT version_num FROM alembic_version")
            revision = str(stored[0]) if stored else HEAD
            if revision not in known_revisions():
                raise LibraryTooNew(path, revision)
            migrate(new, revision=revision)
            with closing(connect(new, Access.WRITE)) as copy:
                copiers = _copy_tables(source, copy, now)
            if not any(copier.saved for copier in copiers):
                raise LibraryDamaged(path, "nothing in it can be read")
            faces = next(copier for copier in copiers if copier.table == "face")
            again = _read_again(new, faces)
        kept = put_in_place(target, path, "damaged")
    reports = [copier.report() for copier in copiers]
    return Salvage(tuple(report for report in reports if report.lost_at_most != 0), again, kept or path)


def _is_damage(error: sqlite3.Error) -> bool:
    # SQLite reports an input or output error for a file that ends too early.
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_IOERR)


def _open_damaged(path: Path) -> sqlite3.Connection:
    """Connect to a damaged library; text that is not UTF-8 is read with surrogates."""
    connection = connect(path, Access.READ)
    connection.text_factory = lambda raw: raw.decode(errors="surrogateescape")
    # Read on despite a damaged schema, or a file that ends too early.
    for pragma in ("writable_schema=ON", "cell_size_check=ON"):
        connection.execute(f"PRAGMA {pragma}").close()
    connection.execute("BEGIN")  # one lock for all rows that are tried
    return connection


def _first(source: sqlite3.Connection, query: str) -> _Row | None:
    try:
        row: _Row | None = source.execute(query).fetchone()
    except sqlite3.DatabaseError:
        return None
    return row


def _copy_tables(source: sqlite3.Connection, copy: sqlite3.Connection, now: str) -> list["_TableCopier"]:
    copy.execute("PRAGMA foreign_keys=OFF")  # a check finds the rows that refer to lost ones
    tables = {name for (name,) in copy.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    copy.execute("BEGIN")
    copiers = [_TableCopier(source, copy, table) for table in sorted(tables - _LEFT_OUT)]
    for copier in copiers:
        copier.run()
    _restore_library_row(copy, now)
    copy.execute("COMMIT")
    return copiers


def _restore_library_row(copy: sqlite3.Connection, now: str) -> None:
    """If it was lost, take the model that described most faces, and the detector of most shown ones."""
    made = copy.execute(
        "INSERT INTO library (id, model, created_at) SELECT 1, model, ? FROM descriptor "
        "WHERE NOT EXISTS (SELECT * FROM library) GROUP BY model ORDER BY count(*) DESC LIMIT 1",
        (now,),
    )
    if made.rowcount > 0 and "detector" in {row[1] for row in copy.execute("PRAGMA table_info(library)")}:
        found = copy.execute(
            "SELECT coalesce(face.detector, content.detector) FROM face JOIN content "
            "ON content.id = content_id WHERE face.id NOT IN (SELECT face_id FROM other_face) "
            "AND coalesce(face.detector, '') <> ? GROUP BY 1 ORDER BY count(*) DESC LIMIT 1",
            (DRAWN,),
        ).fetchone()
        if found and found[0]:
            copy.execute("UPDATE library SET detector = ?", (str(found[0]).partition(" ")[0],))


def _read_again(path: Path, faces: "_TableCopier") -> int:
    """Make the next scan read photos that may have lost faces; return their number.

    These have no faces, or those on either side of lost rows: the faces of a photo have consecutive ids.
    """
    if faces.report().lost_at_most == 0:
        return 0
    with SqliteStore(path, Access.WRITE) as store, store.write_unshared() as connection:
        has_face = exists().where(stored_face.c.content_id == content.c.id)
        faceless = select(content.c.id).where(content.c.width.is_not(None), ~has_face)
        at_edges = select(stored_face.c.content_id).where(is_one_of(stored_face.c.id, faces.edges))
        return read_again(connection, list(connection.scalars(faceless.union(at_edges))))


@dataclass(slots=True)
class _TableCopier:
    """Copies the rows of one table that can be read and whose values fit the columns.

    Attributes:
        cut: The end of the table cannot be read.
        edges: Row ids of saved rows on either side of lost rows.
    """

    source: sqlite3.Connection
    copy: sqlite3.Connection
    table: str
    saved: int = 0
    lost: int = 0
    cut: bool = False
    edges: list[int] = field(default_factory=list)

    def report(self) -> SavedTable:
        return SavedTable(self.table, self.saved, None if self.cut else self.lost)

    def run(self) -> None:
        """Copy the rows, inside an open transaction."""
        columns = self.copy.execute(f"PRAGMA table_info({self.table})").fetchall()
        names = ", ".join(column[1] for column in columns)
        kinds = [_KINDS.get(column[2], object) for column in columns]
        insert = f"INSERT INTO {self.table} ({names}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608
        last, lost = 0, 0
        for row_id, *values in self._rows(names):
            if not (_are_of(values, kinds) and self._put(insert, values)):
                self.lost += 1
                continue
            if self.lost > lost:
                self.edges += (last, row_id)
            self.saved, last, lost = self.saved + 1, row_id, self.lost
        if self.cut or self.lost > lost:
            self.edges.append(last)
        highest = self._highest()
        if highest is not None:  # no row id may be used twice
            self.copy.execute("DELETE FROM sqlite_sequence WHERE name = ?", (self.table,))
            row = (self.table, max(highest, last))
            self.copy.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", row)

    def _put(self, insert: str, values: Sequence[object]) -> bool:
        try:
            self.copy.execute(insert, values)
        except (sqlite3.IntegrityError, UnicodeEncodeError):
            return False
        return True

    def _highest(self) -> int | None:
        """Read the highest row id ever used, for tables where SQLite records it."""
        row = _first(self.source, f"SELECT seq FROM sqlite_sequence WHERE name = '{self.table}'")  # noqa: S608
        return row[0] if row and isinstance(row[0], int) else None

    def _rows(self, names: str) -> Iterator[_Row]:
        """Yield rows by rising row id, their first value."""
        query = f"SELECT rowid, {names} FROM {self.table} NOT INDEXED WHERE rowid"  # noqa: S608
        last: int | None = 0
        while last is not None:
            try:
                for row in self.source.execute(f"{query} > ? ORDER BY rowid", (last,)):
                    if row[0] <= last:  # a damaged tree may lead in a circle
                        break
                    last = row[0]
                    yield row
                else:
                    return
            except sqlite3.DatabaseError as error:
                if not _is_damage(error):
                    self.cut = True  # the damaged schema lacks the table
                    return
            last, found = self._resume(query, last)
            yield from found

    def _resume(self, query: str, last: int) -> tuple[int | None, list[_Row]]:
        """Find the next readable row id, or ``None``, and the rows from it."""
        highest = self._highest()
        end = last + REACH if highest is None else min(last + REACH, highest)
        for row_id in range(last + 1, end + 1):
            try:
                found = self.source.execute(f"{query} = ?", (row_id,)).fetchall()
            except sqlite3.DatabaseError:
                continue
            self.lost += row_id - last - 1
            return row_id, found
        self.cut = highest is None
        self.lost += 0 if highest is None else max(0, highest - last)
        return None, []


_KINDS: dict[str, type | tuple[type, ...]] = {
    "INTEGER": int,
    "BIGINT": int,
    "BOOLEAN": int,
    "FLOAT": (int, float),
    "TEXT": str,
    "BLOB": bytes,
}
"""Python types by column type; SQLite itself accepts any value in any column."""


def _are_of(values: Sequence[object], kinds: Sequence[type | tuple[type, ...]]) -> bool:
    return all(
        value is None or (isinstance(value, kind) and not (isinstance(value, str) and "\0" in value))
        for value, kind in zip(values, kinds, strict=True)
    )
