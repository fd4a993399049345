"""Names of files as people give them, made absolute."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias

from faceindex.errors import BadRequest

AnyPath: TypeAlias = str | bytes | os.PathLike[str] | os.PathLike[bytes]
"""What names a file or a folder; the name may hold any bytes."""

AnyPaths: TypeAlias = AnyPath | Iterable[AnyPath]
"""One name, or several."""


def to_path(name: AnyPath) -> Path:
    """The same as a ``Path``, whatever bytes it has."""
    return Path(os.fsdecode(name))


def absolute(names: AnyPaths) -> list[bytes]:
    """Absolute paths of files and folders.

    Raises:
        BadRequest: A name is empty, as of a shell variable that is not set: it would mean this folder.
    """
    several = [names] if isinstance(names, str | bytes | os.PathLike) else names
    paths = [os.fsencode(name) for name in several]
    if b"" in paths:
        raise BadRequest(
            "An empty name is neither a file nor a folder: check for a variable that is not set."
        )
    return [os.path.abspath(path) for path in paths]
