"""One photo in two files: the developed one is read, and whatever was decided about either one stays."""

from pathlib import Path

import pytest
from PIL import Image

from faceindex.library import Library
from faceindex.scanning.scan import ScanOptions
from index.values import RawFiles, Sibling
from tests.faceindex.conftest import Album
from tests.functional.people import astronaut, landscape, save


def developed(picture: Image.Image) -> Image.Image:
    """As a camera develops it: larger than the preview in its raw file."""
    return picture.resize((384, 384), Image.Resampling.LANCZOS)


@pytest.fixture
def pair(album: Album) -> tuple[Path, Path]:
    """Camera raw, as far as its name says, and a photo that was developed from it."""
    raw = save(astronaut(0), album.folder / "IMG_1.CR2")
    photo = save(developed(astronaut(0)), album.folder / "IMG_1.JPG")
    return raw, photo


def siblings(album: Album) -> list[tuple[bytes, bytes, str]]:
    rows = album.execute(
        "SELECT sibling.path, photo.path, kind FROM sibling JOIN photo ON photo_id = photo.id"
    )
    return [(path, photo, kind) for path, photo, kind in rows]


def enroll(album: Album, photo: Path) -> None:
    with Library(album.settings) as library:
        library.people.enroll("Eileen", [str(photo)])


def found(album: Album) -> list[str]:
    """The photos in which the person is confirmed."""
    return sorted(
        Path(path.decode()).name
        for (path,) in album.execute(
            "SELECT photo.path FROM verdict JOIN face ON face.id = face_id JOIN photo USING (content_id) "
            "WHERE status = 'confirmed' AND missing_since IS NULL"
        )
    )


def test_the_developed_one_is_read_and_the_other_is_its_sibling(
    album: Album, pair: tuple[Path, Path]
) -> None:
    raw, photo = pair
    save(astronaut(1), album.folder / "IMG_2.CR2")
    save(astronaut(2), album.folder / "sub" / "IMG_2.JPG")
    assert album.counts() == {"indexed": 3}
    assert album.names() == ["IMG_1.JPG", "IMG_2.CR2", "IMG_2.JPG"]
    assert siblings(album) == [(bytes(raw), bytes(photo), "camera raw beside its photo")]
    rows = album.rows()
    assert album.counts() == {"unchanged": 3}
    assert album.rows() == rows


def test_it_is_read_where_the_developed_one_cannot_be(album: Album, pair: tuple[Path, Path]) -> None:
    _, photo = pair
    whole = photo.read_bytes()
    photo.write_bytes(b"\xff\xd8\xff\xe0 and nothing else")
    assert album.counts() == {"indexed": 1, "failed": 1}
    assert (album.names(), siblings(album)) == (["IMG_1.CR2"], [])
    photo.write_bytes(whole)
    album.scan()
    assert len(siblings(album)) == 1
    assert album.execute("SELECT count(*) FROM photo WHERE missing_since IS NULL") == [(1,)]


def test_decisions_follow_from_one_to_the_other_and_back(album: Album, pair: tuple[Path, Path]) -> None:
    raw, photo = pair
    away = photo.rename(album.folder.parent / "away.jpg")
    assert album.counts() == {"indexed": 1}
    enroll(album, raw)
    away.rename(photo)
    summary = album.scan()
    assert (summary.indexed, summary.excluded, summary.missing, summary.library_photos) == (1, 1, 0, 1)
    assert found(album) == ["IMG_1.JPG"]
    photo.rename(away)
    assert (album.scan().returned, found(album)) == (1, ["IMG_1.CR2"])
    away.rename(photo)
    assert (album.scan().excluded, found(album)) == (1, ["IMG_1.JPG"])


def test_what_was_decided_about_the_developed_one_holds_when_it_is_gone(
    album: Album, pair: tuple[Path, Path]
) -> None:
    _, photo = pair
    album.scan()
    enroll(album, photo)
    photo.unlink()
    assert album.counts() == {"indexed": 1, "missing": 1}
    assert found(album) == ["IMG_1.CR2"]


def test_a_forgotten_face_does_not_come_back_from_the_other_file(
    album: Album, pair: tuple[Path, Path]
) -> None:
    raw, photo = pair
    album.scan()
    enroll(album, photo)
    with Library(album.settings) as library:
        library.people.forget("Eileen")
    photo.unlink()
    album.scan()
    assert album.execute("SELECT path FROM photo WHERE missing_since IS NULL") == [(bytes(raw),)]
    assert album.faces() == []


def test_the_library_keeps_which_ones_are_read(album: Album, pair: tuple[Path, Path]) -> None:
    assert album.scan(options=ScanOptions(raw_files=RawFiles.BOTH)).indexed == 2
    assert siblings(album) == []
    assert album.reindex().scan.unchanged == 2
    assert album.scan(options=ScanOptions(raw_files=RawFiles.DEVELOPED)).excluded == 1
    assert len(siblings(album)) == 1
    assert album.reindex().scan.unchanged == 1


def test_in_both_files_a_face_is_one(album: Album, pair: tuple[Path, Path]) -> None:
    raw, _ = pair
    album.scan(options=ScanOptions(raw_files=RawFiles.BOTH))
    enroll(album, raw)
    assert found(album) == ["IMG_1.CR2", "IMG_1.JPG"]


def test_a_file_that_the_user_names_is_read(album: Album, pair: tuple[Path, Path]) -> None:
    assert album.counts(*pair) == {"indexed": 2}


def test_why_names_the_other_file(album: Album, pair: tuple[Path, Path]) -> None:
    raw, photo = pair
    album.scan()
    with Library(album.settings) as library:
        asked = [library.why(path) for path in (photo, raw)]
    told = [each[0].siblings for each in asked if isinstance(each, tuple)]
    assert told == [
        (Sibling(bytes(raw), "camera raw beside its photo"),),
        (Sibling(bytes(photo), "read in its place"),),
    ]


def test_what_is_no_photo_any_more_is_no_sibling(album: Album, pair: tuple[Path, Path]) -> None:
    raw, _ = pair
    save(landscape(), album.folder / "other.jpg")
    album.scan()
    raw.unlink()
    album.scan()
    assert siblings(album) == []


def test_it_is_counted_as_left_out_and_no_failure(album: Album, pair: tuple[Path, Path]) -> None:
    raw, photo = pair
    save(landscape(), album.folder / "other.CR2")
    with Library(album.settings) as library:
        planned = {each.path: (each.read, each.reason) for each in library.plan_scan([str(album.folder)])}
    assert planned[bytes(raw)] == (False, "camera raw beside its photo, IMG_1.JPG")
    summary = album.scan()
    assert [(each.kind, each.files, each.needs) for each in summary.left_out] == [
        ("camera raw beside its photo", 1, None)
    ]
    with Library(album.settings) as library:
        assert library.statistics().left_out == summary.left_out
    photo.unlink()
    assert album.scan().left_out == ()
