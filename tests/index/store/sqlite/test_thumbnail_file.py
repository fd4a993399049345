"""The file of pictures of faces: damaged, of another version, in use, or left by a killed process."""

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from index.errors import LibraryBusy, LibraryDamaged, LibraryInaccessible
from index.store.sqlite import thumbnail_file
from index.store.sqlite.thumbnail_file import SqliteThumbnails
from index.values import Thumbnail

PICTURE = Thumbnail(7, b"a stamp", b"a picture")


@pytest.fixture
def thumbnails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SqliteThumbnails:
    """Waits for nobody."""
    monkeypatch.setattr(thumbnail_file, "_PATIENCE", 0.0)
    made = SqliteThumbnails(tmp_path / "library.db")
    made.write([PICTURE])
    made.close()
    return made


def rubbish(path: Path) -> None:
    path.write_bytes(b"no database" * 1000)


def cut_short(path: Path) -> None:
    os.truncate(path, 5000)


def of_another_version(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version=77")


def with_another_table(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE thumbnail")
        connection.execute("CREATE TABLE thumbnail (id, picture)")


@pytest.mark.parametrize("damage", [rubbish, cut_short, of_another_version, with_another_table])
def test_a_damaged_file_is_told_and_can_be_thrown_away(thumbnails: SqliteThumbnails, damage: object) -> None:
    assert callable(damage)
    damage(thumbnails.path)
    with pytest.raises(LibraryDamaged):
        thumbnails.read(7, b"a stamp")
    assert thumbnails.damage() is not None
    thumbnails.throw_away()
    assert thumbnails.damage() is None
    assert thumbnails.read(7, b"a stamp") is None
    thumbnails.write([PICTURE])
    assert thumbnails.read(7, b"a stamp") == b"a picture"


def test_a_file_in_use_is_not_waited_for_long(thumbnails: SqliteThumbnails) -> None:
    with closing(sqlite3.connect(thumbnails.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LibraryBusy):
            thumbnails.write([PICTURE])
        other.execute("ROLLBACK")
    thumbnails.write([Thumbnail(8, b"a stamp", b"another")])
    assert thumbnails.read(8, b"a stamp") == b"another"


def test_pictures_that_cannot_be_erased_are_thrown_away_with_all_others(thumbnails: SqliteThumbnails) -> None:
    with closing(sqlite3.connect(thumbnails.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        thumbnails.erase([7])
    assert not thumbnails.path.exists()


def test_a_folder_that_is_gone(thumbnails: SqliteThumbnails, tmp_path: Path) -> None:
    tmp_path.rename(tmp_path.with_name("elsewhere"))
    assert thumbnails.read(7, b"a stamp") is None
    with pytest.raises(LibraryInaccessible):
        thumbnails.write([PICTURE])


def test_a_process_that_is_killed_leaves_what_it_had_committed(tmp_path: Path) -> None:
    code = """
import os, signal, sys
from pathlib import Path
from index.store.sqlite.thumbnail_file import SqliteThumbnails
from index.values import Thumbnail

thumbnails = SqliteThumbnails(Path(sys.argv[1]))
thumbnails.write([Thumbnail(7, b"a stamp", b"a picture")])
connection = thumbnails._connection
connection.execute("BEGIN IMMEDIATE")
rows = [(number, bytes(9000)) for number in range(100, 1000)]
connection.executemany("INSERT INTO thumbnail VALUES (?, x'00', ?)", rows)
os.kill(os.getpid(), signal.SIGKILL)
"""
    library = tmp_path / "library.db"
    ended = subprocess.run([sys.executable, "-c", code, library], check=False, cwd=Path.cwd())
    assert ended.returncode == -signal.SIGKILL
    thumbnails = SqliteThumbnails(library)
    assert thumbnails.damage() is None
    assert thumbnails.stamps(0, 10) == [(7, b"a stamp")]
    assert thumbnails.read(7, b"a stamp") == b"a picture"
