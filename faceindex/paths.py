"""Converts paths from callers to absolute ones."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias

from faceindex.errors import BadRequest

AnyPath: TypeAlias = str | bytes | os.PathLike[str] | os.PathLike[bytes]
"""A path of any bytes."""

AnyPaths: TypeAlias = AnyPath | Iterable[AnyPath]
"""One path or several."""


def to_path(name: AnyPath) -> Path:
    """Convert a path of any bytes to a ``Path``."""
    return Path(os.fsdecode(name))


def absolute(names: AnyPaths) -> list[bytes]:
    """Make paths absolute; ``BadRequest`` if one is empty, since it would mean the current folder."""
    # POSIX leaves to each system what two slashes at the start mean: one, wherever this runs.
    return [b"/" + os.path.abspath(os.fsencode(name)).lstrip(b"/") for name in several(names)]


def several(names: AnyPaths) -> list[AnyPath]:
    """Make a list of one name or several; ``BadRequest`` if one is empty."""
    listed = [names] if isinstance(names, str | bytes | os.PathLike) else list(names)
    if any(not os.fsencode(name) for name in listed):
        raise BadRequest(
            "An empty name is neither a file nor a folder: check for a variable that is not set."
        )
    return listed
