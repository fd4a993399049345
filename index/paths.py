"""Compares paths with folders, without access to a disk. Paths are absolute bytes."""

import os
from collections.abc import Set


def is_inside(path: bytes, folders: Set[bytes]) -> bool:
    """Whether a path is one of these, or below one. None ends in a slash, but for the root folder."""
    while path not in folders:
        parent = os.path.dirname(path)
        if parent == path:
            return False
        path = parent
    return True
