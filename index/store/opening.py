"""Opening a library, in whichever backend keeps it: the one module that names a backend."""

from pathlib import Path

from index.store.sqlite import backend as sqlite
from index.store.store import Access, Backend, Store


def backend_of(path: Path) -> Backend:
    """The backend that keeps, or is to keep, the library of this name."""
    return sqlite


def create_store(path: Path) -> Store:
    """Open a library to write in it, made where there is none; see ``Backend.create``."""
    return backend_of(path).create(path)


def open_store(path: Path, access: Access) -> Store:
    """Open an existing library; see ``Backend.open``."""
    return backend_of(path).open(path, access)
