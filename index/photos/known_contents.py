"""Reads contents that are looked at again, with the photos that show them, in a transaction of the caller."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from index.decisions.same_faces import pictures_of
from index.store.schema import photo
from index.values import KnownContent
from pipeline.values import PhotoFile


def read_contents(connection: Connection, rows: Sequence[Row[Any, Any]]) -> Iterator[KnownContent]:
    """Read some contents, rows with ``id`` and ``digest``, in their order."""
    files: dict[int, list[PhotoFile]] = defaultdict(list)
    present = photo.c.missing_since.is_(None)
    holders = select(photo).where(photo.c.content_id.in_([row.id for row in rows]), present)
    for row in connection.execute(holders.order_by(photo.c.path)):
        files[row.content_id].append(PhotoFile(row.path, row.size, row.mtime_ns))
    pictures = pictures_of(connection, (row.digest for row in rows))
    shown: dict[bytes, set[bytes]] = defaultdict(set)
    for digest, picture in pictures.items():
        shown[picture].add(digest)
    for row in rows:
        digests = frozenset({row.digest, *shown.get(pictures[row.digest], ())})
        yield KnownContent(row.id, row.digest, digests, tuple(files[row.id]))
