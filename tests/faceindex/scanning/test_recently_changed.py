"""Changed content, equal size, equal time: what was changed shortly before it was read is read again."""

import os
import time
from pathlib import Path

import pytest

from faceindex.library import Library
from faceindex.scanning.plan import plan_scan
from tests.faceindex.conftest import Album
from tests.functional.people import astronaut, jpeg, landscape, save

SECOND = 1_000_000_000


@pytest.fixture(autouse=True)
def window(monkeypatch: pytest.MonkeyPatch) -> None:
    """What counts as recent: minutes instead of two seconds, so that no scan is too slow for it."""
    monkeypatch.setattr("index.photos.recorder._RACY_SECONDS", 600)


def padded(content: bytes, size: int) -> bytes:
    """The same picture in so many bytes."""
    return content + bytes(size - len(content))


def swap(photo: Path, content: bytes) -> None:
    """Other content of the same size, with the same time of change."""
    before = photo.stat()
    photo.write_bytes(padded(content, before.st_size))
    os.utime(photo, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = photo.stat()
    assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)


def photo_of(album: Album, age: float) -> Path:
    """A landscape with room for a portrait, changed so many seconds ago."""
    path = album.folder / "a.jpg"
    path.write_bytes(padded(jpeg(landscape()), 40_000))
    written = time.time_ns() - round(age * SECOND)
    os.utime(path, ns=(written, written))
    return path


def test_a_change_right_after_the_scan_is_found(album: Album) -> None:
    photo = photo_of(album, age=0)
    album.scan()
    swap(photo, jpeg(astronaut()))
    assert album.counts() == {"indexed": 1}
    assert album.names() == ["a.jpg"]


def test_a_photo_that_was_new_is_read_once_more_and_then_trusted(
    album: Album, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = photo_of(album, age=0)
    album.scan()
    assert racy(album) == 1
    monkeypatch.setattr("index.photos.recorder._RACY_SECONDS", 0)  # as if that long had passed
    assert album.counts() == {"unchanged": 1}
    assert racy(album) == 0
    swap(photo, jpeg(astronaut()))
    assert album.counts() == {"unchanged": 1}  # nobody could tell without reading every photo every night


def test_an_old_photo_is_trusted_at_once(album: Album) -> None:
    photo = photo_of(album, age=3600)
    album.scan()
    assert racy(album) == 0
    swap(photo, jpeg(astronaut()))
    assert album.counts() == {"unchanged": 1}


def test_a_photo_from_the_future_is_not_read_by_every_scan(album: Album) -> None:
    photo_of(album, age=-86_400)
    album.scan()
    assert racy(album) == 0


def test_what_was_read_again_needs_no_networks(album: Album) -> None:
    photo_of(album, age=0)
    album.scan()
    stages = {each.stage for each in album.scan().stages}
    assert "hash" in stages
    assert "load" not in stages


def test_one_that_became_unreadable_or_was_missing_is_counted_once(album: Album) -> None:
    photo = photo_of(album, age=0)
    other = save(landscape(2), album.folder / "b.jpg", age=0)
    save(landscape(3), album.folder / "c.jpg")
    album.scan()
    swap(photo, b"no picture any more")
    other.rename(album.folder.with_name("b.jpg"))
    assert album.counts() == {"failed": 1, "missing": 1, "unchanged": 1}
    album.folder.with_name("b.jpg").rename(other)
    assert album.counts() == {"failed": 1, "unchanged": 2}


def test_a_dry_run_says_that_it_would_be_read(album: Album) -> None:
    photo_of(album, age=0)
    album.scan()
    (planned,) = plan_scan(album.settings, [bytes(album.folder)])
    assert (planned.read, planned.reason) == (True, "perhaps changed")
    with Library(album.settings) as library:
        assert library.statistics().photos == 1


def racy(album: Album) -> int:
    return int(album.execute("SELECT count(*) FROM photo WHERE racy")[0][0])
