"""Which photos show whom, and when they were taken."""

import os
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest

from index.decisions.journal import Journal
from index.decisions.model import Ignore, Merge, NotAFace, NotInPhoto, Reject
from index.people.photo_search import PhotoFilter, find_photos
from index.people.queries import PeopleQueries
from index.photos.catalog import Catalog
from index.store.store import Store
from tests.index.builders import crawled, digest_of, indexed, known, make_file, units
from tests.index.journals import ANNA, BEN, assign, in_photo, key, keys
from tests.index.people.test_queries import recognise


def found(database: Store, wanted: PhotoFilter) -> list[str]:
    return [os.path.basename(os.fsdecode(each.path)) for each in find_photos(database, wanted)]


def test_photos_by_who_is_in_them(journal: Journal, people: PeopleQueries, database: Store) -> None:
    journal.append_all([assign(ANNA, 0, 2, 4), assign(BEN, 1), NotAFace(keys(3))])
    anna, ben = people.named("Anna").id, people.named("Ben").id
    assert found(database, PhotoFilter((anna,))) == ["0.jpg", "1.jpg", "2.jpg"]
    assert found(database, PhotoFilter((anna, ben))) == ["0.jpg"]
    assert found(database, PhotoFilter((anna,), without=(ben,))) == ["1.jpg", "2.jpg"]
    assert found(database, PhotoFilter((anna,), only=True)) == ["1.jpg"]  # in 2.jpg is somebody else
    assert found(database, PhotoFilter((anna, ben), only=True)) == ["0.jpg"]
    recognise(database, people.named("Ben"), f6=0.8)
    assert found(database, PhotoFilter((ben,))) == ["0.jpg", "2.jpg"]
    assert found(database, PhotoFilter((anna, ben), only=True)) == ["0.jpg", "2.jpg"]
    assert found(database, PhotoFilter((anna,), without=(ben,), only=True)) == ["1.jpg"]
    journal.append(Reject((key(5),), BEN))
    assert found(database, PhotoFilter((ben,))) == ["0.jpg"]
    journal.append(Merge(ANNA, BEN))
    assert found(database, PhotoFilter((anna,), only=True)) == ["0.jpg", "1.jpg"]
    with pytest.raises(ValueError, match="name at least one"):
        find_photos(database, PhotoFilter(()))


def test_photos_to_which_a_person_was_added(journal: Journal, people: PeopleQueries, database: Store) -> None:
    journal.append_all([assign(ANNA, 0, 4), NotAFace(keys(1, 5)), in_photo(BEN, 0, 1)])
    anna, ben = people.named("Anna").id, people.named("Ben").id
    assert found(database, PhotoFilter((ben,))) == ["0.jpg", "1.jpg"]
    assert found(database, PhotoFilter((anna, ben))) == ["0.jpg"]
    assert found(database, PhotoFilter((anna, ben), only=True)) == ["0.jpg"]
    assert found(database, PhotoFilter((anna,), only=True)) == ["2.jpg"]
    assert found(database, PhotoFilter((anna,), without=(ben,))) == ["2.jpg"]
    journal.append(NotInPhoto((digest_of("content 0"),), BEN))
    assert found(database, PhotoFilter((ben,))) == ["1.jpg"]
    journal.append(Merge(ANNA, BEN))
    assert found(database, PhotoFilter((anna,))) == ["0.jpg", "1.jpg", "2.jpg"]


def test_a_stranger_who_is_ignored_is_somebody_else_all_the_same(
    journal: Journal, people: PeopleQueries, database: Store
) -> None:
    journal.append_all([assign(ANNA, 0), Ignore(keys(1))])
    anna = people.named("Anna").id
    assert found(database, PhotoFilter((anna,), only=True)) == []


def test_photos_by_when_they_were_taken(
    journal: Journal, people: PeopleQueries, database: Store, catalog: Catalog, photos: Path
) -> None:
    taken = {
        "summer.jpg": datetime.fromisoformat("2021-07-31T23:59:59+02:00"),
        "autumn.jpg": datetime.fromisoformat("2021-10-01T00:00:00"),
        "undated.jpg": None,
    }
    for number, (name, time) in enumerate(taken.items(), start=4):
        outcome = indexed(make_file(photos / name), f"content {number}", units(2, number))
        catalog.record([replace(outcome, taken_at=time)])
    journal.append(assign(ANNA, 8, 10, 12))
    anna = people.named("Anna").id
    assert found(database, PhotoFilter((anna,))) == ["summer.jpg", "autumn.jpg", "undated.jpg"]
    assert [each.taken_at for each in find_photos(database, PhotoFilter((anna,)))] == list(taken.values())
    assert found(database, PhotoFilter((anna,), since=date(2021, 7, 31))) == ["summer.jpg", "autumn.jpg"]
    assert found(database, PhotoFilter((anna,), since=date(2021, 8, 1))) == ["autumn.jpg"]
    assert found(database, PhotoFilter((anna,), until=date(2021, 7, 31))) == ["summer.jpg"]
    assert found(database, PhotoFilter((anna,), until=date(2021, 10, 1))) == ["summer.jpg", "autumn.jpg"]
    assert found(database, PhotoFilter((anna,), since=date(2021, 8, 1), until=date(2021, 9, 30))) == []


def test_photos_that_are_gone_are_not_found_and_copies_are(
    journal: Journal, people: PeopleQueries, catalog: Catalog, database: Store, photos: Path
) -> None:
    journal.append(assign(ANNA, 0, 2))
    catalog.record([known(make_file(photos / "copy of 1.jpg"), "content 1")])
    (photos / "0.jpg").unlink()
    seen = {os.fsencode(photos / name) for name in ("1.jpg", "2.jpg", "copy of 1.jpg")}
    crawled(database, [os.fsencode(photos)], seen)
    assert found(database, PhotoFilter((people.named("Anna").id,))) == ["1.jpg", "copy of 1.jpg"]
