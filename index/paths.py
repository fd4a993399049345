"""Which paths lie in which folders. Paths are absolute bytes; no disk is asked."""

import os
from collections.abc import Set


def is_inside(path: bytes, folders: Set[bytes]) -> bool:
    """Whether a path is one of these, or below one of them.

    Args:
        path: Without a slash at its end.
        folders: Without slashes at their ends, but for the root of the file system.
    """
    while path not in folders:
        parent = os.path.dirname(path)
        if parent == path:
            return False
        path = parent
    return True
