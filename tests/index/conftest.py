"""A real library in a new folder, and a clock that stands still."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from index.decisions.journal import Journal
from index.people.queries import PeopleQueries
from index.photos.catalog import Catalog
from index.store.opening import create_store
from index.store.store import Store
from tests.index import builders
from tests.index.albums import Album
from tests.index.builders import MODEL
from tests.index.journals import scan

NOW = builders.NOW


@pytest.fixture
def library(tmp_path: Path) -> Path:
    return tmp_path / "data" / "library.sqlite3"


@pytest.fixture
def database(library: Path) -> Iterator[Store]:
    with create_store(library) as database:
        yield database


@pytest.fixture
def catalog(database: Store) -> Catalog:
    """Belongs to a model, and is otherwise empty."""
    catalog = Catalog(database, clock=lambda: NOW)
    catalog.choose_model(MODEL)
    return catalog


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """An empty folder for photos."""
    folder = tmp_path / "photos"
    folder.mkdir()
    return folder


@pytest.fixture
def album(database: Store, photos: Path) -> Album:
    return Album(database, photos)


@pytest.fixture
def journal(catalog: Catalog, database: Store, photos: Path) -> Journal:
    """Of a library with the faces 1 to 6, two in each of three photos."""
    scan(catalog, photos)
    return Journal(database, clock=lambda: NOW)


@pytest.fixture
def people(database: Store) -> PeopleQueries:
    return PeopleQueries(database)
