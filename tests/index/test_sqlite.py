"""Which journal is safe where, and libraries in places that cannot be written."""

import os
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import pytest

from index.database import create_database
from index.sqlite import file_system, has_safe_wal, is_on_network

MOUNTS = rb"""/dev/sda1 / ext4 rw,relatime 0 0
proc /proc proc rw 0 0
nas:/export /home/ann/My\040Pictures nfs4 rw 0 0
/dev/sdb1 /home/ann/My\040Pictures/local xfs rw 0 0
host /mnt/h\303\274 9p rw 0 0
tmpfs /srv tmpfs rw 0 0
//server/share /srv cifs rw 0 0
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "ext4"),
        ("/home/ann/library.sqlite3", "ext4"),
        ("/home/ann/My Pictures", "nfs4"),
        ("/home/ann/My Pictures/a/library.sqlite3", "nfs4"),
        ("/home/ann/My Pictures 2/library.sqlite3", "ext4"),
        ("/home/ann/My Pictures/local/library.sqlite3", "xfs"),
        ("/mnt/hü/library.sqlite3", "9p"),
        ("/srv/library.sqlite3", "cifs"),
    ],
)
def test_the_file_system_is_that_of_the_nearest_mount(path: str, kind: str) -> None:
    assert file_system(os.fsencode(path), MOUNTS) == kind


def test_an_unknown_place_is_taken_for_a_network() -> None:
    assert file_system(b"/a", b"") is None
    assert file_system(b"/a", b"garbage\n") is None


def test_this_machine_s_temporary_folder_is_its_own(tmp_path: Path) -> None:
    if not os.path.exists("/proc/mounts"):
        pytest.skip("needs /proc/mounts")
    assert not is_on_network(tmp_path / "library.sqlite3")


@pytest.mark.parametrize(
    ("version", "safe"),
    [
        ((3, 40, 1), False),
        ((3, 44, 5), False),
        ((3, 44, 6), True),
        ((3, 45, 0), False),
        ((3, 50, 6), False),
        ((3, 50, 7), True),
        ((3, 51, 0), False),
        ((3, 51, 2), False),
        ((3, 51, 3), True),
        ((3, 52, 0), True),
        ((4, 0, 0), True),
    ],
)
def test_wal_only_where_its_bug_is_fixed(version: tuple[int, int, int], safe: bool) -> None:
    assert has_safe_wal(version) is safe


READER = """
import os, sys
from pathlib import Path
from index.catalog import Catalog
from index.database import open_database
from index.sqlite import Access

if os.getuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
try:
    Catalog(open_database(Path(sys.argv[1]), Access.WRITE))
except Exception as error:
    print(type(error).__name__)
print(Catalog(open_database(Path(sys.argv[1]), Access.READ)).roots())
"""


@pytest.mark.parametrize("journal", ["DELETE", "WAL"])
def test_a_library_in_a_read_only_place_can_be_read(journal: str) -> None:
    """As another user where the tests run as root, who may write anywhere."""
    with tempfile.TemporaryDirectory() as folder:  # pytest's folders cannot be entered by other users
        library = Path(folder) / "library.sqlite3"
        create_database(library).close()
        with closing(sqlite3.connect(library)) as connection:
            connection.execute(f"PRAGMA journal_mode={journal}")
            connection.execute("INSERT INTO root (path) VALUES (x'2f61')")
            connection.commit()
        library.chmod(0o444)
        library.parent.chmod(0o555)
        shown = subprocess.run(
            [sys.executable, "-c", READER, library],
            cwd=Path(__file__).parents[2],
            capture_output=True,
            check=False,
        )
        library.parent.chmod(0o700)
    assert shown.stderr.decode() == ""
    assert shown.stdout.decode().split("\n") == ["LibraryInaccessible", "(b'/a',)", ""]
