"""Which places several machines may share."""

import os
from pathlib import Path

import pytest

from index.store.sqlite.mounts import file_system, is_on_network, network_kind

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
    assert network_kind(tmp_path / "library.sqlite3") is None
