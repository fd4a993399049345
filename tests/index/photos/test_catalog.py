"""What the catalog answers: states, what is missing, faces, figures."""

import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.errors import LibraryDamaged, ModelMismatch
from index.figures import ReasonCount
from index.paths import is_inside
from index.photos.catalog import CHUNK, Catalog
from index.store.store import Store
from index.vectors.saved_index import load_index, save_index
from pipeline.values import ModelId, PhotoFailed, PhotoFile, Reason, Stage
from tests.index.builders import (
    DIMENSION,
    MODEL,
    add_roots,
    broken,
    crawled,
    digest_of,
    indexed,
    known,
    make_file,
    stored,
    units,
    unreadable,
)
from tests.index.conftest import NOW


def put(catalog: Catalog, *paths: bytes) -> None:
    """Photos that are on no disk, each with its own content."""
    catalog.record([indexed(PhotoFile(path, 1, 1), repr(path), units(1)) for path in paths])


def test_the_model_is_chosen_once(catalog: Catalog) -> None:
    catalog.choose_model(MODEL)
    with pytest.raises(ModelMismatch, match=r"sface.*facenet") as caught:
        catalog.choose_model(ModelId("facenet"))
    assert (caught.value.library_model, caught.value.asked) == ("sface", "facenet")
    assert catalog.model() == MODEL


def test_roots_are_remembered_in_order_and_once(catalog: Catalog) -> None:
    add_roots(catalog.store, [b"/z", b"/a"])
    add_roots(catalog.store, [b"/\xff", b"/z"])
    assert catalog.roots() == (b"/z", b"/a", b"/\xff")


@pytest.mark.parametrize(
    ("root", "under"),
    [
        (b"/a/b", {b"/a/b", b"/a/b/1", b"/a/b/c/2", b"/a/b/\xff\xff"}),
        (b"/a/b/", {b"/a/b", b"/a/b/1", b"/a/b/c/2", b"/a/b/\xff\xff"}),
        (b"/a/%", {b"/a/%/1"}),
        (b"/a/_", {b"/a/_/1"}),
        (b"/a/*", set()),
        (b"/A", set()),
        (b"/a/b/1", {b"/a/b/1"}),
    ],
)
def test_a_folder_is_no_prefix(catalog: Catalog, root: bytes, under: set[bytes]) -> None:
    put(catalog, b"/a/b", b"/a/b/1", b"/a/b/c/2", b"/a/b/\xff\xff", b"/a/bc", b"/a/b0", b"/a/b.", b"/a/%/1")
    put(catalog, b"/a/_/1", b"/a/x/1", b"/\xff")
    assert set(catalog.states_under([root])) == under


def test_the_whole_disk_and_folders_in_one_another(catalog: Catalog) -> None:
    put(catalog, b"/a/1", b"/a/b/2", b"/\xff/3")
    assert set(catalog.states_under([b"/"])) == {b"/a/1", b"/a/b/2", b"/\xff/3"}
    assert set(catalog.states_under([b"/a/b", b"/a"])) == {b"/a/1", b"/a/b/2"}
    assert catalog.states_under([]) == {}


names = st.lists(
    st.binary(min_size=1, max_size=3).filter(lambda name: b"/" not in name), min_size=1, max_size=4
)


@given(names, names)
def test_inside_is_a_matter_of_whole_names(path: list[bytes], folder: list[bytes]) -> None:
    inside = path[: len(folder)] == folder
    assert is_inside(b"/" + b"/".join(path), {b"/" + b"/".join(folder)}) is inside
    assert is_inside(b"/" + b"/".join(path), {b"/"})


def test_faces_of_missing_photos_are_shown_as_such(catalog: Catalog, database: Store, photos: Path) -> None:
    a, b = make_file(photos / "a.jpg"), make_file(photos / "b.jpg")
    catalog.record([indexed(a, "same", units(1)), known(b, "same")])
    (face_id,) = catalog.face_ids_of(digest_of("same"))

    crawled(database, [os.fsencode(photos)], {a.path, b.path})
    crawled(database, [os.fsencode(photos)], {b.path})
    assert (catalog.faces([face_id])[face_id].photo, catalog.faces([face_id])[face_id].missing) == (
        b.path,
        False,
    )
    crawled(database, [os.fsencode(photos)])
    assert (catalog.faces([face_id])[face_id].photo, catalog.faces([face_id])[face_id].missing) == (
        a.path,
        True,
    )


def test_a_missing_photo_is_no_failure(catalog: Catalog, database: Store) -> None:
    catalog.record([broken(PhotoFile(b"/p/half", 1, 1), "half"), unreadable(PhotoFile(b"/q/shut", 1, 1))])
    assert [each.path for each in catalog.failures_under([b"/p", b"/q/shut", b"/"])] == [
        b"/p/half",
        b"/q/shut",
    ]
    crawled(database, [b"/p"])
    assert [each.path for each in catalog.failures_under([b"/"])] == [b"/q/shut"]
    assert catalog.failures_under([b"/p"]) == []


def test_more_than_one_chunk(catalog: Catalog) -> None:
    count = 2 * CHUNK + 1
    vectors = units(count)
    catalog.record([indexed(PhotoFile(b"/p/1", 1, 1), "crowd", vectors)])
    ids = catalog.described_faces(MODEL)
    assert ids.dtype == np.int64
    chunks = list(catalog.descriptors(MODEL, ids))
    assert len(chunks) == 3
    assert np.array_equal(np.concatenate([chunk.ids for chunk in chunks]), ids)
    assert np.allclose(np.concatenate([chunk.vectors for chunk in chunks]), stored(vectors), atol=1e-7)
    assert [face.face_id for chunk in catalog.all_faces() for face in chunk] == ids.tolist()
    assert set(catalog.faces(ids.tolist())) == set(ids.tolist())


def test_only_what_was_asked_for(catalog: Catalog) -> None:
    put(catalog, b"/1", b"/2", b"/3")
    first, _, third = catalog.described_faces(MODEL).tolist()
    (chunk,) = catalog.descriptors(MODEL, [first, third, 999])
    assert chunk.ids.tolist() == [first, third]
    assert list(catalog.descriptors(ModelId("facenet"), [first])) == []
    assert catalog.described_faces(ModelId("facenet")).tolist() == []
    assert set(catalog.faces([first, 999])) == {first}
    assert catalog.face_ids_of(digest_of("unknown")) == []


@pytest.mark.parametrize("blob", [b"", b"\x00" * 32, b"\xff" * 32, b"\x00\x3c"])
def test_a_descriptor_that_is_none_is_never_used(catalog: Catalog, database: Store, blob: bytes) -> None:
    put(catalog, b"/1", b"/2")
    ids = catalog.described_faces(MODEL)
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE descriptor SET vector = ? WHERE face_id = ?", (blob, int(ids[0])))
    with pytest.raises(LibraryDamaged, match=r"library\.sqlite3"):
        list(catalog.descriptors(MODEL, ids))


def test_landmarks_that_are_none_are_never_used(catalog: Catalog, database: Store) -> None:
    put(catalog, b"/1")
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE face SET landmarks = x'00'")
    with pytest.raises(LibraryDamaged, match="landmarks"):
        list(catalog.all_faces())


def test_an_empty_library_in_figures(database: Store) -> None:
    figures = Catalog(database).statistics()
    assert (figures.model, figures.photos, figures.faces, figures.index_kind) == (None, 0, 0, None)
    assert (figures.first_taken, figures.faces_per_photo) == (None, 0.0)


def test_a_library_in_figures(catalog: Catalog, database: Store, photos: Path) -> None:
    names = ("a", "b", "copy", "hill", "half", "shut", "edited", "gone")
    files = {name: make_file(photos / name, name) for name in names}
    add_roots(catalog.store, [os.fsencode(photos)])
    catalog.record(
        [
            indexed(files["a"], "a", units(3)),
            indexed(files["b"], "b", units(1)),
            known(files["copy"], "a"),
            indexed(files["hill"], "hill"),
            broken(files["half"], "half"),
            unreadable(files["shut"]),
            indexed(files["edited"], "before", units(1)),
            indexed(files["edited"], "after", units(1)),
            indexed(files["gone"], "gone", units(1)),
        ]
    )
    crawled(database, [files["gone"].path])
    save_index(load_index(catalog, MODEL, DIMENSION).index, catalog, MODEL)
    figures = catalog.statistics()
    assert (figures.model, figures.created_at) == (MODEL, NOW)
    assert figures.roots == (os.fsencode(photos),)
    assert (figures.photos, figures.missing, figures.duplicates) == (7, 1, 1)
    assert figures.photo_bytes == sum(len(name) for name in names if name != "gone")
    assert figures.failed == (ReasonCount("truncated", 1), ReasonCount("unreadable", 1))
    assert figures.failures == 2
    assert (figures.contents, figures.contents_without_face, figures.most_faces) == (4, 1, 3)
    assert (figures.faces, figures.faces_per_photo) == (5, 1.25)
    assert figures.first_taken == figures.last_taken == datetime(2019, 7, 14, 10, 30, 0, 250_000, tzinfo=UTC)
    assert (figures.descriptors, figures.descriptor_bytes) == (7, 7 * 16 * 2)
    assert figures.database_bytes == os.path.getsize(catalog.path)
    assert (figures.index_kind, figures.indexed_faces) == ("exact", 7)


def test_a_picture_is_known_by_the_first_file_that_showed_it(catalog: Catalog, photos: Path) -> None:
    file = make_file(photos / "a.jpg")
    catalog.record([indexed(file, "a", units(1))])
    tagged = replace(indexed(file, "a"), digest=digest_of("tagged"))
    decoded_otherwise = replace(indexed(file, "a"), picture=digest_of("another"))
    assert catalog.digest_of(tagged) == digest_of("a")
    assert catalog.digest_of(decoded_otherwise) == digest_of("a")
    assert catalog.digest_of(indexed(file, "b")) == digest_of("b")


def test_a_photo_that_is_being_written_is_no_duplicate_of_itself(catalog: Catalog, photos: Path) -> None:
    file = make_file(photos / "a.jpg")
    catalog.record([indexed(file, "a", units(1))])
    catalog.record([PhotoFailed(file, Stage.READ, Reason.CHANGED, "it changed while it was read", None)])
    statistics = catalog.statistics()
    assert (statistics.photos, statistics.duplicates, statistics.failures) == (1, 0, 1)
