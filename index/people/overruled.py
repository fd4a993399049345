"""Compares what decisions say before and after others are made, so that none is overruled in silence.

All functions work in a transaction of the caller.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from sqlalchemy import Connection, select

from index.people.persons import KnownPersons, Person
from index.store.schema import person, rejection, verdict
from index.store.statements import is_one_of


class Said(StrEnum):
    """What a decision said of a face; the first three are values of ``verdict.status``."""

    CONFIRMED = "confirmed"
    IGNORED = "ignored"
    NOT_A_FACE = "not-a-face"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Overruled:
    """Faces of which decisions say something else now.

    Attributes:
        face_ids: Rising.
        said: What was said of them before.
        person: The name of the person whom they were confirmed as, or rejected for; else ``None``.
        now: The name of the person whom they are confirmed as now; ``None`` for nobody.
        decision_id: Number of the decision or undo that overruled the earlier one; ``None`` if a merge did.
    """

    face_ids: tuple[int, ...]
    said: Said
    person: str | None
    now: str | None
    decision_id: int | None


@dataclass(frozen=True, slots=True)
class Renamed:
    """A person who is listed by another name now.

    Attributes:
        before: ``None`` for a person who was not listed before.
        now: ``None`` for a person whom no decision makes known any more.
        namesake: The name of the person, if another one has it already, so that ``now`` has a number.
        merged: The person is part of ``now``.
    """

    before: str | None
    now: str | None
    namesake: str | None = None
    merged: bool = False


@dataclass(frozen=True, slots=True)
class Effects:
    """What decisions changed of what earlier ones said."""

    overruled: tuple[Overruled, ...] = ()
    renamed: tuple[Renamed, ...] = ()


NO_EFFECTS = Effects()


@dataclass(frozen=True, slots=True)
class SaidOfFaces:
    """What decisions say at one moment; persons are keys.

    Attributes:
        verdicts: By face, its status, its person, and the number of the decision.
        rejections: By face and person, the number of the decision.
        persons: By key.
        names: The names of persons, by key, without numbers that tell persons of one name apart.
    """

    verdicts: Mapping[int, tuple[str, str | None, int]]
    rejections: Mapping[tuple[int, str], int]
    persons: Mapping[str, Person]
    names: Mapping[str, str]


def said_of_faces(
    connection: Connection,
    face_ids: Sequence[int] | None = None,
    persons: SaidOfFaces | None = None,
    known: KnownPersons | None = None,
) -> SaidOfFaces:
    """Read what decisions say of some faces, or of all, and of all persons, who may be ``known``.

    If no person can have changed since, ``persons`` is what was said before, and they are not read again.
    """
    decided = select(verdict.c.face_id, verdict.c.status, person.c.key, verdict.c.decision_id).outerjoin(
        person
    )
    refused = select(rejection.c.face_id, person.c.key, rejection.c.decision_id).join(person)
    if face_ids is not None:
        decided = decided.where(is_one_of(verdict.c.face_id, face_ids))
        refused = refused.where(is_one_of(rejection.c.face_id, face_ids))
    shared: dict[tuple[str, str | None, int], tuple[str, str | None, int]] = {}  # few differ: saves memory
    verdicts = {
        face_id: shared.setdefault((status, key, number), (status, key, number))
        for face_id, status, key, number in connection.execute(decided)
    }
    rejections = {(face_id, key): number for face_id, key, number in connection.execute(refused)}
    if persons is not None:
        return replace(persons, verdicts=verdicts, rejections=rejections)
    everyone = (known or KnownPersons()).read(connection)
    names = {each.key: everyone.own_names[each.id] for each in everyone.by_id.values()}
    return SaidOfFaces(verdicts, rejections, everyone.by_key, names)


def overruled(
    before: SaidOfFaces, after: SaidOfFaces, undone: Mapping[int, int] | None = None
) -> tuple[Overruled, ...]:
    """Find the faces of which decisions say something else now, together by what was said, by rising id.

    Faces of a person who became part of another one are the other one's, and not overruled. ``undone`` has
    the numbers of undos, by the number of the decision that each undoes.
    """
    undone = undone or {}
    found: dict[tuple[Said, str, int | None, str | None], list[int]] = defaultdict(list)
    for face_id, (status, key, number) in before.verdicts.items():
        now = after.verdicts.get(face_id)
        is_same = now is not None and now[:2] == (status, key)
        if not is_same and (key is None or key in after.persons):
            later = now[2] if now else after.rejections.get((face_id, key or ""), 0)
            by = later if later > number else undone.get(number)
            found[Said(status), key or "", by, now[1] if now else None].append(face_id)
    for (face_id, key), number in before.rejections.items():
        if (face_id, key) not in after.rejections and key in after.persons:
            now = after.verdicts.get(face_id)
            by = now[2] if now and now[2] > number else undone.get(number)
            found[Said.REJECTED, key, by, now[1] if now else None].append(face_id)
    return tuple(
        Overruled(
            face_ids=tuple(sorted(faces)),
            said=said,
            person=before.persons[key].name if key else None,
            now=after.persons[now_key].name if now_key else None,
            decision_id=by,
        )
        for (said, key, by, now_key), faces in sorted(found.items(), key=lambda item: min(item[1]))
    )


def renamed(
    before: SaidOfFaces, after: SaidOfFaces, merged: Mapping[str, str] | None = None
) -> tuple[Renamed, ...]:
    """Find the persons who are listed by another name now, or by one with a number.

    With ``merged``, the keys that keys of merged persons mean now, also those who are no longer listed.
    """
    found: list[Renamed] = []
    for key, now in after.persons.items():
        earlier = before.persons.get(key)
        namesake = after.names[key] if now.name != after.names[key] else None
        if (earlier is not None and earlier.name != now.name) or (earlier is None and namesake):
            found.append(Renamed(None if earlier is None else earlier.name, now.name, namesake))
    if merged is not None:
        for key in before.persons.keys() - after.persons.keys():
            into = after.persons.get(merged.get(key, ""))
            name = None if into is None else into.name
            found.append(Renamed(before.persons[key].name, name, merged=into is not None))
    return tuple(sorted(found, key=lambda each: (each.before or "", each.now or "")))
