"""Finds by which path the photos of each root are known, where several paths lead to one folder.

A root may be the same folder as another one, or lie in it, by symbolic links, by mounts, or in another case
of letters. Its photos are known by the path of the root that holds the other; of two that are the same
folder, of the one that was added first. Device and inode tell which folder a path leads to.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from faceindex.scanning.availability import unreachable
from index.paths import is_inside
from index.photos.catalog import Catalog
from index.photos.photo_roots import Roots
from index.store.store import Store
from index.values import KnownRoot
from pipeline.platform_support import mount_table
from pipeline.sources.other_paths import other_paths

_SAMPLE = 20
"""Photos that are looked for, to tell which of two folders holds those known at one place."""


class RootPaths:
    """Tells by which path a folder or file in some roots is known. It looks at the roots when it is made."""

    def __init__(self, roots: Sequence[bytes]) -> None:
        self._mounts = mount_table() or b""
        self._roots: dict[tuple[int, int], bytes] = {}
        for root in roots:
            if (identity := _identity(root)) is not None:
                self._roots.setdefault(identity, root)

    def known_as(self, path: bytes, within: frozenset[bytes] = frozenset()) -> bytes | None:
        """Return the path by which a folder or file is known; ``None`` if it is in no other root."""
        for folder, rest in self._ancestors(path):
            identity = _identity(folder)
            root = None if identity is None else self._roots.get(identity)
            if root is not None and root != path and root not in within:
                place = self.known_as(root, within | {path}) or root
                return os.path.join(place, rest) if rest else place
        return None

    def _ancestors(self, path: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Yield a path and the folders above it, each with the rest of the path, for every path of it."""
        real, identity = os.path.realpath(path), _identity(path)
        others = [each for each in other_paths(real, self._mounts) if _identity(each) == identity]
        for folder in [real, *others]:
            rest = b""
            while True:
                yield folder, rest
                parent, name = os.path.split(folder)
                if parent == folder:
                    break
                folder, rest = parent, os.path.join(name, rest) if rest else name


def _identity(path: bytes) -> tuple[int, int] | None:
    """Return device and inode of the folder or file at a path."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the roots of a library are.

    Attributes:
        roots: The roots that are there, or were known before, in the order in which they were added.
        paths: Tells by which path folders and files in them are known.
        moves: Old and new places of photos: the folder is reached by another path than before.
        no_folders: Known roots that are files, as an earlier version recorded them.
    """

    roots: tuple[KnownRoot, ...]
    paths: RootPaths
    moves: tuple[tuple[bytes, bytes], ...]
    no_folders: tuple[bytes, ...]

    def place(self, root: bytes) -> bytes:
        """Return the path by which what is in a root, or a file, is known."""
        for each in self.roots:
            if each.path == root:
                return each.place
        return self.paths.known_as(root) or root


def find_places(store: Store, new: Sequence[bytes] = ()) -> Placement:
    """Look at all roots of a library, and at new ones, folders that are there; write nothing."""
    roots = Roots(store)
    known = {each.path: each.place for each in roots.known()}
    files = Catalog(store).photos_at([*known])
    no_folders = tuple(
        path for path in known if os.path.isfile(path) or (path in files and not os.path.isdir(path))
    )
    places = {path: place for path, place in known.items() if path not in no_folders}
    places |= {path: path for path in new if path not in places}
    there = [path for path in places if unreachable(path) is None]
    paths = RootPaths(there)
    found = {path: paths.known_as(path) or path for path in there}
    still = set(found.values())
    moves = tuple(
        (places[path], place)
        for path, place in found.items()
        if place != places[path] and _moved(roots, places[path], place, still)
    )
    return Placement(
        tuple(KnownRoot(path, found.get(path, place)) for path, place in places.items()),
        paths,
        moves,
        no_folders,
    )


def _moved(roots: Roots, old: bytes, new: bytes, still: set[bytes]) -> bool:
    """Tell whether the photos known at an old place are those at the new one."""
    if not is_inside(old, still):
        return True
    sample = roots.some_under(old, _SAMPLE)
    here, there = (sum(os.path.lexists(place + path[len(old) :]) for path in sample) for place in (old, new))
    return there > here
