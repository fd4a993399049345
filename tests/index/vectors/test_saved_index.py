"""The index of a library and its file: of the right kind, and not believed where it is not what was saved."""

import importlib
import os
import resource
import shutil
import signal
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest

from index.errors import LibraryDamaged, LibraryInaccessible
from index.photos.catalog import Catalog
from index.store.opening import create_store, open_store
from index.store.store import Access, Store
from index.values import I64, Neighbor
from index.vectors import saved_index
from index.vectors.coded_index import CodedIndex
from index.vectors.exact_index import ExactIndex
from index.vectors.index_file import FileEnd, Rows, read_rows
from index.vectors.saved_index import (
    LoadedIndex,
    holds_latest,
    index_fault,
    index_path,
    index_version,
    load_index,
    load_searchable_index,
    open_saved_index,
    save_index,
)
from pipeline.values import F32, ModelId, PhotoFile
from tests.index.builders import DIMENSION, MODEL, indexed, stored, units
from tests.index.vectors.sources import source_of

pytestmark = pytest.mark.slow

NONE: I64 = np.empty(0, dtype=np.int64)
ALWAYS, NEVER = 1 << 40, 0


@dataclass(frozen=True)
class Indexes:
    """The indexes of one library, as they are loaded by one rule of size."""

    catalog: Catalog
    exact_bytes: int

    @property
    def path(self) -> Path:
        return index_path(self.catalog.path, MODEL)

    @property
    def unfinished(self) -> Path:
        return self.path.with_name(f"{self.path.name}.unfinished")

    def load(self) -> LoadedIndex:
        return load_index(self.catalog, MODEL, DIMENSION, self.exact_bytes)

    def save(self) -> Path:
        save_index(self.load().index, self.catalog, MODEL)
        return self.path

    def check(self, vectors: F32, note: str | None = None, saved: bool = False) -> None:
        """Load the index: it must hold just these vectors, and say what was wrong, if anything."""
        loaded = self.load()
        if note is None:
            assert loaded.note is None
        else:
            assert loaded.note is not None
            assert note in loaded.note
            assert str(self.path) in loaded.note
        assert loaded.saved is saved
        ids = loaded.index.ids().tolist()
        assert ids == self.catalog.described_faces(MODEL).tolist()
        assert len(loaded.index) == len(vectors)
        for face_id, (nearest,) in zip(ids, loaded.index.search(vectors, 1, NONE), strict=True):
            assert nearest.face_id == face_id
            assert nearest.similarity > 1.0 - 1e-5


@pytest.fixture(params=[ALWAYS, NEVER], ids=["exact", "codes"])
def indexes(request: pytest.FixtureRequest, catalog: Catalog) -> Indexes:
    """Tests that take it run once for each kind of index."""
    return Indexes(catalog, request.param)


@pytest.fixture
def crowd(catalog: Catalog) -> F32:
    """A library of 50 faces; their vectors as it gives them back."""
    vectors = units(50)
    catalog.record([indexed(PhotoFile(b"/p/%d" % n, 1, 1), str(n), vectors[n : n + 1]) for n in range(50)])
    return stored(vectors)


def add(catalog: Catalog, count: int) -> F32:
    """Put a photo with some faces into the library; their vectors as it gives them back."""
    vectors = units(count, seed=count)
    catalog.record([indexed(PhotoFile(b"/p/new%d" % count, 1, 1), f"new {count}", vectors)])
    return stored(vectors)


def remove(database: Store, which: str) -> None:
    with database.write() as connection:
        connection.exec_driver_sql(f"DELETE FROM face WHERE {which}")  # noqa: S608


def other(dimension: int = DIMENSION) -> ExactIndex:
    """An index that is not the library's, of as many faces as it has."""
    index = ExactIndex(dimension, source_of(np.arange(1, 51), units(50, 9, dimension)))
    index.sync(np.arange(1, 51))
    return index


@pytest.fixture
def foreign(tmp_path: Path) -> Catalog:
    """Another library, which has saved an index of the same faces with other descriptors."""
    with create_store(tmp_path / "other" / "library.sqlite3") as store:
        catalog = Catalog(store)
        save_index(other(), catalog, MODEL)
    return catalog


def test_before_the_first_save_the_database_is_enough(indexes: Indexes, crowd: F32) -> None:
    indexes.check(crowd)


def test_an_empty_library_has_an_empty_index(indexes: Indexes) -> None:
    assert len(indexes.load().index) == 0
    indexes.save()
    assert indexes.load().saved


def files_beside(path: Path) -> list[str]:
    """The files in the folder of an index, without locks."""
    return sorted(name for name in os.listdir(path.parent) if not name.endswith(".writing"))


@pytest.mark.usefixtures("way")
def test_saved_and_loaded(indexes: Indexes, crowd: F32) -> None:
    path = indexes.save()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert files_beside(path) == [indexes.catalog.path.name, path.name]
    indexes.check(crowd, saved=True)


def test_the_version_changes_with_the_saved_index(indexes: Indexes, crowd: F32) -> None:
    store = indexes.catalog.store
    assert index_version(store, MODEL) is None
    indexes.save()
    first = index_version(store, MODEL)
    indexes.load()
    indexes.save()
    assert first == index_version(store, MODEL) is not None
    add(indexes.catalog, 1)
    assert first == index_version(store, MODEL)
    indexes.save()
    assert first != index_version(store, MODEL)
    assert index_version(store, ModelId("facenet")) is None


def test_a_reader_that_may_not_write_loads_it(indexes: Indexes, crowd: F32) -> None:
    path = indexes.save()
    path.unlink()
    with open_store(indexes.catalog.path, Access.READ) as database:
        Indexes(Catalog(database), indexes.exact_bytes).check(crowd, note="missing")
    assert files_beside(path) == [indexes.catalog.path.name]


def test_a_library_that_outgrows_its_kind_of_index_gets_the_other(
    catalog: Catalog, database: Store, crowd: F32
) -> None:
    indexes = Indexes(catalog, exact_bytes=2 * DIMENSION * len(crowd))
    indexes.save()
    assert isinstance(indexes.load().index, ExactIndex)
    crowd = np.concatenate([crowd, add(catalog, 1)])
    assert isinstance(indexes.load().index, CodedIndex)
    indexes.check(crowd, note="of this size")
    indexes.save()
    indexes.check(crowd, saved=True)
    remove(database, "id = 1")
    assert isinstance(indexes.load().index, ExactIndex)
    indexes.check(crowd[1:], note="of this size")
    indexes.save()
    indexes.check(crowd[1:], saved=True)


@pytest.mark.usefixtures("way")
def test_both_kinds_answer_alike(catalog: Catalog, crowd: F32) -> None:
    def search(exact_bytes: int, exclude: I64) -> list[list[Neighbor]]:
        return Indexes(catalog, exact_bytes).load().index.search(units(4, seed=3), 5, exclude)

    for exclude in (NONE, np.array([7, 2, 30, 999]), np.arange(1, 48), np.arange(1, 51)):
        for exact, coded in zip(search(ALWAYS, exclude), search(NEVER, exclude), strict=True):
            assert [each.face_id for each in exact] == [each.face_id for each in coded]
            assert np.allclose(
                [each.similarity for each in exact], [each.similarity for each in coded], atol=1e-6
            )
            assert not {each.face_id for each in exact} & set(exclude.tolist())


@pytest.mark.parametrize("size", [0, 1, 10, 1000])
def test_a_truncated_file_is_not_used(indexes: Indexes, crowd: F32, size: int) -> None:
    os.truncate(indexes.save(), size)
    indexes.check(crowd, note="damaged")


@pytest.mark.parametrize("place", [0.0, 0.003, 0.01, 0.03, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0])
def test_a_flipped_bit_is_noticed_anywhere(indexes: Indexes, crowd: F32, place: float) -> None:
    path = indexes.save()
    content = bytearray(path.read_bytes())
    content[int(place * (len(content) - 1))] ^= 0x10
    path.write_bytes(content)
    indexes.check(crowd, note="damaged")
    indexes.save()
    indexes.check(crowd, saved=True)


@pytest.mark.parametrize("beyond", [b"\0", bytes(8), b"\xff" * 8, b"\1" + bytes(7), bytes(range(256)) * 9])
def test_what_a_killed_run_appended_does_not_count(indexes: Indexes, crowd: F32, beyond: bytes) -> None:
    with open(indexes.save(), "ab") as file:
        file.write(beyond)
    indexes.check(crowd)
    indexes.save()
    indexes.check(np.concatenate([crowd, add(indexes.catalog, 3)]))
    indexes.save()
    assert indexes.load().saved


def test_a_folder_in_place_of_the_file_is_not_used(indexes: Indexes, crowd: F32) -> None:
    path = indexes.save()
    path.unlink()
    path.mkdir()
    indexes.check(crowd, note="directory")


def test_the_index_of_another_model_is_not_used(indexes: Indexes, crowd: F32) -> None:
    path = indexes.save()
    save_index(other(), indexes.catalog, ModelId("facenet"))
    shutil.copy(index_path(indexes.catalog.path, ModelId("facenet")), path)
    indexes.check(crowd, note="not one that this library saved")


def test_the_index_of_another_library_is_not_used(indexes: Indexes, crowd: F32, foreign: Catalog) -> None:
    shutil.copy(index_path(foreign.path, MODEL), indexes.save())
    indexes.check(crowd, note="not one that this library saved")


def test_an_index_of_another_dimension_is_not_used(catalog: Catalog, crowd: F32) -> None:
    save_index(other(dimension=8), catalog, MODEL)
    Indexes(catalog, ALWAYS).check(crowd, note="another kind or version")


def test_two_saves_ago_is_too_old(indexes: Indexes, crowd: F32) -> None:
    """A file is used that was saved last, or before that."""
    old = indexes.save().read_bytes()
    added = add(indexes.catalog, 5)
    indexes.save()
    indexes.path.write_bytes(old)
    indexes.check(np.concatenate([crowd, added]))
    indexes.save()
    added = np.concatenate([added, add(indexes.catalog, 3)])
    old = indexes.path.read_bytes()
    indexes.save()
    added = np.concatenate([added, add(indexes.catalog, 2)])
    indexes.save()
    indexes.path.write_bytes(old)
    indexes.check(np.concatenate([crowd, added]), note="not one that this library saved")


class PowerFailureError(Exception):
    """Ends a save at some point."""


def crash(
    indexes: Indexes, monkeypatch: pytest.MonkeyPatch, call: str, after: int = 0, *, whole: bool = False
) -> None:
    """Save the index; the power fails at a call, after some. Nothing tidies up after a power failure."""
    module, name = call.rsplit(".", 1)
    real, calls = getattr(importlib.import_module(module), name), 0

    with monkeypatch.context() as context:

        def fail(*arguments: object, **options: object) -> object:
            nonlocal calls
            calls += 1
            if calls <= after:
                return real(*arguments, **options)
            context.setattr(Path, "unlink", lambda path, missing_ok: None)
            context.setattr(os, "truncate", lambda path, length: None)
            raise PowerFailureError

        context.setattr(call, fail)
        with pytest.raises(PowerFailureError):
            save_index(indexes.load().index, indexes.catalog, MODEL, whole=whole)


REWRITING = ["index.vectors.saved_index.upsert", "index.whole_file.sync_to_disk", "os.replace"]
"""Calls of a save in their order: the file is written, the database knows it, it is on the disk."""


@pytest.mark.parametrize(
    "steps", [*([step] for step in REWRITING), ["os.replace", "os.replace"], REWRITING, REWRITING[::-1]]
)
def test_a_crash_at_any_step_of_rewriting_leaves_an_index_that_is_used(
    indexes: Indexes, database: Store, crowd: F32, monkeypatch: pytest.MonkeyPatch, steps: list[str]
) -> None:
    indexes.save()
    for removed, step in enumerate(steps, start=1):
        remove(database, f"id = {removed}")
        crowd = np.concatenate([crowd[1:], add(indexes.catalog, 5 + len(crowd))])
        crash(indexes, monkeypatch, step, whole=True)
        assert indexes.unfinished.exists()
        assert index_fault(indexes.catalog, MODEL) is None
        indexes.check(crowd)
    save_index(indexes.load().index, indexes.catalog, MODEL, whole=True)
    assert files_beside(indexes.path) == [indexes.catalog.path.name, indexes.path.name]
    indexes.check(crowd, saved=True)


APPENDING = [
    ("index.vectors.index_file._bytes_of", 0),
    ("index.vectors.index_file._bytes_of", 1),
    ("index.vectors.saved_index.sync_to_disk", 0),
    ("index.vectors.saved_index.upsert", 0),
]
"""Calls of a save in their order: the rows are written, they are on the disk, the database knows them."""


@pytest.mark.parametrize("steps", [*([step] for step in APPENDING), APPENDING, APPENDING[::-1]])
def test_a_crash_at_any_step_of_appending_leaves_an_index_that_is_used(
    indexes: Indexes, crowd: F32, monkeypatch: pytest.MonkeyPatch, steps: list[tuple[str, int]]
) -> None:
    indexes.save()
    before = indexes.path.read_bytes()
    for call, after in steps:
        crowd = np.concatenate([crowd, add(indexes.catalog, 5 + len(crowd))])
        crash(indexes, monkeypatch, call, after)
        assert indexes.path.read_bytes().startswith(before)
        assert index_fault(indexes.catalog, MODEL) is None
        indexes.check(crowd)
    indexes.save()
    assert indexes.path.read_bytes().startswith(before)
    indexes.check(crowd, saved=True)


def test_faces_are_appended(indexes: Indexes, database: Store, crowd: F32) -> None:
    """Until a fifth of the faces in the file are gone."""
    before = indexes.save().read_bytes()
    size = (len(before) - 72 - 8) // len(crowd)
    remove(database, "id <= 10")
    crowd = np.concatenate([crowd[10:], add(indexes.catalog, 3)])
    after = indexes.save().read_bytes()
    assert after.startswith(before)
    assert len(after) == len(before) + 8 + 3 * size
    indexes.check(crowd)
    assert indexes.save().read_bytes() == after
    remove(database, "id = 11")
    assert len(indexes.save().read_bytes()) == 72 + 8 + size * (len(crowd) - 1)
    indexes.check(crowd[1:], saved=True)


def test_a_face_leaves_the_file_at_once_if_that_is_wanted(
    indexes: Indexes, database: Store, crowd: F32, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also from what a killed run appended, which the database does not know of."""
    indexes.save()
    add(indexes.catalog, 3)
    crash(indexes, monkeypatch, "index.vectors.saved_index.upsert")
    remove(database, "id > 50")
    loaded = indexes.load()
    assert not loaded.saved
    appended = indexes.path.stat().st_size
    save_index(loaded.index, indexes.catalog, MODEL)
    assert indexes.path.stat().st_size == appended
    save_index(loaded.index, indexes.catalog, MODEL, whole=True)
    assert indexes.path.stat().st_size < appended
    indexes.check(crowd, saved=True)


def test_the_saved_index_opens_without_the_list_of_faces(
    catalog: Catalog, database: Store, crowd: F32, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may lack faces, and have some that are gone."""

    def opened() -> LoadedIndex:
        with monkeypatch.context() as context:
            context.delattr(Catalog, "described_faces")
            return open_saved_index(catalog, MODEL, DIMENSION)

    assert open_saved_index(catalog, MODEL, DIMENSION).index.ids().tolist() == list(range(1, 51))
    save_index(load_index(catalog, MODEL, DIMENSION).index, catalog, MODEL)
    remove(database, "id = 7")
    add(catalog, 2)
    assert opened().index.ids().tolist() == list(range(1, 51))
    save_index(load_index(catalog, MODEL, DIMENSION).index, catalog, MODEL)
    index = opened().index
    assert index.ids().tolist() == list(range(1, 53))
    assert np.array_equal(index.search(crowd[:1], 1, NONE)[0][0].face_id, 1)
    index_path(catalog.path, MODEL).unlink()
    loaded = open_saved_index(catalog, MODEL, DIMENSION)
    assert loaded.note is not None
    assert "missing" in loaded.note
    assert loaded.index.ids().tolist() == [each for each in range(1, 53) if each != 7]


def test_to_search_the_index_is_compared_with_the_library_only_if_faces_were_added(
    catalog: Catalog, crowd: F32, database: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_index(load_index(catalog, MODEL, DIMENSION).index, catalog, MODEL)
    remove(database, "id = 7")
    with monkeypatch.context() as context:
        context.delattr(Catalog, "described_faces")
        index = load_searchable_index(catalog, MODEL, DIMENSION).index
    assert index.ids().tolist() == list(range(1, 51))
    add(catalog, 1)
    assert not holds_latest(index, catalog, MODEL)
    index = load_searchable_index(catalog, MODEL, DIMENSION).index
    assert index.ids().tolist() == [each for each in range(1, 52) if each != 7]
    assert holds_latest(index, catalog, MODEL)
    remove(database, "id > 0")
    assert holds_latest(index, catalog, MODEL)


def test_a_reader_during_a_save_uses_the_file_that_it_opened(
    indexes: Indexes, crowd: F32, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has opened the old file when the new one is saved."""
    indexes.save()
    crowd = np.concatenate([crowd, add(indexes.catalog, 5)])

    def read_while_another_is_saved(file: BinaryIO, rows: Rows, accepted: Sequence[bytes | None]) -> FileEnd:
        monkeypatch.undo()
        indexes.save()
        return read_rows(file, rows, accepted)

    monkeypatch.setattr(saved_index, "read_rows", read_while_another_is_saved)
    indexes.check(crowd)
    indexes.check(crowd, saved=True)


def test_faces_that_came_since_are_found(indexes: Indexes, crowd: F32) -> None:
    indexes.save()
    indexes.check(np.concatenate([crowd, add(indexes.catalog, 7)]))


def test_faces_that_went_since_are_not_found(indexes: Indexes, database: Store, crowd: F32) -> None:
    indexes.save()
    remove(database, "id % 2 = 0")
    indexes.check(crowd[::2])
    indexes.save()
    indexes.check(crowd[::2], saved=True)


def test_as_many_came_as_went(indexes: Indexes, database: Store, crowd: F32) -> None:
    indexes.save()
    remove(database, "id <= 3")
    indexes.check(np.concatenate([crowd[3:], add(indexes.catalog, 3)]))


def test_a_file_written_anew_is_the_same_as_one_built_at_once(
    indexes: Indexes, database: Store, crowd: F32
) -> None:
    indexes.save()
    add(indexes.catalog, 9)
    indexes.save()
    remove(database, "id IN (4, 5, 44, 52)")
    save_index(indexes.load().index, indexes.catalog, MODEL, whole=True)
    grown = indexes.path.read_bytes()
    indexes.path.unlink()
    assert indexes.save().read_bytes() == grown


def test_a_face_that_is_deleted_during_a_search_is_left_out(
    indexes: Indexes, database: Store, crowd: F32
) -> None:
    loaded = indexes.load()
    remove(database, "id <= 45")
    (found,) = loaded.index.search(crowd[:1], 50, NONE)
    assert {46, 47, 48, 49, 50} <= {each.face_id for each in found}


@pytest.mark.parametrize("whole", [False, True])
def test_a_copy_of_the_database_brought_back_does_not_use_later_faces(
    indexes: Indexes, database: Store, crowd: F32, tmp_path: Path, whole: bool
) -> None:
    """Of a file that only grew, what was there then still counts."""
    indexes.save()
    shutil.copy(indexes.catalog.path, tmp_path / "copy")
    remove(database, "id > 40")
    add(indexes.catalog, 10)
    save_index(indexes.load().index, indexes.catalog, MODEL, whole=whole)
    database.close()
    shutil.copy(tmp_path / "copy", indexes.catalog.path)
    with open_store(indexes.catalog.path, Access.WRITE) as back:
        again = Indexes(Catalog(back), indexes.exact_bytes)
        again.check(crowd, note="not one that this library saved" if whole else None)
        crowd = np.concatenate([crowd, add(again.catalog, 4)])
        again.save()
        again.check(crowd, saved=True)


def test_a_descriptor_of_another_length_is_refused(indexes: Indexes, crowd: F32) -> None:
    indexes.save()
    wrong = indexed(PhotoFile(b"/p/new", 1, 1), "new", units(1, dimension=8))
    indexes.catalog.record([wrong])
    with pytest.raises(LibraryDamaged, match="8 elements, where sface gives 16"):
        indexes.load()


def test_an_index_that_cannot_be_written_says_so(indexes: Indexes, crowd: F32) -> None:
    (indexes.path / "in the way").mkdir(parents=True)
    with pytest.raises(LibraryInaccessible, match=r"\.faiss"):
        indexes.save()
    assert files_beside(indexes.path) == [indexes.catalog.path.name, indexes.path.name]


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("whole", [False, True])
def test_a_full_disk_says_so_and_the_old_index_is_used(
    indexes: Indexes, database: Store, crowd: F32, share: float, whole: bool
) -> None:
    """A limit on the size of files stands in for the disk."""
    before = indexes.save().stat().st_size
    if whole:
        remove(database, "id = 50")
        crowd, size = crowd[:-1], int(share * (before - 100))
    else:
        crowd, size = np.concatenate([crowd, add(indexes.catalog, 9)]), before + int(share * 300)
    index = indexes.load().index
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        with pytest.raises(LibraryInaccessible):
            save_index(index, indexes.catalog, MODEL, whole=whole)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, ignored)
    assert files_beside(indexes.path) == [indexes.catalog.path.name, indexes.path.name]
    assert indexes.path.stat().st_size == before
    indexes.check(crowd)


def test_a_library_with_a_name_that_is_not_text_keeps_its_index(tmp_path: Path) -> None:
    with create_store(tmp_path / os.fsdecode(b"\xff %.sqlite3")) as store:
        catalog = Catalog(store)
        catalog.choose_model(MODEL)
        indexes = Indexes(catalog, ALWAYS)
        added = add(catalog, 20)
        indexes.save()
        indexes.check(added, saved=True)
