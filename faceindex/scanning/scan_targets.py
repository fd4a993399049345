"""Says which folders and files a scan looks at, by the paths by which their photos are known."""

import os
import stat
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass

from faceindex.scanning.availability import unreachable
from faceindex.scanning.root_places import Placement
from index.paths import is_inside
from pipeline.sources.crawl import KnownAs


@dataclass(frozen=True, slots=True)
class ScanTargets:
    """What a scan looks at. Every path is one by which photos are known, if not said otherwise.

    Attributes:
        folders: Folders that are there, each with the root that was named.
        own_paths: Paths of these roots by which no photo is known.
        files: Files that are there; ``named`` are those that the user named.
        deleted: Known photos, outside of all folders, that are not there.
        away: Folders that are not there, each with the root that was named.
        reasons: Why these cannot be scanned.
        known_as: Tells by which path something is known in a root that the scan does not look at.
    """

    folders: Mapping[bytes, bytes]
    own_paths: tuple[bytes, ...]
    files: tuple[bytes, ...]
    named: frozenset[bytes]
    deleted: tuple[bytes, ...]
    away: Mapping[bytes, bytes]
    reasons: Mapping[bytes, str]
    known_as: KnownAs

    @property
    def there(self) -> list[bytes]:
        """What to crawl, in order. A folder is visited by its first path."""
        return [*self.folders, *self.own_paths, *self.files]

    @property
    def all(self) -> list[bytes]:
        """Everything, whether it is there or not."""
        return [*self.there, *self.deleted, *self.away]


def find_targets(
    placement: Placement, roots: Sequence[bytes], photos: set[bytes], others: Iterable[bytes] = ()
) -> ScanTargets:
    """Look at the roots that a scan was asked for, and at ``others``, photos that are known under no root.

    ``photos`` are those of ``roots`` at whose path a photo is known: if there is nothing now, it is deleted.
    """
    folders: dict[bytes, bytes] = {}
    away: dict[bytes, bytes] = {}
    reasons: dict[bytes, str] = {}
    own_paths: list[bytes] = []
    files: list[bytes] = []
    deleted: list[bytes] = []
    lost: list[tuple[bytes, str]] = []
    for root in roots:
        reason = unreachable(root)
        if reason is None and os.path.isdir(root):
            folders.setdefault(placement.place(root), root)
            own_paths.append(root)
        elif reason is None:
            files.append(placement.place(root))
        elif root in photos:
            deleted.append(root)
        else:
            lost.append((root, reason))
    for root, reason in lost:
        place = placement.place(root)
        if place == root or not is_inside(place, folders.keys()):
            away.setdefault(place, root)
            reasons.setdefault(place, reason)
    named = frozenset(files)
    for path in others:
        is_there = _is_there(path)
        if is_there is not None:
            (files if is_there else deleted).append(path)
    return ScanTargets(
        folders,
        own_paths=tuple(path for path in dict.fromkeys(own_paths) if path not in folders),
        files=tuple(dict.fromkeys(files)),
        named=named,
        deleted=tuple(deleted),
        away=away,
        reasons=reasons,
        known_as=_outside(placement, folders.keys()),
    )


def _is_there(photo: bytes) -> bool | None:
    """Tell whether there is a file; ``None`` if it cannot be told."""
    try:
        return stat.S_ISREG(os.stat(photo).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return None


def _outside(placement: Placement, folders: Set[bytes]) -> KnownAs:
    """Return what tells by which path something is known in a root that is in none of the folders."""
    if all(is_inside(each.place, folders) for each in placement.roots):
        return lambda _: None

    def known_as(path: bytes) -> bytes | None:
        first = placement.paths.known_as(path)
        return None if first is None or is_inside(first, folders) else first

    return known_as
