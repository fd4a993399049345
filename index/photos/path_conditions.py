"""Which paths lie in which folders. Paths are absolute bytes; no disk is asked."""

import os
from collections.abc import Set

from sqlalchemy import ColumnElement, and_, or_


def is_under(column: ColumnElement[bytes], path: bytes) -> ColumnElement[bool]:
    """A condition on a column of paths: it is this one, or below it.

    What is below begins with the path and a slash: one range of bytes, which an index finds at once.
    """
    stem = path.rstrip(b"/")
    below = and_(column >= stem + b"/", column < stem + bytes([ord("/") + 1]))
    return or_(column == stem, below)


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
