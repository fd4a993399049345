"""Gives a picture that somebody sent a place in which it can be read, for as long as that takes."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from faceindex.asking.photo_arguments import NamedPhoto

NAME = b"the picture"
"""Stands for its name, which nobody asks for."""

_OPEN_FILES = Path("/proc/self/fd")


@contextmanager
def uploaded(picture: BinaryIO) -> Iterator[NamedPhoto]:
    """Provide a picture as a file while the block runs.

    Where open files have paths (Linux), it is in no folder: nothing is left even if the machine stops.
    """
    if not _OPEN_FILES.is_dir():
        with tempfile.NamedTemporaryFile(prefix="faceindex-") as file:
            shutil.copyfileobj(picture, file)
            file.flush()
            yield NamedPhoto(NAME, os.fsencode(file.name))
        return
    with tempfile.TemporaryFile() as nameless:
        shutil.copyfileobj(picture, nameless)
        nameless.flush()
        yield NamedPhoto(NAME, b"/proc/%d/fd/%d" % (os.getpid(), nameless.fileno()))
