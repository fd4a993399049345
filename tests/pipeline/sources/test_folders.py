"""Slow storage is asked ahead by several threads, quick storage is not; test_crawl holds what is found."""

import os
from concurrent.futures import CancelledError
from pathlib import Path
from threading import Barrier, current_thread

import pytest

from pipeline.sources.crawl import crawl
from pipeline.sources.folders import Entry, Folders
from tests.waiting import SECONDS


@pytest.fixture
def tree(tmp_path: Path) -> bytes:
    for folder in ("a", "b", "c", "d"):
        (tmp_path / folder).mkdir()
        for number in range(8):
            (tmp_path / folder / f"{number}.jpg").touch()
    return os.fsencode(tmp_path)


class Meeting(Folders):
    """Answers about a file once it is asked about so many at the same time."""

    def __init__(self, files: int) -> None:
        super().__init__(slow_seconds=0)
        self.together = Barrier(files, timeout=SECONDS)

    def look_at(self, path: bytes) -> Entry:
        if path.endswith(b".jpg"):
            self.together.wait()  # breaks unless all come
        return super().look_at(path)


class Watched(Folders):
    """Notes what it is asked by which threads."""

    def __init__(self, slow_seconds: float) -> None:
        super().__init__(slow_seconds)
        self.threads = set[str]()

    def look_at(self, path: bytes) -> Entry:
        self.threads.add(current_thread().name)
        return super().look_at(path)


def found(tree: bytes, folders: Folders) -> list[str]:
    return [
        os.fsdecode(file.path.removeprefix(tree + b"/"))
        for file in crawl([tree], lambda _: None, folders=folders)
    ]


ORDER = [f"{folder}/{number}.jpg" for folder in "abcd" for number in range(8)]


def test_many_files_are_looked_at_together_also_of_several_folders(tree: bytes) -> None:
    assert found(tree, Meeting(8)) == ORDER
    assert found(tree, Meeting(32)) == ORDER


def test_quick_storage_needs_no_threads(tree: bytes) -> None:
    quick, slow = Watched(slow_seconds=3600), Watched(slow_seconds=0)
    assert found(tree, quick) == found(tree, slow) == ORDER
    assert quick.threads == {current_thread().name}
    assert slow.threads == {"crawl"}


def test_storage_may_become_slow_and_quick_again(tree: bytes) -> None:
    folders = Watched(slow_seconds=3600)
    files = crawl([tree], lambda _: None, folders=folders)
    first = next(files)
    folders.is_slow = True  # until the next answer
    assert [first.path, *(file.path for file in files)] == [
        os.path.join(tree, name.encode()) for name in ORDER
    ]
    assert folders.threads == {current_thread().name, "crawl"}


def test_a_crawl_that_is_left_ends_its_threads(tree: bytes) -> None:
    folders = Folders(slow_seconds=0)
    files = crawl([tree], lambda _: None, folders=folders)
    next(files)
    del files
    with pytest.raises(CancelledError):
        next(folders.list(os.path.join(tree, b"a")).entries)
