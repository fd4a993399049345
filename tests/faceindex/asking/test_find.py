"""What find counts is what who says; dates as a person types them."""

import os
from datetime import date
from functools import partial
from pathlib import Path

import pytest

from faceindex import Library
from faceindex.asking.find import parse_day
from faceindex.asking.identifier import Identifier
from faceindex.errors import BadRequest
from faceindex.naming.decide import regroup
from faceindex.open_index import OpenIndex
from faceindex.results import Certainty
from faceindex.session import Session
from index.decisions.journal import Journal
from index.decisions.model import Assign, Ignore, Reject, new_key
from tests.faceindex.conftest import Album
from tests.faceindex.made_library import direction, face, fill, known_faces, like

ANNA, ANNE, CARL = (direction(seed) for seed in (1, 2, 3))


@pytest.fixture
def family(album: Album, tmp_path: Path) -> Album:
    """Anna and Anne are confirmed in photos 0 and 1; the others look like them in every way."""
    between = like(like(ANNA, 0.75, 40), 0.8, 41)
    photos = [
        [face(like(ANNA, 0.95, 11)), face(like(ANNE, 0.95, 12), 1)],
        [face(like(ANNA, 0.95, 13))],
        [face(like(ANNA, 0.8, 14))],
        [face(like(ANNA, 0.35, 15))],  # in the band below the threshold
        [face(like(ANNA, 0.8, 16)), face(like(ANNA, 0.6, 17), 1)],  # twice in a photo
        [face(like(ANNA, 0.95, 18)), face(like(ANNA, 0.95, 18), 1)],  # a collage
        [face(between)],  # rejected
        [face(like(between, 0.95, 42))],  # more like the rejected one
        [face(like(like(ANNA, 0.7, 43), 0.7, 44))],  # an ignored stranger
        [face(like(like(like(ANNA, 0.7, 43), 0.7, 44), 0.9, 45))],  # more like the stranger
        [face(like(CARL, 0.9, 46))],
    ]
    fill(album.settings, photos, tmp_path)
    with Session.open_to_write(album.settings) as session:
        journal = Journal(session.database)
        of = {os.path.basename(each.photo): each.face_id for each in known_faces(session)}
        first, *_ = session.catalog.face_ids_of(session.catalog.faces([1])[1].digest)
        anna = new_key()
        keys = journal.face_keys([first, of[b"photo 001.jpg"]])
        journal.append(Assign(keys, anna, "Anna"))
        journal.append(Reject(journal.face_keys([of[b"photo 006.jpg"]]), anna))
        journal.append(Ignore(journal.face_keys([of[b"photo 008.jpg"]])))
        regroup(session)
    return album


def test_find_counts_what_who_is_sure_of_and_probable_adds_the_rest(family: Album) -> None:
    sure: set[bytes] = set()
    probable: set[bytes] = set()
    with Session.open(family.settings) as session:
        identifier = Identifier(session, OpenIndex().current(session))
        for record in known_faces(session):
            identity = identifier.identities(record.digest)[record.face_id]
            if identity.person is not None and identity.person.name == "Anna":
                (probable if identity.certainty is Certainty.PROBABLE else sure).add(record.photo)
    with Library(family.settings) as library:
        assert {each.path for each in library.find("Anna")} == sure
        found = {each.path: each.probable for each in library.find("Anna", probable=True)}
        alone = {each.path for each in library.find("Anna", only=True, probable=True)}
    assert {path for path, is_probable in found.items() if not is_probable} == sure
    assert {path for path, is_probable in found.items() if is_probable} == probable - sure
    names = {True: "003 007", False: "000 001 002 004 005"}
    for is_probable, numbers in names.items():
        expected = [f"photo {number}.jpg" for number in numbers.split()]
        shown = sorted(os.path.basename(os.fsdecode(path)) for path in found if found[path] is is_probable)
        assert shown == expected
    assert {os.path.basename(path) for path in alone} >= {b"photo 003.jpg", b"photo 004.jpg"}


def test_what_is_probable_is_found_where_nothing_is_judged_yet(family: Album) -> None:
    """So it is after an upgrade."""
    with Library(family.settings) as library:
        found, doubts = library.find("Anna", probable=True), library.people.review()
        assert any(each.probable for each in found)
        for ask in (partial(library.find, "Anna", probable=True), library.people.review):
            family.execute("DELETE FROM likeness")
            family.execute("DELETE FROM grouping")
            assert ask() in (found, doubts)
            assert family.execute("SELECT * FROM likeness") != []


def test_a_year_and_a_month_are_all_their_days() -> None:
    assert parse_day("2019", last=False) == date(2019, 1, 1)
    assert parse_day("2019", last=True) == date(2019, 12, 31)
    assert parse_day("2020-02", last=False) == date(2020, 2, 1)
    assert parse_day("2020-02", last=True) == date(2020, 2, 29)
    assert parse_day("2019-07-14", last=False) == parse_day("2019-07-14", last=True) == date(2019, 7, 14)


@pytest.mark.parametrize(
    "text", ["", "19", "2019-7", "2019-02-30", "2019-13", "0000", "tomorrow", "2019-07-14T1"]
)
def test_what_is_no_date_is_said_to_be_none(text: str) -> None:
    with pytest.raises(BadRequest, match="not a date"):
        parse_day(text, last=False)
    with pytest.raises(BadRequest, match="not a date"):
        parse_day(text, last=True)
