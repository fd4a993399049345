"""A photo by its id: what it is, and who is in it."""

from pathlib import Path

import pytest

from faceindex import Library
from faceindex.errors import NotFound
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
        assert (shown.record.missing, shown.record.copies) == (True, (copy,))
        assert {each.record.photo_id for each in shown.faces} == {3}


def test_an_unknown_photo_is_refused(two_photos: Album) -> None:
    with Library(two_photos.settings) as library, pytest.raises(NotFound, match="There is no photo 77"):
        library.photo(77)


def test_faces_by_id_leave_out_those_that_are_gone(two_photos: Album) -> None:
    with Library(two_photos.settings) as library:
        assert [each.record.face_id for each in library.people.faces_by_id([3, 99, 1])] == [3, 1]
