"""Finds photos by the persons in them and the time they were taken."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import chain

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, false, func, not_, or_, select

from index.people.named_faces import named_faces
from index.spans import at_once
from index.store.schema import content, face, in_photo, photo, tracklet, verdict
from index.store.statements import is_one_of
from index.store.store import Store
from index.values import TimeSpan
from pipeline.values import DateSource


@dataclass(frozen=True, slots=True)
class PhotoFilter:
    """Which photos to find.

    Attributes:
        persons: Ids of persons who are all in the photo, at least one; nobody of ``without`` is. They have a
            face there, or a decision says that they are there without one.
        only: Nobody else is in it; faces that are none by decision do not count.
        since: Taken on this day or later, by the photo's own clock. Photos without a time are left out.
        until: Taken on this day or earlier.
        probable: Faces that count as those of ``persons`` too, each face under its person.
    """

    persons: tuple[int, ...]
    without: tuple[int, ...] = ()
    only: bool = False
    since: date | None = None
    until: date | None = None
    probable: Mapping[int, Sequence[int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FoundPhoto:
    """A photo or film that was found: absolute path, digest of its content, and recorded time, if any.

    Attributes:
        probable: Somebody asked for is only probably in it.
        moments: When a film shows all of them at once, in the order of time, except those who are there
            without a face; ``None`` for a photo, or if nobody has one.
        taken_from: What says the time, if that is known.
        photo_id: For ``Library.photo``.
    """

    path: bytes
    digest: bytes
    taken_at: datetime | None
    probable: bool = False
    moments: tuple[TimeSpan, ...] | None = None
    taken_from: DateSource | None = None
    photo_id: int = 0


def find_photos(store: Store, search: PhotoFilter) -> tuple[FoundPhoto, ...]:
    """Find the photos that show persons, by the time they were taken, then path.

    Missing photos are left out. A content at several paths is found at each of them. Raises a ``ValueError``
    if ``search`` names no person.
    """
    if not search.persons:
        raise ValueError("photos are found by the persons in them: name at least one")
    probable = not_(and_(*_shown(search, {}))) if search.probable else false()
    columns = (photo.c.path, content.c.digest, content.c.taken_at)
    query = (
        select(*columns, probable, content.c.id, content.c.taken_from, photo.c.id)
        .join_from(photo, content)
        .where(photo.c.missing_since.is_(None), *_who(search), *_when(search))
        .order_by(content.c.taken_at.is_(None), content.c.taken_at, photo.c.path)
    )
    with store.read() as connection:
        rows = connection.execute(query).all()
        moments = _moments(connection, search)
    return tuple(
        FoundPhoto(
            path,
            digest,
            None if time is None else datetime.fromisoformat(time),
            bool(is_probable),
            moments.get(content_id),
            None if time is None or source is None else DateSource(source),
            photo_id,
        )
        for path, digest, time, is_probable, content_id, source, photo_id in rows
    )


def _moments(connection: Connection, search: PhotoFilter) -> dict[int, tuple[TimeSpan, ...]]:
    """Read when films show all persons at once, by content."""
    seen = [_seen(connection, each, search.probable.get(each, ())) for each in search.persons]
    films = set[int]().union(*seen)
    added = [set(connection.scalars(_added_to([each]))) for each in search.persons]
    return {
        film: at_once(
            [
                spans.get(film, ())
                for spans, without_face in zip(seen, added, strict=True)
                if film in spans or film not in without_face
            ]
        )
        for film in films
    }


def _seen(connection: Connection, person_id: int, probable: Sequence[int]) -> dict[int, list[TimeSpan]]:
    """Read when films show a person, by content."""
    named = named_faces([person_id])
    columns = select(face.c.content_id, tracklet.c.start, tracklet.c.end)
    theirs = columns.join_from(named, face, face.c.id == named.c.face_id).join(tracklet)
    perhaps = columns.join_from(face, tracklet).where(is_one_of(face.c.id, probable))
    found: dict[int, list[TimeSpan]] = {}
    for query in (theirs, perhaps) if probable else (theirs,):
        for content_id, start, end in connection.execute(query):
            found.setdefault(content_id, []).append(TimeSpan(start, end))
    return found


def count_undated(store: Store, search: PhotoFilter) -> int:
    """Count the photos that ``find_photos`` leaves out only because it is not known when they were taken."""
    if search.since is None and search.until is None:
        return 0
    undated = content.c.taken_at.is_(None)
    query = (
        select(func.count())
        .select_from(photo.join(content))
        .where(photo.c.missing_since.is_(None), undated, *_who(search))
    )
    with store.read() as connection:
        return connection.scalar(query) or 0


def _shown(search: PhotoFilter, probable: Mapping[int, Sequence[int]]) -> Iterator[ColumnElement[bool]]:
    """Yield for each person that it is in a photo; ``probable`` faces of it count too."""
    for each in search.persons:
        shown: ColumnElement[bool] = content.c.id.in_(_contents_of([each]))
        if faces := probable.get(each):
            contents = select(face.c.content_id).where(is_one_of(face.c.id, faces))
            shown = or_(shown, content.c.id.in_(contents))
        yield shown


def _contents_of(persons: Sequence[int]) -> Select[tuple[int]]:
    """Select the ids of contents with some persons, by a face or without one."""
    named = named_faces(persons)
    by_face = select(face.c.content_id).join_from(named, face, face.c.id == named.c.face_id)
    return select(by_face.union_all(_added_to(persons)).subquery().c.content_id)


def _added_to(persons: Sequence[int]) -> Select[int]:
    """Select the ids of contents in which some persons are without a face."""
    return select(in_photo.c.content_id).where(is_one_of(in_photo.c.person_id, persons))


def _who(search: PhotoFilter) -> list[ColumnElement[bool]]:
    conditions = list(_shown(search, search.probable))
    if search.without:
        conditions.append(content.c.id.not_in(_contents_of(search.without)))
    if search.only:
        other, theirs = face.alias(), named_faces(search.persons)
        is_no_face = exists().where(verdict.c.face_id == other.c.id, verdict.c.status == "not-a-face")
        probable = sorted(chain.from_iterable(search.probable.values()))
        is_other = exists().where(
            other.c.content_id == content.c.id,
            other.c.id.not_in(select(theirs.c.face_id)),
            ~is_no_face,
            not_(is_one_of(other.c.id, probable)),
        )
        others = in_photo.c.person_id.not_in(search.persons)
        conditions += [~is_other, ~exists().where(in_photo.c.content_id == content.c.id, others)]
    return conditions


def _when(search: PhotoFilter) -> Iterator[ColumnElement[bool]]:
    day = func.substr(content.c.taken_at, 1, len("2024-05-06"))
    if search.since is not None:
        yield day >= search.since.isoformat()
    if search.until is not None:
        yield day <= search.until.isoformat()
