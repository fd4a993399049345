"""Chooses the backend of a library; no other module names one."""

from pathlib import Path

from index.store.sqlite import backend as sqlite
from index.store.store import Access, Backend, Store


def backend_of(path: Path) -> Backend:
    """Return the backend of the library at this path, which need not exist yet."""
    return sqlite


def create_store(path: Path) -> Store:
    """Open a library for writing; make it if needed. See ``Backend.create``."""
    return backend_of(path).create(path)


def open_store(path: Path, access: Access) -> Store:
    """Open an existing library; see ``Backend.open``."""
    return backend_of(path).open(path, access)
