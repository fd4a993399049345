"""Descriptors of a whole library in memory, whole or shortened, and their neighbours."""

from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import update

from index.clustering.near_pairs import FEW_DIMENSIONS, near_pairs, near_within, read_described
from index.errors import LibraryDamaged
from index.photos.catalog import Catalog
from index.store.schema import descriptor
from index.store.store import Store
from index.values import I64, Descriptors
from pipeline.values import F32
from tests.index.builders import MODEL, indexed, make_file, stored

PEOPLE, EACH, LONG = 40, 5, 600


def faces() -> F32:
    rng = np.random.default_rng(5)
    people = np.repeat(rng.standard_normal((PEOPLE, LONG)), EACH, axis=0)
    vectors = people + 0.7 * rng.standard_normal(people.shape)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


@pytest.fixture
def ids(catalog: Catalog, photos: Path) -> I64:
    """A library of these faces."""
    catalog.record(
        [indexed(make_file(photos / f"{n}.jpg"), f"content {n}", [each]) for n, each in enumerate(faces())]
    )
    return catalog.described_faces(MODEL)


def test_a_small_library_is_read_as_it_is(catalog: Catalog, ids: I64) -> None:
    seen: list[Descriptors] = []
    read = read_described(catalog, MODEL, ids, seen.append)
    assert np.array_equal(read.ids, ids)
    assert np.allclose(read.vectors, stored(faces()), atol=1e-6)
    assert np.array_equal(np.concatenate([each.vectors for each in seen]), read.vectors)


def test_a_large_one_is_shortened_and_keeps_its_neighbours(catalog: Catalog, ids: I64) -> None:
    short = read_described(catalog, MODEL, ids, lambda chunk: None, whole_bytes=0).vectors
    assert short.shape == (PEOPLE * EACH, FEW_DIMENSIONS)
    whole = faces()
    assert np.abs(short @ short.T - whole @ whole.T)[np.triu_indices(len(ids), 1)].max() < 0.1
    rows = np.arange(len(ids))
    assert {tuple(pair) for pair in near_pairs(short, rows, EACH - 1, 0.4).tolist()} == {
        (one, other) for one in rows for other in rows if one != other and one // EACH == other // EACH
    }


def test_no_face_is_its_own_neighbour_and_the_dissimilar_are_left_out() -> None:
    vectors = np.array([[1, 0], [1, 0], [0.8, 0.6], [0, 1]], np.float32)
    assert sorted(near_pairs(vectors, np.array([0, 2]), 3, 0.7).tolist()) == [[0, 1], [0, 2], [2, 0], [2, 1]]
    assert len(near_pairs(vectors, np.array([3]), 3, 0.7)) == 0
    assert len(near_pairs(vectors[:1], np.array([0]), 3, 0.7)) == 0


def test_within_a_part_only_its_own_faces_are_neighbours() -> None:
    vectors = np.array([[1, 0], [1, 0], [0.8, 0.6], [0, 1], [1, 0]], np.float32)
    asked = np.array([True, True, False, True, True])
    parts = [np.array([0, 2, 3]), np.array([2, 1]), np.array([4])]
    found = near_within(vectors, parts, lambda part: part, asked, 3, 0.5)
    assert sorted(found.tolist()) == [[0, 2], [1, 2], [3, 2]]  # and not 0 with 1, nor with 4
    assert near_within(vectors, [], lambda part: part, asked, 3, 0.5).shape == (0, 2)


def test_an_empty_library_has_no_faces(catalog: Catalog) -> None:
    read = read_described(catalog, MODEL, np.empty(0, np.int64), lambda chunk: None)
    assert len(read.ids) == len(read.vectors) == 0


def test_a_descriptor_of_another_length_is_damage(catalog: Catalog, ids: I64, database: Store) -> None:
    with database.write() as connection:
        chosen = descriptor.c.face_id > 0
        shorter = np.eye(1, 8, dtype="<f2").tobytes()
        connection.execute(update(descriptor).where(chosen).values(vector=shorter))
        whole = np.eye(1, LONG, dtype="<f2").tobytes()
        connection.execute(update(descriptor).where(descriptor.c.face_id == 1).values(vector=whole))
    with pytest.raises(LibraryDamaged):
        read_described(catalog, MODEL, ids, lambda chunk: None)
