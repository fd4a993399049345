"""Where else a folder is mounted, as the table of mounts says (proc(5), /proc/pid/mountinfo)."""

import pytest

from pipeline.sources.other_paths import other_paths

TABLE = rb"""1 0 8:1 / / rw - ext4 /dev/sda1 rw
2 1 8:2 / /mnt/disk rw shared:1 - ext4 /dev/sdb1 rw
3 1 8:2 /photos /home/anna/my\040photos rw - ext4 /dev/sdb1 rw
4 1 8:3 / /mnt/other rw - ext4 /dev/sdc1 rw
5 1 8:1 /srv/album /album rw - ext4 /dev/sda1 rw
6 1 8:4 / /mnt/over rw - ext4 /dev/sdd1 rw
7 1 8:2 /photos/trip /mnt/over rw - ext4 /dev/sdb1 rw
cut off
"""


@pytest.mark.parametrize(
    ("path", "others"),
    [
        (b"/mnt/disk/photos/trip/1.jpg", [b"/home/anna/my photos/trip/1.jpg", b"/mnt/over/1.jpg"]),
        (b"/home/anna/my photos", [b"/mnt/disk/photos"]),
        (b"/mnt/over", [b"/mnt/disk/photos/trip", b"/home/anna/my photos/trip"]),
        (b"/mnt/disk/photos2", []),
        (b"/mnt/disk", []),
        (b"/album/1", [b"/srv/album/1"]),
        (b"/srv/album", [b"/album"]),
        (b"/srv/albums", []),
        (b"/mnt/other/photos", []),
    ],
)
def test_a_folder_is_found_at_every_mount_of_it(path: bytes, others: list[bytes]) -> None:
    assert list(other_paths(path, TABLE)) == others


def test_without_a_table_nothing_is_known() -> None:
    assert list(other_paths(b"/mnt/disk", b"")) == []
