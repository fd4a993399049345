"""What pages show of a library, a part at a time."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from faceindex import Library, Page
from faceindex.errors import BadRequest, NotFound
from tests.faceindex.conftest import Album
from tests.faceindex.made_library import direction, face, fill, like

_T = TypeVar("_T")

ANNA, BEN, CARL = (direction(seed) for seed in (1, 2, 3))
ALIKE = [0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6]
YEARS = [2012, 2012, 2014, 2014, 2014, None, 2019, 2010]


@pytest.fixture
def library(album: Album, tmp_path: Path) -> Iterator[Library]:
    """Anna in eight photos (faces 1, 3, 4, ...), in the first of them with Ben; and Carl in two photos."""
    photos = [[face(like(ANNA, each, 10 + row))] for row, each in enumerate(ALIKE)]
    photos[0].append(face(BEN, 1))
    photos += [[face(like(CARL, 0.9, 30))], [face(like(CARL, 0.9, 31))]]
    fill(album.settings, photos, tmp_path)
    for content, year in enumerate(YEARS, start=1):
        taken = None if year is None else f"{year}-07-0{content}T12:00:00"
        album.execute("UPDATE content SET taken_at = ?, taken_from = NULL WHERE id = ?", taken, content)
    with Library(album.settings) as library:
        library.people.move("Anna", [1, 3, 4])
        library.people.move("Ben", [2])
        library.cluster()
        yield library


def pages(ask: Callable[..., Page[_T]], most: int = 2) -> list[_T]:
    """All items of a list."""
    found: list[_T] = []
    after = None
    while True:
        page = ask(after=after, most=most)
        found += page.items
        if (after := page.after) is None:
            assert len(found) == page.total
            return found


def faces(library: Library, most: int = 3, **chosen: Any) -> list[int]:
    listed = pages(lambda **part: library.lists.faces("Anna", **chosen, **part), most)
    return [each.face.record.face_id for each in listed]


def test_people_are_listed_by_name_or_by_their_faces(library: Library) -> None:
    library.people.move("Ärmel Über", [10])
    library.people.hide("Ben")
    names = [each.person.name for each in pages(library.lists.people, 1)]
    assert names == ["Anna", "Ärmel Über"]
    shown = pages(lambda **part: library.lists.people(hidden=True, order="faces", **part), 2)
    assert [each.person.name for each in shown] == ["Anna", "Ärmel Über", "Ben"]
    assert [(each.confirmed, each.recognised) for each in shown[::2]] == [(3, 5), (1, 0)]
    found = library.lists.people("uber")
    assert ([each.person.name for each in found.items], found.total) == (["Ärmel Über"], 1)
    assert library.lists.people("nobody").items == ()


def test_a_person_shows_a_chosen_face_or_the_best_confirmed_one(library: Library) -> None:
    (anna,) = library.lists.tiles_of("Anna")
    assert anna.portrait == 4  # of equal ones the latest
    library.people.set_portrait("Anna", 7)
    (anna,) = library.lists.tiles_of("Anna")
    assert anna.portrait == 7


def test_who_types_is_offered_whom_they_may_mean(library: Library) -> None:
    library.people.move("Änne Ann", [10])
    assert [each.name for each in library.people.named_like("AN", 5)] == ["Anna", "Änne Ann"]
    assert [each.name for each in library.people.named_like("an", 1)] == ["Anna"]
    assert library.people.named_like("", 5) == ()
    library.people.rename("Anna", "Zoé")
    assert [each.name for each in library.people.named_like("zoe", 5)] == ["Zoé"]


def test_faces_are_listed_by_date_and_counted_by_year(library: Library) -> None:
    by_date = [8, 6, 5, 4, 3, 1, 9, 7]
    assert faces(library) == by_date
    assert faces(library, state="confirmed") == [4, 3, 1]
    assert faces(library, year=2014) == [6, 5, 4]
    assert faces(library, year=0) == [7]
    start = library.lists.faces("Anna", from_year=2013, most=2)
    assert [each.face.record.face_id for each in start.items] == [3, 1]
    assert start.total == 8
    library.people.set_born("Anna", "2010-07-01")
    years = library.people.years("Anna")
    assert [(each.year, each.faces, each.age) for each in years.years] == [
        (2019, 1, 9),
        (2014, 3, 4),
        (2012, 2, 2),
        (2010, 1, 0),
    ]
    assert years.undated == 1
    assert [each.age for each in library.lists.faces("Anna", year=2012).items] == [2, 2]


def test_doubtful_faces_come_first_by_similarity(library: Library) -> None:
    listed = pages(lambda **part: library.lists.faces("Anna", order="similarity", **part), 3)
    similarities = [each.similarity for each in listed]
    assert None not in similarities
    assert similarities == sorted(similarities, key=lambda each: each or 0)
    recognised = [each.face.record.face_id for each in listed if not each.face.status.confirmed]
    assert recognised == [9, 8, 7, 6, 5]


def test_a_list_goes_on_after_a_decision(library: Library) -> None:
    first = library.lists.faces("Anna", most=3)
    library.people.reject("Anna", [8, 3])
    second = library.lists.faces("Anna", most=3, after=first.after)
    assert [each.face.record.face_id for each in second.items] == [4, 1, 9]
    person = library.people.get("Anna").person
    library.people.rename("Anna", "Anne")
    assert library.lists.faces(person, most=3, after=first.after).items[0].face.record.face_id == 4


def test_groups_without_a_name_and_ignored_faces(library: Library) -> None:
    (carl,) = pages(library.lists.clusters)
    assert (carl.faces, sorted(carl.face_ids)) == (2, [10, 11])
    listed = pages(lambda **part: library.lists.cluster(carl.number, **part), 1)
    assert [each.face.record.face_id for each in listed] == [10, 11]
    assert library.lists.tiles_of_clusters([carl.number, 77]) == (carl,)
    library.people.ignore([5])
    library.people.ignore(clusters=[carl.number])
    assert library.lists.clusters().items == ()
    groups = pages(library.lists.ignored, 1)
    assert [each.face_ids for each in groups] == [(10, 11), (5,)]


def test_photos_of_persons(library: Library) -> None:
    listed = pages(lambda **part: library.lists.photos("Anna", **part), 3)
    assert [each.photo.taken_at and each.photo.taken_at.year for each in listed] == [
        2019,
        2014,
        2014,
        2014,
        2012,
        2012,
        2010,
        None,
    ]
    both = library.lists.photos("Anna", "Ben")
    assert [each.face_ids for each in both.items] == [(1, 2)]
    alone = library.lists.photos("Anna", without=["Ben"], since="2012", until="2014")
    assert [each.face_ids for each in alone.items] == [(6,), (5,), (4,), (3,)]
    assert [(each.person.name, each.photos) for each in library.people.seen_with("Ben")] == [("Anna", 1)]
    assert pages(lambda **part: library.lists.probable("Anna", **part)) == []


def test_what_a_person_is_recognised_by(library: Library) -> None:
    library.people.confirm("Anna", [5, 6, 9])
    library.people.set_born("Anna", "2010")
    found = library.people.templates("Anna")
    assert [(each.years, each.faces, each.ages) for each in found] == [
        (None, 6, None),
        ((2010, 2012), 3, (0, 2)),
        ((2014, 2014), 3, (4, 4)),
    ]
    assert [set(each.face_ids) for each in found] == [{1, 3, 4, 5, 6, 9}, {1, 3, 9}, {4, 5, 6}]


def test_an_unknown_person_and_a_wrong_cursor_are_refused(library: Library) -> None:
    with pytest.raises(NotFound, match="nobody is called Xenia"):
        library.lists.faces("Xenia")
    with pytest.raises(BadRequest, match="no place in the list"):
        library.lists.people(after="nothing")
