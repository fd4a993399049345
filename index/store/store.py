"""The seam to whatever stores an open library: transactions and upkeep.

All SQL of this package runs in a transaction of a ``Store``. Statements are written for any backend
(``index.store.conditions``, ``index.store.statements``); what only one backend has is in its own package.
"""

from abc import ABC, abstractmethod
from collections.abc import Hashable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Self

from sqlalchemy import Connection


class Access(Enum):
    """What a library is opened for."""

    READ = "read"
    WRITE = "write"


@dataclass(frozen=True, slots=True)
class Copies:
    """Other libraries that lie beside one and may be copies of it.

    Attributes:
        of_upgrades: Made by this program, before it upgraded the library.
        others: All others, such as backups: they may be all that somebody has.
    """

    of_upgrades: tuple[Path, ...]
    others: tuple[Path, ...]


class Store(ABC):
    """An open library. It may be used by several threads; each transaction belongs to one.

    Every method raises a ``LibraryError`` where the library cannot be read or written.

    Attributes:
        path: Names the library in messages, and the place beside which its caches are kept. Absolute.
    """

    path: Path

    @abstractmethod
    def read(self) -> AbstractContextManager[Connection]:
        """Begin a transaction that sees one state of the library. Keep it short: a writer may wait for it."""

    @abstractmethod
    def write(self) -> AbstractContextManager[Connection]:
        """Begin a transaction that is committed where the block ends, and rolled back where it raises.

        Only one can be open at a time, in whatever process; the others wait for it to end.
        """

    @abstractmethod
    def size(self) -> int:
        """The size of the stored library in bytes."""

    @abstractmethod
    def state(self) -> Hashable:
        """What every commit changes, whoever commits: whoever keeps something in memory compares it.

        Returns:
            ``None`` where this library is gone, or another one has taken its place: open it anew.
        """

    @abstractmethod
    def dangling_rows(self) -> dict[str, int]:
        """Count rows that refer to missing rows, by table."""

    @abstractmethod
    def delete_dangling_rows(self) -> None:
        """Delete rows until none refers to a missing row."""

    @abstractmethod
    def refuse_damaged(self) -> None:
        """Raise ``LibraryDamaged`` for a damaged library: writing much would spread the damage."""

    @abstractmethod
    def vacuum(self) -> None:
        """Remove all traces of deleted rows from the store. It may need as much space again while it runs.

        Raises:
            LibraryBusy: Somebody else has a transaction open, and kept it.
        """

    @abstractmethod
    def copies(self) -> Copies:
        """Other libraries beside this one, which may hold what was deleted here.

        Raises:
            OSError: The place cannot be read.
        """

    @abstractmethod
    def close(self) -> None:
        """Close the library."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()
