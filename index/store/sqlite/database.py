"""A library in a SQLite file: made, opened, upgraded, read and written in transactions.

Each transaction is a ``with`` block: ``read()`` sees one state of the library throughout, ``write()``
is applied whole or not at all. What the tables mean is the catalog's matter. Alembic is imported only
where a library must be made or upgraded: it costs more time than the whole of a small question.
"""

import os
import sqlite3
import stat
from collections import defaultdict
from collections.abc import Hashable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, QueuePool, column, create_engine, delete, table, text
from sqlalchemy.exc import DBAPIError

import index.store.sqlite.dialect  # noqa: F401 -- it takes effect by being imported
from index.errors import (
    LibraryBusy,
    LibraryDamaged,
    LibraryInaccessible,
    LibraryMissing,
    LibraryTooNew,
    NotALibrary,
    accessible,
)
from index.store import schema
from index.store.sqlite.connection import BUSY_SECONDS, as_said, connect, explain, is_writable
from index.store.sqlite.file_copies import copy_pages
from index.store.statements import is_one_of
from index.store.store import Access, Copies, Store, library_files
from index.whole_file import written_whole

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0004"
"""The newest revision in ``migrations``; a library that has it is opened without asking Alembic."""

APPLICATION_ID = 0x66636978
"""Marks a SQLite file as ours (the letters fcix), see https://www.sqlite.org/pragma.html#pragma_application_id."""

_MAGIC = b"SQLite format 3\0"
"""How a SQLite file begins (https://www.sqlite.org/fileformat.html, section 1.3)."""

_APPLICATION_ID_AT = 68
"""Where in it the application's id stands (same place)."""


class SqliteStore(Store):
    """An open library in a SQLite file; ``path`` is that file."""

    def __init__(self, path: Path, access: Access) -> None:
        self.path = path
        self._engine = _engine(path, access)
        self._identity = _identity(path)
        self._watcher: sqlite3.Connection | None = None
        self._watching = Lock()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """See ``Store``. Without WAL, a writer waits for the reader to commit."""
        with self._transaction() as connection:
            connection.exec_driver_sql("BEGIN")
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """See ``Store``."""
        with self._transaction() as connection:
            # Asking for the right to write later, as a plain BEGIN does, cannot wait for its turn.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection

    @contextmanager
    def migration(self) -> Iterator[Connection]:
        """A transaction that writes, and in which tables may be made anew.

        Foreign keys are not enforced: SQLite would delete what refers to a table that is dropped, see
        https://www.sqlite.org/lang_altertable.html, section 7. They are checked before it commits.
        """
        with explained(self.path), self._engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            connection.commit()  # of SQLAlchemy's own transaction: SQLite has none open yet
            with connection.begin():
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                yield connection
                if connection.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
                    raise LibraryDamaged(self.path, "rows in it refer to others that are not there")
            connection.invalidate()  # the next user of this connection wants foreign keys enforced

    def size(self) -> int:
        """See ``Store``."""
        with self.read() as connection:
            query = text("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
            return int(connection.execute(query).scalar_one())

    def dangling_rows(self) -> dict[str, int]:
        """See ``Store``."""
        with self.read() as connection:
            return {table: len(rows) for table, rows in _dangling(connection).items()}

    def delete_dangling_rows(self) -> None:
        """See ``Store``."""
        with self.write() as connection:
            while dangling := _dangling(connection):
                for name, rows in dangling.items():
                    connection.execute(delete(table(name)).where(is_one_of(column("rowid"), rows)))

    def state(self) -> Hashable:
        """See ``Store``: the data version of SQLite, as one connection sees it that never writes.

        https://www.sqlite.org/pragma.html#pragma_data_version
        """
        if _identity(self.path) != self._identity:
            return None
        with self._watching, explained(self.path):
            if self._watcher is None:
                self._watcher = connect(self.path, Access.READ)
            (version,) = self._watcher.execute("PRAGMA data_version").fetchone()
            return int(version)

    def refuse_damaged(self) -> None:
        """See ``Store``. It takes a fifth of a second for 100,000 faces with descriptors of 128 elements."""
        with self.read() as connection:
            result = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one()
        if result != "ok":
            raise LibraryDamaged(self.path, as_said(result))

    def vacuum(self) -> None:
        """See ``Store``. In WAL mode, the file beside it is emptied too."""
        with explained(self.path), self._engine.connect() as connection:
            connection.exec_driver_sql("VACUUM")
            is_busy = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()[0]
        if is_busy:
            raise LibraryBusy(self.path, BUSY_SECONDS)

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with explained(self.path), self._engine.connect() as connection, connection.begin():
            yield connection

    def copies(self) -> Copies:
        """See ``Store``."""
        own, others = [], []
        for file in library_files(self.path):
            if file.name.startswith(f"{self.path.name}.revision-"):
                own.append(file)
            elif file != self.path and is_library(file):
                others.append(file)
        return Copies(tuple(own), tuple(others))

    def close(self) -> None:
        """See ``Store``."""
        self._engine.dispose()
        if self._watcher is not None:
            self._watcher.close()


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file it is, under whatever name; ``None`` where there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def create_database(path: Path) -> SqliteStore:
    """See ``Backend``. A new file gets the mode 0600, a new folder 0700."""
    path = _absolute(path)
    with accessible(path):
        if not path.parent.is_dir():
            os.makedirs(path.parent, mode=0o700, exist_ok=True)
        if not path.exists():
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    return open_database(path, Access.WRITE)


def open_database(path: Path, access: Access) -> SqliteStore:
    """See ``Backend``."""
    path = _absolute(path)
    check_file(path)
    with explained(path):
        revision = revision_of(path)
        if revision is None and access is Access.READ:
            raise LibraryMissing(path)
        if access is Access.WRITE and not is_writable(path):
            raise LibraryInaccessible(path, "it, or its folder, cannot be written")
        if revision != HEAD:
            migrate(path)
    return SqliteStore(path, access)


def migrate(path: Path, scripts: Path | None = None, revision: str = "head") -> None:
    """Bring a library to a revision, by default the newest; an empty file becomes a library.

    All in one transaction, which also holds off another process that wants to do the same. Before an
    existing library is changed, a copy is made beside it: FILE.revision-R, where R is its revision.

    Args:
        path: The library, absolute.
        scripts: The folder of Alembic's revisions; by default the installed one.
        revision: The one wanted; not older than the library's.
    """
    from alembic import command

    scripts = scripts or _installed_scripts()
    with explained(path):
        present = revision_of(path)
    if present is not None and present not in known_revisions(scripts):
        raise LibraryTooNew(path, present)
    if not is_writable(path):
        raise LibraryInaccessible(path, "an earlier version made it, and to upgrade it, it must be writable")
    config = _alembic_config(scripts)
    with SqliteStore(path, Access.WRITE) as store, store.migration() as connection:
        _copy(path)
        config.attributes.update(connection=connection, metadata=schema.metadata)
        command.upgrade(config, revision)
        connection.exec_driver_sql(f"PRAGMA application_id={APPLICATION_ID}")


def known_revisions(scripts: Path | None = None) -> frozenset[str]:
    """The revisions that this version of faceindex can read or upgrade; for ``scripts`` see ``migrate``."""
    from alembic.script import ScriptDirectory

    directory = ScriptDirectory.from_config(_alembic_config(scripts or _installed_scripts()))
    return frozenset(script.revision for script in directory.walk_revisions())


def _alembic_config(scripts: Path) -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    return config


def _installed_scripts() -> Path:
    """The folder of Alembic's revisions: data of this package, never a module of some name on the path."""
    installed = Path(__file__).resolve().parents[1] / "migrations"
    return installed if installed.is_dir() else installed.parents[2] / "migrations"  # in a checkout


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path))


def check_file(path: Path) -> None:
    """See ``Backend``."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # a pipe would never open
            raise NotALibrary(path, "it is not a regular file")
        with open(path, "rb") as file:
            start = file.read(len(_MAGIC))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise LibraryMissing(path) from error
    except OSError as error:
        raise LibraryInaccessible(path, error.strerror or str(error)) from error
    # SQLite takes a file of a few bytes for an empty database, and would write over it.
    if start and start != _MAGIC:
        raise NotALibrary(path, "it is not a SQLite database")


def is_library(path: Path) -> bool:
    """See ``Backend``."""
    with open(path, "rb") as file:
        start = file.read(_APPLICATION_ID_AT + 4)
    return start.startswith(_MAGIC) and start[_APPLICATION_ID_AT:] == APPLICATION_ID.to_bytes(4)


def revision_of(path: Path) -> str | None:
    """The revision of a library; ``None`` for an empty file.

    Raises:
        NotALibrary: There is something in it, but no library.
        LibraryDamaged: It is one, and does not say of which revision.
        sqlite3.Error: See ``explain``.
    """
    with closing(connect(path, Access.READ)) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        if not tables:
            return None
        if application != APPLICATION_ID or "alembic_version" not in tables:
            raise NotALibrary(path, "it is a database of another program")
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    if row is None:
        raise LibraryDamaged(path, "it does not say its revision")
    return str(row[0])


def _copy(path: Path) -> None:
    """Copy a library, as it was last committed, to FILE.revision-R; nothing to do for an empty file."""
    revision = revision_of(path)
    if revision is None:
        return
    with written_whole(path.with_name(f"{path.name}.revision-{revision}")) as copy:
        copy_pages(path, copy)


def _engine(path: Path, access: Access) -> Engine:
    # The URL names no file: that is the business of connect, which takes any name.
    return create_engine("sqlite://", creator=lambda: connect(path, access), poolclass=QueuePool)


def _dangling(connection: Connection) -> dict[str, list[int]]:
    """Row ids, by table, of rows that refer to missing rows."""
    rows: dict[str, list[int]] = defaultdict(list)
    for name, row_id, *_ in connection.exec_driver_sql("PRAGMA foreign_key_check"):
        rows[name].append(row_id)
    return rows


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Translate errors of SQLite to ``LibraryError``; bugs propagate unchanged."""
    try:
        yield
    except (sqlite3.Error, DBAPIError) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        meaning = explain(path, cause) if isinstance(cause, sqlite3.Error) else None
        if meaning is None:
            raise
        raise meaning from error
