"""What is said of a place that is not a good one for a library."""

import sqlite3
from contextlib import closing

import pytest

from faceindex.library import Library
from faceindex.results import Listeners
from index.store.sqlite.connection import journal_mode
from tests.faceindex.conftest import Album


def notes_of_a_scan(album: Album) -> list[str]:
    notes: list[str] = []
    Library(album.settings, Listeners(note=notes.append)).scan([album.folder])
    return notes


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "smb3", "fuse.sshfs", "9p"])
def test_a_library_on_a_network_file_system_is_used_with_care_and_advice(
    album: Album, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Where no such file system can be mounted, a list of mounts that has one takes the system's place."""
    mounts = f"/dev/sda1 / ext4 rw 0 0\nserver:/export {album.settings.library.parent} {kind} rw 0 0\n"
    monkeypatch.setattr("index.store.sqlite.mounts.mounts", mounts.encode)
    monkeypatch.setattr("index.store.sqlite.connection.has_safe_wal", lambda version: True)
    (note,) = notes_of_a_scan(album)
    assert f"{album.settings.library} is on a network file system ({kind})" in note
    assert "--library" in note
    with closing(sqlite3.connect(album.settings.library)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)


def test_a_disk_of_this_machine_needs_no_advice(album: Album, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("index.store.sqlite.mounts.mounts", lambda: b"/dev/sda1 / ext4 rw 0 0\n")
    monkeypatch.setattr("index.store.sqlite.connection.has_safe_wal", lambda version: True)
    assert notes_of_a_scan(album) == []
    assert journal_mode(album.settings.library) == "WAL"


def test_where_the_system_does_not_tell_wal_is_left_and_nothing_said(
    album: Album, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.store.sqlite.mounts.mounts", lambda: None)
    monkeypatch.setattr("index.store.sqlite.connection.has_safe_wal", lambda version: True)
    assert notes_of_a_scan(album) == []
    assert journal_mode(album.settings.library) == "DELETE"
