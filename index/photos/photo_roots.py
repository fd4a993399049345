"""The roots of a library, which may be nested: folders and files named to a scan. Reads no disk."""

from datetime import timedelta

from sqlalchemy import Connection, and_, delete, func, select, update

from index.clock import Clock, utc_now
from index.paths import is_inside
from index.store.schema import content, face, photo, root
from index.store.statements import is_one_of, is_under
from index.store.store import Store
from index.values import Moved, Pruned, RootFigures, StoredPhoto


class Roots:
    """The roots of one library, and their photos; each method is one transaction.

    The store is open, for writing in methods that write. ``clock`` tells how long a photo has been missing.
    """

    def __init__(self, store: Store, clock: Clock = utc_now) -> None:
        self._store = store
        self._clock = clock

    def figures(self) -> tuple[RootFigures, ...]:
        """Count the photos of every root, in the order in which the roots were added."""
        missing = photo.c.missing_since.is_not(None)
        counts = select(func.count().filter(~missing), func.count().filter(missing)).select_from(photo)
        with self._store.read() as connection:
            paths = connection.scalars(select(root.c.path).order_by(root.c.id)).all()
            rows = [connection.execute(counts.where(is_under(photo.c.path, each))).one() for each in paths]
        return tuple(RootFigures(path, *row) for path, row in zip(paths, rows, strict=True))

    def knows(self, path: bytes) -> bool:
        """Return whether a path is a root, a photo, or a folder that holds one."""
        with self._store.read() as connection:
            found = connection.scalar(select(photo.c.id).where(is_under(photo.c.path, path)).limit(1))
            return found is not None or path in _paths(connection)

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
            known = set(connection.scalars(select(photo.c.path).where(is_under(photo.c.path, new))))
            query = select(photo.c.id, photo.c.path).where(is_under(photo.c.path, old))
            moved = {row.id: new + row.path[len(old) :] for row in connection.execute(query)}
            twice = [photo_id for photo_id, path in moved.items() if path in known]
            connection.execute(delete(photo).where(is_one_of(photo.c.id, twice)))
            for photo_id in moved.keys() - twice:
                connection.execute(update(photo).where(photo.c.id == photo_id).values(path=moved[photo_id]))
            for each in _paths(connection):
                if is_inside(each, {old}):
                    place = new + each[len(old) :]
                    connection.execute(delete(root).where(root.c.path == place))
                    connection.execute(update(root).where(root.c.path == each).values(path=place))
        return Moved(len(moved) - len(twice), len(twice))

    def forget(self, path: bytes, *, dry_run: bool = False) -> int:
        """Remove a root and mark its photos missing, except under another; return how many.

        With ``dry_run``, only count.
        """
        present = select(photo.c.id, photo.c.path).where(photo.c.missing_since.is_(None))
        with self._store.read() if dry_run else self._store.write() as connection:
            others = _paths(connection) - {path}
            rows = connection.execute(present.where(is_under(photo.c.path, path)))
            gone = [row.id for row in rows if not is_inside(row.path, others)]
            if not dry_run:
                connection.execute(delete(root).where(root.c.path == path))
                mark = update(photo).where(is_one_of(photo.c.id, gone))
                connection.execute(mark.values(missing_since=self._clock().isoformat()))
        return len(gone)

    def prune(self, days: float, *, dry_run: bool = False) -> Pruned:
        """Delete photos that have been missing for some days, and contents and faces left without a photo.

        With ``dry_run``, only count. Decisions stay: they name contents, and apply again if a content comes
        back.
        """
        before = (self._clock() - timedelta(days=days)).isoformat()
        is_old = and_(photo.c.missing_since.is_not(None), photo.c.missing_since <= before)
        kept = select(photo.c.id).where(photo.c.content_id == content.c.id, ~is_old)
        lost = select(content.c.id).where(~kept.exists())
        with self._store.read() if dry_run else self._store.write() as connection:
            photos = connection.scalar(select(func.count()).select_from(photo).where(is_old)) or 0
            faces = connection.scalar(select(func.count()).where(face.c.content_id.in_(lost))) or 0
            if not dry_run:
                connection.execute(delete(photo).where(is_old))
                connection.execute(delete(content).where(content.c.id.in_(lost)))
        return Pruned(photos, faces)


def _paths(connection: Connection) -> frozenset[bytes]:
    return frozenset(connection.scalars(select(root.c.path)))
