"""Opening a library, in whichever backend keeps it: the one place that names a backend."""

from pathlib import Path

from index.store.sqlite import database
from index.store.store import Access, Store


def create_store(path: Path) -> Store:
    """Open a library to write in it; make it where there is none.

    What is made can be read by its owner alone: descriptors of faces are biometric data.

    Raises:
        LibraryError: See ``open_store``; a missing library is no error here.
    """
    return database.create_database(path)


def open_store(path: Path, access: Access) -> Store:
    """Open an existing library. One of an earlier revision is upgraded first, beside a copy of it.

    Args:
        path: Names the library; the name may hold any bytes.
        access: ``READ`` also works where nothing can be written.

    Raises:
        LibraryMissing: There is none, or, for a reader, an empty one; nothing is made.
        LibraryTooNew: A newer version made it.
        LibraryDamaged: It cannot be read; or what is there is no library (``NotALibrary``).
        LibraryInaccessible: It cannot be read, or not be written where that is needed.
        LibraryBusy: Another process holds it.
    """
    return database.open_database(path, access)
