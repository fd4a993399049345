"""What a scan leaves out: counted, remembered, and opened again only if it may be readable now."""

import os
from pathlib import Path

import pytest

from faceindex.library import Library
from faceindex.results import ScanSummary
from faceindex.scanning.failures import failures
from faceindex.scanning.plan import plan_scan
from faceindex.scanning.scan import ScanOptions
from faceindex.session import Session
from index.figures import LeftOutCount
from tests.faceindex.conftest import Album
from tests.faceindex.scanning.fakes import FakeOutcomes, scan
from tests.faceindex.scanning.test_scan import write

FILMS, OTHERS = LeftOutCount("video", 2, "video"), LeftOutCount("other file", 1)


@pytest.fixture
def mixed(album: Album) -> Album:
    for name, content in (("a.jpg", "a"), ("1.mp4", "film 1"), ("2.mp4", "film 2"), ("x", "no photo")):
        write(album.folder / name, content)
    return album


def stored(album: Album) -> tuple[LeftOutCount, ...]:
    """What the library says that the last scans left out."""
    with Library(album.settings) as library:
        return library.statistics().left_out


def new_failures(summary: ScanSummary) -> list[str]:
    return [os.path.basename(os.fsdecode(each.path)) for each in summary.failures if each.new]


def test_it_is_counted_by_every_scan_and_opened_by_the_first(mixed: Album) -> None:
    outcomes = FakeOutcomes()
    for opened in (["1.mp4", "2.mp4", "a.jpg", "x"], []):
        summary = scan(mixed, outcomes)
        assert (sorted(outcomes.take()), summary.left_out) == (opened, (FILMS, OTHERS))
        assert (summary.seen, summary.failures) == (1, ())
        assert stored(mixed) == (FILMS, OTHERS)
    planned = [each for each in plan_scan(mixed.settings, [bytes(mixed.folder)]) if each.kind is not None]
    assert sorted((each.kind, each.needs, each.read) for each in planned if each.needs) == [
        ("video", "video", False),
        ("video", "video", False),
    ]


def test_it_is_opened_again_once_another_decoder_may_read_it_or_it_has_changed(mixed: Album) -> None:
    scan(mixed, FakeOutcomes(unread_by="none of pillow 1.0"))
    outcomes = FakeOutcomes()
    scan(mixed, outcomes)
    assert sorted(outcomes.take()) == ["1.mp4", "2.mp4", "x"]
    write(mixed.folder / "1.mp4", "a photo after all")
    assert scan(mixed, outcomes).indexed == 1
    assert outcomes.take() == ["1.mp4"]
    assert stored(mixed) == (LeftOutCount("video", 1, "video"), OTHERS)


def test_what_may_have_changed_since_is_opened_again(mixed: Album) -> None:
    (mixed.folder / "x").write_text("no photo")  # just now
    outcomes = FakeOutcomes()
    scan(mixed, outcomes)
    assert stored(mixed) == (FILMS, OTHERS)
    outcomes.take()
    scan(mixed, outcomes)
    assert outcomes.take() == ["x"]


def test_what_is_gone_is_counted_no_more_where_a_scan_has_looked(mixed: Album, tmp_path: Path) -> None:
    other = tmp_path / "other"
    write(other / "3.mp4", "film 3")
    scan(mixed, FakeOutcomes(), mixed.folder, other)
    assert stored(mixed)[0].files == 3
    (other / "3.mp4").unlink()
    (mixed.folder / "1.mp4").unlink()
    assert scan(mixed, FakeOutcomes(), mixed.folder).left_out == (LeftOutCount("video", 1, "video"), OTHERS)
    assert stored(mixed)[0].files == 2  # the other folder was not looked at
    scan(mixed, FakeOutcomes(), other)
    assert stored(mixed)[0].files == 1


def test_a_scan_that_is_stopped_forgets_nothing(mixed: Album) -> None:
    scan(mixed, FakeOutcomes())
    write(mixed.folder / "b.jpg", "b")
    stopped = scan(mixed, FakeOutcomes(), options=ScanOptions(deadline=0.0))
    assert stopped.left
    assert stored(mixed) == (FILMS, OTHERS)


def test_a_folder_that_is_forgotten_leaves_nothing_behind(mixed: Album) -> None:
    scan(mixed, FakeOutcomes())
    with Library(mixed.settings) as library:
        library.roots.forget(mixed.folder)
    assert stored(mixed) == ()


def test_what_else_is_passed_over_is_said_too(album: Album) -> None:
    write(album.folder / "a.jpg", "a")
    write(album.folder / "phone" / ".nomedia", "")
    (album.folder / "link").symlink_to(album.folder / "nowhere")
    expected = (LeftOutCount("broken link", 1), LeftOutCount("folder with .nomedia", 1))
    for _ in range(2):
        assert scan(album, FakeOutcomes()).left_out == expected
        assert stored(album) == expected
    (album.folder / "link").unlink()
    assert scan(album, FakeOutcomes()).left_out == expected[1:]
    assert stored(album) == expected[1:]


def test_a_file_that_is_named_fails_and_a_scan_of_its_folder_leaves_it_out(mixed: Album) -> None:
    scan(mixed, FakeOutcomes())
    (failure,) = scan(mixed, FakeOutcomes(), mixed.folder / "1.mp4").failures
    assert (failure.reason, "faceindex[video]" in failure.message) == ("unsupported", True)
    summary = scan(mixed, FakeOutcomes())
    assert (summary.failures, summary.left_out) == ((), (FILMS, OTHERS))
    assert stored(mixed) == (FILMS, OTHERS)


def test_a_photo_whose_decoder_is_gone_fails_and_keeps_what_is_known(album: Album) -> None:
    write(album.folder / "a.heic", "a")
    scan(album, FakeOutcomes())
    write(album.folder / "a.heic", "film: a, edited")
    for new in (True, False):
        summary = scan(album, FakeOutcomes())
        (failure,) = summary.failures
        assert (failure.reason, failure.new, summary.missing) == ("unsupported", new, 0)
        assert (summary.left_out, summary.library_photos) == ((), 1)
    write(album.folder / "a.heic", "a")
    assert scan(album, FakeOutcomes()).failures == ()


def test_a_failure_is_new_once_and_again_if_the_file_or_the_reason_changes(album: Album) -> None:
    broken, other = write(album.folder / "a.jpg", "broken"), write(album.folder / "b.jpg", "broken too")
    assert new_failures(scan(album, FakeOutcomes())) == ["a.jpg", "b.jpg"]
    assert new_failures(scan(album, FakeOutcomes())) == []
    assert new_failures(scan(album, FakeOutcomes(decoder="jpeg fake 2"))) == []  # it is tried again, in vain
    write(broken, "broken otherwise")
    write(album.folder / "c.jpg", "broken")
    assert new_failures(scan(album, FakeOutcomes())) == ["a.jpg", "c.jpg"]
    with Session.open(album.settings) as session:
        listed = [os.fsdecode(each.path) for each in failures(session)]
        assert listed == [str(broken), str(other), str(album.folder / "c.jpg")]
        other.unlink()
        assert len(failures(session)) == 2


def test_failures_are_listed_folder_by_folder(album: Album) -> None:
    names = ("a/1.jpg", "a/2.jpg", "a/1/x.jpg", "b.jpg")
    for name in names:
        write(album.folder / name, f"broken {name}")
    found = scan(album, FakeOutcomes()).failures
    assert [os.path.relpath(os.fsdecode(each.path), album.folder) for each in found] == [
        "b.jpg", "a/1.jpg", "a/2.jpg", "a/1/x.jpg",
    ]  # fmt: skip
