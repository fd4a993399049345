"""A disk that is not mounted is not "everything was deleted"; and roots that move, or are given up."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from faceindex.errors import BadRequest, FaceindexError
from faceindex.results import ScanSummary
from faceindex.scanning.scan import ScanOptions
from faceindex.scanning.scan_roots import forget_root, list_roots, move_root
from faceindex.session import Session
from index.values import Moved
from tests.faceindex.conftest import Album
from tests.faceindex.scanning.fakes import FakeOutcomes, scan
from tests.functional.people import astronaut, landscape, save

ALLOWED = ScanOptions(allow_missing=True)


def fill(folder: Path, photos: int, first: int = 0) -> Path:
    for number in range(first, first + photos):
        save(landscape(number), folder / f"{number:03}.jpg")
    return folder


def take_away(folder: Path, photos: int) -> None:
    for photo in sorted(folder.glob("*.jpg"))[:photos]:
        photo.unlink()


def record(album: Album, *roots: Path, options: ScanOptions | None = None) -> ScanSummary:
    """Scan without the networks: no face is found."""
    return scan(album, FakeOutcomes(), *roots, options=options)


def missing(album: Album) -> int:
    return int(album.execute("SELECT count(*) FROM photo WHERE missing_since IS NOT NULL")[0][0])


def refused(summary: ScanSummary) -> list[tuple[str, int, int]]:
    return [(Path(os.fsdecode(each.root)).name, each.lost, each.known) for each in summary.refused]


@pytest.mark.parametrize("run", ["scan", "reindex"])
@pytest.mark.parametrize(
    ("photos", "gone", "is_refused"),
    [
        (20, 4, False),  # a fifth
        (20, 5, True),
        (5, 2, False),  # of so few, two may go
        (5, 3, True),
        (2, 2, True),  # all
        (1, 1, True),
    ],
)
def test_a_fifth_may_go_at_once_and_never_all(
    album: Album, run: str, photos: int, gone: int, is_refused: bool
) -> None:
    fill(album.folder, photos)
    record(album)
    take_away(album.folder, gone)
    summary = record(album) if run == "scan" else album.reindex().scan
    assert refused(summary) == ([("photos", gone, photos)] if is_refused else [])
    assert (summary.missing, missing(album)) == ((0, 0) if is_refused else (gone, gone))
    again = record(album, options=ALLOWED) if run == "scan" else album.reindex(ALLOWED).scan
    assert (again.refused, missing(album)) == ((), gone)


def test_what_is_new_is_recorded_though_losses_are_not_believed(album: Album) -> None:
    fill(album.folder, 10)
    record(album)
    take_away(album.folder, 5)
    save(astronaut(), album.folder / "new.jpg")
    summary = album.scan()
    assert (summary.indexed, summary.unchanged, summary.missing) == (1, 5, 0)
    assert album.names() == ["new.jpg"]
    assert len(summary.refused) == 1


def unmount(folder: Path) -> None:
    """As a disk that is not mounted: its mount point is there, and empty."""
    folder.rename(folder.with_name("elsewhere"))
    folder.mkdir()


def unplug(folder: Path) -> None:
    """As a disk that is not there, with its mount point."""
    folder.rename(folder.with_name("elsewhere"))


@pytest.mark.parametrize("go", [unmount, unplug])
def test_a_root_that_is_not_there_keeps_its_photos_and_the_others_are_scanned(
    album: Album, tmp_path: Path, go: Callable[[Path], None]
) -> None:
    disk = fill(tmp_path / "mnt" / "disk", 5)
    save(astronaut(), disk / "face.jpg")
    fill(album.folder, 3, first=100)
    album.scan(disk, album.folder)
    go(disk)
    fill(album.folder, 2, first=200)
    summary = album.reindex().scan
    assert refused(summary) == [("disk", 6, 6)]
    assert (summary.indexed, summary.unchanged, summary.missing, missing(album)) == (2, 3, 0, 0)
    assert album.names() == ["face.jpg"]
    if disk.is_dir():
        disk.rmdir()
    disk.with_name("elsewhere").rename(disk)
    back = album.reindex().scan
    assert (back.unchanged, back.indexed, back.missing, back.refused) == (11, 0, 0, ())


def test_a_link_to_a_disk_that_is_away_loses_nothing(album: Album, tmp_path: Path) -> None:
    """A few photos behind a link, so few that their loss would be believed."""
    disk = fill(tmp_path / "disk", 2)
    fill(album.folder, 20, first=100)
    (album.folder / "holidays").symlink_to(disk)
    (album.folder / "no photos behind it").symlink_to(tmp_path / "nothing")
    assert record(album).indexed == 22
    unplug(disk)
    told: list[str] = []
    night = album.reindex(note=told.append)
    assert (night.scan.missing, night.scan.refused, missing(album)) == (0, (), 0)
    assert told == [
        f"{album.folder / 'holidays'} cannot be read: its photos were left unchanged in the library."
    ]
    (album.folder / "holidays").unlink()  # now it is meant
    assert album.reindex().scan.missing == 2


def test_photos_that_are_meant_to_be_gone_are_not_asked_about_again(album: Album, tmp_path: Path) -> None:
    disk = fill(tmp_path / "disk", 4)
    record(album, disk)
    shutil.rmtree(disk)
    assert len(album.reindex().scan.refused) == 1
    assert album.reindex(ALLOWED).scan.missing == 4
    assert album.reindex().scan.refused == ()
    with Session.open(album.settings) as library:
        (report,) = list_roots(library)
    assert (report.figures.photos, report.figures.missing) == (0, 4)
    assert report.unreachable == "no such file or directory"


def test_a_scan_of_a_known_place_that_is_gone_is_refused_and_of_an_unknown_one_makes_no_sense(
    album: Album, tmp_path: Path
) -> None:
    disk = fill(tmp_path / "disk", 4)
    record(album, disk)
    shutil.rmtree(disk)
    assert refused(album.scan(disk)) == [("disk", 4, 4)]
    assert refused(album.scan(disk, album.folder)) == [("disk", 4, 4)]
    with pytest.raises(BadRequest, match="unknown cannot be scanned: no such file or directory"):
        album.scan(disk, tmp_path / "unknown")
    assert missing(album) == 0


def test_a_single_photo_that_was_named_and_is_deleted_is_missing(album: Album) -> None:
    fill(album.folder, 2)
    photo = album.folder / "000.jpg"
    record(album, photo)
    photo.unlink()
    summary = album.reindex().scan
    assert (summary.missing, summary.refused) == (1, ())


def test_a_single_photo_is_missing_where_its_folder_is_gone_and_comes_back_with_it(
    album: Album, tmp_path: Path
) -> None:
    """Nobody said that its folder is a place of photos: a night does not fail for it."""
    photo = save(astronaut(), album.folder / "disk" / "a.jpg")
    record(album, photo)
    unplug(photo.parent)
    summary = album.reindex().scan
    assert (summary.missing, summary.refused, missing(album)) == (1, (), 1)
    assert album.reindex().scan.missing == 0
    photo.parent.with_name("elsewhere").rename(photo.parent)
    assert (album.reindex().scan.returned, missing(album)) == (1, 0)


def test_a_lost_disk_inside_a_folder_does_not_get_lost_by_way_of_the_folder(album: Album) -> None:
    fill(album.folder, 40)
    disk = fill(album.folder / "disk", 5, first=100)
    record(album, album.folder, disk)
    shutil.rmtree(disk)
    disk.mkdir()
    summary = album.reindex().scan
    assert refused(summary) == [("disk", 5, 5)]
    assert (summary.missing, missing(album)) == (0, 0)


def test_what_moved_is_not_lost(album: Album, tmp_path: Path) -> None:
    """A folder renamed, and a whole root emptied into another: all is found again by its content."""
    fill(album.folder / "old", 6)
    other = fill(tmp_path / "other", 6, first=100)
    record(album, album.folder, other)
    (album.folder / "old").rename(album.folder / "new")
    for photo in other.iterdir():
        shutil.move(photo, album.folder)
    summary = album.reindex().scan
    assert (summary.moved, summary.missing, summary.refused) == (12, 0, ())
    assert album.reindex().scan.unchanged == 12


def test_where_there_was_no_time_to_look_nothing_is_lost(album: Album) -> None:
    """What is gone may be what has not been looked at."""
    fill(album.folder / "old", 10)
    record(album)
    (album.folder / "old").rename(album.folder / "new")
    summary = album.reindex(ScanOptions(deadline=0)).scan
    assert (summary.left, summary.missing, summary.refused, missing(album)) == (10, 0, (), 0)
    assert album.reindex().scan.moved == 10


class TestMove:
    def test_a_root_that_moved_is_known_there_with_all_its_photos(self, album: Album) -> None:
        fill(album.folder, 5)
        save(astronaut(), album.folder / "trip" / os.fsdecode(b"caf\xe9.jpg"))
        album.scan(album.folder, album.folder / "trip")
        ids = [face.face_id for face in album.faces()]
        there = album.folder.with_name("there")
        album.folder.rename(there)
        with Session.open_to_write(album.settings) as library:
            assert move_root(library, bytes(album.folder), bytes(there), dry_run=True) == Moved(6, 0)
            assert library.catalog.roots() == (bytes(album.folder), bytes(album.folder / "trip"))
            assert move_root(library, bytes(album.folder), bytes(there)) == Moved(6, 0)
            assert library.catalog.roots() == (bytes(there), bytes(there / "trip"))
        (face,) = album.faces()
        assert face.photo == os.path.join(bytes(there), b"trip", b"caf\xe9.jpg")
        assert [face.face_id] == ids
        summary = album.reindex().scan
        assert (summary.unchanged, summary.moved, summary.indexed, summary.missing) == (6, 0, 0, 0)

    def test_a_copy_without_times_is_told_by_its_content(self, album: Album, tmp_path: Path) -> None:
        fill(album.folder, 30)
        record(album)
        there = tmp_path / "there"
        there.mkdir()
        for photo in album.folder.iterdir():
            shutil.copyfile(photo, there / photo.name)
        with Session.open_to_write(album.settings) as library:
            assert move_root(library, bytes(album.folder), bytes(there)) == Moved(30, 0)
        assert album.reindex().scan.unchanged == 30

    def test_other_photos_of_the_same_names_and_sizes_are_no_move(self, album: Album, tmp_path: Path) -> None:
        fill(album.folder, 5)
        record(album)
        there = tmp_path / "there"
        there.mkdir()
        for photo in album.folder.iterdir():
            (there / photo.name).write_bytes(b"\xff\xd8" + bytes(photo.stat().st_size - 2))
        self.refused(album, there, "not the photo that was known")

    def test_a_place_without_the_photos_is_no_move(self, album: Album, tmp_path: Path) -> None:
        fill(album.folder, 10)
        record(album)
        there = tmp_path / "there"
        self.refused(album, there, "no such file")
        there.mkdir()
        self.refused(album, there, "holds only 0 of the 10 photos")
        for name in ("000.jpg", "001.jpg"):
            shutil.copy2(album.folder / name, there)
        self.refused(album, there, "holds only 2 of the 10 photos")

    def test_places_inside_each_other_and_unknown_ones_make_no_sense(self, album: Album) -> None:
        fill(album.folder, 2)
        record(album)
        for old, new in (
            (album.folder, album.folder / "in"),
            (album.folder, album.folder.parent),
            (album.folder.with_name("unknown"), album.folder.with_name("there")),
        ):
            with Session.open_to_write(album.settings) as library, pytest.raises(BadRequest):
                move_root(library, bytes(old), bytes(new))

    def test_what_was_scanned_at_the_new_place_already_is_there_once(self, album: Album) -> None:
        save(astronaut(), album.folder / "a.jpg")
        fill(album.folder, 3)
        album.scan()
        there = album.folder.with_name("there")
        shutil.copytree(album.folder, there)
        assert album.counts(there) == {"duplicate": 4}
        shutil.rmtree(album.folder)
        with Session.open_to_write(album.settings) as library:
            assert move_root(library, bytes(album.folder), bytes(there)) == Moved(0, 4)
            assert library.catalog.roots() == (bytes(there),)
        assert album.reindex().scan.unchanged == 4
        assert album.names() == ["a.jpg"]

    @staticmethod
    def refused(album: Album, there: Path, why: str) -> None:
        rows = album.rows()
        with Session.open_to_write(album.settings) as library, pytest.raises(FaceindexError, match=why):
            move_root(library, bytes(album.folder), bytes(there))
        assert album.rows() == rows


class TestForget:
    def test_its_photos_are_missing_but_for_those_of_other_roots(self, album: Album) -> None:
        fill(album.folder, 3)
        fill(album.folder / "trip", 2, first=100)
        record(album, album.folder, album.folder / "trip")
        with Session.open_to_write(album.settings) as library:
            assert forget_root(library, bytes(album.folder), dry_run=True) == 3
            assert missing(album) == 0
            assert forget_root(library, bytes(album.folder)) == 3
            assert library.catalog.roots() == (bytes(album.folder / "trip"),)
        assert missing(album) == 3
        assert album.reindex().scan.unchanged == 2
        assert album.counts() == {"unchanged": 5}  # a scan takes it back, and reads nothing again

    def test_only_a_root_can_be_forgotten(self, album: Album) -> None:
        fill(album.folder / "trip", 2)
        record(album)
        with Session.open_to_write(album.settings) as library, pytest.raises(BadRequest, match="roots list"):
            forget_root(library, bytes(album.folder / "trip"))
