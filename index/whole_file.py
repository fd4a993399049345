"""Writes files whole: there is the old one or the new one at every moment, and never a half."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from index.errors import accessible


@contextmanager
def written_whole(target: Path) -> Iterator[Path]:
    """Make a new, empty file, which gets its real name, and is on the disk, once the block has ended.

    Where the block raises, the file is gone, and what had the name before is still there. Its owner alone
    can read the file (0600): descriptors of faces are biometric data.

    Raises:
        LibraryInaccessible: The file cannot be written.
    """
    unfinished = target.with_name(f"{target.name}.unfinished")
    with accessible(target):
        unfinished.unlink(missing_ok=True)  # a killed run left it
        os.close(os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        try:
            yield unfinished
            sync_to_disk(unfinished)
            os.replace(unfinished, target)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise
        sync_to_disk(target.parent)


def sync_to_disk(path: Path) -> None:
    """Have what was written to a file, or which names a folder holds, on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
