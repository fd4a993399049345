"""Finds photos by the persons in them and the time they were taken."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, func, select

from index.people.named_faces import named_faces
from index.store.schema import content, face, photo, verdict
from index.store.statements import is_one_of
from index.store.store import Store


@dataclass(frozen=True, slots=True)
class PhotoFilter:
    """Which photos to find.

    Attributes:
        persons: Ids of persons who are all in the photo, at least one; nobody of ``without`` is.
        only: Nobody else is in it; faces that are none by decision do not count.
        since: Taken on this day or later, by the photo's own clock. Photos without a time are left out.
        until: Taken on this day or earlier.
    """

    persons: tuple[int, ...]
    without: tuple[int, ...] = ()
    only: bool = False
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class FoundPhoto:
    """A photo that was found: absolute path, digest of its content, and recorded time, if any."""

    path: bytes
    digest: bytes
    taken_at: datetime | None


def find_photos(store: Store, search: PhotoFilter) -> tuple[FoundPhoto, ...]:
    """Find the photos that show persons, by the time they were taken, then path.

    Missing photos are left out. A content at several paths is found at each of them. Raises a ``ValueError``
    if ``search`` names no person.
    """
    if not search.persons:
        raise ValueError("photos are found by the persons in them: name at least one")
    query = (
        select(photo.c.path, content.c.digest, content.c.taken_at)
        .join_from(photo, content)
        .where(photo.c.missing_since.is_(None), *_conditions(search))
        .order_by(content.c.taken_at.is_(None), content.c.taken_at, photo.c.path)
    )
    with store.read() as connection:
        return tuple(
            FoundPhoto(path, digest, None if taken_at is None else datetime.fromisoformat(taken_at))
            for path, digest, taken_at in connection.execute(query)
        )


def _conditions(search: PhotoFilter) -> list[ColumnElement[bool]]:
    named = named_faces()
    showing = select(face.c.content_id).join(named, named.c.face_id == face.c.id)
    conditions: list[ColumnElement[bool]] = [
        content.c.id.in_(showing.where(named.c.person_id == each)) for each in search.persons
    ]
    if search.without:
        conditions.append(content.c.id.not_in(showing.where(is_one_of(named.c.person_id, search.without))))
    if search.only:
        theirs = showing.with_only_columns(face.c.id).where(is_one_of(named.c.person_id, search.persons))
        no_faces = select(verdict.c.face_id).where(verdict.c.status == "not-a-face")
        others = select(face.c.content_id).where(face.c.id.not_in(theirs), face.c.id.not_in(no_faces))
        conditions.append(content.c.id.not_in(others))
    day = func.substr(content.c.taken_at, 1, len("2024-05-06"))
    if search.since is not None:
        conditions.append(day >= search.since.isoformat())
    if search.until is not None:
        conditions.append(day <= search.until.isoformat())
    return conditions
