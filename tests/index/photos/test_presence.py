"""Moves and losses: told by what a crawl covered and met, and by nothing else.

None of the files is on a disk: whoever asked the disk would take them all for gone.
"""

from dataclasses import dataclass, field

import pytest

from index.photos.catalog import CHUNK, Catalog
from index.photos.presence import Crawled, Presence
from index.store.store import Store
from index.values import Recorded, RootLoss
from pipeline.values import Outcome, PhotoFile
from tests.index.builders import broken, digest_of, indexed, known, units


def at(path: str) -> PhotoFile:
    """A file that is on no disk."""
    return PhotoFile(path.encode(), 1, 1)


@dataclass
class Scanned:
    """A library, and scans of folders that hold what the test says."""

    database: Store
    catalog: Catalog
    seen: set[bytes] = field(default_factory=set)

    def scan(self, *outcomes: Outcome, roots: str = "/p", unlisted: str = "", gone: str = "") -> Recorded:
        """Scan roots that hold the files of the outcomes, and all those of earlier scans but the gone."""
        recorded = self.catalog.record(outcomes)
        self.seen |= {outcome.file.path for outcome in outcomes}
        self.seen -= {path.encode() for path in gone.split()}
        left = self.catalog.states_under([b"/"]).keys() - self.seen
        crawled = Crawled(frozenset(roots.encode().split()), left, frozenset(unlisted.encode().split()))
        presence = Presence(self.database)
        unseen = presence.unseen(crawled)
        presence.record_gone(crawled, unseen)
        self.missing = len(unseen.missing)
        moved = (recorded.perhaps_moved.get(path) for path in unseen.moves.values())
        return recorded.with_moves(kind for kind in moved if kind is not None)

    def photos(self) -> dict[str, bool]:
        """Which paths are known, and whether they are missing."""
        states = self.catalog.states_under([b"/"])
        return {path.decode(): states[path].missing for path in sorted(states)}

    def perhaps_moved(self) -> list[str]:
        with self.database.read() as connection:
            rows = connection.exec_driver_sql("SELECT path FROM photo WHERE perhaps_moved ORDER BY path")
            return [row.path.decode() for row in rows]


@pytest.fixture
def library(database: Store, catalog: Catalog) -> Scanned:
    """One photo, with a face."""
    scanned = Scanned(database, catalog)
    scanned.scan(indexed(at("/p/old"), "a", units(1)))
    return scanned


def test_a_renamed_photo_has_moved_and_keeps_its_face(library: Scanned) -> None:
    before = library.catalog.face_ids_of(digest_of("a"))
    assert library.scan(known(at("/p/2019/new"), "a"), gone="/p/old") == Recorded(moved=1)
    assert library.photos() == {"/p/2019/new": False}
    assert library.catalog.face_ids_of(digest_of("a")) == before
    assert library.scan(gone="/p/2019/new") == Recorded()
    assert library.photos() == {"/p/2019/new": True}


def test_a_copy_is_a_duplicate_and_its_deletion_is_no_move(library: Scanned) -> None:
    assert library.scan(known(at("/p/copy"), "a")) == Recorded(duplicate=1)
    assert library.perhaps_moved() == []
    library.scan(gone="/p/old")
    assert (library.photos(), library.missing) == ({"/p/copy": False, "/p/old": True}, 1)


def test_a_photo_under_a_root_that_is_away_has_not_moved(library: Scanned) -> None:
    """A share that is not mounted: a crawl of other folders says nothing of it."""
    assert library.scan(known(at("/q/copy"), "a"), roots="/q") == Recorded(duplicate=1)
    assert library.photos() == {"/p/old": False, "/q/copy": False}
    assert library.perhaps_moved() == ["/q/copy"]


def test_what_moved_is_found_out_once_its_old_place_is_crawled_too(library: Scanned) -> None:
    library.scan(known(at("/q/new"), "a"), roots="/q", gone="/p/old")
    assert library.scan(roots="/p") == Recorded()
    assert (library.photos(), library.missing) == ({"/q/new": False}, 0)
    assert library.perhaps_moved() == []


def test_a_copy_is_known_to_be_one_once_the_original_was_met(library: Scanned) -> None:
    library.scan(known(at("/q/copy"), "a"), roots="/q")
    library.scan(roots="/p")
    assert library.perhaps_moved() == []
    library.scan(roots="/p", gone="/p/old")
    assert (library.photos(), library.missing) == ({"/p/old": True, "/q/copy": False}, 1)


def test_nothing_has_moved_out_of_a_folder_that_could_not_be_listed(library: Scanned) -> None:
    library.scan(indexed(at("/p/shut/photo"), "b"))
    assert library.scan(known(at("/p/copy"), "b"), unlisted="/p/shut", gone="/p/shut/photo") == Recorded(
        duplicate=1
    )
    assert library.photos() == {"/p/copy": False, "/p/old": False, "/p/shut/photo": False}


def test_nothing_has_moved_out_of_a_root_whose_losses_are_refused(library: Scanned) -> None:
    library.catalog.record([known(at("/q/copy"), "a")])
    crawled = Crawled(frozenset([b"/p", b"/q"]), {b"/p/old"})
    presence = Presence(library.database)
    unseen = presence.unseen(crawled)
    assert unseen.moves == {b"/p/old": b"/q/copy"}
    gone = unseen.without({b"/p"})
    assert (gone.moves, gone.missing) == ({}, [])
    presence.record_gone(crawled.without({b"/p"}), gone)
    assert library.photos() == {"/p/old": False, "/q/copy": False}
    assert library.perhaps_moved() == ["/q/copy"]


def test_a_photo_moved_onto_another_takes_its_place(library: Scanned) -> None:
    library.scan(indexed(at("/p/other"), "b", units(1)))
    assert library.scan(known(at("/p/old"), "b"), gone="/p/other") == Recorded(moved=1)
    assert library.photos() == {"/p/old": False}


def test_of_two_copies_the_one_that_is_gone_has_moved(library: Scanned) -> None:
    library.scan(known(at("/p/copy"), "a"))
    assert library.scan(known(at("/p/new"), "a"), gone="/p/copy") == Recorded(moved=1)
    assert library.photos() == {"/p/new": False, "/p/old": False}


def test_one_of_two_new_copies_is_the_one_that_moved(library: Scanned) -> None:
    new = known(at("/p/1"), "a"), known(at("/p/2"), "a")
    assert library.scan(*new, gone="/p/old") == Recorded(moved=1, duplicate=1)
    assert library.photos() == {"/p/1": False, "/p/2": False}


def test_a_photo_that_was_missing_and_comes_back_elsewhere_has_moved(library: Scanned) -> None:
    library.scan(gone="/p/old")
    assert library.photos() == {"/p/old": True}
    assert library.scan(known(at("/p/new"), "a")) == Recorded(moved=1)
    assert library.photos() == {"/p/new": False}


def test_a_broken_photo_moves_and_stays_a_failure(library: Scanned) -> None:
    library.scan(broken(at("/p/half"), "half"))
    assert library.scan(known(at("/p/renamed"), "half"), gone="/p/half") == Recorded(failed=1)
    assert (library.photos(), library.missing) == ({"/p/old": False, "/p/renamed": False}, 0)


def test_a_move_that_an_interrupted_scan_recorded_is_told_by_the_next(library: Scanned) -> None:
    """Its first scan came to no end, and so could not tell what is gone."""
    new = at("/p/new")
    assert library.catalog.record([known(new, "a")]) == Recorded(duplicate=1)
    assert library.scan(known(new, "a"), gone="/p/old") == Recorded(unchanged=1)
    assert (library.photos(), library.missing) == ({"/p/new": False}, 0)


def test_what_is_not_met_is_missing_and_comes_back(library: Scanned) -> None:
    names = ("/p/2", "/p/locked/3", "/p/lock", "/other/4")
    library.scan(*(indexed(at(name), name) for name in names), roots="/p /other")
    gone = {"unlisted": "/p/locked", "gone": "/p/2 /p/locked/3 /p/lock /other/4"}
    library.scan(**gone)
    assert library.missing == 2
    library.scan(roots="/p /p/2", **gone)
    assert library.missing == 0  # they were missing before
    Presence(library.database).mark_present([b"/p/2", b"/never/seen"])
    assert [path for path, missing in library.photos().items() if missing] == ["/p/lock"]


def test_a_missing_photo_that_is_recorded_again_is_there(library: Scanned) -> None:
    library.scan(gone="/p/old")
    assert library.catalog.record([known(PhotoFile(b"/p/old", 1, 2), "a")]) == Recorded(unchanged=1)
    assert library.photos() == {"/p/old": False}


@pytest.mark.slow
def test_more_photos_than_one_statement_takes(library: Scanned) -> None:
    count = 2 * CHUNK + 1
    library.scan(*(indexed(at(f"/p/old{number}"), str(number)) for number in range(count)))
    moves = [known(at(f"/p/new{number}"), str(number)) for number in range(count)]
    gone = " ".join(f"/p/old{number}" for number in range(count))
    assert library.scan(*moves, gone=gone) == Recorded(moved=count)
    library.seen.clear()
    library.scan()
    assert library.missing == count + 1


def test_losses_are_each_root_s_own(library: Scanned) -> None:
    library.scan(
        indexed(at("/p/1"), "1"), indexed(at("/p/in/2"), "2"), indexed(at("/q/3"), "3"), roots="/p /q"
    )
    library.catalog.record([known(at("/q/new"), "a")])
    left = {b"/p/old", b"/p/1", b"/p/in/2"}
    crawled = Crawled(frozenset([b"/p", b"/p/1"]), left, {b"/p/in"})
    presence = Presence(library.database)
    losses = presence.losses([b"/p", b"/p/1", b"/p/in", b"/q", b"/r"], crawled, presence.unseen(crawled))
    assert losses == (
        RootLoss(b"/p", known=2, lost=1),  # of three, one has moved to /q
        RootLoss(b"/p/1", known=1, lost=1),
        RootLoss(b"/p/in", known=1, lost=0),  # of which nothing is known
        RootLoss(b"/q", known=2, lost=2),  # it could not be crawled
        RootLoss(b"/r", known=0, lost=0),
    )


@pytest.mark.parametrize(
    ("path", "first"),
    [
        (b"/a/1.jpg", b"/a/self/1.jpg"),
        (b"/a/self/1.jpg", b"/a/self/1.jpg"),
        (b"/a/self/self/1.jpg", b"/a/self/1.jpg"),
        (b"/a/self/self/self/sub/1.jpg", b"/a/self/sub/1.jpg"),
        (b"/b/1.jpg", b"/b/1.jpg"),
    ],
)
def test_a_folder_known_by_a_link_in_it_has_one_path(path: bytes, first: bytes) -> None:
    crawled = Crawled({b"/a"}, set(), first_paths={b"/a": b"/a/self", b"/a/self/self": b"/a/self"})
    assert crawled.first_path(path) == first
