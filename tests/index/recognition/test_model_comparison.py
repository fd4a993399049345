"""Two models compared on one library whose faces change meanwhile."""

from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import insert

from index.arrays import descriptor_to_blob
from index.recognition.model_comparison import compare
from index.store.schema import descriptor
from index.store.store import Store
from pipeline.values import ModelId
from tests.index.albums import Album, of
from tests.index.builders import MODEL, units
from tests.index.meanwhile import Meanwhile

OTHER = ModelId("facenet")


@pytest.fixture
def album(database: Store, photos: Path) -> Album:
    """Nine faces of two people, described by both models; the first of each is confirmed."""
    album = Album(database, photos)
    faces = album.add_each(*[of(0, 0.9)] * 4, *[of(1, 0.9)] * 5)
    vectors = np.repeat(units(2, dimension=32), [4, 5], axis=0)
    rows = [
        {"face_id": face_id, "model": OTHER, "vector": descriptor_to_blob(vector)}
        for face_id, vector in zip(faces, vectors, strict=True)
    ]
    with database.write() as connection:
        connection.execute(insert(descriptor), rows)
    album.name("Anna", faces[0])
    album.name("Ben", faces[4])
    return album


@pytest.mark.parametrize("step", range(1, 14))
def test_a_face_that_is_deleted_meanwhile_is_not_compared(album: Album, step: int) -> None:
    before = compare(album.database, MODEL, OTHER)
    assert (before.confirmed, before.open, before.recognised_after) == (2, 7, 7)
    with Meanwhile(album.database.path, step, [2, 6]) as store:
        during = compare(store, MODEL, OTHER)
    after = compare(album.database, MODEL, OTHER)
    assert during in (before, after)
