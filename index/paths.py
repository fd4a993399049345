"""Compares absolute paths, as bytes, with folders, without access to a disk."""

import os
from collections.abc import Set


def is_inside(path: bytes, folders: Set[bytes]) -> bool:
    """Return whether a path is one of these, or below one. None ends in a slash, except the root folder."""
    while path not in folders:
        parent = os.path.dirname(path)
        if parent == path:
            return False
        path = parent
    return True
