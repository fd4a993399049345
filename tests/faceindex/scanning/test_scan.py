"""The scan with a stand-in for the networks: crawl, outcomes and the library, and what ends it early."""

import os
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from threading import Event

import pytest

from faceindex.engine import build_runner
from faceindex.library import Library
from faceindex.results import Listeners, Progress, ScanSummary
from faceindex.scanning.plan import plan_scan
from faceindex.scanning.recording import BatchRecorder
from faceindex.scanning.scan import ScanOptions
from faceindex.scanning.survey import Crawl
from pipeline.decoding.formats import Format
from pipeline.decoding.readers import decoder_of
from pipeline.models.registry import SFACE
from pipeline.sources.crawl import KnownAs, Skipped, crawl
from pipeline.values import Outcome, PhotoFile
from tests.faceindex.conftest import KINDS, Album
from tests.faceindex.scanning.fakes import FakeOutcomes, scan
from tests.functional.people import landscape, save

JPEG = decoder_of(Format.JPEG)

OLD = 1_000_000_000_000_000_000
"""A time of change so long ago that nobody takes the file for recently changed."""


def write(path: Path, content: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    os.utime(path, ns=(OLD, OLD))
    return path


def counts(summary: ScanSummary) -> dict[str, int]:
    """What was counted, leaving out zeros."""
    return {kind: getattr(summary, kind) for kind in KINDS if getattr(summary, kind)}


def test_only_what_is_new_or_has_changed_is_looked_at(album: Album) -> None:
    outcomes = FakeOutcomes()
    for name in ("a.jpg", "b.jpg"):
        write(album.folder / name, name)
    write(album.folder / "notes.txt", "no photo")
    assert counts(scan(album, outcomes)) == {"indexed": 2}
    assert outcomes.take() == ["a.jpg", "b.jpg", "notes.txt"]
    write(album.folder / "a.jpg", "something else")
    assert counts(scan(album, outcomes)) == {"indexed": 1, "unchanged": 1}
    assert outcomes.take() == ["a.jpg"]


def test_a_copy_of_a_photo_under_a_root_that_is_away_is_a_duplicate(album: Album, tmp_path: Path) -> None:
    """As on a machine where the share is not mounted: nothing has moved."""
    share, outcomes = tmp_path / "share", FakeOutcomes()
    write(share / "a.jpg", "a")
    write(album.folder / "b.jpg", "b")
    scan(album, outcomes, share, album.folder)
    share.rename(tmp_path / "not mounted")
    write(album.folder / "copy.jpg", "a")
    assert counts(scan(album, outcomes)) == {"unchanged": 1, "duplicate": 1}
    paths = [
        Path(os.fsdecode(path)).name for (path,) in album.execute("SELECT path FROM photo ORDER BY path")
    ]
    assert sorted(paths) == ["a.jpg", "b.jpg", "copy.jpg"]
    summary = scan(album, outcomes, share, album.folder)
    assert (counts(summary), len(summary.refused)) == ({"unchanged": 2}, 1)
    (tmp_path / "not mounted").rename(share)
    assert counts(scan(album, outcomes, share, album.folder)) == {"unchanged": 3}


def test_a_folder_renamed_before_a_scan_that_was_interrupted_has_lost_nothing(album: Album) -> None:
    outcomes = FakeOutcomes()
    for number in range(10):
        write(album.folder / "old" / f"{number}.jpg", str(number))
    scan(album, outcomes)
    (album.folder / "old").rename(album.folder / "new")

    def interrupt(progress: Progress) -> None:
        if progress.done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scan(album, outcomes, listeners=Listeners(progress=interrupt))
    summary = scan(album, outcomes)
    assert (counts(summary), summary.refused) == ({"moved": 5, "unchanged": 5}, ())
    assert album.execute("SELECT count(*) FROM photo") == [(10,)]


def test_what_no_decoder_could_read_is_tried_once_with_another(album: Album) -> None:
    for name in ("a.heic", "copy.heic", "b.heic"):
        write(album.folder / name, "broken" if name != "b.heic" else "broken too")
    earlier, now = FakeOutcomes("heic reader 1"), FakeOutcomes(JPEG)
    assert counts(scan(album, earlier)) == {"failed": 3}
    album.execute("UPDATE content SET decoder = ? WHERE id = 2", JPEG)  # that of b.heic
    planned = [(each.read, each.reason) for each in plan_scan(album.settings, [bytes(album.folder)])]
    assert planned == [(True, "unread before"), (False, "unchanged"), (True, "unread before")]
    assert counts(scan(album, now)) == {"failed": 3}
    assert now.take() == ["a.heic", "copy.heic"]
    assert counts(scan(album, now)) == {"failed": 3}
    assert now.take() == []

    album.execute("UPDATE content SET decoder = NULL")  # as an earlier version left it
    assert counts(scan(album, now)) == {"failed": 3}
    assert now.take() == ["a.heic", "b.heic", "copy.heic"]
    assert counts(scan(album, now)) == {"failed": 3}
    assert now.take() == []


def blocking(until: Event) -> Crawl:
    """A crawl that waits after its first file, as on a share that is slow."""

    def walk(
        roots: Sequence[bytes], on_skip: Callable[[Skipped], None], known_as: KnownAs
    ) -> Iterator[PhotoFile]:
        for number, file in enumerate(crawl(roots, on_skip, known_as)):
            yield file
            if number == 0:
                assert until.wait(60), "nothing became of the first file"

    return walk


def test_the_first_photo_is_done_while_the_crawl_goes_on(album: Album) -> None:
    """With the real runner: the first outcome does not wait for the second file."""
    for number in range(3):
        save(landscape(number), album.folder / f"{number}.jpg")
    met: list[Progress] = []
    is_done = Event()

    def told(progress: Progress) -> None:
        met.append(progress)
        is_done.set()

    runner = build_runner(album.settings, SFACE)
    summary = scan(album, runner.run, listeners=Listeners(progress=told), crawl=blocking(is_done))
    assert counts(summary) == {"indexed": 3}
    assert (met[0].done, met[0].total, met[0].complete) == (1, 1, False)
    assert (met[-1].done, met[-1].total, met[-1].complete) == (3, 3, True)


def test_progress_counts_no_file_that_turned_out_to_be_no_photo(album: Album) -> None:
    for name, content in (("a.jpg", "a"), ("b.txt", "no photo"), ("c.jpg", "broken"), ("d.txt", "no photo")):
        write(album.folder / name, content)
    met: list[Progress] = []
    scan(album, FakeOutcomes(), listeners=Listeners(progress=met.append))
    assert [each.done for each in met] == [1, 1, 2, 2]
    assert (met[-1].total, met[-1].failed) == (2, 1)


def test_a_crawl_that_breaks_off_keeps_what_was_found_before(album: Album) -> None:
    def walk(
        roots: Sequence[bytes], on_skip: Callable[[Skipped], None], known_as: KnownAs
    ) -> Iterator[PhotoFile]:
        yield from crawl(roots, on_skip, known_as)
        raise OSError("the disk is gone")

    for name in ("a.jpg", "b.jpg"):
        write(album.folder / name, name)
    with pytest.raises(OSError, match="the disk is gone"):
        scan(album, FakeOutcomes(), crawl=walk)
    write(album.folder / "c.jpg", "c")
    (album.folder / "a.jpg").unlink()
    with pytest.raises(OSError, match="the disk is gone"):
        scan(album, FakeOutcomes(), crawl=walk)
    with Library(album.settings) as library:
        assert (library.statistics().photos, library.statistics().missing) == (3, 0)


def test_when_the_time_is_up_at_once_it_is_only_said_how_much_is_left(album: Album) -> None:
    for name in ("a.jpg", "b.jpg"):
        write(album.folder / name, name)
    outcomes = FakeOutcomes()
    summary = scan(album, outcomes, options=ScanOptions(deadline=time.monotonic()))
    assert (summary.left, counts(summary), outcomes.take()) == (2, {}, [])
    assert counts(scan(album, outcomes)) == {"indexed": 2}


def test_a_text_that_is_new_loads_no_network(album: Album) -> None:
    write(album.folder / "notes.txt", "a text")
    stages = {each.stage for each in album.scan().stages}
    assert "survey" in stages
    assert "load" not in stages


def test_a_crawl_that_ends_while_what_is_left_is_counted_makes_no_finished_scan(
    album: Album, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = vars(BatchRecorder)["left"].fget

    def left(recorder: BatchRecorder) -> int:
        before: int = counted(recorder)
        recorder._survey.complete = True  # as the crawl's thread may do at any time
        return before

    def first_only(
        files: Iterable[PhotoFile], known: Callable[[bytes], bool]
    ) -> Generator[Outcome, None, None]:
        yield from FakeOutcomes()(islice(files, 1), known)

    write(album.folder / "a.jpg", "a")
    monkeypatch.setattr(BatchRecorder, "left", property(left))
    assert scan(album, first_only).left == 1


def test_a_crawl_that_outlives_the_scan_finds_no_more_files(album: Album) -> None:
    left: list[Iterator[PhotoFile]] = []

    def first_only(
        files: Iterable[PhotoFile], known: Callable[[bytes], bool]
    ) -> Generator[Outcome, None, None]:
        left.append(iter(files))
        yield from FakeOutcomes()(islice(left[0], 1), known)

    for name in ("a.jpg", "b.jpg"):
        write(album.folder / name, name)
    assert scan(album, first_only).left == 1
    with pytest.raises(RuntimeError, match="the scan has ended"):
        next(left[0])
