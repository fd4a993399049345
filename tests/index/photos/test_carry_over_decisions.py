"""A photo that a program writes anew, to put tags into it, keeps its names."""

from pathlib import Path

import numpy as np
import pytest

from index.decisions.journal import Journal
from index.decisions.model import Assign, Ignore, NotAFace, Reject, new_key
from index.decisions.tombstones import Tombstone, add_tombstones
from index.people.queries import PeopleQueries
from index.photos.catalog import Catalog
from index.store.store import Store
from pipeline.values import F32, PhotoFile
from tests.index.builders import digest_of, indexed, known, make_file, units


@pytest.fixture
def journal(database: Store, catalog: Catalog) -> Journal:
    return Journal(database)


@pytest.fixture
def vectors() -> F32:
    return units(4)


@pytest.fixture
def file(catalog: Catalog, photos: Path, vectors: F32) -> PhotoFile:
    """A photo of four faces."""
    file = make_file(photos / "a.jpg")
    catalog.record([indexed(file, "as it came", vectors)])
    return file


def faces_of(catalog: Catalog, content: str) -> list[int]:
    return catalog.face_ids_of(digest_of(content))


def slightly_changed(vectors: F32) -> F32:
    """As after saving a JPEG again."""
    moved = vectors + np.float32(0.02) * units(len(vectors), seed=1)
    return np.asarray(moved / np.linalg.norm(moved, axis=1, keepdims=True), np.float32)


def test_what_was_decided_is_decided_of_the_same_faces(
    database: Store, catalog: Catalog, journal: Journal, file: PhotoFile, vectors: F32
) -> None:
    anna, stranger, statue, nobody = journal.face_keys(faces_of(catalog, "as it came"))
    key = new_key()
    journal.append(Assign((anna,), key, "Anna"))
    journal.append(Ignore((stranger,)))
    journal.append(NotAFace((statue,)))
    journal.append(Reject((nobody, stranger), key))
    catalog.record([indexed(file, "with a caption", slightly_changed(vectors))])
    found = list(PeopleQueries(database).statuses(faces_of(catalog, "with a caption")).values())
    assert [each.person.name if each.person else None for each in found] == ["Anna", None, None, None]
    assert [each.confirmed for each in found] == [True, False, False, False]
    assert [each.ignored for each in found] == [False, True, False, False]
    assert [each.not_a_face for each in found] == [False, False, True, False]
    assert [[who.name for who in each.rejected] for each in found] == [[], ["Anna"], [], ["Anna"]]


def test_it_can_be_undone_and_is_done_once(
    database: Store, catalog: Catalog, journal: Journal, file: PhotoFile, vectors: F32
) -> None:
    journal.append(Assign(journal.face_keys(faces_of(catalog, "as it came")[:1]), new_key(), "Anna"))
    for _ in range(2):
        catalog.record([indexed(file, "with a caption", vectors)])
    assert len(journal.decisions()) == 2
    journal.undo()
    catalog.record([known(file, "as it came"), indexed(file, "with a caption", vectors)])
    (status,) = PeopleQueries(database).statuses(faces_of(catalog, "with a caption")[:1]).values()
    assert status.person is None


def test_other_faces_and_other_pictures_inherit_nothing(
    database: Store, catalog: Catalog, journal: Journal, file: PhotoFile
) -> None:
    journal.append(Assign(journal.face_keys(faces_of(catalog, "as it came")), new_key(), "Anna"))
    catalog.record([indexed(file, "another photo of that name", units(4, seed=9))])
    found = PeopleQueries(database).statuses(faces_of(catalog, "another photo of that name"))
    assert [each.person for each in found.values()] == [None] * 4
    assert len(journal.decisions()) == 1


def test_what_was_decided_of_the_new_content_before_stands(
    database: Store, catalog: Catalog, journal: Journal, file: PhotoFile, photos: Path, vectors: F32
) -> None:
    copy = make_file(photos / "copy.jpg")
    catalog.record([indexed(copy, "with a caption", vectors)])
    journal.append(Assign(journal.face_keys(faces_of(catalog, "with a caption")[:1]), new_key(), "Ben"))
    journal.append(Assign(journal.face_keys(faces_of(catalog, "as it came")[:1]), new_key(), "Anna"))
    with database.write() as connection:
        connection.exec_driver_sql("DELETE FROM photo WHERE path = ?", (copy.path,))
        connection.exec_driver_sql("DELETE FROM content WHERE digest = ?", (digest_of("with a caption"),))
    catalog.record([indexed(file, "with a caption", vectors)])
    status, *_ = PeopleQueries(database).statuses(faces_of(catalog, "with a caption")).values()
    assert status.person is not None
    assert status.person.name == "Ben"


def test_a_forgotten_face_does_not_come_back_with_a_caption(
    database: Store, catalog: Catalog, file: PhotoFile, vectors: F32
) -> None:
    with database.write() as connection:
        add_tombstones(connection, [Tombstone(digest_of("as it came"), 20.0, 20.0)])
        connection.exec_driver_sql("DELETE FROM face WHERE x = 0")
    catalog.record([indexed(file, "with a caption", vectors)])
    assert len(faces_of(catalog, "with a caption")) == 3
