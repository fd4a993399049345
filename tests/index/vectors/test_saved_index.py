"""The index of a library and its file: of the right kind, and not believed where it is not what was saved."""

import os
import resource
import shutil
import signal
import stat
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from index.errors import LibraryDamaged, LibraryInaccessible
from index.photos.catalog import Catalog
from index.store.opening import open_store
from index.store.store import Access, Store
from index.values import I64, IndexFile, Manifest, Neighbor
from index.vectors.faiss_index import CodedIndex, ExactIndex
from index.vectors.saved_index import (
    LoadedIndex,
    finish_saving,
    index_fault,
    index_path,
    load_index,
    save_index,
    write_index_file,
)
from pipeline.values import F32, ModelId, PhotoFile
from tests.index.builders import DIMENSION, MODEL, indexed, stored, units

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
    def manifest(self) -> IndexFile:
        manifest = self.catalog.manifest(MODEL)
        assert manifest is not None
        return manifest.file

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


def other(count: int = 50, dimension: int = DIMENSION) -> ExactIndex:
    """An index that is not the library's."""
    index = ExactIndex(dimension)
    index.add(np.arange(1, count + 1), units(count, 9, dimension))
    return index


def test_before_the_first_save_the_database_is_enough(indexes: Indexes, crowd: F32) -> None:
    indexes.check(crowd)


def test_an_empty_library_has_an_empty_index(indexes: Indexes) -> None:
    assert len(indexes.load().index) == 0
    indexes.save()
    assert indexes.load().saved


def test_saved_and_loaded(indexes: Indexes, crowd: F32) -> None:
    path = indexes.save()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(os.listdir(path.parent)) == [indexes.catalog.path.name, path.name]
    indexes.check(crowd, saved=True)
    indexes.save()
    manifest = indexes.catalog.manifest(MODEL)
    assert manifest is not None
    assert (manifest.generation, manifest.file.count) == (2, 50)


def test_a_reader_that_may_not_write_loads_it(indexes: Indexes, crowd: F32) -> None:
    path = indexes.save()
    path.unlink()
    with open_store(indexes.catalog.path, Access.READ) as database:
        Indexes(Catalog(database), indexes.exact_bytes).check(crowd, note="missing")
    assert os.listdir(path.parent) == [indexes.catalog.path.name]


def test_a_library_that_outgrows_its_kind_of_index_gets_the_other(
    catalog: Catalog, database: Store, crowd: F32
) -> None:
    indexes = Indexes(catalog, exact_bytes=4 * DIMENSION * len(crowd))
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


def test_a_longer_file_is_not_used(indexes: Indexes, crowd: F32) -> None:
    with open(indexes.save(), "ab") as file:
        file.write(b"\0")
    indexes.check(crowd, note="damaged")


def test_a_folder_in_place_of_the_file_is_not_used(indexes: Indexes, crowd: F32) -> None:
    path = indexes.save()
    path.unlink()
    path.mkdir()
    indexes.check(crowd, note="directory")


def test_the_index_of_another_model_is_not_used(indexes: Indexes, crowd: F32) -> None:
    path = indexes.save()
    write_index_file(other(), index_path(indexes.catalog.path, ModelId("facenet")))
    shutil.copy(index_path(indexes.catalog.path, ModelId("facenet")), path)
    indexes.check(crowd, note="not the one")


def test_the_index_of_another_library_is_not_used(indexes: Indexes, crowd: F32) -> None:
    write_index_file(other(), indexes.save())
    indexes.check(crowd, note="not the one")


def test_an_index_of_another_dimension_is_not_used(catalog: Catalog, crowd: F32) -> None:
    indexes = Indexes(catalog, ALWAYS)
    catalog.write_manifest(MODEL, write_index_file(other(dimension=8), indexes.path))
    indexes.check(crowd, note="another kind or dimension")


def test_an_index_of_an_unknown_kind_is_not_used(indexes: Indexes, crowd: F32) -> None:
    indexes.save()
    saved = indexes.manifest
    indexes.catalog.write_manifest(MODEL, IndexFile("HNSW", saved.count, saved.digest))
    indexes.check(crowd, note="HNSW")


def test_an_index_that_holds_another_kind_than_it_says_is_not_used(indexes: Indexes, crowd: F32) -> None:
    own = indexes.load().index
    swapped = Indexes(indexes.catalog, ALWAYS if indexes.exact_bytes == NEVER else NEVER)
    written = write_index_file(swapped.load().index, indexes.path)
    indexes.catalog.write_manifest(MODEL, IndexFile(own.kind, written.count, written.digest))
    indexes.check(crowd, note="another kind or dimension")


def test_a_crash_before_the_manifest_is_written(indexes: Indexes, crowd: F32) -> None:
    path = indexes.save()
    crowd = np.concatenate([crowd, add(indexes.catalog, 5)])
    write_index_file(indexes.load().index, path)  # and here the power fails
    indexes.check(crowd, note="not the one")
    indexes.save()
    indexes.check(crowd, saved=True)


def crash_before_the_file_has_its_name(indexes: Indexes) -> Path:
    """Save the index; the power fails when the manifest knows the new file, and it has not got its name."""
    path = indexes.path
    before = path.read_bytes()
    indexes.save()
    path.rename(path.with_name(f"{path.name}.unfinished"))
    path.write_bytes(before)
    return path


def test_a_crash_after_the_manifest_is_written(indexes: Indexes, crowd: F32) -> None:
    indexes.save()
    crowd = np.concatenate([crowd, add(indexes.catalog, 5)])
    path = crash_before_the_file_has_its_name(indexes)
    assert index_fault(indexes.catalog, MODEL) is None
    indexes.check(crowd, saved=True)
    crowd = np.concatenate([crowd, add(indexes.catalog, 3)])
    indexes.save()
    assert sorted(os.listdir(path.parent)) == [indexes.catalog.path.name, path.name]
    indexes.check(crowd, saved=True)


def test_a_crash_after_such_a_crash_loses_no_index(
    indexes: Indexes, crowd: F32, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file that the manifest knows gets its name before anything else is written under the other one."""
    indexes.save()
    crowd = np.concatenate([crowd, add(indexes.catalog, 5)])
    crash_before_the_file_has_its_name(indexes)
    monkeypatch.setattr("os.open", lambda *_: pytest.fail("the power fails"))
    with pytest.raises(pytest.fail.Exception):
        save_index(indexes.load().index, indexes.catalog, MODEL)
    monkeypatch.undo()
    indexes.check(crowd, saved=True)


def test_what_a_crash_left_needs_no_other_save_to_go(indexes: Indexes, crowd: F32) -> None:
    indexes.save()
    crowd = np.concatenate([crowd, add(indexes.catalog, 5)])
    path = crash_before_the_file_has_its_name(indexes)
    finish_saving(indexes.catalog, MODEL)
    indexes.check(crowd, saved=True)
    path.with_name(f"{path.name}.unfinished").write_bytes(b"half an index")
    finish_saving(indexes.catalog, MODEL)
    indexes.check(crowd, saved=True)
    assert sorted(os.listdir(path.parent)) == [indexes.catalog.path.name, path.name]
    finish_saving(indexes.catalog, MODEL)


def test_a_reader_during_a_save_takes_the_new_file(indexes: Indexes, crowd: F32) -> None:
    """It has read the manifest of the old one, and then the new one is saved."""
    indexes.save()
    catalog = indexes.catalog
    crowd = np.concatenate([crowd, add(catalog, 5)])

    class Reader(Catalog):
        def manifest(self, model: ModelId) -> Manifest | None:
            found = super().manifest(model)
            if not saved:
                saved.append(indexes.save())
            return found

    saved: list[Path] = []
    with open_store(catalog.path, Access.READ) as database:
        Indexes(Reader(database), indexes.exact_bytes).check(crowd, saved=True)
        saved.clear()
        add(catalog, 2)
        assert index_fault(Reader(database), MODEL) is None


def test_a_crash_while_the_file_is_written(indexes: Indexes, crowd: F32) -> None:
    path = indexes.save()
    unfinished = path.with_name(path.name + ".unfinished")
    unfinished.write_bytes(path.read_bytes()[:100])
    indexes.check(crowd, saved=True)
    indexes.save()
    assert not unfinished.exists()


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


def test_a_file_that_grew_is_the_same_as_one_built_at_once(
    indexes: Indexes, database: Store, crowd: F32
) -> None:
    indexes.save()
    remove(database, "id IN (4, 5, 44)")
    add(indexes.catalog, 9)
    grown = indexes.save().read_bytes()
    indexes.path.unlink()
    assert indexes.save().read_bytes() == grown


def test_a_face_that_is_deleted_during_a_search_is_left_out(
    indexes: Indexes, database: Store, crowd: F32
) -> None:
    loaded = indexes.load()
    remove(database, "id <= 45")
    (found,) = loaded.index.search(crowd[:1], 50, NONE)
    assert {46, 47, 48, 49, 50} <= {each.face_id for each in found}


def test_a_copy_of_the_database_brought_back_does_not_use_the_later_index(
    indexes: Indexes, database: Store, crowd: F32, tmp_path: Path
) -> None:
    indexes.save()
    shutil.copy(indexes.catalog.path, tmp_path / "copy")
    remove(database, "id > 40")
    add(indexes.catalog, 10)
    indexes.save()
    database.close()
    shutil.copy(tmp_path / "copy", indexes.catalog.path)
    with open_store(indexes.catalog.path, Access.READ) as back:
        Indexes(Catalog(back), indexes.exact_bytes).check(crowd, note="not the one")


def test_a_descriptor_of_another_length_is_refused(indexes: Indexes, crowd: F32) -> None:
    indexes.save()
    wrong = indexed(PhotoFile(b"/p/new", 1, 1), "new", units(1, dimension=8))
    indexes.catalog.record([wrong])
    with pytest.raises(LibraryDamaged, match="8 elements, where sface gives 16"):
        indexes.load()


def test_an_index_that_cannot_be_written_says_so_and_leaves_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "index.faiss"
    (target / "in the way").mkdir(parents=True)
    with pytest.raises(LibraryInaccessible, match=r"index\.faiss"):
        write_index_file(other(), target)
    assert os.listdir(tmp_path) == [target.name]


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_a_full_disk_says_so(indexes: Indexes, crowd: F32, tmp_path: Path, share: float) -> None:
    """A limit on the size of files stands in for the disk."""
    index = indexes.load().index
    write_index_file(index, tmp_path / "whole")
    size = int(share * (os.path.getsize(tmp_path / "whole") - 1))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        with pytest.raises(LibraryInaccessible):
            write_index_file(index, tmp_path / "index.faiss")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    assert {name for name in os.listdir(tmp_path) if "faiss" in name} == set()


def test_a_library_with_a_name_that_is_not_text_keeps_its_index(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"\xff %.faiss")
    written = write_index_file(other(20), path)
    loaded = ExactIndex(DIMENSION)
    with open(path, "rb") as file:
        loaded.read(file)
    assert len(loaded) == written.count == 20
