"""SQLite does what every store does."""

from pathlib import Path

import pytest

from index.store.opening import backend_of
from index.store.store import Backend
from tests.index.store.contract import BackendContract, StoreContract, ThumbnailsContract


class TestSqliteStore(StoreContract):
    @pytest.fixture
    def backend(self, tmp_path: Path) -> Backend:
        return backend_of(tmp_path / "library")


class TestSqliteBackend(BackendContract):
    @pytest.fixture
    def backend(self, tmp_path: Path) -> Backend:
        return backend_of(tmp_path / "library")


class TestSqliteThumbnails(ThumbnailsContract):
    @pytest.fixture
    def backend(self, tmp_path: Path) -> Backend:
        return backend_of(tmp_path / "library")
