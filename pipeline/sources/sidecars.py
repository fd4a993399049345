"""Finds the XMP file beside a photo: ``photo.jpg.xmp``, or ``photo.xmp``, in upper or lower case.

In a listed folder it takes no call to the system, and nothing at all where no name ends in ``.xmp``.
"""

import os
import stat
from collections.abc import Iterator

from pipeline.sources.folders import Entry, Listing
from pipeline.values import Sidecar

_EXTENSION = b".xmp"


class Sidecars:
    """The XMP files of one folder.

    ``entries`` are those of the listing, which are all looked at first if there are XMP files.
    """

    def __init__(self, listing: Listing) -> None:
        self.entries: Iterator[Entry] = listing.entries
        self._found: dict[bytes, Sidecar] = {}  # by path in lower case
        if any(name.lower().endswith(_EXTENSION) for name in listing.names):
            entries = [*listing.entries]
            self.entries = iter(entries)
            for each in entries:
                sidecar = None if isinstance(each.found, OSError) else _sidecar(each.path, each.found)
                if sidecar is not None and each.path.lower().endswith(_EXTENSION):
                    self._found.setdefault(each.path.lower(), sidecar)

    def beside(self, path: bytes) -> Sidecar | None:
        """Return the sidecar of a file of this folder."""
        if not self._found:
            return None
        found = (self._found.get(each.lower()) for each in _paths(path))
        return next((each for each in found if each is not None), None)


def sidecar_beside(path: bytes) -> Sidecar | None:
    """Return the sidecar of a file whose folder is not listed."""
    for each in _paths(path):
        for candidate in (each, each[: -len(_EXTENSION)] + _EXTENSION.upper()):
            try:
                found = os.stat(candidate)
            except OSError:
                continue
            if (sidecar := _sidecar(candidate, found)) is not None:
                return sidecar
    return None


def _sidecar(path: bytes, found: os.stat_result) -> Sidecar | None:
    return Sidecar(path, found.st_size, found.st_mtime_ns) if stat.S_ISREG(found.st_mode) else None


def _paths(photo: bytes) -> tuple[bytes, ...]:
    """Return where a photo's sidecar may be: the name that fits no other photo first."""
    stem, extension = os.path.splitext(photo)
    return () if extension.lower() == _EXTENSION else (photo + _EXTENSION, stem + _EXTENSION)
