"""What goes wrong with the pictures of faces costs nothing but them."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from faceindex.kept_thumbnails import KeptThumbnails
from faceindex.library import Library
from faceindex.results import Listeners
from index.errors import LibraryInaccessible
from index.store.sqlite import thumbnail_file
from index.store.sqlite.thumbnail_file import SqliteThumbnails
from index.values import Thumbnail
from tests.faceindex.conftest import Album
from tests.functional.people import astronaut, save

PICTURE = Thumbnail(7, b"a stamp", b"a picture")


@pytest.fixture
def thumbnails(tmp_path: Path) -> SqliteThumbnails:
    return SqliteThumbnails(tmp_path / "library.db")


def test_a_damaged_file_is_made_anew(thumbnails: SqliteThumbnails) -> None:
    notes: list[str] = []
    kept = KeptThumbnails(thumbnails, notes.append)
    thumbnails.path.write_bytes(b"rubbish" * 1000)
    assert kept.keep([PICTURE])
    assert kept.picture(7, b"a stamp") == b"a picture"
    (note,) = notes
    assert note.startswith(f"The pictures of faces in {thumbnails.path} are made anew: ")


def test_a_place_that_cannot_be_written_is_noted_once(thumbnails: SqliteThumbnails) -> None:
    notes: list[str] = []
    kept = KeptThumbnails(thumbnails, notes.append)
    shutil.rmtree(thumbnails.path.parent)
    assert not kept.keep([PICTURE])
    assert not kept.keep([PICTURE])
    assert kept.picture(7, b"a stamp") is None
    (note,) = notes
    assert note.startswith("Pictures of faces are not kept in ")


def test_a_scan_does_without_a_file_that_is_in_use(album: Album, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(thumbnail_file, "_PATIENCE", 0.0)
    monkeypatch.setattr("faceindex.scanning.recording.BATCH_PHOTOS", 1)
    save(astronaut(), album.folder / "a.jpg")
    album.scan()
    notes: list[str] = []
    for variety in (1, 2, 3):
        save(astronaut(variety), album.folder / f"{variety}.jpg")
    thumbnails = album.settings.library.with_name("library.db.thumbnails")
    with closing(sqlite3.connect(thumbnails, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with Library(album.settings, Listeners(note=notes.append)) as library:
            summary = library.scan([album.folder])
    assert (summary.indexed, summary.faces, summary.library_faces) == (3, 3, 4)
    (note,) = [each for each in notes if "Pictures of faces" in each]
    assert note == f"Pictures of faces are not kept in {thumbnails} (database is locked)."


def test_a_scan_does_without_a_disk_that_has_room(album: Album, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: SqliteThumbnails, pictures: object) -> None:
        raise LibraryInaccessible(self.path, "database or disk is full")

    monkeypatch.setattr(SqliteThumbnails, "write", full)
    save(astronaut(), album.folder / "a.jpg")
    assert album.scan().faces == 1


def test_reindex_erases_the_pictures_of_photos_that_it_removes(album: Album) -> None:
    for name in ("gone", "stays"):
        save(astronaut(len(name)), album.folder / f"{name}.jpg")
    album.scan()
    kept = SqliteThumbnails(album.settings.library)
    assert len(kept.stamps(0, 10)) == 2
    (album.folder / "gone.jpg").unlink()
    pruning = album.settings.model_copy(update={"keep_missing_days": 0.0})
    with Library(pruning) as library:
        library.reindex()
        library.reindex()
        (face,) = library.faces()
        assert [face_id for face_id, _ in kept.stamps(0, 10)] == [face.record.face_id]


def test_forgetting_erases_pictures(album: Album) -> None:
    save(astronaut(), album.folder / "a.jpg")
    with Library(album.settings) as library:
        library.scan([album.folder])
        (face,) = library.faces()
        library.people.move("Eileen", [face.record.face_id])
        picture = library.pictures.face(face.record.face_id).content
        in_file = album.settings.library.with_name("library.db.thumbnails").read_bytes()
        assert picture[100:200] in in_file
        library.people.forget("Eileen")
        for path in album.settings.library.parent.iterdir():
            assert picture[100:200] not in path.read_bytes()
