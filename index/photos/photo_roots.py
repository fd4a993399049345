"""The roots of a library, which may be nested: folders named to a scan. Reads no disk.

A photo has one path. A root that is the same folder as another one, or lies in it, has its photos by the path
of that other root (``KnownRoot.place``). Photos under no root were named one by one.
"""

from collections.abc import Sequence, Set
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    CursorResult,
    Table,
    and_,
    delete,
    exists,
    func,
    select,
    update,
)

from index.clock import Clock, utc_now
from index.decisions.same_faces import forget_contents
from index.paths import is_inside
from index.people.named_faces import exemplars, is_edited
from index.store.schema import content, face, left_out, photo, root, sibling, stored_face, verdict
from index.store.statements import in_chunks, insert_new, is_one_of, is_outside, is_under
from index.store.store import Store
from index.values import KnownRoot, Moved, Pruned, RootFigures, StoredPhoto

_OTHER_FILES = (left_out, sibling)
"""Tables of files that are no photos, by path."""

_CHUNK = 1000
"""Paths in one statement."""


class Roots:
    """The roots of one library, and their photos; each method is one transaction.

    The store is open, for writing in methods that write. ``clock`` tells how long a photo has been missing.
    """

    def __init__(self, store: Store, clock: Clock = utc_now) -> None:
        self._store = store
        self._clock = clock

    def known(self) -> tuple[KnownRoot, ...]:
        """Read all roots, in the order in which they were added."""
        with self._store.read() as connection:
            return known_roots(connection)

    def figures(self) -> tuple[RootFigures, ...]:
        """Count the photos of every root, in the order in which the roots were added."""
        missing = photo.c.missing_since.is_not(None)
        counts = select(func.count().filter(~missing), func.count().filter(missing)).select_from(photo)
        with self._store.read() as connection:
            known = known_roots(connection)
            rows = [
                connection.execute(counts.where(is_under(photo.c.path, each.place))).one() for each in known
            ]
        return tuple(
            RootFigures(each.path, *row, None if each.place == each.path else each.place)
            for each, row in zip(known, rows, strict=True)
        )

    def knows(self, path: bytes) -> bool:
        """Return whether a path is a root, a photo, or a folder that holds one."""
        with self._store.read() as connection:
            found = connection.scalar(select(photo.c.id).where(is_under(photo.c.path, path)).limit(1))
            return found is not None or any(each.path == path for each in known_roots(connection))

    def others(self) -> tuple[bytes, ...]:
        """Read the paths of the photos under no root, except missing ones of forgotten roots."""
        forgotten = select(func.coalesce(root.c.reached_as, root.c.path)).where(root.c.forgotten)
        query = select(photo.c.path, photo.c.missing_since.is_not(None))
        with self._store.read() as connection:
            ranges = is_outside(photo.c.path, [each.place for each in known_roots(connection)])
            folders = frozenset(connection.scalars(forgotten))
            return tuple(
                path
                for each in ranges
                for path, missing in connection.execute(query.where(each))
                if not (missing and is_inside(path, folders))
            )

    def record(
        self,
        roots: Sequence[KnownRoot],
        moves: Sequence[tuple[bytes, bytes]] = (),
        no_folders: Sequence[bytes] = (),
    ) -> None:
        """Add new roots, and record the places of all these; drop those that are ``no_folders``.

        ``moves`` are old and new places: what is known at the one is known at the other then.
        """
        with self._store.write() as connection:
            connection.execute(delete(root).where(root.c.path.in_(no_folders)))
            _add_roots(connection, [each.path for each in roots])
            for old, new in moves:
                _rename(connection, old, new)
            for each in roots:
                _set_place(connection, each.path, each.place)

    def some_under(self, path: bytes, count: int) -> tuple[bytes, ...]:
        """Read the paths of some photos at a path or below it that are not missing."""
        query = select(photo.c.path).where(photo.c.missing_since.is_(None), is_under(photo.c.path, path))
        with self._store.read() as connection:
            return tuple(connection.scalars(query.limit(count)))

    def photos_under(self, path: bytes) -> tuple[StoredPhoto, ...]:
        """Read the photos at a path or below it that are not missing, by path."""
        query = (
            select(photo.c.path, photo.c.size, photo.c.mtime_ns, content.c.digest)
            .outerjoin(content)
            .where(photo.c.missing_since.is_(None), is_under(photo.c.path, path))
            .order_by(photo.c.path)
        )
        with self._store.read() as connection:
            return tuple(StoredPhoto(*row) for row in connection.execute(query))

    def move(self, old: bytes, new: bytes) -> Moved:
        """Record that a root has moved; neither place lies in the other.

        A photo that is known at the new place already is unchanged; its row at the old place is deleted.
        """
        with self._store.write() as connection:
            for each in known_roots(connection):
                if is_inside(each.path, {old}):
                    path = new + each.path[len(old) :]
                    connection.execute(delete(root).where(root.c.path == path))
                    connection.execute(update(root).where(root.c.path == each.path).values(path=path))
            return _rename(connection, old, new)

    def forget(self, path: bytes, *, dry_run: bool = False) -> int:
        """Scan a root no more, and mark its photos missing, except those of another one; return how many.

        Another root that has its photos by the path of this one has them by its own then. With ``dry_run``,
        only count.
        """
        present = select(photo.c.id, photo.c.path).where(photo.c.missing_since.is_(None))
        with self._store.read() if dry_run else self._store.write() as connection:
            (place,) = (each.place for each in known_roots(connection) if each.path == path)
            others = [each for each in known_roots(connection) if each.path != path]
            places = {each.place for each in others}
            rows = connection.execute(present.where(is_under(photo.c.path, place)))
            gone = [row.id for row in rows if not is_inside(row.path, places)]
            if dry_run:
                return len(gone)
            for table in _OTHER_FILES:
                _forget_under(connection, table, place, places)
            connection.execute(update(root).where(root.c.path == path).values(forgotten=True))
            mark = update(photo).where(is_one_of(photo.c.id, gone))
            connection.execute(mark.values(missing_since=self._clock().isoformat()))
            own = {each.path for each in others if each.place == each.path}
            while astray := [each for each in known_roots(connection) if not is_inside(each.place, own)]:
                _rename(connection, astray[0].place, astray[0].path)
                own.add(astray[0].path)
        return len(gone)

    def prune(self, days: float, *, dry_run: bool = False) -> Pruned:
        """Delete photos that have been missing for some days, and contents and faces left without a photo.

        With ``dry_run``, only count; faces that an edited photo still shows do not count. Exemplars stay, and
        so do decisions: they name contents, and apply again if a content comes back.
        """
        before = (self._clock() - timedelta(days=days)).isoformat()
        is_old = and_(photo.c.missing_since.is_not(None), photo.c.missing_since <= before)

        def is_kept(content_id: ColumnElement[int]) -> ColumnElement[bool]:
            return exists().where(photo.c.content_id == content_id, ~is_old)

        lost = select(content.c.id).where(~is_kept(content.c.id))
        exemplar = exemplars(is_shown=is_kept).with_only_columns(verdict.c.face_id)
        doomed = and_(stored_face.c.content_id.in_(lost), stored_face.c.id.not_in(exemplar))
        given_up = (
            select(func.count())
            .select_from(face.join(content))
            .where(face.c.content_id.in_(lost), face.c.id.not_in(exemplar), ~is_edited(is_shown=is_kept))
        )
        with self._store.read() if dry_run else self._store.write() as connection:
            photos = connection.scalar(select(func.count()).select_from(photo).where(is_old)) or 0
            faces = connection.scalar(given_up) or 0
            if not dry_run:
                connection.execute(delete(photo).where(is_old))
                connection.execute(delete(stored_face).where(doomed))
                empty = and_(content.c.id.in_(lost), content.c.id.not_in(select(stored_face.c.content_id)))
                digests = connection.scalars(select(content.c.digest).where(empty)).all()
                connection.execute(delete(content).where(empty))
                forget_contents(connection, digests)
        return Pruned(photos, faces)


def _add_roots(connection: Connection, paths: Sequence[bytes]) -> None:
    """Add roots; known ones keep their place in the order, but not forgotten ones."""
    connection.execute(delete(root).where(root.c.path.in_(paths), root.c.forgotten))
    insert_new(connection, root, [{"path": path} for path in paths])


def known_roots(connection: Connection) -> tuple[KnownRoot, ...]:
    """Read the roots, in the order in which they were added."""
    query = select(root.c.path, root.c.reached_as).where(~root.c.forgotten).order_by(root.c.id)
    rows = connection.execute(query)
    return tuple(KnownRoot(path, reached_as or path) for path, reached_as in rows)


def _set_place(connection: Connection, path: bytes, place: bytes) -> None:
    reached_as = None if place == path else place
    connection.execute(update(root).where(root.c.path == path).values(reached_as=reached_as))


def _rename(connection: Connection, old: bytes, new: bytes) -> Moved:
    """Give the photos at a place, and roots that have them there, a new place; photos known there go."""
    known = set(connection.scalars(select(photo.c.path).where(is_under(photo.c.path, new))))
    query = select(photo.c.id, photo.c.path).where(is_under(photo.c.path, old))
    moved = {row.id: new + row.path[len(old) :] for row in connection.execute(query)}
    twice = [photo_id for photo_id, path in moved.items() if path in known]
    connection.execute(delete(photo).where(is_one_of(photo.c.id, twice)))
    for photo_id in moved.keys() - twice:
        connection.execute(update(photo).where(photo.c.id == photo_id).values(path=moved[photo_id]))
    for table in _OTHER_FILES:
        rows = [dict(row) for row in _under(connection, table, old).mappings()]
        connection.execute(delete(table).where(is_under(table.c.path, old)))
        insert_new(connection, table, [{**row, "path": new + row["path"][len(old) :]} for row in rows])
    for each in known_roots(connection):
        if is_inside(each.place, {old}):
            _set_place(connection, each.path, new + each.place[len(old) :])
    return Moved(len(moved) - len(twice), len(twice))


def _forget_under(connection: Connection, table: Table, place: bytes, others: Set[bytes]) -> None:
    """Delete what is known of files at a place or below it, except at other places."""
    paths = [row.path for row in _under(connection, table, place) if not is_inside(row.path, others)]
    for chunk in in_chunks(paths, _CHUNK):
        connection.execute(delete(table).where(table.c.path.in_(chunk)))


def _under(connection: Connection, table: Table, place: bytes) -> CursorResult[Any]:
    return connection.execute(select(table).where(is_under(table.c.path, place)))
