"""A folder or file that several paths lead to is known by one of them, in whatever order they are scanned.

Also photos under no root, and photos that ignore rules exclude.
"""

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from faceindex.results import Listeners, ScanSummary
from faceindex.scanning.plan import plan_scan
from faceindex.scanning.scan import Scan, ScanOptions
from faceindex.scanning.scan_roots import forget_root, list_roots, move_root
from faceindex.session import Session
from pipeline.models.registry import SFACE
from tests.faceindex.conftest import Album
from tests.faceindex.scanning.fakes import FakeOutcomes

OLD = 1_000_000_000_000_000_000
"""A time of change so long ago that nobody takes the file for recently changed."""


def fill(folder: Path, photos: int = 9) -> Path:
    for number in range(photos):
        write(folder / f"{number}.jpg", f"{folder.name} {number}")
    return folder


def write(path: Path, content: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    os.utime(path, ns=(OLD, OLD))
    return path


@dataclass
class Nights:
    """Scans and nightly runs of one library, with a stand-in for the networks."""

    album: Album
    outcomes: FakeOutcomes = field(default_factory=FakeOutcomes)

    def scan(self, *roots: Path) -> dict[str, int]:
        return self._look([bytes(root) for root in roots], at_night=False)

    def night(self) -> dict[str, int]:
        with Session.open(self.album.settings) as library:
            roots = library.catalog.roots()
        return self._look(list(roots), at_night=True)

    def _look(self, roots: list[bytes], *, at_night: bool) -> dict[str, int]:
        """Return what was counted, but for zeros; nothing is refused."""
        with Session.open_to_write(self.album.settings) as library:
            library.catalog.choose_model(SFACE.model_id)
            scan = Scan(library.database, SFACE, self.outcomes, Listeners())
            summary: ScanSummary = scan.summary(scan.look(roots, ScanOptions(), with_others=at_night))
        assert summary.refused == ()
        kinds = ("indexed", "unchanged", "duplicate", "moved", "failed", "missing", "excluded", "returned")
        return {kind: getattr(summary, kind) for kind in kinds if getattr(summary, kind)}

    def photos(self) -> list[str]:
        """Where the photos are that are not missing, from the folder of all."""
        rows = self.album.execute("SELECT path FROM photo WHERE missing_since IS NULL ORDER BY path")
        return [os.path.relpath(os.fsdecode(path), self.album.folder) for (path,) in rows]

    def folders(self) -> dict[str, int]:
        """The folders that hold them, and how many."""
        counts: dict[str, int] = {}
        for photo in self.photos():
            counts[os.path.dirname(photo)] = counts.get(os.path.dirname(photo), 0) + 1
        return counts

    def roots(self) -> dict[str, tuple[int, str | None]]:
        """How many photos each root reaches, and the folder that it is the same as."""
        with Session.open(self.album.settings) as library:
            reports = [each.figures for each in list_roots(library)]
        return {
            self._name(each.path): (each.photos, None if each.same_as is None else self._name(each.same_as))
            for each in reports
        }

    def forget(self, root: Path) -> int:
        with Session.open_to_write(self.album.settings) as library:
            return forget_root(library, bytes(root))

    def _name(self, path: bytes) -> str:
        return os.path.relpath(os.fsdecode(path), self.album.folder)


@pytest.fixture
def nights(album: Album) -> Nights:
    return Nights(album)


@pytest.fixture
def top(album: Album) -> Path:
    """The folder that everything is in."""
    return album.folder


@pytest.mark.parametrize("first", ["real", "link"])
def test_a_link_to_a_scanned_folder_is_the_same_folder(nights: Nights, top: Path, first: str) -> None:
    """Whatever was scanned first keeps its path, and nothing is read twice."""
    fill(top / "real")
    (top / "link").symlink_to(top / "real")
    second = {"real": "link", "link": "real"}[first]
    assert nights.scan(top / first) == {"indexed": 9}
    assert nights.scan(top / second) == {"unchanged": 9}
    for _ in range(2):
        assert nights.night() == {"unchanged": 9}
    assert nights.folders() == {first: 9}
    assert nights.roots() == {first: (9, None), second: (9, first)}
    assert len(nights.outcomes.take()) == 9


@pytest.mark.parametrize("first", ["real", "link"])
def test_photos_are_known_by_the_path_that_is_left(nights: Nights, top: Path, first: str) -> None:
    """The folder by whose path they were known is gone, the other path still leads to them."""
    fill(top / "real")
    (top / "link").symlink_to(top / "real")
    second = {"real": "link", "link": "real"}[first]
    nights.scan(top / first)
    nights.scan(top / second)
    if first == "link":
        (top / "link").unlink()
    else:
        (top / "real").rename(top / "renamed")
        (top / "link").unlink()
        (top / "link").symlink_to(top / "renamed")
    nights.outcomes.take()
    for _ in range(2):
        assert nights.night() == {"unchanged": 9}
    assert (nights.folders(), nights.outcomes.take()) == ({second: 9}, [])
    assert nights.roots() == {first: (0, None), second: (9, None)}


def test_a_disk_that_is_also_mounted_elsewhere_may_leave_one_of_its_places(nights: Nights, top: Path) -> None:
    """The mount point is there, and empty: which of the two has the photos is looked up."""
    fill(top / "disk")
    (top / "other").symlink_to(top / "disk")
    nights.scan(top / "disk")
    nights.scan(top / "other")
    (top / "disk").rename(top / "elsewhere")
    (top / "disk").mkdir()
    (top / "other").unlink()
    (top / "other").symlink_to(top / "elsewhere")
    nights.outcomes.take()
    assert nights.night() == {"unchanged": 9}
    assert (nights.folders(), nights.outcomes.take()) == ({"other": 9}, [])


@pytest.mark.parametrize("first", ["n", "n/in"])
def test_nested_roots(nights: Nights, top: Path, first: str) -> None:
    fill(top / "n", 3)
    fill(top / "n" / "in", 6)
    nights.scan(top / first)
    nights.scan(top / {"n": "n/in", "n/in": "n"}[first])
    assert nights.night() == {"unchanged": 9}
    assert nights.folders() == {"n": 3, "n/in": 6}
    assert nights.roots() == ({"n": (9, None), "n/in": (6, None)})
    assert nights.forget(top / "n/in") == 0
    assert nights.night() == {"unchanged": 9}
    assert nights.forget(top / "n") == 9


@pytest.mark.parametrize("first", ["n", "link"])
def test_a_link_into_a_root_is_known_by_the_path_of_the_root(nights: Nights, top: Path, first: str) -> None:
    fill(top / "n", 3)
    fill(top / "n" / "in", 6)
    (top / "link").symlink_to(top / "n" / "in")
    nights.scan(top / first)
    nights.scan(top / {"n": "link", "link": "n"}[first])
    assert nights.night() == {"unchanged": 9}
    assert nights.scan(top / "link") == {"unchanged": 6}
    assert nights.folders() == {"n": 3, "n/in": 6}
    assert nights.roots() == {"n": (9, None), "link": (6, "n/in")}
    assert len(nights.outcomes.take()) == 9
    assert nights.forget(top / "n") == 3
    assert nights.night() == {"unchanged": 6}
    assert nights.roots() == {"link": (6, None)}


def test_links_inside_a_root(nights: Nights, top: Path) -> None:
    """To a folder of the same root, and to one that is scanned as well: alone, together, again."""
    fill(top / "a" / "own", 5)
    fill(top / "b", 5)
    (top / "a" / "to own").symlink_to(top / "a" / "own")
    (top / "a" / "to b").symlink_to(top / "b")
    assert nights.scan(top / "a") == {"indexed": 10}
    assert nights.folders() == {"a/own": 5, "a/to b": 5}
    assert nights.scan(top / "b") == {"moved": 5}
    nights.outcomes.take()
    assert nights.night() == {"unchanged": 10}
    assert nights.scan(top / "a") == {"unchanged": 5}
    assert nights.scan(top / "b") == {"unchanged": 5}
    assert nights.folders() == {"a/own": 5, "b": 5}
    assert nights.outcomes.take() == []
    assert nights.forget(top / "b") == 5
    assert nights.night() == {"indexed": 5, "unchanged": 5}
    assert nights.folders() == {"a/own": 5, "a/to b": 5}
    assert nights.night() == {"unchanged": 10}


def test_a_library_that_knows_photos_by_two_paths_is_healed(nights: Nights, top: Path) -> None:
    """As an earlier version recorded them, by a scan of each path alone."""
    fill(top / "real")
    (top / "link").symlink_to(top / "real")
    nights.scan(top / "real")
    real, link = bytes(top / "real"), bytes(top / "link")
    nights.album.execute("INSERT INTO root (path) VALUES (?)", link)
    nights.album.execute(
        "INSERT INTO photo (path, size, mtime_ns, content_id) "
        "SELECT CAST(replace(CAST(path AS TEXT), ?, ?) AS BLOB), size, mtime_ns, content_id FROM photo",
        real.decode(),
        link.decode(),
    )
    assert nights.folders() == {"real": 9, "link": 9}
    assert nights.night() == {"unchanged": 9}
    assert nights.folders() == {"real": 9}


def test_a_library_that_knows_files_by_two_names_is_healed(nights: Nights, top: Path) -> None:
    fill(top / "a")
    nights.scan(top / "a")
    for number in range(5):
        (top / "a" / f"{number}.jpg").unlink()
        os.link(top / "a" / "8.jpg", top / "a" / f"{number}.jpg")
    nights.album.execute("UPDATE photo SET content_id = (SELECT max(id) FROM content)")
    nights.album.execute("UPDATE photo SET size = (SELECT size FROM photo WHERE id = 9)")
    assert nights.night() == {"unchanged": 4}
    assert nights.photos() == ["a/0.jpg", "a/5.jpg", "a/6.jpg", "a/7.jpg"]


def test_a_file_of_two_names_is_known_by_one(nights: Nights, top: Path) -> None:
    fill(top / "a", 3)
    fill(top / "b", 3)
    os.link(top / "a" / "0.jpg", top / "b" / "hard.jpg")
    (top / "b" / "soft.jpg").symlink_to(top / "a" / "1.jpg")
    nights.scan(top / "a")
    assert nights.scan(top / "b") == {"indexed": 3, "moved": 1}
    assert nights.folders() == {"a": 2, "b": 4}
    assert nights.night() == {"unchanged": 5, "moved": 1}
    assert nights.night() == {"unchanged": 6}
    assert nights.folders() == {"a": 3, "b": 3}
    (top / "a" / "0.jpg").unlink()
    assert nights.night() == {"unchanged": 5, "moved": 1}
    assert nights.folders() == {"a": 2, "b": 4}


def test_a_copy_is_a_file_of_its_own(nights: Nights, top: Path) -> None:
    fill(top / "a", 3)
    shutil.copytree(top / "a", top / "b")
    nights.scan(top / "a")
    assert nights.scan(top / "b") == {"duplicate": 3}
    assert nights.night() == {"unchanged": 6}


def test_a_dry_run_knows_what_is_the_same(nights: Nights, top: Path) -> None:
    fill(top / "n" / "in", 3)
    (top / "link").symlink_to(top / "n" / "in")
    nights.scan(top / "link")
    rows = nights.album.rows()
    planned = list(plan_scan(nights.album.settings, [bytes(top / "n")]))
    assert [(each.path, each.read, each.reason) for each in planned] == [
        (bytes(top / "n" / "in" / f"{number}.jpg"), False, "unchanged") for number in range(3)
    ]
    assert nights.album.rows() == rows


def test_roots_that_are_the_same_move_together(nights: Nights, top: Path) -> None:
    fill(top / "n" / "in", 3)
    (top / "link").symlink_to(top / "n" / "in")
    nights.scan(top / "n")
    nights.scan(top / "link")
    (top / "n").rename(top / "m")
    with Session.open_to_write(nights.album.settings) as library:
        assert move_root(library, bytes(top / "n"), bytes(top / "m")).photos == 3
    assert nights.roots() == {"m": (3, None), "link": (3, "m/in")}
    assert nights.night() == {"unchanged": 3}  # the link is broken, and nothing is lost
    (top / "link").unlink()
    (top / "link").symlink_to(top / "m" / "in")
    assert nights.night() == {"unchanged": 3}


class TestSingleFiles:
    def test_a_file_that_is_named_is_no_root_and_is_looked_at_every_night(
        self, nights: Nights, top: Path
    ) -> None:
        photo = write(top / "a.jpg", "a")
        assert nights.scan(photo) == {"indexed": 1}
        assert nights.roots() == {}
        assert nights.night() == {"unchanged": 1}
        write(photo, "another one")
        assert nights.night() == {"indexed": 1}
        photo.unlink()
        assert nights.night() == {"missing": 1}
        assert (nights.night(), nights.photos()) == ({}, [])
        write(photo, "another one")
        assert nights.night() == {"unchanged": 1, "returned": 1}
        write(photo, "no photo any more")
        nights.night()
        assert (nights.night(), nights.photos()) == ({}, [])
        photo.unlink()
        photo.mkdir()
        write(photo / "in.jpg", "in a folder that was a photo")
        assert (nights.night(), nights.photos()) == ({}, [])

    def test_a_named_file_that_is_gone_is_missing_at_once(self, nights: Nights, top: Path) -> None:
        photo = write(top / "a.jpg", "a")
        nights.scan(photo)
        photo.unlink()
        assert nights.scan(photo) == {"missing": 1}

    def test_a_file_that_moves_is_found_by_its_content(self, nights: Nights, top: Path) -> None:
        fill(top / "a", 3)
        photo = write(top / "b" / "b.jpg", "b")
        nights.scan(top / "a")
        nights.scan(photo)
        photo.rename(top / "a" / "c.jpg")
        assert nights.night() == {"unchanged": 3, "moved": 1}
        assert nights.folders() == {"a": 4}

    def test_a_file_in_a_root_is_known_by_the_path_of_the_root(self, nights: Nights, top: Path) -> None:
        fill(top / "a", 3)
        (top / "link").symlink_to(top / "a")
        (top / "photo.jpg").symlink_to(top / "a" / "2.jpg")
        nights.scan(top / "a")
        for path in ("a/0.jpg", "link/1.jpg", "photo.jpg"):
            assert nights.scan(top / path) == {"unchanged": 1}
        assert nights.scan(top / "a" / "0.jpg", top / "a", top / "link") == {"unchanged": 3}
        assert nights.night() == {"unchanged": 3}
        assert nights.folders() == {"a": 3}

    def test_a_folder_that_holds_a_known_file_takes_it_over(self, nights: Nights, top: Path) -> None:
        fill(top / "a", 3)
        nights.scan(top / "a" / "0.jpg")
        assert nights.scan(top / "a") == {"indexed": 2, "unchanged": 1}
        assert nights.night() == {"unchanged": 3}

    def test_files_that_an_earlier_version_made_roots_are_healed(self, nights: Nights, top: Path) -> None:
        there, gone = write(top / "there.jpg", "there"), write(top / "gone.jpg", "gone")
        nights.scan(there, gone)
        for photo in (there, gone):
            nights.album.execute("INSERT INTO root (path) VALUES (?)", bytes(photo))
        gone.unlink()
        assert nights.night() == {"unchanged": 1, "missing": 1}
        assert nights.roots() == {}
        assert nights.night() == {"unchanged": 1}

    def test_photos_of_a_forgotten_folder_do_not_come_back_by_themselves(
        self, nights: Nights, top: Path
    ) -> None:
        fill(top / "a", 3)
        nights.scan(top / "a")
        assert nights.forget(top / "a") == 3
        assert (nights.night(), nights.photos()) == ({}, [])
        assert nights.scan(top / "a" / "0.jpg") == {"unchanged": 1, "returned": 1}
        assert nights.night() == {"unchanged": 1}
        assert nights.scan(top / "a") == {"unchanged": 3, "returned": 2}
        assert nights.roots() == {"a": (3, None)}


class TestExcluded:
    def by_pattern(self, folder: Path) -> None:
        write(folder.parent / ".faceindexignore", f"{folder.name}/")

    def by_marker(self, folder: Path) -> None:
        write(folder / ".nomedia", "")

    def by_name(self, folder: Path) -> None:
        folder.rename(folder.with_name(f".{folder.name}"))

    @pytest.mark.parametrize("rule", ["by_pattern", "by_marker", "by_name"])
    def test_what_the_user_excludes_is_not_lost(self, nights: Nights, top: Path, rule: str) -> None:
        """Nine of twelve photos, and then all."""
        fill(top / "p", 3)
        fill(top / "p" / "trip" / "deep", 9)
        nights.scan(top / "p")
        getattr(self, rule)(top / "p" / "trip")
        assert nights.night() == {"unchanged": 3, "excluded": 9}
        assert nights.folders() == {"p": 3}
        assert nights.night() == {"unchanged": 3}
        for leftover in (top / "p" / ".faceindexignore", top / "p" / "trip" / ".nomedia"):
            leftover.unlink(missing_ok=True)
        if (hidden := top / "p" / ".trip").exists():
            hidden.rename(top / "p" / "trip")
        assert nights.night() == {"unchanged": 12, "returned": 9}
        write(top / "p" / ".nomedia", "")
        assert nights.night() == {"excluded": 12}

    def test_single_photos_and_what_is_gone_beside_them(self, nights: Nights, top: Path) -> None:
        fill(top / "p", 12)
        nights.scan(top / "p")
        write(top / "p" / ".faceindexignore", "[0-5].jpg")
        (top / "p" / "6.jpg").unlink()
        (top / "p" / "7.jpg").rename(top / "p" / ".7.jpg")
        write(top / "p" / "._8.jpg", "what another system keeps beside a photo")
        assert nights.night() == {"unchanged": 4, "missing": 1, "excluded": 7}

    def test_a_disk_that_is_away_is_lost_though_a_rule_excludes_other_photos(
        self, nights: Nights, top: Path
    ) -> None:
        fill(top / "p" / "trip", 9)
        fill(top / "p" / "disk", 9)
        nights.scan(top / "p")
        write(top / "p" / ".faceindexignore", "trip/")
        shutil.rmtree(top / "p" / "disk")
        with pytest.raises(AssertionError, match="Refusal"):
            nights.night()
        assert nights.folders() == {"p/disk": 9}
