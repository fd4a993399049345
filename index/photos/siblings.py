"""Files that are one photo taken twice: camera raw and what was developed from it, a live photo and its film.

One of them is read, and the other is known as its sibling. Where both were read, as the one was there before
the other, or because the user wishes so, their faces are linked as those of an edited photo are, so that a
decision about a face in one holds in the other.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, delete, exists, func, literal, or_, select

from index.photos.films import is_film
from index.photos.presence import Crawled
from index.store.schema import content, left_out, photo, rejection, sibling, stored_face, verdict
from index.store.statements import are_under, in_chunks, upsert
from index.store.store import Store
from index.values import Sibling
from pipeline.file_names import common_start, developed_photos

_CHUNK = 1000
"""Paths in one statement."""

_READ_INSTEAD = "read in its place"

_MOST_VERSIONS = 100
"""Photos whose names begin alike that are compared."""


class Siblings:
    """The siblings of the photos of one library; each method is one transaction."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def readable(self, paths: Collection[bytes]) -> set[bytes]:
        """Return those of some paths at which there is a photo that could be read."""
        query = select(photo.c.path).join(content)
        query = query.where(
            photo.c.missing_since.is_(None),
            photo.c.failed_reason.is_(None),
            content.c.failed_reason.is_(None),
        )
        with self._store.read() as connection:
            chunks = (query.where(photo.c.path.in_(chunk)) for chunk in in_chunks([*paths], _CHUNK))
            return {path for chunk in chunks for path in connection.scalars(chunk)}

    def stills(self, identifiers: Collection[str]) -> dict[str, list[bytes]]:
        """Read the paths of the live photos of some identifiers that could be read, not those of films."""
        columns = select(content.c.live_photo, photo.c.path).join_from(photo, content)
        query = columns.where(
            photo.c.missing_since.is_(None),
            content.c.failed_reason.is_(None),
            ~is_film,
        ).order_by(photo.c.path)
        found: dict[str, list[bytes]] = defaultdict(list)
        with self._store.read() as connection:
            for chunk in in_chunks(sorted(identifiers), _CHUNK):
                for identifier, path in connection.execute(query.where(content.c.live_photo.in_(chunk))):
                    found[identifier].append(path)
        return found

    def decided_films(self, identifiers: Collection[str]) -> set[str]:
        """Return those of some identifiers of live photos in whose film there is a face with a decision."""
        decided = or_(
            exists().where(verdict.c.face_id == stored_face.c.id),
            exists().where(rejection.c.face_id == stored_face.c.id),
        )
        faces = exists().where(stored_face.c.content_id == content.c.id, decided)
        query = select(content.c.live_photo).where(is_film, faces)
        with self._store.read() as connection:
            chunks = in_chunks(sorted(identifiers), _CHUNK)
            found = (connection.scalars(query.where(content.c.live_photo.in_(each))) for each in chunks)
            return {identifier for chunk in found for identifier in chunk if identifier is not None}

    def replace(self, crawled: Crawled, found: Mapping[bytes, Sibling]) -> None:
        """Record the siblings that a complete crawl found, by path, in place of those known where it looked.

        Those whose photo is not known are left out.
        """
        known = self.known_under(sorted(crawled.roots))
        gone = [path for path in known if path not in found and crawled.covers(path)]
        new = {path: each for path, each in found.items() if known.get(path) != each}
        if not (gone or new):
            return
        with self._store.write() as connection:
            for chunk in in_chunks(gone, _CHUNK):
                connection.execute(delete(sibling).where(sibling.c.path.in_(chunk)))
            ids = _photo_ids(connection, {each.other for each in new.values()})
            rows = [
                {"path": path, "photo_id": ids[each.other], "kind": each.kind}
                for path, each in new.items()
                if each.other in ids
            ]
            upsert(connection, sibling, rows, key="path")

    def known_under(self, roots: Sequence[bytes]) -> dict[bytes, Sibling]:
        """Read the siblings at these paths, or in these folders at any depth, by path."""
        query = select(sibling.c.path, photo.c.path, sibling.c.kind).join(photo)
        with self._store.read() as connection:
            return {
                path: Sibling(of, kind)
                for each in are_under(sibling.c.path, roots)
                for path, of, kind in connection.execute(query.where(each))
            }

    def of(self, path: bytes) -> list[Sibling]:
        """Read the siblings of a photo, or the photo of which the file at a path is one, by path."""
        joined = sibling.join(photo)
        siblings = select(sibling.c.path, sibling.c.kind).select_from(joined).where(photo.c.path == path)
        photos = (
            select(photo.c.path, literal(_READ_INSTEAD)).select_from(joined).where(sibling.c.path == path)
        )
        with self._store.read() as connection:
            rows = [*connection.execute(siblings.order_by(sibling.c.path)), *connection.execute(photos)]
        return [Sibling(*row) for row in rows]


def count_siblings(connection: Connection) -> dict[str, int]:
    """Count all siblings by kind, without those that the table ``left_out`` has too."""
    query = select(sibling.c.kind, func.count().label("files")).group_by(sibling.c.kind)
    query = query.where(sibling.c.path.not_in(select(left_out.c.path)))
    return {row.kind: row.files for row in connection.execute(query)}


def contents_of_photo(connection: Connection, path: bytes) -> tuple[Row[Any] | None, Row[Any] | None]:
    """Read the content at a path, and that of a photo that is camera raw of this one, or developed from it.

    Each has its ``id``, and whether it ``failed``, and is ``None`` if it is not known. The second has not
    failed.
    """
    start = common_start(path)
    values = {"path": path, "first": start + b".", "last": start + b"/"}
    rows = {row.path: row for row in connection.execute(_NAMED_ALIKE, values)}
    own = rows.pop(path, None)
    pairs = developed_photos([path, *rows]) if rows else {}
    others = (
        [pairs[path]] if path in pairs else [raw for raw, developed in pairs.items() if developed == path]
    )
    return own, next((rows[each] for each in others if not rows[each].failed), None)


# Made once: building it takes longer than SQLite takes for it.
_NAMED_ALIKE = (
    select(content.c.id, content.c.failed_reason.is_not(None).label("failed"), photo.c.path)
    .join_from(photo, content)
    .where(
        or_(
            photo.c.path == bindparam("path"),
            and_(photo.c.path > bindparam("first"), photo.c.path < bindparam("last")),
        )
    )
    .order_by(photo.c.path != bindparam("path"), photo.c.path)
    .limit(_MOST_VERSIONS)
)


def _photo_ids(connection: Connection, paths: Collection[bytes]) -> dict[bytes, int]:
    query = select(photo.c.path, photo.c.id)
    chunks = (query.where(photo.c.path.in_(chunk)) for chunk in in_chunks([*paths], _CHUNK))
    return {path: photo_id for chunk in chunks for path, photo_id in connection.execute(chunk)}
