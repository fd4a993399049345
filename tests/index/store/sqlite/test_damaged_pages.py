"""When the pages of a library are read to find damage, and what happens to a damaged page that is not."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from index.errors import LibraryDamaged
from index.photos.catalog import Catalog
from index.store.sqlite import database
from index.store.store import Store
from tests.index.builders import indexed, make_file, units

PAGE = 4096


@pytest.fixture
def store(catalog: Catalog, photos: Path) -> Store:
    """A library with a face, and with a row of another table."""
    catalog.record([indexed(make_file(photos / "a.jpg"), "a", units(1))])
    return catalog.store


def spoil(store: Store, table: str) -> None:
    """Overwrite the page that a table begins with, which no connection has in memory then."""
    store.close()
    with closing(sqlite3.connect(store.path)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()
    with open(store.path, "r+b") as file:
        file.seek((page - 1) * PAGE)
        file.write(b"\xa5" * PAGE)


def test_a_small_library_is_read_whole_each_time(store: Store, library: Path) -> None:
    before = library.read_bytes()
    store.refuse_damaged(daily=True)
    assert library.read_bytes() == before
    spoil(store, "face")
    with pytest.raises(LibraryDamaged):
        store.refuse_damaged(daily=True)


def test_a_large_library_is_read_whole_once_a_day(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "_LARGE_BYTES", 0)
    monkeypatch.setattr(time, "time", lambda: 20_000 * 86_400.0)
    store.refuse_damaged(daily=True)
    spoil(store, "face")
    store.refuse_damaged(daily=True)  # found sound on this day
    with pytest.raises(LibraryDamaged):
        store.refuse_damaged()
    monkeypatch.setattr(time, "time", lambda: 20_001 * 86_400.0)
    with pytest.raises(LibraryDamaged):
        store.refuse_damaged(daily=True)


def test_a_batch_that_meets_a_damaged_page_is_not_written(
    catalog: Catalog, store: Store, library: Path, photos: Path
) -> None:
    spoil(store, "face")
    damaged = library.read_bytes()
    with pytest.raises(LibraryDamaged):
        catalog.record([indexed(make_file(photos / "b.jpg"), "b", units(1))])
    assert library.read_bytes() == damaged
