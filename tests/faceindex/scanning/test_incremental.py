"""What a second scan does: no more than it must, whatever has happened to the photos meanwhile."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from faceindex.library import Library
from faceindex.results import Listeners, Progress
from faceindex.session import Session
from tests.faceindex.conftest import Album
from tests.faceindex.made_library import known_faces
from tests.functional.people import astronaut, jpeg, landscape, save


@pytest.fixture
def scanned(album: Album) -> Album:
    """Two portraits in a folder, and a landscape beside it."""
    save(astronaut(0), album.folder / "trip" / "a.jpg")
    save(astronaut(1), album.folder / "trip" / "b.jpg")
    save(landscape(), album.folder / "c.jpg")
    assert album.counts() == {"indexed": 3}
    assert album.names() == ["a.jpg", "b.jpg"]
    return album


def ids(album: Album) -> list[int]:
    return [face.face_id for face in album.faces()]


def replace_unnoticed(photo: Path) -> None:
    """Other content, of which neither size nor time tells."""
    before = photo.stat()
    photo.write_bytes(bytes(before.st_size))
    os.utime(photo, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_scanning_twice_is_scanning_once(scanned: Album) -> None:
    rows, index = scanned.rows(), scanned.index_file.stat()
    assert scanned.counts() == {"unchanged": 3}
    assert scanned.rows() == rows
    again = scanned.index_file.stat()
    assert (again.st_ino, again.st_mtime_ns) == (index.st_ino, index.st_mtime_ns)


def test_unchanged_photos_are_not_opened(scanned: Album) -> None:
    rows = scanned.rows()
    for photo in scanned.folder.rglob("*.jpg"):
        replace_unnoticed(photo)
    assert scanned.counts() == {"unchanged": 3}
    assert scanned.rows() == rows


def test_a_touched_photo_is_unchanged_and_then_not_opened_again(scanned: Album) -> None:
    before = ids(scanned)
    photo = scanned.folder / "trip" / "a.jpg"
    os.utime(photo, ns=(0, 12345))
    assert scanned.counts() == {"unchanged": 3}
    assert ids(scanned) == before
    replace_unnoticed(photo)
    assert scanned.counts() == {"unchanged": 3}


def test_a_moved_photo_keeps_its_faces(scanned: Album) -> None:
    before = ids(scanned)
    (scanned.folder / "trip" / "a.jpg").rename(scanned.folder / "moved.jpg")
    assert scanned.counts() == {"unchanged": 2, "moved": 1}
    assert (ids(scanned), scanned.names()) == (before, ["b.jpg", "moved.jpg"])
    assert scanned.counts() == {"unchanged": 3}


def test_a_renamed_folder_moves_all_its_photos(scanned: Album) -> None:
    before = ids(scanned)
    (scanned.folder / "trip").rename(scanned.folder / "journey")
    assert scanned.counts() == {"unchanged": 1, "moved": 2}
    assert ids(scanned) == before
    assert all(b"/journey/" in face.photo for face in scanned.faces())


def test_a_photo_moved_to_another_folder_is_found_from_there(scanned: Album, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (scanned.folder / "trip" / "a.jpg").rename(elsewhere / "a.jpg")
    assert scanned.counts(elsewhere) == {"duplicate": 1}  # nobody has looked at its old place yet
    assert scanned.counts() == {"unchanged": 2}
    assert scanned.names() == ["a.jpg", "b.jpg"]
    with Library(scanned.settings) as library:
        assert (library.statistics().photos, library.statistics().missing) == (3, 0)


def test_a_copy_is_a_duplicate_and_adds_no_face(scanned: Album) -> None:
    before = ids(scanned)
    shutil.copyfile(scanned.folder / "trip" / "a.jpg", scanned.folder / "copy.jpg")
    assert scanned.counts() == {"unchanged": 3, "duplicate": 1}
    assert ids(scanned) == before
    (scanned.folder / "copy.jpg").unlink()
    assert scanned.counts() == {"unchanged": 3, "missing": 1}
    assert not any(face.missing for face in scanned.faces())


def test_copies_that_come_together_are_indexed_once(album: Album) -> None:
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        save(astronaut(), album.folder / name)
    assert album.counts() == {"indexed": 1, "duplicate": 2}
    assert len(album.faces()) == 1


def test_changed_content_takes_the_place_of_the_old(scanned: Album) -> None:
    before = ids(scanned)
    save(landscape(9), scanned.folder / "trip" / "a.jpg")
    assert scanned.counts() == {"unchanged": 2, "indexed": 1}
    assert scanned.names() == ["b.jpg"]
    save(astronaut(7), scanned.folder / "trip" / "a.jpg")
    assert scanned.counts() == {"unchanged": 2, "indexed": 1}
    assert scanned.names() == ["a.jpg", "b.jpg"]
    assert set(ids(scanned)) - set(before)  # a new face has a new id


def test_faces_of_content_that_is_nowhere_are_no_matches(scanned: Album) -> None:
    save(landscape(9), scanned.folder / "trip" / "a.jpg")
    scanned.scan()
    with Library(scanned.settings) as library:
        (answer,) = library.who([save(astronaut(2), scanned.folder / "ask.jpg")], k=10)
    assert [Path(os.fsdecode(match.face.photo)).name for match in answer.faces[0].matches] == ["b.jpg"]  # type: ignore[union-attr]


def test_what_is_gone_is_missing_and_what_is_back_is_known(scanned: Album, tmp_path: Path) -> None:
    before = ids(scanned)
    (scanned.folder / "trip").rename(tmp_path / "unplugged")
    (tmp_path / "unplugged" / "a.jpg").rename(tmp_path / "unplugged" / "a")  # which no move explains
    shutil.move(tmp_path / "unplugged", tmp_path / "drive")
    assert scanned.counts() == {"unchanged": 1, "missing": 2}
    assert [face.missing for face in scanned.faces()] == [True, True]
    assert scanned.counts() == {"unchanged": 1}  # those that were missing before are not counted again
    (tmp_path / "drive" / "a").rename(tmp_path / "drive" / "a.jpg")
    shutil.move(tmp_path / "drive", scanned.folder / "trip")
    assert scanned.counts() == {"unchanged": 3}
    assert [face.missing for face in scanned.faces()] == [False, False]
    assert ids(scanned) == before


def test_a_scan_of_one_place_says_nothing_of_others(scanned: Album) -> None:
    (scanned.folder / "c.jpg").unlink()
    assert scanned.counts(scanned.folder / "trip") == {"unchanged": 2}
    assert scanned.counts(scanned.folder / "trip" / "a.jpg") == {"unchanged": 1}
    assert scanned.counts() == {"unchanged": 2, "missing": 1}


def test_roots_inside_each_other_count_each_photo_once(scanned: Album) -> None:
    inside = scanned.folder / "trip"
    assert scanned.counts(inside / "a.jpg", inside, scanned.folder) == {"unchanged": 3}


def test_failures_are_counted_again_and_forgotten_when_repaired(album: Album) -> None:
    whole = jpeg(astronaut())
    for name in ("a.jpg", "b.jpg"):
        (album.folder / name).write_bytes(whole[:5000])
    assert album.counts() == {"failed": 2}
    summary = album.scan()
    assert [(failure.path, failure.reason) for failure in summary.failures] == [
        (bytes(album.folder / name), "truncated") for name in ("a.jpg", "b.jpg")
    ]
    (album.folder / "a.jpg").write_bytes(whole)
    assert album.counts() == {"indexed": 1, "failed": 1}
    (album.folder / "b.jpg").unlink()
    assert album.counts() == {"unchanged": 1, "missing": 1}


def test_a_photo_that_becomes_something_else_is_no_photo_any_more(album: Album) -> None:
    save(astronaut(), album.folder / "picture")  # a photo by its content alone
    assert album.counts() == {"indexed": 1}
    (album.folder / "picture").write_text("a text now")
    assert album.scan().seen == 0
    assert [face.missing for face in album.faces()] == [True]
    with Library(album.settings) as library:
        assert library.statistics().photos == 0


def test_a_file_that_is_named_is_not_passed_over_in_silence(album: Album) -> None:
    (album.folder / "notes.txt").write_text("no photo")
    assert album.scan().seen == 0
    summary = album.scan(album.folder / "notes.txt")
    assert [failure.reason for failure in summary.failures] == ["not-an-image"]


def test_the_index_file_may_be_deleted_at_any_moment(scanned: Album) -> None:
    question = save(astronaut(2), scanned.folder.parent / "ask.jpg")

    def nearest() -> list[tuple[int, float]]:
        with Library(scanned.settings) as library:
            (answer,) = library.who([question])
        return [(match.face.face_id, match.similarity) for match in answer.faces[0].matches]  # type: ignore[union-attr]

    before = nearest()
    scanned.index_file.unlink()
    assert nearest() == before
    assert not scanned.index_file.exists()  # a question writes nothing
    assert scanned.counts() == {"unchanged": 3}
    assert scanned.index_file.exists()


def test_descriptors_are_of_unit_norm_and_in_order(scanned: Album) -> None:
    with Session.open(scanned.settings) as library:
        known = [face.face_id for face in known_faces(library)]
        (chunk,) = library.descriptors(known)
    assert chunk.ids.tolist() == known
    assert chunk.vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(chunk.vectors, axis=1), 1, atol=1e-6)


def test_a_scan_that_is_stopped_keeps_the_batch_in_hand(album: Album) -> None:
    for number in range(12):
        save(landscape(number), album.folder / f"{number:02}.jpg")

    def stop(progress: Progress) -> None:
        if progress.done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Library(album.settings, Listeners(progress=stop)).scan([album.folder])
    assert album.counts() == {"unchanged": 5, "indexed": 7}


def test_an_empty_folder_and_a_folder_without_faces(album: Album) -> None:
    assert album.counts() == {}
    save(landscape(), album.folder / "a.jpg")
    assert album.counts() == {"indexed": 1}
    assert album.faces() == []
