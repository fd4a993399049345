"""Backups: consistent while others write, whole or not there at all, and brought back."""

import os
import resource
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from index.errors import LibraryBusy, LibraryDamaged, LibraryError, LibraryInaccessible, LibraryTooNew
from index.maintenance.check import inspections
from index.photos.catalog import Catalog
from index.store.opening import create_store, open_store
from index.store.sqlite.backup import back_up, inspect, restore
from index.store.store import Access, Store
from index.vectors.saved_index import load_index, save_index
from pipeline.values import PhotoFile
from tests.index.builders import DIMENSION, MODEL, add_roots, indexed, units

pytestmark = pytest.mark.slow


@pytest.fixture
def album(catalog: Catalog) -> Catalog:
    """Twenty photos of three faces each, and a saved index."""
    vectors = units(60)
    for number in range(20):
        file = PhotoFile(b"/p/%d" % number, 1, 1)
        catalog.record([indexed(file, str(number), vectors[3 * number : 3 * number + 3])])
    save_index(load_index(catalog, MODEL, DIMENSION).index, catalog, MODEL)
    return catalog


def rows(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


@contextmanager
def full_after(size: int) -> Iterator[None]:
    """No file can grow beyond a size: a limit stands in for the disk. Python ignores SIGXFSZ."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_backup_is_all_that_was_committed_in_one_file_for_its_owner(album: Catalog, tmp_path: Path) -> None:
    target = tmp_path / os.fsdecode(b"100% \xff?mode=ro")
    before = os.umask(0)
    try:
        contents = back_up(album.path, target)
    finally:
        os.umask(before)
    assert (contents.photos, contents.faces, contents.decisions) == (20, 60, 0)
    assert contents.file_bytes == target.stat().st_size
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert rows(target) == rows(album.path)
    assert sorted(os.listdir(tmp_path)) == sorted(["data", target.name])


@pytest.mark.parametrize("journal", ["DELETE", "WAL"])
def test_what_is_being_written_is_not_in_it(
    album: Catalog, database: Store, tmp_path: Path, journal: str
) -> None:
    with closing(sqlite3.connect(album.path)) as connection:
        connection.execute(f"PRAGMA journal_mode={journal}")
    before = rows(album.path)
    with closing(sqlite3.connect(album.path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("DELETE FROM photo")
        back_up(album.path, tmp_path / "copy.db")
        writer.execute("COMMIT")
    assert rows(tmp_path / "copy.db") == before
    assert sorted(os.listdir(tmp_path)) == ["copy.db", "data"]  # it needs no other file beside it


WRITER = """
import sys
from itertools import count
from pathlib import Path
from index.store.opening import open_store
from index.store.schema import root
from index.store.store import Access

with open_store(Path(sys.argv[1]), Access.WRITE) as database:
    for number in count():
        with database.write() as connection:  # always two at a time
            connection.execute(root.insert().values(path=b"/%d/a" % number))
            connection.execute(root.insert().values(path=b"/%d/b" % number))
        print(number, flush=True)
"""


def test_it_is_consistent_while_another_process_commits_all_the_time(album: Catalog, tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, album.path], cwd=Path(__file__).parents[4], stdout=subprocess.PIPE
    ) as writer:
        assert writer.stdout is not None
        drain = threading.Thread(target=writer.stdout.read)
        assert writer.stdout.readline() == b"0\n"
        drain.start()
        sizes = []
        for number in range(10):
            back_up(album.path, tmp_path / f"{number}.db")
            with open_store(tmp_path / f"{number}.db", Access.READ) as database:
                sizes.append(len(Catalog(database).roots()))
        assert writer.poll() is None  # nobody was in its way for long
        writer.kill()
        drain.join()
    assert all(size % 2 == 0 for size in sizes)
    assert sorted(sizes) == sizes
    assert sizes[-1] > sizes[0] > 0


def test_a_file_of_that_name_is_replaced_whole_or_stays(album: Catalog, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    back_up(album.path, target)
    before = target.read_bytes()
    add_roots(album.store, [b"/new"])
    size = album.path.stat().st_size
    for share in (0, size // 2, size - 1):
        with full_after(share), pytest.raises(LibraryInaccessible):
            back_up(album.path, target)
        assert target.read_bytes() == before
        assert sorted(os.listdir(tmp_path)) == ["copy.db", "data"]
    back_up(album.path, target)
    assert rows(target) == rows(album.path)


def test_what_a_killed_backup_left_is_no_hindrance(album: Catalog, tmp_path: Path) -> None:
    (tmp_path / "copy.db.unfinished").write_bytes(b"half")
    back_up(album.path, tmp_path / "copy.db")
    assert sorted(os.listdir(tmp_path)) == ["copy.db", "data"]


def test_a_library_that_somebody_holds_for_too_long_is_not_waited_for(
    album: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.store.sqlite.connection.BUSY_SECONDS", 0.1)
    with closing(sqlite3.connect(album.path, isolation_level=None)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        with pytest.raises(LibraryBusy):
            back_up(album.path, tmp_path / "copy.db")
    assert os.listdir(tmp_path) == ["data"]


def test_a_restored_library_is_as_it_was_and_the_other_is_kept(
    album: Catalog, database: Store, tmp_path: Path
) -> None:
    backup = tmp_path / "copy.db"
    back_up(album.path, backup)
    before = rows(backup)
    album.record([indexed(PhotoFile(b"/p/new", 1, 1), "new", units(1, seed=5))])
    save_index(load_index(album, MODEL, DIMENSION).index, album, MODEL)
    database.close()
    replaced = rows(album.path)

    kept = restore(backup, album.path)
    assert kept == album.path.with_name(f"{album.path.name}.replaced")
    assert rows(kept) == replaced
    without_manifest = [line for line in before if not line.startswith('INSERT INTO "vector_index"')]
    assert rows(album.path) == without_manifest
    assert rows(backup) == before
    for path in (kept, album.path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    # The index file of the other library is still there, and holds a face that this one has not.
    with open_store(album.path, Access.WRITE) as restored:
        catalog = Catalog(restored)
        loaded = load_index(catalog, MODEL, DIMENSION)
        assert (loaded.note, len(loaded.index)) == (None, 60)
        catalog.record([indexed(PhotoFile(b"/p/other", 1, 1), "other", units(1, seed=6))])
        ((nearest,),) = load_index(catalog, MODEL, DIMENSION).index.search(
            units(1, seed=6), 1, catalog.described_faces(MODEL)[:0]
        )
        assert nearest.similarity > 0.999
        assert [each for look in inspections(restored, lambda model: DIMENSION) for each in look.find()] == []


def test_a_second_restore_keeps_both_that_it_replaced(
    album: Catalog, database: Store, tmp_path: Path
) -> None:
    back_up(album.path, tmp_path / "copy.db")
    database.close()
    kept = [restore(tmp_path / "copy.db", album.path) for _ in range(3)]
    assert [each and each.name.rpartition(".")[2] for each in kept] == ["replaced", "replaced2", "replaced3"]


def test_a_library_is_restored_where_there_is_none(album: Catalog, tmp_path: Path) -> None:
    back_up(album.path, tmp_path / "copy.db")
    other = tmp_path / "other" / "library.db"
    other.parent.mkdir()
    other.with_name("library.db-wal").write_bytes(b"of a library that was deleted")
    assert restore(tmp_path / "copy.db", other) is None
    with open_store(other, Access.READ) as database:
        assert Catalog(database).statistics().faces == 60
    assert sorted(os.listdir(other.parent)) == ["library.db", "library.db.replaced-wal"]


def test_a_restore_for_which_there_is_no_room_changes_nothing(
    album: Catalog, database: Store, tmp_path: Path
) -> None:
    back_up(album.path, tmp_path / "copy.db")
    database.close()
    before = {path: path.read_bytes() for path in album.path.parent.iterdir()}
    with full_after(album.path.stat().st_size // 2), pytest.raises(LibraryInaccessible):
        restore(tmp_path / "copy.db", album.path)
    assert {path: path.read_bytes() for path in album.path.parent.iterdir()} == before


def test_what_is_no_sound_library_is_no_backup(album: Catalog, database: Store, tmp_path: Path) -> None:
    back_up(album.path, tmp_path / "copy.db")
    (tmp_path / "text").write_text("dear diary, this is a long letter")
    (tmp_path / "empty").touch()
    with closing(sqlite3.connect(tmp_path / "other.db")) as connection:
        connection.execute("CREATE TABLE bookmark (name TEXT)")
        connection.commit()
    content = (tmp_path / "copy.db").read_bytes()
    (tmp_path / "half.db").write_bytes(content[: len(content) // 2])
    (tmp_path / "spoilt.db").write_bytes(content[: -5 * 4096] + bytes(4096) + content[-4 * 4096 :])
    for name in ("text", "empty", "other.db", "half.db", "spoilt.db", "gone.db"):
        with pytest.raises(LibraryError, match=name):
            inspect(tmp_path / name)
    with pytest.raises(LibraryDamaged):
        inspect(tmp_path)


def test_a_backup_of_a_newer_version_is_refused(album: Catalog, tmp_path: Path) -> None:
    back_up(album.path, tmp_path / "copy.db")
    with closing(sqlite3.connect(tmp_path / "copy.db")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    with pytest.raises(LibraryTooNew):
        inspect(tmp_path / "copy.db")


def test_a_backup_of_an_earlier_revision_is_upgraded_when_it_is_opened(tmp_path: Path) -> None:
    saved = Path(__file__).parent / "revisions" / "0001.db"
    assert inspect(saved).faces == 5
    before = saved.read_bytes()
    library = tmp_path / "data" / "library.db"
    create_store(library).close()
    restore(saved, library)
    with open_store(library, Access.READ) as database:
        assert Catalog(database).statistics().photos == 8
    assert saved.read_bytes() == before
