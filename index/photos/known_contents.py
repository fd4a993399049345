"""Reads contents that are looked at again, with the photos that show them, in a transaction of the caller."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, select

from index.decisions.same_faces import pictures_of
from index.photos.films import is_film
from index.store.schema import content, film, photo
from index.values import KnownContent
from pipeline.values import FilmRest, PhotoFile


def read_contents(
    connection: Connection, rows: Sequence[Row[Any, Any]], starts: Mapping[int, float] | None = None
) -> Iterator[KnownContent]:
    """Read some contents, rows with ``id`` and ``digest``, in their order.

    ``starts`` says from which moment on films are looked at, by content, if not from their beginning.
    """
    files: dict[int, list[PhotoFile]] = defaultdict(list)
    present = photo.c.missing_since.is_(None)
    holders = select(photo).where(photo.c.content_id.in_([row.id for row in rows]), present)
    for row in connection.execute(holders.order_by(photo.c.path)):
        files[row.content_id].append(PhotoFile(row.path, row.size, row.mtime_ns))
    films = select(film.c.content_id, film.c.per_second, is_film.label("is_film")).join(content)
    films = films.where(film.c.content_id.in_([row.id for row in rows]))
    rates, behind = dict[int, float](), dict[int, float]()
    for row in connection.execute(films):
        (rates if row.is_film else behind)[row.content_id] = row.per_second
    pictures = pictures_of(connection, (row.digest for row in rows))
    shown: dict[bytes, set[bytes]] = defaultdict(set)
    for digest, picture in pictures.items():
        shown[picture].add(digest)
    for row in rows:
        digests = frozenset({row.digest, *shown.get(pictures[row.digest], ())})
        found = tuple(files[row.id])
        if row.id in rates:
            rest = FilmRest(row.digest, (starts or {}).get(row.id, 0.0), rates[row.id])
            found = tuple(replace(file, rest=rest) for file in found[:1])
        if row.id in behind:
            found = (max(found, key=lambda file: file.size),) if found else ()
        yield KnownContent(row.id, row.digest, digests, found, behind.get(row.id))
