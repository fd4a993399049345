"""The seam to the database of libraries: ``Backend`` for closed ones, ``Store`` for an open one.

All SQL of this package runs in a transaction of a ``Store``, written for any database
(``index.store.statements``). ``index.store.opening`` chooses.
"""

import os
from abc import ABC, abstractmethod
from collections.abc import Hashable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Protocol, Self

from sqlalchemy import Connection

from index.values import Thumbnail

TURN_SECONDS = 600.0
"""Seconds to wait for a turn to write: somebody may be rewriting a large library, to forget a person."""


class Access(Enum):
    """The purpose for which a library is opened."""

    READ = "read"
    WRITE = "write"


@dataclass(frozen=True, slots=True)
class Copies:
    """Other libraries beside one, which may be copies of it.

    ``of_upgrades`` were made before this program upgraded the library; the others, such as backups, may be a
    user's only copy.
    """

    of_upgrades: tuple[Path, ...]
    others: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class BackedUp:
    """Counts of what is in a library or a backup; missing photos count too."""

    photos: int
    faces: int
    decisions: int
    file_bytes: int


@dataclass(frozen=True, slots=True)
class SavedTable:
    """The number of rows saved of a damaged table; ``lost_at_most`` is ``None`` if its end cannot be read."""

    table: str
    saved: int
    lost_at_most: int | None


@dataclass(frozen=True, slots=True)
class Salvage:
    """What was saved of a damaged library.

    Attributes:
        tables: The tables that lost rows.
        read_again: Photos that the next scan reads again, because they may have lost faces.
        kept: Where the damaged library is now.
    """

    tables: tuple[SavedTable, ...]
    read_again: int
    kept: Path


class Thumbnails(Protocol):
    """The pictures of faces beside a library: a cache, which anybody may delete at any moment.

    Several threads and processes may use it. Every method raises a ``LibraryError`` where it cannot be read
    or written: ``LibraryDamaged`` if it is to be thrown away.
    """

    path: Path

    def read(self, face_id: int, stamp: bytes) -> bytes | None:
        """Return the picture of a face; ``None`` if there is none."""

    def write(self, thumbnails: Sequence[Thumbnail]) -> None:
        """Keep pictures, in one transaction; they replace those of the same ids. A missing cache is made."""

    def stamps(self, after: int, most: int) -> list[tuple[int, bytes]]:
        """Return the first ids of faces with a picture after an id, rising, with their stamps."""

    def erase(self, face_ids: Sequence[int]) -> None:
        """Delete the pictures of faces, and all traces of them in the files; if it must be, all pictures."""

    def damage(self) -> str | None:
        """Return what is wrong with the cache, or ``None``."""

    def throw_away(self) -> None:
        """Delete the cache."""

    def close(self) -> None:
        """Close the files; the next call opens them again."""


@dataclass(frozen=True, slots=True)
class LastRun:
    """The process that took a lock last, when, and whether it still holds it."""

    process: int
    started: datetime
    at_work: bool


class Store(ABC):
    """An open library, at an absolute path, beside which caches are kept.

    Several threads may use it; each transaction belongs to one. Every method raises a ``LibraryError`` where
    the library cannot be read or written.
    """

    path: Path
    thumbnails: Thumbnails

    @abstractmethod
    def read(self) -> AbstractContextManager[Connection]:
        """Begin a transaction that sees one state of the library. Keep it short: a writer may wait for it."""

    @abstractmethod
    def write(self) -> AbstractContextManager[Connection]:
        """Begin a transaction that is committed where the block ends, and rolled back where it raises.

        Only one can be open at a time, over all processes: it is in a turn to write (``Backend.turn``).
        """

    @abstractmethod
    def size(self) -> int:
        """Return the size of the stored library in bytes."""

    @abstractmethod
    def state(self) -> Hashable:
        """Return a value that every commit of any process changes, to detect stale caches.

        ``None`` means that another library is in this place: open the store anew.
        """

    @abstractmethod
    def dangling_rows(self) -> dict[str, int]:
        """Count rows that refer to missing rows, by table."""

    @abstractmethod
    def delete_dangling_rows(self) -> None:
        """Delete rows until none refers to a missing row."""

    @abstractmethod
    def refuse_damaged(self, *, daily: bool = False) -> None:
        """Raise ``LibraryDamaged`` for a damaged library: writing much would spread the damage.

        Every page is read. With ``daily``, those of a large library are read only if it was not found sound
        earlier on this day (UTC).
        """

    @abstractmethod
    def vacuum(self) -> None:
        """Remove all traces of deleted rows from the store, which may temporarily double its size.

        Raises ``LibraryBusy`` if another process keeps a transaction open.
        """

    @abstractmethod
    def copies(self) -> Copies:
        """Find other libraries beside this one, which may hold what was deleted; may raise an ``OSError``."""

    @abstractmethod
    def close(self) -> None:
        """Close the library."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()


class Backend(Protocol):
    """One kind of store: a module or an object with these functions.

    Paths are absolute and may hold any bytes. Every function raises a ``LibraryError`` where it cannot read
    or write, and leaves the library as it was. Callers of ``salvage`` and ``restore`` hold the lock.
    """

    def create(self, path: Path) -> Store:
        """Open a library for writing; make it where there is none, for its owner alone."""

    def open(self, path: Path, access: Access) -> Store:
        """Open an existing library; ``READ`` also works in a place that cannot be written.

        A library of an earlier revision is first copied and upgraded.

        Raises:
            LibraryMissing: There is none, or, for a reader, an empty file; nothing is made.
            LibraryTooNew: A newer version made it.
            LibraryDamaged: It cannot be read; ``NotALibrary`` if it is something else.
            LibraryInaccessible: It cannot be read, or not be written where that is needed.
            LibraryBusy: Another process holds it.
        """

    def check_exists(self, path: Path) -> None:
        """Raise as ``open`` does where there cannot be a library, without opening or writing anything."""

    def is_library(self, path: Path) -> bool:
        """Return whether a file is a library or a backup, sound or not. May raise an ``OSError``."""

    def lock(self, path: Path, kind: str, patience: float = 0) -> AbstractContextManager[None]:
        """Hold a lock of a library, which need not exist yet; it ends with the process at the latest.

        Locks of different kinds are independent. Raises ``LockHeld``, which names the owner's process, if
        another thread or process still holds the lock after ``patience`` seconds.
        """

    def last_run(self, path: Path, kind: str) -> LastRun | None:
        """Return who took a lock last; ``None`` if that is not known."""

    def turn(self, path: Path, patience: float = TURN_SECONDS) -> AbstractContextManager[None]:
        """Take a turn to write to a library: no other thread or process does until the block ends.

        A thread in its turn may take another. Raises ``LockHeld`` as ``lock`` does.
        """

    def back_up(self, path: Path, target: Path) -> BackedUp:
        """Copy a library, as it was last committed, to a file with the mode 0600, while others may use it.

        The copy is verified before it replaces an existing file.
        """

    def inspect(self, path: Path) -> BackedUp:
        """Count what is in a library or backup; raise as ``open`` does if it is damaged or too new."""

    def restore(self, backup: Path, path: Path) -> Path | None:
        """Replace a library by a backup that ``inspect`` accepts; return where the old library is now."""

    def damage(self, path: Path) -> str | None:
        """Return what is wrong with how a library is stored, or ``None``; write nothing.

        Raises ``NotALibrary`` for a file that is no library, damaged or not.
        """

    def salvage(self, path: Path, now: str) -> Salvage:
        """Move all readable content of a damaged library into a new one in its place; ``now`` is ISO 8601.

        Raises ``LibraryDamaged`` if nothing in it can be read.
        """

    def shared_place(self, path: Path) -> str | None:
        """Return the network file system that the library is on, where locks fail; ``None`` elsewhere."""


def library_files(path: Path) -> list[Path]:
    """Return the library and the files beside it whose names begin with its name, sorted."""
    with os.scandir(path.parent) as entries:
        names = sorted(entry.name for entry in entries if entry.is_file(follow_symlinks=False))
    beside = (f"{path.name}.", f"{path.name}-")
    return [path.with_name(name) for name in names if name == path.name or name.startswith(beside)]
