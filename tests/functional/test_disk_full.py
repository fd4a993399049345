"""A full disk, really: a limit on the size of files, or a file system in memory that is too small.

Whatever was being written is rolled back, what was there before is intact, the message is one line, and the
next scan, with room, does the rest.
"""

import shutil
import sqlite3
import subprocess
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from index.photos.catalog import Catalog
from index.store.opening import open_store
from index.store.store import Access
from index.vectors.saved_index import load_index, save_index
from pipeline.values import ModelId, PhotoFile
from tests.functional.command import CHECKOUT, CommandLine, Ran
from tests.functional.people import astronaut, landscape, save
from tests.functional.sound import check_sound
from tests.index.builders import indexed, units

SFACE = ModelId("sface")


def rows(library: Path) -> list[str]:
    with closing(sqlite3.connect(library)) as connection:
        return list(connection.iterdump())


def limited(command: CommandLine, size: int) -> CommandLine:
    """No file can grow beyond a size, in bytes: rounded down to blocks of 512."""
    wrapper = ("sh", "-c", f'ulimit -f {size // 512} && exec "$@"', "sh")
    environment = {"PYTHONDONTWRITEBYTECODE": "1"}  # Python would leave half a file of its own
    return replace(command, wrapper=wrapper, environment=environment)


def on_small_disk(command: CommandLine, room: int) -> CommandLine:
    """The library's folder lies on a file system of its own with this much room left, in bytes.

    What is there at the end is brought back, so that it can be looked at.
    """
    folder, back = command.library.parent, command.folder / "brought back"
    size = sum(-(-path.stat().st_size // 4096) * 4096 for path in folder.iterdir()) + room
    script = f"""
        cp -a "{folder}" "{back}" && mount -t tmpfs -o mode=700,size={size} tmpfs "{folder}" &&
        cp -a "{back}/." "{folder}" && rm -r "{back}" || exit 99
        "$@"; code=$?
        cp -a "{folder}" "{back}"; exit $code"""
    return replace(command, wrapper=("unshare", "-rm", "sh", "-c", script, "sh"))


def bring_back(command: CommandLine) -> None:
    shutil.rmtree(command.library.parent)
    (command.folder / "brought back").rename(command.library.parent)


@pytest.fixture
def _may_mount(tmp_path: Path) -> None:
    if shutil.which("unshare") is None:
        pytest.skip("needs unshare, to make a small file system")
    (tmp_path / "disk").mkdir()
    tried = subprocess.run(
        ["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", tmp_path / "disk"],
        capture_output=True,
        check=False,
    )
    if tried.returncode:
        pytest.skip(f"needs to make a small file system: {tried.stderr.decode().strip()}")


def check_failed(ran: Ran, *names: Path) -> None:
    """It failed, and says so in one line that names one of the files."""
    assert ran.code == 1, ran
    assert ran.out == ""
    assert any(str(name) in ran.complaint for name in names), ran.complaint


@pytest.fixture
def copies(tmp_path: Path, album: Path) -> Path:
    """A hundred copies of one photo of the album: nothing to look at, and the library has to grow."""
    (tmp_path / "copies").mkdir()
    for number in range(100):
        shutil.copy2(album / "collins.jpg", tmp_path / "copies" / f"{number:03}.jpg")
    return tmp_path / "copies"


def test_a_new_library_for_which_there_is_no_room(command: CommandLine, album: Path) -> None:
    for size in (0, 4096, 20 * 4096):
        check_failed(limited(command, size).run("scan", "--model", "sface", album), command.library)
    assert command.run("stats").code == 10
    assert command.run("scan", "--model", "sface", "--json", album).summary["photos"]["indexed"] == 4
    check_sound(command.library, faces=3)


def test_a_library_that_cannot_grow_stays_as_it_was(copied: CommandLine, copies: Path) -> None:
    (index,) = copied.library.parent.glob("*.faiss")
    saved = index.read_bytes()
    before = rows(copied.library)
    check_failed(limited(copied, copied.library.stat().st_size).run("scan", copies), copied.library)
    after = rows(copied.library)
    assert set(before) <= set(after)
    assert len(after) < len(before) + 64  # of the batch that did not fit nothing is there
    assert index.read_bytes() == saved
    check_sound(copied.library, faces=3)
    counts = copied.run("scan", "--json", copies).summary["photos"]
    assert counts["duplicate"] + counts["unchanged"] == 100
    check_sound(copied.library, faces=3)


@pytest.mark.usefixtures("_may_mount")
@pytest.mark.parametrize("room", [0, 5 * 4096])
def test_a_full_disk(copied: CommandLine, tmp_path: Path, room: int) -> None:
    for number in range(100):
        save(landscape(number), tmp_path / "more" / f"{number:03}.jpg")
    (index,) = copied.library.parent.glob("*.faiss")
    saved = index.read_bytes()
    check_failed(on_small_disk(copied, room).run("scan", tmp_path / "more"), copied.library)
    bring_back(copied)
    assert index.read_bytes() == saved
    check_sound(copied.library, faces=3)
    assert copied.run("scan", "--json", tmp_path / "more").summary["photos"]["seen"] == 100
    check_sound(copied.library, faces=3)


@pytest.mark.usefixtures("_may_mount")
def test_an_index_for_which_there_is_no_room(copied: CommandLine, photos: Path) -> None:
    """A third of many faces is gone: the index is written anew, a megabyte, and a photo needs a tenth."""
    vectors = units(6000, dimension=128)
    with open_store(copied.library, Access.WRITE) as database:
        catalog = Catalog(database)
        files = [PhotoFile(b"/elsewhere/%04d.jpg" % number, 1, 1) for number in range(6000)]
        catalog.record([indexed(file, str(n), vectors[n : n + 1]) for n, file in enumerate(files)])
        save_index(load_index(catalog, SFACE, 128).index, catalog, SFACE)
        with database.write() as connection:
            connection.exec_driver_sql("DELETE FROM face WHERE id > 3 AND id <= 2003")
    (index,) = copied.library.parent.glob("*.faiss")
    saved = index.read_bytes()
    assert len(saved) > 1_500_000
    new = save(astronaut(9), photos / "new.jpg")
    check_failed(on_small_disk(copied, 800_000).run("scan", photos), index)
    bring_back(copied)
    assert index.read_bytes() == saved
    check_sound(copied.library, faces=4004)
    (answer,) = copied.run("who", "--json", new).objects  # recorded, and in no index file yet
    assert "collins" in answer["faces"][0]["matches"][0]["photo"]
    assert copied.run("scan", "--json", photos).summary["photos"]["unchanged"] == 1
    assert index.read_bytes() != saved
    assert sorted(path.name for path in index.parent.iterdir()) == [
        "library.db", "library.db.lock", "library.db.sface.faiss", "library.db.thumbnails",
        "library.db.writing",
    ]  # fmt: skip
    check_sound(copied.library, faces=4004)


def test_an_upgrade_for_which_there_is_no_room(command: CommandLine, tmp_path: Path) -> None:
    command.library.parent.mkdir()
    shutil.copy(CHECKOUT / "tests" / "index" / "store" / "sqlite" / "revisions" / "0001.db", command.library)
    before = command.library.read_bytes()
    for size in (0, len(before) // 2, len(before)):  # no copy; half a copy; a copy, and no upgrade
        check_failed(limited(command, size).run("stats"), command.library)
        assert rows(command.library) == rows(
            CHECKOUT / "tests" / "index" / "store" / "sqlite" / "revisions" / "0001.db"
        )
        assert not list(command.library.parent.glob("*.unfinished"))
    assert command.run("stats").code == 0


def test_a_backup_and_a_repair_for_which_there_is_no_room(copied: CommandLine, tmp_path: Path) -> None:
    size = copied.library.stat().st_size
    backup = tmp_path / "copy.db"
    check_failed(limited(copied, size // 2).run("backup", backup), backup)
    assert not list(tmp_path.glob("copy.db*"))
    with closing(sqlite3.connect(copied.library)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'photo'").fetchone()
    with open(copied.library, "r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(bytes(4096))
    damaged = copied.library.read_bytes()
    ran = limited(copied, size // 2).run("check", "--repair")
    assert ran.code == 1
    assert str(copied.library) in ran.complaint
    assert copied.library.read_bytes() == damaged
    assert copied.run("check", "--repair").code == 0
