"""Creates, opens, upgrades, reads and writes a library in a SQLite file.

Alembic is imported only to create or upgrade a library: that takes longer than a small query.
"""

import os
import sqlite3
import stat
import time
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import (
    Connection,
    Dialect,
    Engine,
    QueuePool,
    column,
    create_engine,
    delete,
    event,
    make_url,
    table,
)
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.util import LRUCache

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
from index.store.sqlite.connection import BUSY_SECONDS, as_said, connect, explained, is_writable
from index.store.sqlite.file_copies import copy_pages
from index.store.sqlite.run_lock import turn
from index.store.sqlite.thumbnail_file import SqliteThumbnails
from index.store.statements import is_one_of
from index.store.store import Access, Copies, Store, library_files
from index.whole_file import written_whole

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0009"
"""The newest revision in ``migrations``; opening a library of this revision needs no Alembic."""

APPLICATION_ID = 0x66636978
"""Marks a SQLite file as a library (the letters fcix), see
https://www.sqlite.org/pragma.html#pragma_application_id."""

_LARGE_BYTES = 64 << 20
"""All pages of a larger library are read before a scan only once a day: from memory that takes a second for a
gigabyte, from a disk as long as reading the file. The day, counted from 1970, is SQLite's user_version."""

_DAY_SECONDS = 86_400

_WRITING_KIB, _READING_KIB = 262_144, 2_000
"""Upper bound of SQLite's cache in a transaction that writes; else as SQLite has it. Changed pages stay in it
until the commit, and once they fill it, each page that is read costs a search among them."""

_URL = "sqlite://"
"""It names no file: ``connect`` takes any name."""

_COMPILED: LRUCache[Any, Any] = LRUCache(1000)
"""Compiled statements of all open libraries."""

_MAGIC = b"SQLite format 3\0"
_APPLICATION_ID_AT = 68
"""The start of a SQLite file, and the offset of the id (https://www.sqlite.org/fileformat.html, 1.3)."""


class SqliteStore(Store):
    """An open library in a SQLite file; ``path`` is that file."""

    def __init__(self, path: Path, access: Access) -> None:
        self.path = path
        self._engine = _engine(lambda: connect(path, access))
        self._identity = _identity(path)
        self._watcher: sqlite3.Connection | None = None
        self._watching = Lock()
        self.thumbnails = SqliteThumbnails(path)

    def read(self) -> AbstractContextManager[Connection]:
        """See ``Store``. Without WAL, a writer waits for the reader to commit."""
        return self._transaction("BEGIN")

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """See ``Store``."""
        with turn(self.path), self.write_unshared() as connection:
            yield connection

    @contextmanager
    def write_unshared(self) -> Iterator[Connection]:
        """Begin a transaction as ``write`` does, in a file that only this thread uses."""
        with self._transaction("BEGIN IMMEDIATE") as connection:  # a plain BEGIN could not wait for others
            connection.exec_driver_sql(f"PRAGMA cache_size=-{_WRITING_KIB}")
            yield connection

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[Connection]:
        with explained(self.path), self._engine.connect() as connection, connection.begin():
            connection.exec_driver_sql(begin)
            yield connection

    @contextmanager
    def migration(self) -> Iterator[Connection]:
        """Begin a transaction that writes, and in which tables may be replaced.

        Foreign keys are checked only before the commit: SQLite would delete rows that refer to a dropped
        table (https://www.sqlite.org/lang_altertable.html, section 7).
        """
        with explained(self.path), self._engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            connection.commit()  # SQLAlchemy's own transaction: SQLite has none open yet
            with connection.begin():
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                connection.exec_driver_sql(f"PRAGMA cache_size=-{_WRITING_KIB}")
                yield connection
                if connection.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
                    raise LibraryDamaged(self.path, "it has rows with broken references")
            connection.invalidate()  # the next transaction needs foreign keys enforced

    def size(self) -> int:
        """See ``Store``."""
        with self.read() as connection:
            query = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
            return int(connection.exec_driver_sql(query).scalar_one())

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
        """See ``Store``. The value is https://www.sqlite.org/pragma.html#pragma_data_version."""
        if _identity(self.path) != self._identity:
            return None
        with self._watching, explained(self.path):
            if self._watcher is None:
                self._watcher = connect(self.path, Access.READ)
            (version,) = self._watcher.execute("PRAGMA data_version").fetchone()
            return int(version)

    def refuse_damaged(self, *, daily: bool = False) -> None:
        """See ``Store``. A page that a transaction touches is checked in any case: see ``connect``."""
        today, is_large = int(time.time() // _DAY_SECONDS), self.size() > _LARGE_BYTES
        with self.read() as connection:
            checked = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
            if daily and is_large and checked == today:
                return
            result = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one()
        if result != "ok":
            raise LibraryDamaged(self.path, as_said(result))
        if is_large and checked != today:
            with self.write() as connection:
                connection.exec_driver_sql(f"PRAGMA user_version={today}")

    def vacuum(self) -> None:
        """See ``Store``. In WAL mode, the file beside it is emptied too."""
        with explained(self.path), self._engine.connect() as connection:
            connection.exec_driver_sql("VACUUM")
            is_busy = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()[0]
        if is_busy:
            raise LibraryBusy(self.path, BUSY_SECONDS)

    def copies(self) -> Copies:
        """See ``Store``."""
        beside = [file for file in library_files(self.path) if file != self.path]
        own = tuple(file for file in beside if file.name.startswith(f"{self.path.name}.revision-"))
        return Copies(own, tuple(file for file in beside if file not in own and is_library(file)))

    def close(self) -> None:
        """See ``Store``."""
        self._engine.dispose()
        self.thumbnails.close()
        if self._watcher is not None:
            self._watcher.close()


def _engine(creator: Callable[[], sqlite3.Connection]) -> Engine:
    """Make an engine that shares compiled statements with all others: compiling takes longer than SQLite."""
    pool = QueuePool(cast("Callable[[], DBAPIConnection]", creator))
    event.listen(pool, "reset", _shrink)
    return Engine(pool, _dialect(), make_url(_URL), execution_options={"compiled_cache": _COMPILED})


def _shrink(connection: sqlite3.Connection, *others: object) -> None:
    """Give back the memory of a transaction."""
    connection.execute(f"PRAGMA cache_size=-{_READING_KIB}").close()


@cache
def _dialect() -> Dialect:
    """Return the dialect of all engines: compiled statements belong to one."""
    engine = create_engine(_URL)
    engine.connect().close()  # sets up the dialect
    engine.dispose()
    return engine.dialect


def _identity(path: Path) -> tuple[int, int] | None:
    """Return device and inode of a file; ``None`` if there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def create_database(path: Path) -> SqliteStore:
    """See ``Backend``. A new file gets the mode 0600, a new folder 0700."""
    path = Path(os.path.abspath(path))
    with accessible(path):
        os.makedirs(path.parent, mode=0o700, exist_ok=True)
        if not path.exists():
            path.touch(mode=0o600)
    return open_database(path, Access.WRITE)


def open_database(path: Path, access: Access) -> SqliteStore:
    """See ``Backend``."""
    path = Path(os.path.abspath(path))
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
    """Upgrade a library, by its absolute path, in one transaction; an empty file becomes a library.

    An existing library is first copied to FILE.revision-R, where R is its revision. ``scripts`` is the folder
    of Alembic's revisions, by default the installed one; ``revision`` must not be older than the library's.
    """
    from alembic import command

    with explained(path):
        present = revision_of(path)
    if present is not None and present not in known_revisions(scripts):
        raise LibraryTooNew(path, present)
    if not is_writable(path):
        raise LibraryInaccessible(path, "an earlier version made it, and it must be writable to be upgraded")
    config = _alembic_config(scripts)
    with SqliteStore(path, Access.WRITE) as store, store.migration() as connection:
        present = revision_of(path)  # as of this transaction
        if present is not None:
            with written_whole(path.with_name(f"{path.name}.revision-{present}")) as copy:
                copy_pages(path, copy)
        config.attributes.update(connection=connection, metadata=schema.metadata)
        command.upgrade(config, revision)
        connection.exec_driver_sql(f"PRAGMA application_id={APPLICATION_ID}")


def known_revisions(scripts: Path | None = None) -> frozenset[str]:
    """Return the revisions that this version of faceindex can read or upgrade."""
    from alembic.script import ScriptDirectory

    directory = ScriptDirectory.from_config(_alembic_config(scripts))
    return frozenset(script.revision for script in directory.walk_revisions())


def _alembic_config(scripts: Path | None) -> "Config":
    """Make Alembic's configuration. The revisions are data of this package, never a module on the path."""
    from alembic.config import Config

    installed = Path(__file__).resolve().parents[1] / "migrations"
    if not installed.is_dir():  # in a checkout
        installed = installed.parents[2] / "migrations"
    config = Config()
    config.set_main_option("script_location", str(scripts or installed).replace("%", "%%"))
    return config


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
    # SQLite would take a file of a few bytes for an empty database, and overwrite it.
    if start and start != _MAGIC:
        raise NotALibrary(path, "it is not a SQLite database")


def is_library(path: Path) -> bool:
    """See ``Backend``."""
    with open(path, "rb") as file:
        start = file.read(_APPLICATION_ID_AT + 4)
    return start.startswith(_MAGIC) and start[_APPLICATION_ID_AT:] == APPLICATION_ID.to_bytes(4)


def revision_of(path: Path) -> str | None:
    """Read the revision of a library; ``None`` for an empty file.

    Raises:
        NotALibrary: It holds something else.
        LibraryDamaged: It does not say its revision.
        sqlite3.Error: See ``explained``.
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


def _dangling(connection: Connection) -> dict[str, list[int]]:
    """Read row ids, by table, of rows that refer to missing rows."""
    rows: dict[str, list[int]] = defaultdict(list)
    for name, row_id, *_ in connection.exec_driver_sql("PRAGMA foreign_key_check"):
        rows[name].append(row_id)
    return rows
