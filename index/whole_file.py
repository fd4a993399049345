"""Replaces files atomically: at every moment there is the complete old or new file."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from index.errors import accessible


@contextmanager
def written_whole(target: Path) -> Iterator[Path]:
    """Make a new, empty file, which replaces ``target``, synced to disk, when the block ends.

    If the block raises, the file is deleted and ``target`` stays as it was. Only its owner can read the file
    (0600): descriptors of faces are biometric data. Raises ``LibraryInaccessible`` if it cannot be written.
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
    """Flush the content of a file, or the names in a folder, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
