"""A date that is written into a photo or its sidecar is taken over by the next scan."""

import math
import os
from datetime import datetime

import pytest

from faceindex.results import Listeners
from faceindex.scanning.date_again import read_dates_again
from faceindex.scanning.plan import plan_scan
from faceindex.session import Session
from pipeline.values import DateSource, Outcomes
from tests.faceindex.conftest import Album
from tests.faceindex.scanning.fakes import scan
from tests.pipeline.decoding.metadata.made_metadata import (
    DATE_TIME,
    ORIGINAL,
    exif_block,
    jpeg_with,
    picture,
    xmp_packet,
)
from tests.pipeline.fakes import FakeDetector, runner

TAKEN = exif_block({}, {ORIGINAL: "1998:05:06 07:08:09"})
EDITED = exif_block({DATE_TIME: "2019:07:04 12:30:45"})


@pytest.fixture
def detector() -> FakeDetector:
    return FakeDetector(faces=())


@pytest.fixture
def outcomes(detector: FakeDetector) -> Outcomes:
    return runner(detector).run


def write(album: Album, name: str, content: bytes, changed: int = 1) -> None:
    path = album.folder / name
    path.write_bytes(content)
    os.utime(path, ns=(changed * 10**18, changed * 10**18))


def date(album: Album) -> tuple[datetime, DateSource]:
    ((at, source),) = album.execute("SELECT taken_at, taken_from FROM content")
    return datetime.fromisoformat(str(at)), DateSource(str(source))


def test_a_sidecar_counts_before_its_photo_until_it_is_gone(
    album: Album, outcomes: Outcomes, detector: FakeDetector
) -> None:
    write(album, "a.jpg", jpeg_with(TAKEN))
    write(album, "a.jpg.xmp", xmp_packet({"exif:DateTimeOriginal": "1977-01-02"}))
    scan(album, outcomes)
    assert date(album) == (datetime(1977, 1, 2), DateSource.SIDECAR)

    write(album, "a.jpg.xmp", xmp_packet({"exif:DateTimeOriginal": "1978-01-02"}), changed=2)
    assert scan(album, outcomes).unchanged == 1
    assert date(album) == (datetime(1978, 1, 2), DateSource.SIDECAR)

    (album.folder / "a.jpg.xmp").unlink()
    assert scan(album, outcomes).unchanged == 1
    assert date(album) == (datetime(1998, 5, 6, 7, 8, 9), DateSource.ORIGINAL)
    assert len(detector.seen) == 1


def test_a_new_sidecar_dates_a_known_photo(album: Album, outcomes: Outcomes) -> None:
    write(album, "a.png", picture("PNG"))
    scan(album, outcomes)
    write(album, "a.xmp", xmp_packet({"photoshop:DateCreated": "1977-01-02T03:04:05+02:00"}))
    scan(album, outcomes)
    at, source = date(album)
    assert at.isoformat() == "1977-01-02T03:04:05+02:00"
    assert source is DateSource.SIDECAR


def test_the_sidecar_of_a_copy_counts_from_the_next_scan_on(album: Album, outcomes: Outcomes) -> None:
    for name in ("a.jpg", "b.jpg"):
        write(album, name, jpeg_with(TAKEN))
    write(album, "b.xmp", xmp_packet({"exif:DateTimeOriginal": "1977-01-02"}))
    scan(album, outcomes)
    scan(album, outcomes)
    assert date(album) == (datetime(1977, 1, 2), DateSource.SIDECAR)


def test_photos_are_read_again_only_if_their_sidecar_has_changed(album: Album, outcomes: Outcomes) -> None:
    for name in ("a", "b"):
        write(album, f"{name}.jpg", jpeg_with(TAKEN) if name == "a" else b"broken")
        write(album, f"{name}.xmp", xmp_packet({"exif:DateTimeOriginal": "1977-01-02"}))

    def planned() -> list[tuple[bool, str]]:
        found = plan_scan(album.settings, [bytes(album.folder)])
        return [(each.read, each.reason) for each in found if each.path.endswith(b".jpg")]

    scan(album, outcomes)
    assert planned() == [(False, "unchanged")] * 2
    write(album, "a.xmp", xmp_packet({"exif:DateTimeOriginal": "1978-01-02"}), changed=2)
    assert planned() == [(True, "its sidecar changed"), (False, "unchanged")]
    (album.folder / "b.xmp").unlink()
    assert planned() == [(True, "its sidecar changed")] * 2


@pytest.mark.parametrize("content", [b"", b"<!DOCTYPE x><x/>", b"no xml", xmp_packet({"xmp:Rating": "5"})])
def test_a_sidecar_without_a_date_changes_nothing(album: Album, outcomes: Outcomes, content: bytes) -> None:
    write(album, "a.jpg", jpeg_with(TAKEN))
    write(album, "a.xmp", content)
    scan(album, outcomes)
    assert date(album) == (datetime(1998, 5, 6, 7, 8, 9), DateSource.ORIGINAL)


def test_a_tagging_program_that_writes_into_the_photo(album: Album, outcomes: Outcomes) -> None:
    write(album, "a.jpg", jpeg_with(EDITED))
    scan(album, outcomes)
    assert date(album) == (datetime(2019, 7, 4, 12, 30, 45), DateSource.CHANGED)
    write(album, "a.jpg", jpeg_with(EDITED, xmp_packet({"photoshop:DateCreated": "1998-05-06"})), changed=2)
    assert scan(album, outcomes).unchanged == 1
    assert date(album) == (datetime(1998, 5, 6), DateSource.XMP)


def test_a_photo_renamed_to_another_date_keeps_its_own(album: Album, outcomes: Outcomes) -> None:
    write(album, "IMG-20190704-WA0001.jpg", jpeg_with())
    scan(album, outcomes)
    (album.folder / "IMG-20190704-WA0001.jpg").rename(album.folder / "2005-01-01.jpg")
    scan(album, outcomes)
    assert date(album) == (datetime(2019, 7, 4), DateSource.FILE_NAME)


class TestDatesOfEarlierVersions:
    """They were looked for in EXIF alone, and are read again, once."""

    def again(self, album: Album, deadline: float = math.inf) -> tuple[bool, list[str]]:
        """Whether all was done, and what was said."""
        notes: list[str] = []
        with Session.open_to_write(album.settings) as session:
            listeners = Listeners(note=notes.append)
            in_time = read_dates_again(session.database, album.settings, listeners, deadline)
        return in_time, notes

    def dates(self, album: Album) -> list[tuple[str | None, str | None]]:
        return album.execute(
            "SELECT taken_at, taken_from FROM photo JOIN content ON content.id = content_id ORDER BY path"
        )

    @pytest.fixture
    def old(self, album: Album, outcomes: Outcomes) -> Album:
        """A library as 0007 left it: a scan by Lightroom, a dated name, a camera never set, no date."""
        reset = exif_block({}, {ORIGINAL: "1980:01:01 00:00:00"})
        write(album, "1.jpg", jpeg_with(EDITED, xmp_packet({"photoshop:DateCreated": "1994-08-12"})))
        write(album, "2019-07-04.png", picture("PNG"))
        write(album, "3.jpg", picture("JPEG", quality=50, exif=reset))
        write(album, "4.webp", picture("WEBP"))
        scan(album, outcomes)
        album.execute("UPDATE content SET taken_from = NULL, taken_at = '2019-07-04T12:30:45'")
        album.execute("UPDATE content SET taken_at = NULL WHERE id = 2")
        return album

    def test_they_are_read_again_once(self, old: Album) -> None:
        assert self.again(old) == (
            True,
            ["The dates of 4 photos were looked for in more places: 4 changed."],
        )
        assert self.dates(old) == [
            ("1994-08-12T00:00:00", "xmp"),
            ("2019-07-04T00:00:00", "file-name"),
            (None, "none"),
            (None, "none"),
        ]
        assert self.again(old) == (True, [])

    def test_what_there_was_no_time_for_is_done_next_time(self, old: Album) -> None:
        assert self.again(old, deadline=0) == (
            False,
            ["The dates of 1 photo were looked for in more places: 1 changed."],
        )
        assert [source for _, source in self.dates(old)] == ["xmp", None, None, None]
        assert self.again(old)[0]
        assert None not in [source for _, source in self.dates(old)]

    def test_a_photo_that_cannot_be_read_keeps_its_date(self, old: Album) -> None:
        write(old, "1.jpg", b"another file", changed=2)
        (old.folder / "3.jpg").unlink()
        self.again(old)
        assert self.dates(old)[0] == self.dates(old)[2] == ("2019-07-04T12:30:45", None)
