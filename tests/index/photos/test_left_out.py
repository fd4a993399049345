"""Files that are no photos: what is remembered of them, and when that is forgotten."""

from dataclasses import replace
from pathlib import Path

from index.figures import LeftOutCount
from index.photos.catalog import Catalog
from index.photos.left_out import LeftOut, counted
from index.photos.photo_roots import Roots
from index.photos.presence import Crawled
from index.photos.siblings import Siblings
from index.store.store import Store
from index.values import Recorded, Sibling
from pipeline.values import PhotoFile, PhotoSkipped, Reason
from tests.index.builders import add_roots, broken, digest_of, indexed, make_file, units

OLD = 1_000_000_000_000_000_000
"""A time of change so long ago that nobody takes the file for recently changed."""


def film(path: bytes, decoder: str = "video none") -> PhotoSkipped:
    return PhotoSkipped(PhotoFile(path, 7, OLD), "video", "video", decoder)


def test_it_is_known_by_path_size_and_time_until_another_decoder_may_read_it(
    catalog: Catalog, database: Store
) -> None:
    outcomes = [film(b"/p/1.mp4"), film(b"/p/2.mp4", "video av 1"), film(b"/q/3.mp4")]
    assert catalog.record(outcomes).skipped == 3
    left_out = LeftOut(database, lambda decoder: decoder == "video none")
    known = left_out.known_under([b"/p"])
    assert {path: each.unread for path, each in known.items()} == {b"/p/1.mp4": False, b"/p/2.mp4": True}
    assert (known[b"/p/1.mp4"].size, known[b"/p/1.mp4"].mtime_ns) == (7, OLD)
    left_out.replace([b"/p/1.mp4", b"/p/link"], {b"/p/link": "broken link"})
    assert set(left_out.known_under([b"/"])) == {b"/p/2.mp4", b"/p/link", b"/q/3.mp4"}
    assert catalog.statistics().left_out == (
        LeftOutCount("video", 2, "video"),
        LeftOutCount("broken link", 1),
    )


def test_a_photo_is_no_such_file_any_more(catalog: Catalog, database: Store, photos: Path) -> None:
    file = make_file(photos / "a.mp4")
    catalog.record([PhotoSkipped(file)])
    catalog.record([indexed(file, "a", units(1))])
    assert LeftOut(database, lambda _: True).known_under([b"/"]) == {}


def test_a_path_that_could_never_be_read_is_no_photo_once_it_is_left_out(
    catalog: Catalog, photos: Path
) -> None:
    file = make_file(photos / "a.heic")
    catalog.record([broken(file, "an older version failed")])
    assert catalog.record([PhotoSkipped(file, "HEIC", "heic", "heic none")]) == Recorded(skipped=1)
    assert catalog.failures_under([b"/"], unread=None) == []
    assert catalog.states_under([b"/"]) == {}


def test_a_known_photo_without_its_decoder_fails_and_is_not_missing(catalog: Catalog, photos: Path) -> None:
    file = make_file(photos / "a.heic")
    catalog.record([indexed(file, "a", units(1))])
    recorded = catalog.record([PhotoSkipped(file, "HEIC", "heic", "heic none")])
    assert (recorded.failed, recorded.unread, recorded.new_failures) == (1, set(), {file.path})
    (faces,) = catalog.all_faces()
    assert [(each.digest, each.missing) for each in faces] == [(digest_of("a"), False)]
    assert catalog.states_under([b"/"])[file.path].unread


def test_a_failure_is_new_until_it_is_recorded(catalog: Catalog, photos: Path) -> None:
    file = make_file(photos / "a.jpg")
    assert catalog.record([broken(file, "half")]).new_failures == {file.path}
    assert catalog.record([broken(file, "half")]).new_failures == set()
    other_reason = replace(broken(file, "half"), reason=Reason.UNSUPPORTED)  # by another decoder
    assert catalog.record([other_reason]).new_failures == {file.path}
    assert catalog.record([other_reason]).new_failures == set()
    longer = PhotoFile(file.path, file.size + 1, file.mtime_ns)
    assert catalog.record([broken(longer, "more, but not all")]).new_failures == {file.path}


def test_what_was_left_out_in_a_root_that_moves_is_known_at_its_new_place(
    catalog: Catalog, database: Store
) -> None:
    left_out = LeftOut(database, lambda _: True)
    catalog.record([film(b"/old/1.mp4"), film(b"/old/in/2.mp4"), film(b"/older/3.mp4"), film(b"/new/1.mp4")])
    known = left_out.known_under([b"/"])
    Roots(database).move(b"/old", b"/new")
    assert left_out.known_under([b"/"]) == {
        b"/new/1.mp4": known[b"/new/1.mp4"],
        b"/new/in/2.mp4": known[b"/old/in/2.mp4"],
        b"/older/3.mp4": known[b"/older/3.mp4"],
    }


def test_siblings_move_with_their_root(catalog: Catalog, database: Store) -> None:
    siblings = with_siblings(catalog, database, b"/old")
    Roots(database).move(b"/old", b"/new")
    assert siblings.known_under([b"/"]) == {
        b"/new/1.dng": Sibling(b"/new/1.jpg", "camera raw"),
        b"/new/in/2.dng": Sibling(b"/new/in/2.jpg", "camera raw"),
    }


def test_what_was_left_out_in_a_forgotten_root_counts_no_more_except_that_of_a_root_in_it(
    catalog: Catalog, database: Store
) -> None:
    add_roots(catalog.store, [b"/p", b"/p/in"])
    siblings = with_siblings(catalog, database, b"/p")
    catalog.record([film(b"/p/1.mp4"), film(b"/p/in/2.mp4")])
    Roots(database).forget(b"/p")
    assert set(siblings.known_under([b"/"])) == {b"/p/in/2.dng"}
    assert set(LeftOut(database, lambda _: True).known_under([b"/"])) == {b"/p/in/2.mp4"}
    assert [each.files for each in catalog.statistics().left_out] == [1, 1]


def test_siblings_of_a_kind_are_counted_with_files_of_that_kind(catalog: Catalog, database: Store) -> None:
    with_siblings(catalog, database, b"/p")
    catalog.record([PhotoSkipped(PhotoFile(b"/p/3.dng", 7, OLD), "camera raw")])
    assert catalog.statistics().left_out == (LeftOutCount("camera raw", 3),)


def with_siblings(catalog: Catalog, database: Store, root: bytes) -> Siblings:
    """Record a photo in a folder and one in a folder in it, each with camera raw beside it."""
    photos = [root + b"/1.jpg", root + b"/in/2.jpg"]
    for path in photos:
        catalog.record([indexed(PhotoFile(path, 7, OLD), path.hex(), units(1))])
    found = {path.replace(b".jpg", b".dng"): Sibling(path, "camera raw") for path in photos}
    siblings = Siblings(database)
    siblings.replace(Crawled(frozenset({root}), frozenset()), found)
    return siblings


def test_what_an_extra_would_read_is_counted_first_and_what_nobody_knows_last() -> None:
    files = {
        ("other file", None): 90,
        ("sidecar", None): 5,
        ("HEIC", "heic"): 1,
        ("PDF", None): 7,
        ("x", None): 0,
    }
    assert [each.kind for each in counted(files)] == ["HEIC", "PDF", "sidecar", "other file"]
