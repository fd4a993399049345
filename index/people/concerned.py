"""Finds whom the latest decisions are about, so that what is kept of other persons can stay."""

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from index.decisions.journal_rows import decisions_at
from index.decisions.model import Decision, Undo, contents_of, persons_in
from index.store.schema import content, decision, face, person, verdict
from index.store.statements import in_chunks, is_one_of
from index.store.store import Store

_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Concerned:
    """What the decisions after a moment are about.

    Attributes:
        last: The number of the last decision, 0 before the first.
        persons: Those that the decisions name, or whose confirmed faces are in their photos now, by id.
        faces: The faces in the photos that they are about, by id.
    """

    last: int
    persons: frozenset[int]
    faces: frozenset[int]


def last_decision(store: Store) -> int:
    """Return the number of the last decision, 0 before the first."""
    with store.read() as connection:
        return _last(connection)


def concerned_since(store: Store, number: int, most: int) -> Concerned | None:
    """Find what the decisions after a number are about; ``None`` if there are more than ``most``."""
    with store.read() as connection:
        last = _last(connection)
        if last > number + most:
            return None
        found = _with_targets(connection, decisions_at(connection, decision.c.id > number))
        keys = {key for each in found for key in persons_in(each.act)}
        named = select(person.c.id).where(is_one_of(person.c.key, sorted(keys)))
        persons = set(connection.scalars(named))
        digests = {digest for each in found for digest in contents_of(each.act)}
        shown = select(face.c.id).join(content, content.c.id == face.c.content_id)
        faces = frozenset(
            face_id
            for some in in_chunks(sorted(digests), _CHUNK)
            for face_id in connection.scalars(shown.where(content.c.digest.in_(some)))
        )
        confirmed = select(verdict.c.person_id).where(
            is_one_of(verdict.c.face_id, sorted(faces)), verdict.c.person_id.is_not(None)
        )
        return Concerned(last, frozenset(persons.union(connection.scalars(confirmed))), faces)


def _last(connection: Connection) -> int:
    return connection.scalar(select(func.max(decision.c.id))) or 0


def _with_targets(connection: Connection, made: list[Decision]) -> list[Decision]:
    """Add the decisions that some undo, and those that these undo."""
    found, fresh = list(made), list(made)
    while targets := [each.act.target for each in fresh if isinstance(each.act, Undo)]:
        fresh = decisions_at(connection, is_one_of(decision.c.uid, targets))
        found += fresh
    return found
