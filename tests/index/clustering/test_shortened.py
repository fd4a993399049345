"""Descriptors of a whole library in memory, whole or shortened."""

from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import update

from index.clustering.shortened import FEW_DIMENSIONS, read_shortened
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
    read = read_shortened(catalog, MODEL, ids, seen.append).fetch(ids)
    assert np.array_equal(read.ids, ids)
    assert np.allclose(read.vectors, stored(faces()), atol=1e-6)
    assert np.array_equal(np.concatenate([each.vectors for each in seen]), read.vectors)


def test_a_large_one_is_shortened_and_keeps_its_neighbours(catalog: Catalog, ids: I64) -> None:
    store = read_shortened(catalog, MODEL, ids, lambda chunk: None, whole_bytes=0)
    short = store.fetch(ids).vectors
    assert short.shape == (PEOPLE * EACH, FEW_DIMENSIONS)
    whole = faces()
    assert np.abs(short @ short.T - whole @ whole.T)[np.triu_indices(len(ids), 1)].max() < 0.1
    people = dict(zip(ids.tolist(), np.repeat(np.arange(PEOPLE), EACH), strict=True))
    assert {tuple(pair) for pair in store.near_pairs(ids, EACH - 1, 0.4).tolist()} == {
        (one, other) for one in people for other in people if one != other and people[one] == people[other]
    }


def test_an_empty_library_has_no_faces(catalog: Catalog) -> None:
    assert len(read_shortened(catalog, MODEL, np.empty(0, np.int64), lambda chunk: None)) == 0


def test_a_descriptor_of_another_length_is_damage(catalog: Catalog, ids: I64, database: Store) -> None:
    with database.write() as connection:
        chosen = descriptor.c.face_id > 0
        shorter = np.eye(1, 8, dtype="<f2").tobytes()
        connection.execute(update(descriptor).where(chosen).values(vector=shorter))
        whole = np.eye(1, LONG, dtype="<f2").tobytes()
        connection.execute(update(descriptor).where(descriptor.c.face_id == 1).values(vector=whole))
    with pytest.raises(LibraryDamaged):
        read_shortened(catalog, MODEL, ids, lambda chunk: None)
