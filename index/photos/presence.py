"""Finds moved and missing photos by what a crawl saw; reads no disk.

A photo is gone if a crawl covered its place and did not see it. If the crawl did not cover the place, as on
an unmounted disk, the photo's state is unknown.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, select, update

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
        roots: Absolute paths of folders and files that it covered; ``seen`` are the photos in them.
        unlisted: Folders in them that it could not list.
    """

    roots: Set[bytes]
    seen: Set[bytes]
    unlisted: Set[bytes] = frozenset()

    def covers(self, path: bytes) -> bool:
        """Return whether the crawl would have seen a file at this path."""
        return is_inside(path, self.roots) and not is_inside(path, self.unlisted)

    def without(self, roots: Set[bytes]) -> "Crawled":
        """Return the crawl without some roots."""
        return Crawled(self.roots - roots, self.seen, self.unlisted | roots)


@dataclass(frozen=True, slots=True)
class Unseen:
    """The photos that a crawl covered and did not see.

    Attributes:
        paths: The paths that were not missing before.
        moves: The new paths of moved photos by their old paths, which may have been missing before.
    """

    paths: Sequence[bytes]
    moves: Mapping[bytes, bytes]

    @property
    def missing(self) -> list[bytes]:
        """The paths that were not missing before and have not moved."""
        return [path for path in self.paths if path not in self.moves]

    def without(self, roots: Set[bytes]) -> "Unseen":
        """Return the photos that are not under some roots."""
        paths = [path for path in self.paths if not is_inside(path, roots)]
        return Unseen(paths, {old: new for old, new in self.moves.items() if not is_inside(old, roots)})


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
        query = select(photo.c.path, photo.c.content_id, photo.c.missing_since).order_by(
            photo.c.missing_since.is_not(None), photo.c.missing_since.desc(), photo.c.id
        )
        with self._store.read() as connection:
            unseen = {
                row.path: row
                for root in crawled.roots
                for row in connection.execute(query.where(is_under(photo.c.path, root)))
                if row.path not in crawled.seen and crawled.covers(row.path)
            }
            old = defaultdict(list)
            for row in unseen.values():
                if row.content_id is not None:
                    old[row.content_id].append(row.path)
            moves = dict(_moves(connection, old, crawled))
        return Unseen([row.path for row in unseen.values() if row.missing_since is None], moves)

    def losses(self, roots: Sequence[bytes], crawled: Crawled, unseen: Unseen) -> tuple[RootLoss, ...]:
        """Count the photos that each root lost, without moved ones: all, if the crawl did not cover it."""
        count = select(func.count()).where(photo.c.missing_since.is_(None))
        lost, moved = unseen.missing, [path for path in unseen.paths if path in unseen.moves]
        losses = []
        with self._store.read() as connection:
            for root in roots:
                present = connection.scalar(count.where(is_under(photo.c.path, root))) or 0
                known = present - sum(is_inside(path, {root}) for path in moved)
                if root in crawled.roots:
                    gone = sum(is_inside(path, {root}) for path in lost)
                else:
                    gone = 0 if is_inside(root, crawled.unlisted) else known
                losses.append(RootLoss(root, known, gone))
        return tuple(losses)

    def record_gone(self, crawled: Crawled, unseen: Unseen) -> None:
        """Delete old paths of moved photos, and mark other unseen photos missing; these keep their faces.

        Both arguments exclude the roots that lost so many photos that they are probably not mounted.
        """
        with self._store.write() as connection:
            for chunk in in_chunks(list(unseen.moves), _CHUNK):
                connection.execute(delete(photo).where(photo.c.path.in_(chunk)))
            _update(connection, unseen.missing, missing_since=self._clock().isoformat())
            _update(connection, [*unseen.moves.values(), *_copies(connection, crawled)], perhaps_moved=False)


def _moves(
    connection: Connection, gone: Mapping[int, list[bytes]], crawled: Crawled
) -> Iterator[tuple[bytes, bytes]]:
    """Find the old and new path of each moved photo; ``gone`` has the old paths by content."""
    arrived = (
        select(photo.c.path, photo.c.content_id)
        .where(photo.c.perhaps_moved, photo.c.missing_since.is_(None))
        .order_by(photo.c.id)
    )
    for chunk in in_chunks(list(gone), _CHUNK):
        for path, content_id in connection.execute(arrived.where(is_one_of(photo.c.content_id, chunk))):
            if gone[content_id] and (path in crawled.seen or not crawled.covers(path)):
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
