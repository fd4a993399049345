"""The seam for libraries that are not open: how a kind of store makes, opens, copies and saves them.

A backend is a module, or an object, with these functions; ``index.store.opening`` knows which one keeps a
library.
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from index.store.store import Access, Store


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


@dataclass(frozen=True, slots=True)
class SavedTable:
    """How many rows of a damaged table were saved.

    Attributes:
        table: Its name.
        saved: Rows in the new library.
        lost_at_most: Rows that are not, as far as their ids tell; ``None`` where the table could not be read
            to its end, so that nobody knows how many more there were.
    """

    table: str
    saved: int
    lost_at_most: int | None


@dataclass(frozen=True, slots=True)
class Salvage:
    """What was saved of a damaged library.

    Attributes:
        tables: The tables of which something was lost.
        read_again: Photos that the next scan reads anew, because faces in them may have been lost.
        kept: Where the damaged library is now.
    """

    tables: tuple[SavedTable, ...]
    read_again: int
    kept: Path


class Backend(Protocol):
    """One kind of store. Paths name libraries, are absolute, and may hold any bytes.

    Every function raises a ``LibraryError`` where it cannot read or write, and leaves the library as it was.
    Whoever calls ``salvage`` or ``restore`` holds the lock.
    """

    def create(self, path: Path) -> Store:
        """Open a library for writing; make it where there is none, for its owner alone."""

    def open(self, path: Path, access: Access) -> Store:
        """Open an existing library. One of an earlier revision is upgraded first, beside a copy of it.

        Args:
            path: The library.
            access: ``READ`` also works where nothing can be written.

        Raises:
            LibraryMissing: There is none, or, for a reader, an empty one; nothing is made.
            LibraryTooNew: A newer version made it.
            LibraryDamaged: It cannot be read; or what is there is no library (``NotALibrary``).
            LibraryInaccessible: It cannot be read, or not be written where that is needed.
            LibraryBusy: Another process holds it.
        """

    def check_exists(self, path: Path) -> None:
        """Raise as ``open`` does where there cannot be a library; nothing is opened or written."""

    def is_library(self, path: Path) -> bool:
        """Whether a file is a library or a backup of one, sound or not.

        Raises:
            OSError: It cannot be read.
        """

    def lock(self, path: Path, kind: str) -> AbstractContextManager[None]:
        """Hold a lock of a library, which there need not be yet; it ends with the process at the latest.

        Args:
            path: The library.
            kind: Which lock. Locks of different kinds are independent.

        Raises:
            LockHeld: Another process holds it; the message names it, and when it started.
        """

    def back_up(self, path: Path, target: Path) -> BackedUp:
        """Copy a library, as it was last committed, to a file that its owner alone can read (0600).

        Scans and readers go on meanwhile. The copy is read back before it gets its name and replaces what was
        there.
        """

    def inspect(self, path: Path) -> BackedUp:
        """Count what is in a library or backup; raise as ``open`` does if it is damaged or too new."""

    def restore(self, backup: Path, path: Path) -> Path | None:
        """Put a backup in which ``inspect`` finds no fault in the place of a library.

        Returns:
            Where the library that was there is now; ``None`` where there was none.
        """

    def damage(self, path: Path) -> str | None:
        """What is wrong with how a library is stored; ``None`` if nothing. Nothing is written.

        Raises:
            NotALibrary: It is no library, damaged or not.
        """

    def salvage(self, path: Path, now: str) -> Salvage:
        """Put what can still be read of a damaged library into a new one in its place.

        Args:
            path: The library.
            now: The time, as it is written down.

        Raises:
            LibraryDamaged: Nothing in it can be read.
        """

    def shared_place(self, path: Path) -> str | None:
        """The kind of network file system that the library is on, where locks fail; ``None`` elsewhere."""
