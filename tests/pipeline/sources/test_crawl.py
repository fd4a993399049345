import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.sources.crawl import Skipped, SkipReason, crawl
from pipeline.sources.folders import Folders

PATTERNS = ["a", "*.jpg", "!a.jpg", "/a", "raw/", "!raw/", "a/**", "**/b", "!*.png", "*", "!*/", "raw/*"]
PATTERNS += ["!raw/a", "b*", "[ab]", "?", "a/b", "!b/", "/*/a", "#a"]


class Tree:
    """A folder to fill with files and to crawl, ahead if its storage ``is_slow``."""

    def __init__(self, top: Path, *, is_slow: bool = False) -> None:
        self.top = os.fsencode(top)
        self.slow_seconds = 0 if is_slow else 3600
        self.known: dict[bytes, bytes] = {}

    def path(self, name: bytes | str) -> bytes:
        return os.path.join(self.top, os.fsencode(name))

    def add(self, *names: bytes | str, content: bytes = b"") -> None:
        for name in names:
            os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
            Path(os.fsdecode(self.path(name))).write_bytes(content)

    def link(self, name: str, target: str) -> None:
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        os.symlink(os.fsencode(target), self.path(name))

    def crawl(self, *roots: bytes | str) -> list[bytes]:
        """Names of the files found under the roots, in order; under the whole tree if none are given."""
        self.skipped: dict[bytes, SkipReason] = {}
        self.first: dict[bytes, bytes] = {}

        def note(what: Skipped) -> None:
            self.skipped[what.path.removeprefix(self.top + b"/")] = what.reason
            if what.first is not None:
                self.first[what.path.removeprefix(self.top + b"/")] = what.first.removeprefix(self.top + b"/")

        paths = [self.path(root) for root in roots] or [self.top]
        files = crawl(paths, note, self.known.get, folders=Folders(self.slow_seconds))
        return [file.path.removeprefix(self.top + b"/") for file in files]


@pytest.fixture(params=["quick", "slow"])
def tree(tmp_path: Path, request: pytest.FixtureRequest) -> Tree:
    return Tree(tmp_path, is_slow=request.param == "slow")


def test_finds_every_regular_file_in_a_fixed_order(tree: Tree) -> None:
    tree.add("b/2.jpg", "b/10.jpg", "a/x/1.jpg", "a/3.jpg", "z.jpg", "no extension")

    assert tree.crawl() == [b"no extension", b"z.jpg", b"a/3.jpg", b"a/x/1.jpg", b"b/10.jpg", b"b/2.jpg"]
    assert tree.skipped == {}


def test_tells_size_and_time(tree: Tree) -> None:
    tree.add("a.jpg", content=b"12345")
    os.utime(tree.path("a.jpg"), ns=(1, 1_600_000_000_123_456_789))

    (file,) = crawl([tree.top], lambda _: None)

    assert (file.size, file.mtime_ns) == (5, 1_600_000_000_123_456_789)


def test_paths_are_absolute_and_normalised(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    tree.add("sub/a.jpg")
    monkeypatch.chdir(os.fsdecode(tree.top))

    for root in (b".", b"sub", b"sub/", b"./sub/../sub", b"sub/a.jpg"):
        assert [file.path for file in crawl([root], lambda _: None)] == [tree.path("sub/a.jpg")]


def test_names_need_not_be_utf8(tree: Tree) -> None:
    names = [b"caf\xe9.jpg", b"\xff\xfe/new\nline.jpg", "Grüße/鳥.jpg".encode()]
    tree.add(*names)

    assert sorted(tree.crawl()) == sorted(names)


def test_a_root_that_does_not_exist_is_refused_before_anything_is_found(tree: Tree) -> None:
    tree.add("a.jpg")

    with pytest.raises(FileNotFoundError):
        crawl([tree.path("a.jpg"), tree.path("missing")], lambda _: None)


def test_pipes_sockets_and_devices_are_never_opened(tree: Tree) -> None:
    tree.add("a.jpg")
    os.mkfifo(tree.path("pipe.jpg"))
    os.mkfifo(tree.path(".faceindexignore"))
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(tree.path("socket.jpg"))

        assert tree.crawl() == [b"a.jpg"]
        assert tree.crawl("pipe.jpg") == []

    assert tree.skipped == {b"pipe.jpg": SkipReason.NOT_REGULAR}


def test_hidden_files_and_folders_are_left_out_unless_they_are_roots(tree: Tree) -> None:
    tree.add(".hidden/a.jpg", ".hidden/.b.jpg", ".c.jpg", "._d.jpg", "e.jpg")

    assert tree.crawl() == [b"e.jpg"]
    assert set(tree.skipped.values()) == {SkipReason.HIDDEN}
    assert tree.crawl(".hidden", ".c.jpg") == [b".hidden/a.jpg", b".c.jpg"]


def test_a_folder_with_nomedia_is_left_out_with_all_below_it(tree: Tree) -> None:
    tree.add("a.jpg", "chat/.nomedia", "chat/b.jpg", "chat/deep/c.jpg")

    assert tree.crawl() == [b"a.jpg"]
    assert tree.skipped == {b"chat": SkipReason.NO_MEDIA}
    assert tree.crawl("chat") == []


class TestLinks:
    def test_a_link_to_a_file_is_followed_unless_the_file_is_found_by_its_own_path(self, tree: Tree) -> None:
        tree.add("real/a.jpg", "elsewhere/b.jpg", "real/.hidden.jpg", "real/.faceindexignore", "real/c.png")
        tree.add("real/.faceindexignore", content=b"*.png")
        for name in ("a.jpg", ".hidden.jpg", "c.png"):
            tree.link(f"in/to {name}", f"../real/{name}")
        for name in ("in/b.jpg", "in/same.jpg"):
            tree.link(name, "../elsewhere/b.jpg")

        found = tree.crawl("in", "real")
        assert found == [b"real/a.jpg", b"in/b.jpg", b"in/to .hidden.jpg", b"in/to c.png"]
        assert tree.first == {b"in/to a.jpg": b"real/a.jpg", b"in/same.jpg": b"in/b.jpg"}

    def test_a_folder_is_visited_once_and_by_its_own_path_if_it_has_one(self, tree: Tree) -> None:
        tree.add("real/a.jpg")
        tree.link("album", "real")

        assert tree.crawl() == [b"real/a.jpg"]
        assert tree.skipped == {b"album": SkipReason.VISITED}
        assert tree.first == {b"album": b"real"}
        assert tree.crawl("album", "real") == [b"album/a.jpg"]
        assert tree.first == {b"real": b"album"}

    def test_what_is_known_elsewhere_is_left_out_if_a_link_leads_there(self, tree: Tree) -> None:
        tree.add("library/z.jpg", "disk/a.jpg", "disk/b.jpg")
        tree.link("library/album", "../disk")
        tree.link("library/a.jpg", "../disk/a.jpg")
        tree.known = {tree.path(f"library/{name}"): tree.path(f"disk/{name}") for name in ("a.jpg", "z.jpg")}

        assert tree.crawl("library") == [b"library/z.jpg", b"library/album/a.jpg", b"library/album/b.jpg"]
        assert tree.first == {b"library/a.jpg": b"disk/a.jpg"}
        tree.known[tree.path("library/album")] = tree.path("disk")
        assert tree.crawl("library") == [b"library/z.jpg"]
        assert tree.first == {b"library/a.jpg": b"disk/a.jpg", b"library/album": b"disk"}

    def test_a_folder_elsewhere_is_followed(self, tree: Tree) -> None:
        tree.add("library/z.jpg", "disk/a.jpg")
        tree.link("library/album", "../disk")

        assert tree.crawl("library") == [b"library/z.jpg", b"library/album/a.jpg"]

    def test_loops_end(self, tree: Tree) -> None:
        tree.add("a/b/c.jpg")
        tree.link("a/b/up", "..")
        tree.link("a/self", "self")
        tree.link("a/b/top", str(os.fsdecode(tree.top)))

        assert tree.crawl() == [b"a/b/c.jpg"]
        assert tree.skipped[b"a/self"] is SkipReason.BROKEN_LINK

    def test_a_link_to_nothing_is_told(self, tree: Tree) -> None:
        tree.link("a.jpg", "gone.jpg")

        assert tree.crawl() == []
        assert tree.skipped == {b"a.jpg": SkipReason.BROKEN_LINK}


def test_overlapping_roots_yield_each_file_once(tree: Tree) -> None:
    tree.add("a/1.jpg", "a/b/2.jpg", "c.jpg")

    found = tree.crawl("a/b", "c.jpg", "a", "a/b/2.jpg", "c.jpg", ".")

    assert found == [b"a/b/2.jpg", b"c.jpg", b"a/1.jpg"]


def test_a_file_of_several_names_is_found_by_the_first(tree: Tree) -> None:
    tree.add("a.jpg", "c.jpg")
    os.link(tree.path("a.jpg"), tree.path("b.jpg"))

    assert tree.crawl() == [b"a.jpg", b"c.jpg"]
    assert tree.first == {b"b.jpg": b"a.jpg"}
    assert tree.crawl("b.jpg", ".") == [b"b.jpg", b"c.jpg"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_listed_is_told_and_the_crawl_goes_on(tree: Tree) -> None:
    tree.add("a.jpg", "closed/b.jpg", "z/c.jpg")
    os.chmod(tree.path("closed"), 0)
    try:
        assert tree.crawl() == [b"a.jpg", b"z/c.jpg"]
        assert tree.skipped == {b"closed": SkipReason.UNREADABLE}
    finally:
        os.chmod(tree.path("closed"), 0o700)


def test_what_vanishes_during_the_crawl_is_passed_over(tree: Tree) -> None:
    tree.add("a.jpg", "b.jpg", "c/d.jpg")
    files = crawl([tree.top], lambda _: None)
    next(files)

    os.unlink(tree.path("b.jpg"))
    shutil.rmtree(tree.path("c"))

    assert list(files) == []


def test_trees_may_be_deeper_than_the_recursion_limit(tree: Tree) -> None:
    depth = sys.getrecursionlimit() + 100
    folders = [tree.top + b"/d" * down for down in range(1, depth + 1)]
    for folder in folders:
        os.mkdir(folder)
    deepest = folders[-1] + b"/a.jpg"
    Path(os.fsdecode(deepest)).touch()

    try:
        assert [file.path for file in crawl([tree.top], lambda _: None)] == [deepest]
    finally:  # pytest's own clean-up is recursive
        os.unlink(deepest)
        for folder in reversed(folders):
            os.rmdir(folder)


class TestIgnoreFiles:
    def test_patterns_are_relative_to_the_folder_that_holds_the_file(self, tree: Tree) -> None:
        tree.add("a/.faceindexignore", content=b"/b.jpg\nraw/\n*.png\n# all of it\n\n")
        tree.add("b.jpg", "c.png", "a/b.jpg", "a/c.png", "a/d/b.jpg", "a/d/raw/e.jpg", "a/raw")

        assert tree.crawl() == [b"b.jpg", b"c.png", b"a/raw", b"a/d/b.jpg"]
        assert tree.skipped[b"a/d/raw"] is SkipReason.IGNORED

    def test_deeper_files_win_and_may_take_back(self, tree: Tree) -> None:
        tree.add(".faceindexignore", content=b"*.png\n")
        tree.add("a/.faceindexignore", content=b"!*.png\nb.png\n")
        tree.add("x.png", "a/x.png", "a/b.png", "a/deep/x.png")

        assert tree.crawl() == [b"a/x.png", b"a/deep/x.png"]

    def test_an_ignored_folder_stays_ignored(self, tree: Tree) -> None:
        tree.add(".faceindexignore", content=b"private/\n!private/a.jpg\n")
        tree.add("private/.faceindexignore", content=b"!*\n")
        tree.add("private/a.jpg", "b.jpg")

        assert tree.crawl() == [b"b.jpg"]
        assert tree.crawl("private") == [b"private/a.jpg"]  # rules above a root do not hold for it

    def test_a_folder_taken_back_does_not_take_back_what_is_in_it(self, tree: Tree) -> None:
        tree.add(".faceindexignore", content=b"raw/\n!2020/\n")
        tree.add("2020/a.jpg", "2020/raw/b.jpg")

        assert tree.crawl() == [b"2020/a.jpg"]

    def test_names_that_are_not_utf8(self, tree: Tree) -> None:
        tree.add(".faceindexignore", content=b"caf\xe9*.jpg\n")
        tree.add(b"caf\xe9 1.jpg", b"caf\xe8 1.jpg")

        assert tree.crawl() == [b"caf\xe8 1.jpg"]

    @pytest.mark.parametrize(
        "line", [b"!", b"[z-a]", b"[[:alpha:]]", b"[a&&b]", b"\\", b"\x00", b"\xff\xfe", b"***/[", b"["]
    )
    def test_a_pattern_that_means_nothing_spoils_no_other(self, tree: Tree, line: bytes) -> None:
        tree.add(".faceindexignore", content=b"\xef\xbb\xbfa.jpg\r\n" + line + b"\nc.jpg")
        tree.add("a.jpg", "_.jpg", "c.jpg")

        assert tree.crawl() == [b"_.jpg"]

    def test_a_file_too_large_to_be_one_is_told_and_not_followed(self, tree: Tree) -> None:
        tree.add(".faceindexignore", content=b"*.jpg\n" * 1_000_000)
        tree.add("a.jpg")

        assert tree.crawl() == [b"a.jpg"]
        assert tree.skipped[b".faceindexignore"] is SkipReason.UNREADABLE

    @pytest.mark.skipif(shutil.which("git") is None, reason="compares with git")
    @settings(max_examples=25, deadline=None)
    @given(data=st.data())
    def test_agrees_with_git(self, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
        names = st.sampled_from(["a", "b", "raw", "a.jpg", "b.png", "x y.jpg"])
        paths = st.lists(st.lists(names, min_size=1, max_size=4).map("/".join), min_size=3, max_size=12)
        patterns = st.sampled_from(PATTERNS)
        tree = Tree(tmp_path_factory.mktemp("tree"))
        for path in data.draw(paths):
            folders = [tree.path(path[:at]) for at, sign in enumerate(path) if sign == "/"]
            if not os.path.isdir(tree.path(path)) and not any(os.path.isfile(folder) for folder in folders):
                tree.add(path)
        for folder in [found[0] for found in os.walk(tree.top)]:
            lines = data.draw(st.lists(patterns, max_size=4))
            tree.add(os.path.join(folder, b".faceindexignore"), content="\n".join(lines).encode())

        subprocess.run(["git", "init", "--quiet", tree.top], check=True)
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--others", "--exclude-per-directory=.faceindexignore"],
            cwd=tree.top,
            capture_output=True,
            check=True,
        )
        theirs = [
            name for name in listed.stdout.split(b"\0") if name and not name.endswith(b".faceindexignore")
        ]

        assert sorted(tree.crawl()) == sorted(theirs)
