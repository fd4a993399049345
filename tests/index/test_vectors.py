"""The vector index: exact, and never believed where its file is not what the database says."""

import os
import resource
import shutil
import signal
import stat
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.catalog import Catalog
from index.database import Database, open_database
from index.errors import LibraryDamaged, LibraryInaccessible
from index.sqlite import Access
from index.values import I64, Neighbor
from index.vectors import FaissIndex, index_path, load_index, save_index, write_index_file
from pipeline.values import F32, ModelId, PhotoFile
from tests.index.builders import DIMENSION, MODEL, indexed, stored, units

NONE: I64 = np.empty(0, dtype=np.int64)


def filled(count: int, seed: int = 0, dimension: int = DIMENSION) -> FaissIndex:
    index = FaissIndex(dimension)
    index.add(np.arange(1, count + 1) * 3, units(count, seed, dimension))
    return index


def ids_of(neighbors: list[Neighbor]) -> list[int]:
    return [each.face_id for each in neighbors]


@settings(max_examples=50, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(1, 300),
    probes=st.integers(1, 40),
    k=st.integers(1, 320),
    excluded=st.integers(0, 300),
)
def test_neighbours_are_those_of_comparing_with_every_face(
    seed: int, count: int, probes: int, k: int, excluded: int
) -> None:
    vectors, queries = units(count, seed), units(probes, seed + 1)
    ids = np.random.default_rng(seed).permutation(10 * count)[:count].astype(np.int64)
    index = FaissIndex(DIMENSION)
    index.add(ids, vectors)
    exclude = ids[:excluded]
    kept = ~np.isin(ids, exclude)
    similarities = queries.astype(np.float64) @ vectors[kept].T.astype(np.float64)
    for found, exact in zip(index.search(queries, k, exclude), similarities, strict=True):
        assert len(found) == min(k, kept.sum())
        assert set(ids_of(found)) <= set(ids[kept].tolist())
        got = np.array([each.similarity for each in found])
        assert np.allclose(got, np.sort(exact)[::-1][:k], atol=1e-6)
        own = dict(zip(ids[kept].tolist(), exact.tolist(), strict=True))
        assert np.allclose(got, [own[each] for each in ids_of(found)], atol=1e-6)


def test_an_empty_index_finds_nothing() -> None:
    assert FaissIndex(DIMENSION).search(units(2), 5, NONE) == [[], []]
    assert filled(3).search(np.empty((0, DIMENSION), dtype=np.float32), 5, NONE) == []


def test_a_face_is_most_similar_to_itself_and_never_more_than_alike() -> None:
    vectors = units(100)
    index = FaissIndex(DIMENSION)
    index.add(np.arange(1, 101), vectors)
    for number, found in enumerate(index.search(vectors, 1, NONE), start=1):
        assert ids_of(found) == [number]
        assert 1.0 - 1e-6 < found[0].similarity <= 1.0


def test_faces_that_are_taken_out_are_not_found() -> None:
    index = filled(10)
    index.remove(np.array([3, 9, 999]))
    assert index.ids().tolist() == [6, 12, 15, 18, 21, 24, 27, 30]
    assert len(index) == 8
    (found,) = index.search(units(1), 10, NONE)
    assert set(ids_of(found)) == set(index.ids().tolist())


@pytest.fixture
def crowd(catalog: Catalog) -> F32:
    """A library of 50 faces; their vectors as it gives them back."""
    vectors = units(50)
    catalog.record([indexed(PhotoFile(b"/p/%d" % n, 1, 1), str(n), vectors[n : n + 1]) for n in range(50)])
    return stored(vectors)


def check(catalog: Catalog, vectors: F32, note: str | None = None, saved: bool = False) -> None:
    """Load the index: it must hold just these vectors, and say what was wrong, if anything."""
    loaded = load_index(catalog, MODEL, DIMENSION)
    if note is None:
        assert loaded.note is None
    else:
        assert loaded.note is not None
        assert note in loaded.note
        assert str(index_path(catalog.path, MODEL)) in loaded.note
    assert loaded.saved is saved
    assert loaded.index.ids().tolist() == catalog.described_faces(MODEL).tolist()
    assert len(loaded.index) == len(vectors)
    for face_id, (nearest,) in zip(loaded.index.ids(), loaded.index.search(vectors, 1, NONE), strict=True):
        assert nearest.face_id == face_id
        assert nearest.similarity > 1.0 - 1e-5


def save(catalog: Catalog) -> Path:
    save_index(load_index(catalog, MODEL, DIMENSION).index, catalog, MODEL)
    return index_path(catalog.path, MODEL)


def test_before_the_first_save_the_database_is_enough(catalog: Catalog, crowd: F32) -> None:
    check(catalog, crowd)


def test_an_empty_library_has_an_empty_index(catalog: Catalog) -> None:
    assert len(load_index(catalog, MODEL, DIMENSION).index) == 0
    save(catalog)
    assert load_index(catalog, MODEL, DIMENSION).saved


def test_saved_and_loaded(catalog: Catalog, crowd: F32) -> None:
    path = save(catalog)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert sorted(os.listdir(path.parent)) == [catalog.path.name, path.name]
    check(catalog, crowd, saved=True)
    save(catalog)
    manifest = catalog.manifest(MODEL)
    assert manifest is not None
    assert (manifest.generation, manifest.file.count) == (2, 50)


def test_a_reader_that_may_not_write_loads_it(catalog: Catalog, crowd: F32) -> None:
    path = save(catalog)
    path.unlink()
    with open_database(catalog.path, Access.READ) as database:
        check(Catalog(database), crowd, note="missing")
    assert os.listdir(path.parent) == [catalog.path.name]


@pytest.mark.parametrize("size", [0, 1, 10, 1000])
def test_a_truncated_file_is_not_used(catalog: Catalog, crowd: F32, size: int) -> None:
    os.truncate(save(catalog), size)
    check(catalog, crowd, note="damaged")


@pytest.mark.parametrize("place", [0, 4, 20, 40, 500, 1500, -1])
def test_a_flipped_bit_is_noticed(catalog: Catalog, crowd: F32, place: int) -> None:
    path = save(catalog)
    content = bytearray(path.read_bytes())
    content[place] ^= 0x10
    path.write_bytes(content)
    check(catalog, crowd, note="damaged")


def test_a_longer_file_is_not_used(catalog: Catalog, crowd: F32) -> None:
    with open(save(catalog), "ab") as file:
        file.write(b"\0")
    check(catalog, crowd, note="damaged")


def test_a_folder_in_place_of_the_file_is_not_used(catalog: Catalog, crowd: F32) -> None:
    path = save(catalog)
    path.unlink()
    path.mkdir()
    check(catalog, crowd, note="directory")


def test_the_index_of_another_model_is_not_used(catalog: Catalog, crowd: F32) -> None:
    path = save(catalog)
    write_index_file(filled(50, seed=9), index_path(catalog.path, ModelId("facenet")))
    shutil.copy(index_path(catalog.path, ModelId("facenet")), path)
    check(catalog, crowd, note="not the one")


def test_the_index_of_another_library_is_not_used(catalog: Catalog, crowd: F32) -> None:
    path = save(catalog)
    write_index_file(filled(50, seed=9), path)
    check(catalog, crowd, note="not the one")


def test_an_index_of_another_dimension_is_not_used(catalog: Catalog, crowd: F32) -> None:
    path = index_path(catalog.path, MODEL)
    catalog.write_manifest(MODEL, write_index_file(filled(50, dimension=8), path))
    check(catalog, crowd, note="another kind or dimension")


def test_an_index_of_an_older_kind_is_not_used(catalog: Catalog, crowd: F32) -> None:
    save(catalog)
    manifest = catalog.manifest(MODEL)
    assert manifest is not None
    catalog.write_manifest(MODEL, type(manifest.file)("HNSW", manifest.file.count, manifest.file.sha256))
    check(catalog, crowd, note="another kind")


def test_a_crash_before_the_manifest_is_written(catalog: Catalog, crowd: F32) -> None:
    path = save(catalog)
    more = units(5, seed=5)
    catalog.record([indexed(PhotoFile(b"/p/new", 1, 1), "new", more)])
    write_index_file(load_index(catalog, MODEL, DIMENSION).index, path)  # and here the power fails
    check(catalog, np.concatenate([crowd, stored(more)]), note="not the one")
    save(catalog)
    check(catalog, np.concatenate([crowd, stored(more)]), saved=True)


def test_a_crash_while_the_file_is_written(catalog: Catalog, crowd: F32) -> None:
    path = save(catalog)
    unfinished = path.with_name(path.name + ".unfinished")
    unfinished.write_bytes(path.read_bytes()[:100])
    check(catalog, crowd, saved=True)
    save(catalog)
    assert not unfinished.exists()


def test_faces_that_came_since_are_found(catalog: Catalog, crowd: F32) -> None:
    save(catalog)
    more = units(7, seed=5)
    catalog.record([indexed(PhotoFile(b"/p/new", 1, 1), "new", more)])
    check(catalog, np.concatenate([crowd, stored(more)]))


def test_faces_that_went_since_are_not_found(catalog: Catalog, database: Database, crowd: F32) -> None:
    save(catalog)
    with database.write() as connection:
        connection.exec_driver_sql("DELETE FROM face WHERE id % 2 = 0")
    check(catalog, crowd[::2])


def test_as_many_came_as_went(catalog: Catalog, database: Database, crowd: F32) -> None:
    save(catalog)
    with database.write() as connection:
        connection.exec_driver_sql("DELETE FROM face WHERE id <= 3")
    more = units(3, seed=5)
    catalog.record([indexed(PhotoFile(b"/p/new", 1, 1), "new", more)])
    check(catalog, np.concatenate([crowd[3:], stored(more)]))


def test_a_copy_of_the_database_brought_back_does_not_use_the_later_index(
    catalog: Catalog, database: Database, crowd: F32, tmp_path: Path
) -> None:
    save(catalog)
    shutil.copy(catalog.path, tmp_path / "copy")
    with database.write() as connection:
        connection.exec_driver_sql("DELETE FROM face WHERE id > 40")
    catalog.record([indexed(PhotoFile(b"/p/new", 1, 1), "new", units(10, seed=5))])
    save(catalog)
    database.close()
    shutil.copy(tmp_path / "copy", catalog.path)
    with open_database(catalog.path, Access.READ) as back:
        check(Catalog(back), crowd, note="not the one")


def test_a_descriptor_of_another_length_is_refused(catalog: Catalog, crowd: F32) -> None:
    save(catalog)
    catalog.record([indexed(PhotoFile(b"/p/new", 1, 1), "new", units(1, dimension=8))])
    with pytest.raises(LibraryDamaged, match="8 elements, where sface gives 16"):
        load_index(catalog, MODEL, DIMENSION)


def test_an_index_that_cannot_be_written_says_so_and_leaves_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "index.faiss"
    (target / "in the way").mkdir(parents=True)
    with pytest.raises(LibraryInaccessible, match=r"index\.faiss"):
        write_index_file(filled(3), target)
    assert os.listdir(tmp_path) == [target.name]


@pytest.mark.parametrize("missing", [1, 5000, 21_000])
def test_a_full_disk_says_so(tmp_path: Path, missing: int) -> None:
    """A limit on the size of files stands in for the disk."""
    write_index_file(filled(300), tmp_path / "whole")
    size = os.path.getsize(tmp_path / "whole")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size - missing, limits[1]))
    try:
        with pytest.raises(LibraryInaccessible):
            write_index_file(filled(300), tmp_path / "index.faiss")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    assert os.listdir(tmp_path) == ["whole"]


def test_a_library_with_a_name_that_is_not_text_keeps_its_index(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"\xff %.faiss")
    written = write_index_file(filled(20), path)
    with open(path, "rb") as file:
        assert len(FaissIndex.read(file, DIMENSION)) == written.count == 20
