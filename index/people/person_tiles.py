"""Reads what shows a person in a list, in a transaction of the caller."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, case, exists, func, or_, select

from index.people.named_faces import (
    confirmed_faces,
    is_in_photo,
    is_in_present_photo,
    named_faces,
    recognised_faces,
)
from index.people.persons import Person
from index.store.schema import content, face, portrait, recognised, verdict
from index.store.statements import is_one_of


@dataclass(frozen=True, slots=True)
class PersonTile:
    """A person in a list.

    Attributes:
        confirmed: The number of confirmed faces in photos; ``recognised`` likewise.
        portrait: The id of the face that is shown: a chosen one, or the best confirmed one, or the best
            recognised one. ``None`` without a face in a photo.
    """

    person: Person
    confirmed: int
    recognised: int
    portrait: int | None

    @property
    def faces(self) -> int:
        """The number of faces."""
        return self.confirmed + self.recognised


def count_some(connection: Connection, persons: Collection[int]) -> dict[int, tuple[int, int]]:
    """Count the confirmed and the recognised faces of some persons; those without a face are left out."""
    named = named_faces(persons)
    is_recognised = named.c.similarity.is_not(None)
    query = (
        select(named.c.person_id, func.count().filter(~is_recognised), func.count().filter(is_recognised))
        .join_from(named, face, face.c.id == named.c.face_id)
        .where(is_in_photo(face.c.content_id))
        .group_by(named.c.person_id)
    )
    return {row[0]: (row[1], row[2]) for row in connection.execute(query)}


def read_portraits(connection: Connection, persons: Collection[int]) -> dict[int, int]:
    """Choose the face that is shown for each of some persons; see ``PersonTile``.

    The best face is in a photo that is there, of the best quality to a tenth, the largest, the latest.
    """
    # No decision says that it is somebody else, but it may have been recognised as somebody else since.
    is_theirs = (
        exists().where(table.c.face_id == portrait.c.face_id, table.c.person_id == portrait.c.person_id)
        for table in (verdict, recognised)
    )
    chosen = select(portrait.c.face_id, portrait.c.person_id).where(or_(*is_theirs))
    found: dict[int, int] = {}
    for faces, person_id in (
        (chosen, portrait.c.person_id),
        (confirmed_faces(), verdict.c.person_id),
        (recognised_faces(), recognised.c.person_id),
    ):
        if left := [each for each in persons if each not in found]:
            found |= _best(connection, faces.where(is_one_of(person_id, left)))
    return found


def _best(connection: Connection, faces: Select[Any]) -> dict[int, int]:
    """Choose the best of some faces, each with its person, for each person."""
    some = faces.subquery()
    rank = func.row_number().over(
        partition_by=some.c.person_id,
        order_by=(
            is_in_present_photo(face.c.content_id).desc(),
            func.round(face.c.quality, 1).desc(),
            case((face.c.w < face.c.h, face.c.w), else_=face.c.h).desc(),
            content.c.taken_at.desc(),
            face.c.id,
        ),
    )
    ranked = (
        select(some.c.person_id, some.c.face_id, rank.label("rank"))
        .join_from(some, face, face.c.id == some.c.face_id)
        .join(content, content.c.id == face.c.content_id)
        .where(is_in_photo(face.c.content_id))
        .subquery()
    )
    query = select(ranked.c.person_id, ranked.c.face_id).where(ranked.c.rank == 1)
    return {row.person_id: row.face_id for row in connection.execute(query)}
