"""What a person is known by outlives an edit, and doubtful faces of edited photos are asked about."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from index.decisions.journal import Journal
from index.decisions.model import Assign, NotAFace, Reject, new_key
from index.people.edited_faces import edited_faces
from index.people.named_faces import count_exemplars
from index.people.queries import PeopleQueries
from index.photos.catalog import Catalog
from index.photos.photo_roots import Roots
from index.privacy.forget import forget
from index.recognition.decided_faces import load_gallery
from index.store.schema import file_digest, same_face
from index.store.store import Store
from index.values import Pruned
from pipeline.values import F32, PhotoFile
from tests.index.builders import MODEL, digest_of, indexed, make_file, near, units
from tests.index.conftest import NOW

ANNA = new_key()


@pytest.fixture
def vectors() -> F32:
    return units(2)


@pytest.fixture
def file(catalog: Catalog, journal: Journal, photos: Path, vectors: F32) -> PhotoFile:
    """A photo of Anna and of somebody else."""
    file = make_file(photos / "a.jpg")
    catalog.record([indexed(file, "before", vectors)])
    journal.append(Assign(journal.face_keys([1]), ANNA, "Anna"))
    return file


@pytest.fixture
def journal(database: Store, catalog: Catalog) -> Journal:
    return Journal(database)


def test_a_face_that_may_be_hers_is_asked_about_until_somebody_says(
    database: Store, catalog: Catalog, journal: Journal, file: PhotoFile, vectors: F32
) -> None:
    catalog.record([indexed(file, "after", near(vectors, 0.4))])
    (asked,) = edited_faces(database)
    (anna,) = PeopleQueries(database).everyone()
    assert (asked.face_id, asked.person_id) == (3, anna)
    assert asked.similarity == pytest.approx(0.4, abs=0.01)
    journal.append(Reject(journal.face_keys([3]), ANNA))
    assert edited_faces(database) == ()
    journal.undo()
    assert edited_faces(database) == (asked,)
    journal.append(Assign(journal.face_keys([3]), ANNA, None))
    assert edited_faces(database) == ()


def test_what_was_rejected_is_not_taken_for_the_person_where_it_is_doubtful(
    database: Store, catalog: Catalog, journal: Journal, file: PhotoFile, vectors: F32
) -> None:
    journal.append(Reject(journal.face_keys([2]), ANNA))
    catalog.record([indexed(file, "after", near(vectors, 0.4))])
    found = PeopleQueries(database).statuses([3, 4])
    assert [[who.name for who in each.rejected] for each in found.values()] == [[], ["Anna"]]


def exemplars(database: Store) -> int:
    (summary,) = PeopleQueries(database).summaries()
    assert summary.exemplars == count_exemplars(database)
    return summary.exemplars


def prune(database: Store) -> Pruned:
    roots = Roots(database, clock=lambda: NOW + timedelta(days=60))
    planned = roots.prune(30, dry_run=True)
    assert roots.prune(30) == planned
    return planned


def test_a_confirmed_face_outlives_its_content(
    database: Store, catalog: Catalog, journal: Journal, file: PhotoFile, vectors: F32
) -> None:
    catalog.record([indexed(file, "another photo", units(2, seed=5))])
    assert (exemplars(database), prune(database)) == (1, Pruned(0, 1))
    assert (exemplars(database), prune(database)) == (1, Pruned(0, 0))
    assert len(load_gallery(database, MODEL)) == 1
    assert catalog.face_ids_of(digest_of("before")) == [1]
    catalog.record([indexed(file, "before", vectors)])
    assert exemplars(database) == 0


@pytest.mark.parametrize("against", ["undo", "reject", "not a face", "forget"])
def test_until_a_decision_says_otherwise(
    database: Store, catalog: Catalog, journal: Journal, file: PhotoFile, against: str
) -> None:
    catalog.record([indexed(file, "another photo", ())])
    prune(database)
    keys = journal.face_keys([1])
    match against:
        case "undo":
            journal.undo(1)
        case "reject":
            journal.append(Reject(keys, ANNA))
        case "not a face":
            journal.append(NotAFace(keys))
        case "forget":
            forget(database, ANNA)
    prune(database)
    assert count_exemplars(database) == 0
    assert catalog.face_ids_of(digest_of("before")) == []
    assert len(load_gallery(database, MODEL)) == 0


def test_a_face_that_the_edited_photo_shows_needs_no_exemplar(
    database: Store, catalog: Catalog, file: PhotoFile, vectors: F32
) -> None:
    catalog.record([indexed(file, "after", near(vectors, 0.9))])
    assert (exemplars(database), prune(database)) == (0, Pruned(0, 0))
    assert catalog.face_ids_of(digest_of("before")) == []
    assert len(load_gallery(database, MODEL)) == 1


def test_nothing_is_left_of_contents_that_no_decision_needs(
    database: Store, catalog: Catalog, photos: Path, vectors: F32
) -> None:
    file = make_file(photos / "of nobody known.jpg")
    for version in ("before", "after", "later", "last"):
        catalog.record([indexed(file, version, vectors)])
    prune(database)
    with database.read() as connection:
        assert connection.scalars(select(same_face.c.id)).all() == []
        assert connection.scalars(select(file_digest.c.digest)).all() == [digest_of("last")]


def test_a_decision_finds_its_face_after_edits_whose_contents_are_gone(
    database: Store, catalog: Catalog, file: PhotoFile, vectors: F32
) -> None:
    for version in ("after", "later", "last"):
        catalog.record([indexed(file, version, near(vectors, 0.95) if version == "later" else vectors)])
        prune(database)
    (face, _) = catalog.face_ids_of(digest_of("last"))
    assert PeopleQueries(database).statuses([face])[face].confirmed
