"""From the tables to the gallery: only what people decided, and not more than is needed."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from index.decisions.journal import Journal
from index.decisions.model import Assign, Ignore, NotAFace, new_key
from index.errors import LibraryDamaged
from index.people.queries import PeopleQueries
from index.photos.catalog import Catalog
from index.recognition.decided_faces import (
    FACES_A_YEAR,
    load_confirmed,
    load_gallery,
    load_strangers,
    not_faces,
    refreshed_gallery,
    unreliable_faces,
)
from index.recognition.templates import NO_YEAR
from index.store.store import Store
from pipeline.values import F32, DateSource, ModelId, PhotoFile, PhotoIndexed, PhotoKnown, Quality
from tests.index.builders import MODEL, crawled, digest_of, indexed, stored, units

JULY = datetime.fromisoformat("2019-07-14T12:30:00+02:00")


def photo(number: int, vector: F32, taken_at: datetime | None = JULY) -> PhotoIndexed:
    outcome = indexed(PhotoFile(b"/p/%d" % number, 1, 1), str(number), vector[None])
    return replace(outcome, taken_at=taken_at)


def face_of(catalog: Catalog, number: int) -> int:
    (face_id,) = catalog.face_ids_of(digest_of(str(number)))
    return face_id


@pytest.fixture
def faces(catalog: Catalog) -> list[int]:
    """Six faces, each in a photo of its own, of 2019 or without a date."""
    vectors = units(6)
    catalog.record([photo(number, vectors[number], JULY if number < 3 else None) for number in range(6)])
    return [face_of(catalog, number) for number in range(6)]


def test_confirmed_faces_are_in_it_and_no_others(database: Store, faces: list[int]) -> None:
    journal = Journal(database)
    anna, bob = new_key(), new_key()
    journal.append(Assign(journal.face_keys(faces[:2]), anna, "Anna"))
    journal.append(Assign(journal.face_keys(faces[2:3]), bob, "Bob"))
    journal.append(Ignore(journal.face_keys(faces[3:4])))
    journal.append(NotAFace(journal.face_keys(faces[4:5])))
    gallery = load_gallery(database, MODEL)
    named = {person.name: person.id for person in PeopleQueries(database).everyone().values()}
    assert gallery.person_ids.tolist() == sorted(named.values())
    assert sorted(load_confirmed(database, MODEL).face_ids.tolist()) == faces[:3]
    (only,) = load_gallery(database, MODEL, persons=[named["Bob"], 99]).person_ids.tolist()
    assert only == named["Bob"]
    evidence = gallery.evidence(stored(units(6))[:1])
    column = gallery.person_ids.tolist().index(named["Anna"])
    assert evidence.single[0, column] == pytest.approx(1.0, abs=1e-5)
    assert not_faces(database).tolist() == faces[4:5]


def test_faces_too_poor_to_be_evidence_are_no_templates_and_no_strangers(
    database: Store, catalog: Catalog
) -> None:
    for number, quality in enumerate((0.29, 0.31, 0.0, 0.29, 0.31)):
        outcome = photo(number, units(5)[number])
        poor = tuple(replace(each, quality=Quality(quality, ())) for each in outcome.faces)
        catalog.record([replace(outcome, faces=poor)])
    faces = [face_of(catalog, number) for number in range(5)]
    journal, anna = Journal(database), new_key()
    first = journal.append(Assign(journal.face_keys(faces[:2]), anna, "Anna"))
    second = journal.append(Assign(journal.face_keys(faces[2:3]), new_key(), "Bob"))
    journal.append(Ignore(journal.face_keys(faces[3:])))
    (template,) = load_gallery(database, MODEL).templates
    assert template.faces == 1
    assert load_confirmed(database, MODEL).face_ids.tolist() == faces[:3]
    assert load_strangers(database, MODEL) == pytest.approx(stored(units(5))[4:])
    assert unreliable_faces(database, [first.id]) == (faces[0],)
    assert unreliable_faces(database, [first.id, second.id]) == (faces[0], faces[2])


def test_an_undone_decision_is_no_evidence(database: Store, faces: list[int]) -> None:
    journal = Journal(database)
    journal.append(Assign(journal.face_keys(faces[:2]), new_key(), "Anna"))
    assert len(load_gallery(database, MODEL)) == 1
    journal.undo()
    assert len(load_gallery(database, MODEL)) == 0


def test_faces_that_another_model_described_are_not_in_it(database: Store, faces: list[int]) -> None:
    journal = Journal(database)
    journal.append(Assign(journal.face_keys(faces[:2]), new_key(), "Anna"))
    assert len(load_gallery(database, ModelId("facenet"))) == 0


def test_the_year_is_the_photos(database: Store, faces: list[int]) -> None:
    journal = Journal(database)
    journal.append(Assign(journal.face_keys(faces), new_key(), "Anna"))
    templates = load_gallery(database, MODEL).templates
    assert [(template.years, template.faces) for template in templates] == [(None, 6), ((2019, 2019), 3)]


def test_of_a_year_with_many_faces_some_are_taken(catalog: Catalog, database: Store) -> None:
    vectors = units(50, seed=5)
    catalog.record([photo(number, vectors[number]) for number in range(50)])
    catalog.record([photo(50, units(1, seed=6)[0], None)])
    ids = [face_of(catalog, number) for number in range(51)]
    journal = Journal(database)
    anna, before = new_key(), set[int]()
    for number in (50, *range(50)):
        journal.append(Assign(journal.face_keys([ids[number]]), anna, "Anna"))
        known = load_confirmed(database, MODEL)
        chosen = set(known.face_ids.tolist())
        assert len(chosen) == min(number + 1 if number < 50 else 0, FACES_A_YEAR) + 1
        assert ids[50] in chosen
        assert chosen - before <= {ids[number]}
        assert len(before - chosen) <= 1
        before = chosen
    assert max(np.diff([0, *sorted(before - {ids[50]}), 51])) <= 5
    taken = vectors[np.array([ids.index(each) for each in known.face_ids[:-1].tolist()])]
    np.testing.assert_allclose(known.vectors[:-1], stored(taken), atol=1e-6)


def test_faces_of_photos_that_are_gone_are_still_evidence(database: Store, faces: list[int]) -> None:
    journal = Journal(database)
    journal.append(Assign(journal.face_keys(faces[:1]), new_key(), "Anna"))
    crawled(database, [b"/p"])
    assert load_confirmed(database, MODEL).face_ids.tolist() == faces[:1]


def test_a_damaged_descriptor_is_said_to_be_one(library: Path, database: Store, faces: list[int]) -> None:
    journal = Journal(database)
    journal.append(Assign(journal.face_keys(faces[:1]), new_key(), "Anna"))
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE descriptor SET vector = zeroblob(32)")
    with pytest.raises(LibraryDamaged, match="faces with a decision"):
        load_gallery(database, MODEL)


def test_a_gallery_brought_up_to_date_is_as_one_read_anew(catalog: Catalog, database: Store) -> None:
    vectors, generator = units(30, seed=9), np.random.default_rng(5)
    catalog.record([photo(number, vectors[number], JULY if number % 2 else None) for number in range(30)])
    ids = [face_of(catalog, number) for number in range(30)]
    journal, names = Journal(database), {name: new_key() for name in ("Anna", "Ben", "Carl")}
    known = load_gallery(database, MODEL)
    for _ in range(40):
        some = journal.face_keys(generator.choice(ids, 3, replace=False).tolist())
        name = str(generator.choice([*names, "nobody", "undo"]))
        if name in names:
            journal.append(Assign(some, names[name], name))
        elif name == "nobody":
            journal.append(Ignore(some))
        elif journal.decisions():
            journal.undo()
        known, anew = refreshed_gallery(database, MODEL, known), load_gallery(database, MODEL)
        assert known.faces.face_ids.tolist() == anew.faces.face_ids.tolist()
        assert known.templates == anew.templates
        np.testing.assert_allclose(
            known.evidence(vectors).template, anew.evidence(vectors).template, atol=1e-6
        )
        assert refreshed_gallery(database, MODEL, known) is known


def test_a_day_of_editing_is_no_year(database: Store, catalog: Catalog) -> None:
    original, changed = replace(photo(0, units(2)[0]), taken_from=DateSource.ORIGINAL), photo(1, units(2)[1])
    catalog.record([original, replace(changed, taken_from=DateSource.CHANGED)])
    faces = [face_of(catalog, number) for number in range(2)]
    journal = Journal(database)
    journal.append(Assign(journal.face_keys(faces), new_key(), "Anna"))
    assert load_confirmed(database, MODEL).years.tolist() == [2019, NO_YEAR]


def test_a_confirmed_face_whose_year_becomes_known_or_doubtful_is_judged_again(
    database: Store, catalog: Catalog
) -> None:
    changed = replace(photo(0, units(1)[0]), taken_from=DateSource.CHANGED)
    catalog.record([changed])
    face_id = face_of(catalog, 0)
    journal = Journal(database)
    journal.append(Assign(journal.face_keys([face_id]), new_key(), "Anna"))

    def marks_after(source: DateSource) -> int:
        known = PhotoKnown(changed.file, changed.digest, changed.picture, JULY, source)
        with database.write() as connection:
            connection.exec_driver_sql("DELETE FROM changed")
        catalog.record([known])
        with database.read() as connection:
            return len(connection.exec_driver_sql("SELECT * FROM changed").all())

    assert marks_after(DateSource.CHANGED) == 0
    assert marks_after(DateSource.ORIGINAL) == 2
    assert marks_after(DateSource.XMP) == 0
