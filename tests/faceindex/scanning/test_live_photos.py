"""A live photo is read, and its film is its sibling, as long as both are in one library."""

import os
import time
from pathlib import Path

import pytest

from faceindex.library import Library
from faceindex.scanning.scan import ScanOptions
from tests.faceindex.conftest import Album
from tests.functional.people import astronaut, landscape
from tests.pipeline.live_photos import live_film, live_jpeg


def save(path: Path, content: bytes) -> Path:
    """Write a file, as if an hour ago."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    written = time.time() - 3600
    os.utime(path, (written, written))
    return path


@pytest.fixture
def live(album: Album) -> tuple[Path, Path]:
    """A live photo, and its film under another name in another folder."""
    photo = save(album.folder / "z" / "IMG_1.JPG", live_jpeg(astronaut()))
    return photo, save(album.folder / "a" / "IMG_1_HEVC.MOV", live_film())


def siblings(album: Album) -> list[tuple[bytes, bytes, str]]:
    rows = album.execute(
        "SELECT sibling.path, photo.path, kind FROM sibling JOIN photo ON photo_id = photo.id"
    )
    return [(path, photo, kind) for path, photo, kind in rows]


def left_out(album: Album) -> dict[str, int]:
    summary = album.scan()
    with Library(album.settings) as library:
        assert library.statistics().left_out == summary.left_out
    return {each.kind: each.files for each in summary.left_out}


def test_the_film_is_a_sibling(album: Album, live: tuple[Path, Path]) -> None:
    photo, film = live
    assert left_out(album) == {"film of a live photo": 1}
    assert siblings(album) == [(bytes(film), bytes(photo), "film of a live photo")]


def test_a_second_scan_changes_nothing(album: Album, live: tuple[Path, Path]) -> None:
    _, film = live
    album.scan()
    rows = album.rows()
    stat = film.stat()
    film.write_bytes(bytes(stat.st_size))  # the film is not opened again while its size and time are the same
    os.utime(film, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert left_out(album) == {"film of a live photo": 1}
    assert album.rows() == rows


def test_a_film_without_its_photo_is_no_sibling(album: Album, live: tuple[Path, Path]) -> None:
    photo, film = live
    album.scan()
    photo.unlink()
    summary = album.scan()
    assert (summary.missing, siblings(album)) == (1, [])
    assert [each.path for each in summary.failures] == [bytes(film)]  # it holds no picture


def test_a_photo_that_moves_keeps_its_film(album: Album, live: tuple[Path, Path]) -> None:
    photo, film = live
    album.scan()
    moved = photo.rename(album.folder / "moved.jpg")
    assert left_out(album) == {"film of a live photo": 1}
    assert siblings(album) == [(bytes(film), bytes(moved), "film of a live photo")]


def test_a_film_of_another_photo_is_not(album: Album, live: tuple[Path, Path]) -> None:
    _, film = live
    save(film, live_film("another one"))
    save(album.folder / "hills.jpg", live_jpeg(landscape(), "a third one"))
    assert album.scan().failed == 1
    assert siblings(album) == []


def test_the_film_is_read_where_that_is_wanted(album: Album, live: tuple[Path, Path]) -> None:
    """Of a photo known before too; it holds no picture, so it fails as a film."""
    _, film = live
    album.scan()
    planned = Library(album.settings).plan_scan((album.folder,), ScanOptions(motion=True))
    assert [os.fsdecode(each.path) for each in planned if each.read] == [str(film)]
    summary = album.scan(options=ScanOptions(motion=True))
    assert ([each.path for each in summary.failures], summary.left_out) == ([bytes(film)], ())
    assert siblings(album) == []
