"""A folder of photos and a library, used in this process."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from faceindex.library import Library
from faceindex.results import Listeners, Progress, ReindexSummary, ScanSummary
from faceindex.scanning.scan import ScanOptions
from faceindex.settings import Settings
from index.values import FaceRecord
from pipeline.description.embedder import Embedder, Runtime, load_embedder
from pipeline.detection.mtcnn_networks import Mtcnn
from pipeline.models.registry import ModelSpec
from pipeline.models.runtime import RuntimeOptions
from pipeline.models.weights import WeightsStore

KINDS = ("indexed", "unchanged", "duplicate", "moved", "missing", "failed")


@dataclass(frozen=True)
class Album:
    """A folder of photos, and the library that it is scanned into."""

    folder: Path
    settings: Settings

    def scan(self, *roots: Path, options: ScanOptions | None = None) -> ScanSummary:
        return Library(self.settings).scan(roots or (self.folder,), options)

    def reindex(
        self,
        options: ScanOptions | None = None,
        progress: Callable[[Progress], None] = lambda _: None,
        note: Callable[[str], None] = lambda _: None,
    ) -> ReindexSummary:
        return Library(self.settings, Listeners(progress, note)).reindex(options)

    def execute(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Run SQL on the library."""
        with closing(sqlite3.connect(self.settings.library)) as connection, connection:
            return connection.execute(statement, values).fetchall()

    def counts(self, *roots: Path) -> dict[str, int]:
        """What a scan counts, leaving out zeros; what was seen is the sum, but for the missing."""
        summary = self.scan(*roots)
        counts = {kind: getattr(summary, kind) for kind in KINDS if getattr(summary, kind)}
        assert summary.seen == sum(number for kind, number in counts.items() if kind != "missing")
        return counts

    def faces(self) -> list[FaceRecord]:
        with Library(self.settings) as library:
            return [each.record for each in library.faces()]

    def names(self) -> list[str]:
        """The photos that have faces, by name, once for each face."""
        return sorted(Path(bytes.decode(face.photo)).name for face in self.faces())

    def rows(self) -> list[str]:
        """The whole database, as SQL."""
        with closing(sqlite3.connect(self.settings.library)) as connection:
            return list(connection.iterdump())

    @property
    def index_file(self) -> Path:
        return self.settings.library.with_name(f"{self.settings.library.name}.sface.faiss")


@dataclass
class Clock:
    """A clock that stands still unless it is told otherwise, or somebody sleeps."""

    now: float = 0.0

    def advance(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """What ``time.monotonic`` and ``time.sleep`` know of the time."""
    clock = Clock()
    monkeypatch.setattr("time.monotonic", lambda: clock.now)
    monkeypatch.setattr("time.sleep", clock.advance)
    return clock


@pytest.fixture(scope="session", autouse=True)
def networks() -> Iterator[None]:
    """Networks with the same options are loaded once, and not by every scan of every test."""
    kept: dict[object, Embedder] = {}

    def load_once(
        model: ModelSpec, store: WeightsStore, options: RuntimeOptions, runtime: Runtime
    ) -> Embedder:
        key = (model, options, runtime)  # the store is that of the options' folder
        if key not in kept:
            kept[key] = load_embedder(model, store, options, runtime)
        return kept[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipeline.detection.mtcnn_networks.Mtcnn", lru_cache(Mtcnn))
        patch.setattr("pipeline.description.embedder.load_embedder", load_once)
        yield


@pytest.fixture(autouse=True)
def empty_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No setting of the user who runs the tests has an effect on them."""
    for name in [name for name in os.environ if name.startswith(("FACEINDEX_", "XDG_"))]:
        monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    return home


@pytest.fixture
def album(tmp_path: Path, cache: Path, empty_home: Path) -> Album:
    """An empty folder and no library."""
    folder = tmp_path / "photos"
    folder.mkdir()
    library = tmp_path / "data" / "library.db"
    settings = Settings.load(library=library, cache_dir=cache, model="sface", workers=2)
    return Album(folder, settings)
