"""Known photos that may have a film behind the picture, once the films of photos are wanted."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select

from index.photos.films import put_film
from index.store.schema import content, film, photo
from index.store.statements import are_under
from index.store.store import Store
from pipeline.values import FilmPart, PhotoFile

_CHUNK = 1000

_DECODERS = ("jpeg ", "heic ")
"""How the names of decoders begin whose formats may have a film behind the picture."""


@dataclass(frozen=True, slots=True)
class KnownPhoto:
    """A file of a known content, as it was when it was read."""

    content_id: int
    file: PhotoFile


class FilmsBehindPhotos:
    """The films behind the photos of one library; each chunk, and each method, is one transaction."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def not_looked_for(self, roots: Sequence[bytes]) -> Iterator[list[KnownPhoto]]:
        """Yield the present photos at or under some paths of which no film is known, in chunks."""
        columns = photo.c.id, photo.c.content_id, photo.c.path, photo.c.size, photo.c.mtime_ns
        query = (
            select(*columns)
            .join_from(photo, content)
            .outerjoin(film, film.c.content_id == content.c.id)
            .where(film.c.content_id.is_(None), or_(*map(content.c.decoder.startswith, _DECODERS)))
            .where(content.c.failed_reason.is_(None), photo.c.failed_reason.is_(None))
            .where(photo.c.missing_since.is_(None))
            .order_by(photo.c.id)
            .limit(_CHUNK)
        )
        for each in are_under(photo.c.path, roots):
            last = 0
            while True:
                with self._store.read() as connection:
                    rows = connection.execute(query.where(each, photo.c.id > last)).all()
                if not rows:
                    break
                last = rows[-1].id
                yield [KnownPhoto(row.content_id, PhotoFile(*row[2:])) for row in rows]

    def begin(self, photos: Sequence[KnownPhoto], per_second: float) -> None:
        """Record that photos have a film behind them, all of which is left to look at."""
        if not photos:
            return
        with self._store.write() as connection:
            for content_id in {each.content_id for each in photos}:
                if connection.scalar(select(content.c.id).where(content.c.id == content_id)) is not None:
                    put_film(connection, content_id, FilmPart(0.0, 0.0, 0.0, per_second))
