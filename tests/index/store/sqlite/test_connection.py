"""Which journal is safe with which SQLite, and libraries in places that cannot be written."""

import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import pytest

from index.store.opening import create_store
from index.store.sqlite.connection import has_safe_wal


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
from index.photos.catalog import Catalog
from index.store.opening import open_store
from index.store.store import Access

if os.getuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
try:
    Catalog(open_store(Path(sys.argv[1]), Access.WRITE))
except Exception as error:
    print(type(error).__name__)
print(Catalog(open_store(Path(sys.argv[1]), Access.READ)).roots())
"""


@pytest.mark.parametrize("journal", ["DELETE", "WAL"])
def test_a_library_in_a_read_only_place_can_be_read(journal: str) -> None:
    """As another user where the tests run as root, who may write anywhere."""
    with tempfile.TemporaryDirectory() as folder:  # pytest's folders cannot be entered by other users
        library = Path(folder) / "library.sqlite3"
        create_store(library).close()
        with closing(sqlite3.connect(library)) as connection:
            connection.execute(f"PRAGMA journal_mode={journal}")
            connection.execute("INSERT INTO root (path) VALUES (x'2f61')")
            connection.commit()
        library.chmod(0o444)
        library.parent.chmod(0o555)
        shown = subprocess.run(
            [sys.executable, "-c", READER, library],
            cwd=Path(__file__).parents[4],
            capture_output=True,
            check=False,
        )
        library.parent.chmod(0o700)
    assert shown.stderr.decode() == ""
    assert shown.stdout.decode().split("\n") == ["LibraryInaccessible", "(b'/a',)", ""]
