"""Lists the photos of a library that cannot be read, as the last scans found them."""

import os
from collections.abc import Iterable, Set
from dataclasses import replace

from faceindex.session import Session
from index.values import FailureRecord


def failures(session: Session) -> list[FailureRecord]:
    """Return the photos that are there and could not be read, folder by folder.

    Those that could be read before count as missing, until they can be read again.
    """
    known = session.catalog.failures_under([b"/"], unread=None)
    return by_folder(each for each in known if os.path.lexists(each.path))


def by_folder(known: Iterable[FailureRecord], new: Set[bytes] = frozenset()) -> list[FailureRecord]:
    """Order failures by folder and name, and mark those at the paths in ``new``."""
    marked = (replace(each, new=each.path in new) for each in known)
    return sorted(marked, key=lambda each: os.path.split(each.path))
