"""Finds moved, excluded and missing photos by what a crawl saw; reads no disk.

A photo is gone if a crawl covered its place and did not see it. If the crawl did not cover the place, as on
an unmounted disk, the photo's state is unknown. A photo that the crawl found by another path of the same file
is known by that path. A photo that an ignore rule excludes counts as missing, but is not lost.
"""

import os
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select, update

from index.clock import Clock, utc_now
from index.paths import is_inside
from index.store.schema import photo
from index.store.statements import in_chunks, is_one_of, is_under
from index.store.store import Store
from index.values import RootLoss

_CHUNK = 1000
"""Paths, or contents, in one statement."""


@dataclass(frozen=True, slots=True)
class Crawled:
    """What a complete crawl covered and saw.

    Attributes:
        roots: Absolute paths of folders and files that it covered.
        left: Paths of known photos that it did not see, in the roots or elsewhere.
        unlisted: Folders in them that it could not list.
        excluded: Folders and files in them that ignore rules exclude.
        first_paths: For other paths of folders and files, the path by which it found the same ones.
    """

    roots: Set[bytes]
    left: Collection[bytes]
    unlisted: Set[bytes] = frozenset()
    excluded: Set[bytes] = frozenset()
    first_paths: Mapping[bytes, bytes] = field(default_factory=dict)

    def first_path(self, path: bytes) -> bytes:
        """Return the path by which the crawl found, or would find, the file at a path."""
        while self.first_paths:
            other = path
            while not self._leads_on(other, path):
                parent = os.path.dirname(other)
                if parent == other:
                    return path
                other = parent
            path = self.first_paths[other] + path[len(other) :]
        return path

    def _leads_on(self, other: bytes, path: bytes) -> bool:
        """Tell whether a folder has a first path, under which ``path`` in it is not yet.

        The first path of a folder lies in it, where a link in it leads back to it.
        """
        first = self.first_paths.get(other)
        return first is not None and not (is_inside(first, {other}) and is_inside(path, {first}))

    def covers(self, path: bytes) -> bool:
        """Return whether the crawl would have seen a file at this path, or at another path of it."""
        first = self.first_path(path)
        return is_inside(first, self.roots) and not is_inside(first, self.unlisted)

    def without(self, roots: Set[bytes]) -> "Crawled":
        """Return the crawl without some roots."""
        return replace(self, roots=self.roots - roots, unlisted=self.unlisted | roots)


@dataclass(frozen=True, slots=True)
class Unseen:
    """The photos that a crawl covered and did not see.

    Attributes:
        paths: The paths that were not missing before.
        moves: The new paths of moved photos, or of the same files, by their old paths, which may have been
            missing before.
        excluded: Those of ``paths`` that ignore rules exclude.
    """

    paths: Sequence[bytes]
    moves: Mapping[bytes, bytes]
    excluded: Set[bytes] = frozenset()

    @property
    def missing(self) -> list[bytes]:
        """The paths that were not missing before, have not moved, and are not excluded."""
        return [path for path in self.paths if path not in self.moves and path not in self.excluded]

    def without(self, roots: Set[bytes]) -> "Unseen":
        """Return the photos that are not under some roots; excluded ones stay."""
        paths = [path for path in self.paths if path in self.excluded or not is_inside(path, roots)]
        moves = {old: new for old, new in self.moves.items() if not is_inside(old, roots)}
        return Unseen(paths, moves, self.excluded)

    def with_moves(self, moves: Mapping[bytes, bytes]) -> "Unseen":
        """Return the same with more moves."""
        return replace(self, moves={**self.moves, **moves})


class Presence:
    """Records which photos of one library are there, after a crawl; each method is one transaction."""

    def __init__(self, store: Store, clock: Clock = utc_now) -> None:
        self._store = store
        self._clock = clock

    def mark_present(self, paths: Sequence[bytes]) -> None:
        """Mark photos as not missing; ignore unknown paths."""
        with self._store.write() as connection:
            _update(connection, paths, missing_since=None)

    def unseen(self, crawled: Crawled) -> Unseen:
        """Find the photos that are gone, and where they moved to; write nothing.

        A photo has moved if its content was recorded at another path, by this scan or by an earlier one that
        did not cover the old path. Each new path explains one old path.
        """
        covered = [path for path in crawled.left if crawled.covers(path)]
        with self._store.read() as connection:
            unseen = {row.path: row for row in _read_unseen(connection, covered)}
            firsts = {path: crawled.first_path(path) for path in unseen}
            seen = _known(connection, set(firsts.values()) - unseen.keys())
            moves, excluded, old = {}, set(), defaultdict(list)
            for path, row in unseen.items():
                if firsts[path] in seen:
                    moves[path] = firsts[path]
                elif is_inside(firsts[path], crawled.excluded):
                    excluded.add(path)
                elif row.content_id is not None:
                    old[row.content_id].append(path)
            moves.update(_moves(connection, old, unseen))
        paths = [row.path for row in unseen.values() if row.missing_since is None]
        return Unseen(paths, moves, excluded.intersection(paths))

    def elsewhere(self, paths: Sequence[bytes], crawled: Crawled) -> Iterator[tuple[bytes, bytes]]:
        """Yield each of some new paths, and another path of its content that the crawl did not cover.

        None of them is missing. Whether they are of one file, only the disk tells.
        """
        new, old = photo.alias(), photo.alias()
        pairs = select(new.c.path, old.c.path).join(old, old.c.content_id == new.c.content_id)
        pairs = pairs.where(old.c.id != new.c.id, old.c.missing_since.is_(None))
        for chunk in in_chunks(paths, _CHUNK):
            with self._store.read() as connection:
                found = connection.execute(pairs.where(new.c.path.in_(chunk))).all()
            yield from ((path, other) for path, other in found if not crawled.covers(other))

    def losses(self, roots: Sequence[bytes], crawled: Crawled, unseen: Unseen) -> tuple[RootLoss, ...]:
        """Count the photos that each root lost: all, if the crawl did not cover it.

        Moved and excluded photos are neither known nor lost.
        """
        count = select(func.count()).where(photo.c.missing_since.is_(None))
        lost = unseen.missing
        explained = [path for path in unseen.paths if path in unseen.moves or path in unseen.excluded]
        losses = []
        with self._store.read() as connection:
            for root in roots:
                present = connection.scalar(count.where(is_under(photo.c.path, root))) or 0
                known = present - sum(is_inside(path, {root}) for path in explained)
                if root in crawled.roots:
                    gone = sum(is_inside(path, {root}) for path in lost)
                else:
                    gone = 0 if is_inside(root, crawled.unlisted) else known
                losses.append(RootLoss(root, known, gone))
        return tuple(losses)

    def record_gone(self, crawled: Crawled, unseen: Unseen) -> None:
        """Delete old paths of moved photos, and mark other unseen photos missing, excluded ones too.

        Missing photos keep their faces. Both arguments exclude the roots that lost so many photos that they
        are probably not mounted.
        """
        with self._store.write() as connection:
            for chunk in in_chunks(list(unseen.moves), _CHUNK):
                connection.execute(delete(photo).where(photo.c.path.in_(chunk)))
            gone = [path for path in unseen.paths if path not in unseen.moves]
            _update(connection, gone, missing_since=self._clock().isoformat())
            _update(connection, [*unseen.moves.values(), *_copies(connection, crawled)], perhaps_moved=False)


def _read_unseen(connection: Connection, paths: Sequence[bytes]) -> list[Row[Any, Any, Any, Any]]:
    """Read some photos: present ones first, then those that are missing for the shortest time."""
    columns = select(photo.c.id, photo.c.path, photo.c.content_id, photo.c.missing_since)
    chunks = (columns.where(photo.c.path.in_(chunk)) for chunk in in_chunks(paths, _CHUNK))
    rows = [row for each in chunks for row in connection.execute(each)]
    rows.sort(key=lambda row: row.id)
    rows.sort(key=lambda row: row.missing_since or "", reverse=True)
    rows.sort(key=lambda row: row.missing_since is not None)
    return rows


def _known(connection: Connection, paths: Iterable[bytes]) -> set[bytes]:
    """Return those of some paths at which a photo is known."""
    known = (select(photo.c.path).where(photo.c.path.in_(each)) for each in in_chunks([*paths], _CHUNK))
    return {path for each in known for path in connection.scalars(each)}


def _moves(
    connection: Connection, gone: Mapping[int, list[bytes]], unseen: Collection[bytes]
) -> Iterator[tuple[bytes, bytes]]:
    """Find the old and new path of each moved photo; ``gone`` has the old paths by content."""
    arrived = (
        select(photo.c.path, photo.c.content_id)
        .where(photo.c.perhaps_moved, photo.c.missing_since.is_(None))
        .order_by(photo.c.id)
    )
    for chunk in in_chunks(list(gone), _CHUNK):
        for path, content_id in connection.execute(arrived.where(is_one_of(photo.c.content_id, chunk))):
            if gone[content_id] and path not in unseen:
                yield gone[content_id].pop(0), path


def _copies(connection: Connection, crawled: Crawled) -> Iterator[bytes]:
    """Find the photos that moved or are copies: the crawl covered all other paths of their content."""
    query = select(photo.c.content_id, photo.c.path, photo.c.perhaps_moved)
    waiting = connection.scalars(select(photo.c.content_id).distinct().where(photo.c.perhaps_moved)).all()
    for chunk in in_chunks(waiting, _CHUNK):
        holders: dict[int, dict[bytes, bool]] = defaultdict(dict)
        rows = connection.execute(query.where(is_one_of(photo.c.content_id, chunk)))
        for content_id, path, perhaps_moved in rows:
            holders[content_id][path] = perhaps_moved
        for paths in holders.values():
            uncovered = {path for path in paths if not crawled.covers(path)}
            yield from (path for path, perhaps in paths.items() if perhaps and uncovered <= {path})


def _update(connection: Connection, paths: Sequence[bytes], **values: object) -> None:
    for chunk in in_chunks(paths, _CHUNK):
        connection.execute(update(photo).where(photo.c.path.in_(chunk)).values(**values))
