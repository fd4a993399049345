"""A photo by its id: what it is, and who is in it."""

from pathlib import Path

import pytest

from faceindex import Library
from faceindex.asking.why import Rule
from faceindex.errors import BadRequest, NotFound
from faceindex.results import Certainty
from index.photos.photo_records import PhotoCopy
from tests.faceindex.conftest import Album
from tests.faceindex.made_library import direction, face, fill, like

ANNA, BEN, CARL = (direction(seed) for seed in (1, 2, 3))


@pytest.fixture
def two_photos(album: Album, tmp_path: Path) -> Album:
    """Ben and Anna from left to right, found in the other order; and Carl alone."""
    fill(album.settings, [[face(like(ANNA, 0.9, 10), 1), face(like(BEN, 0.9, 11))], [face(CARL)]], tmp_path)
    return album


def test_a_photo_has_its_faces_from_left_to_right(two_photos: Album, tmp_path: Path) -> None:
    with Library(two_photos.settings) as library:
        faces = [each.record for each in library.faces()]
        library.people.move("Anna", [1])
        library.people.ignore([2])
        (found,) = library.find("Anna")
        shown = library.photo(found.photo_id)
        assert shown.record.path == bytes(tmp_path / "photo 000.jpg") == found.path
        assert shown.record.size is not None
        assert (shown.record.size.width, shown.record.size.height) == (2000, 400)
        assert (shown.record.digest, shown.record.copies) == (found.digest, ())
        assert (shown.record.missing, shown.record.film, shown.record.failure) == (False, None, None)
        assert [each.record.face_id for each in shown.faces] == [2, 1]
        ignored, anna = (each.status for each in shown.faces)
        assert ignored.ignored
        assert anna.person == library.people.get("Anna").person
        assert [each.photo_id for each in faces[:2]] == [shown.record.photo_id] * 2


def test_copies_and_missing_files_are_said(two_photos: Album, tmp_path: Path) -> None:
    copy = bytes(tmp_path / "copy.jpg")
    two_photos.execute(
        "INSERT INTO photo (path, size, mtime_ns, content_id) SELECT ?, size, mtime_ns, content_id "
        "FROM photo WHERE id = 1",
        copy,
    )
    two_photos.execute("UPDATE photo SET missing_since = '2024-05-06' WHERE id = 1")
    with Library(two_photos.settings) as library:
        shown = library.photo(1)
        assert (shown.record.missing, shown.record.copies) == (True, (PhotoCopy(3, copy, False),))
        assert {each.record.photo_id for each in shown.faces} == {3}


def test_an_unknown_photo_is_refused(two_photos: Album) -> None:
    with Library(two_photos.settings) as library, pytest.raises(NotFound, match="There is no photo 77"):
        library.photo(77)


def test_faces_by_id_leave_out_those_that_are_gone(two_photos: Album) -> None:
    with Library(two_photos.settings) as library:
        assert [each.record.face_id for each in library.people.faces_by_id([3, 99, 1])] == [3, 1]


def test_photos_follow_by_date_and_those_without_one_come_last(album: Album, tmp_path: Path) -> None:
    fill(album.settings, [[face(direction(each))] for each in range(6)], tmp_path)
    for photo, taken in ((1, "2020-05-06T10:00:00"), (2, "2019-01-01T00:00:00"), (4, "2020-05-06T10:00:00")):
        album.execute("UPDATE content SET taken_at = ? WHERE id = ?", taken, photo)
    album.execute("UPDATE photo SET missing_since = '2024-05-06' WHERE id = 5")
    with Library(album.settings) as library:
        beside = {each: library.photo(each) for each in range(1, 7)}
    assert [(each, beside[each].previous, beside[each].following) for each in (2, 1, 4, 3, 6)] == [
        (2, None, 1),
        (1, 2, 4),
        (4, 1, 3),
        (3, 4, 6),
        (6, 3, None),
    ]
    assert (beside[5].previous, beside[5].following) == (3, 6)


def test_a_face_says_who_it_is_and_how_sure_that_is(two_photos: Album) -> None:
    with Library(two_photos.settings) as library:
        library.people.move("Anna", [1])
        library.people.move("Ben", [2])
        library.people.hide("Ben")
        ben, anna = (each.identity for each in library.photo(1).faces)
        assert (anna.certainty, anna.person) == (Certainty.CONFIRMED, library.people.get("Anna").person)
        assert ben.person is not None
        assert ben.person.name == ""
        named = library.photo(1, hidden=True).faces[0].identity.person
        assert named is not None
        assert named.name == "Ben"


def test_why_a_face_of_the_library_is_who_it_is(two_photos: Album, tmp_path: Path) -> None:
    with Library(two_photos.settings) as library:
        library.people.move("Anna", [1])
        explained = library.why_face(1)
        assert explained.rule is Rule.DECIDED
        assert explained.stored.face_id == 1
        assert explained.photo.file.path == bytes(tmp_path / "photo 000.jpg")
        with pytest.raises(NotFound, match="There is no face 99"):
            library.why_face(99)
        two_photos.execute("DELETE FROM descriptor WHERE face_id = 3")
        with pytest.raises(BadRequest, match="Face 3 is not described"):
            library.why_face(3)


def test_who_is_in_a_photo_without_a_face(two_photos: Album) -> None:
    with Library(two_photos.settings) as library:
        library.people.add_to_photo("Dora", [2])
        assert [each.name for each in library.photo(2).without_box] == ["Dora"]
        library.people.undo()
        assert library.photo(2).without_box == ()
