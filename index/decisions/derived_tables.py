"""The tables that follow from the journal alone, made to say what its decisions come to.

``person``, ``verdict`` and ``rejection`` name rows, decisions name contents and boxes: a box that a decision
names is the face in the same content that overlaps it most, if that is enough, and no face is two boxes.
Only rows that differ are written. All happens inside a transaction that the caller began.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from sqlalchemy import Connection, Table, bindparam, delete, insert, select, update

from index.decisions.face_overlap import pairs
from index.decisions.model import FaceKey
from index.decisions.replay import State
from index.store.schema import content, decision_face, face, person, rejection, verdict
from pipeline.values import Box

_Rows: TypeAlias = dict[tuple[int, ...], tuple[object, ...]]
"""The other columns of rows, by those that tell the rows apart."""

_Key = TypeVar("_Key")


def write_derived_tables(connection: Connection, state: State) -> None:
    """Make the tables say what the decisions come to.

    A person that is known keeps its row; one that is known no more loses it, with all that refers to it.
    """
    ids = _put_persons(connection, state)
    wanted = _wanted(connection, state, ids)
    _put(connection, verdict, 1, wanted.verdicts)
    _put(connection, rejection, 2, wanted.rejections)
    gone = [{"gone": each} for each in _persons(connection).keys() - ids.keys()]
    if gone:
        connection.execute(delete(person).where(person.c.key == bindparam("gone")), gone)


def differences(connection: Connection, state: State) -> dict[str, int]:
    """How many rows of each table do not say what the decisions come to, or lack; nothing is written.

    Tables of which none does are left out.
    """
    held = _persons(connection)
    known = {key: (each.name, each.hidden) for key, each in state.persons.items()}
    persons = {key: (each.name, each.hidden) for key, each in held.items()}
    # A person that has no row yet has none in the other tables either: 0 is no person's id.
    wanted = _wanted(connection, state, {key: held[key].id if key in held else 0 for key in known})
    counts = {
        person.name: _different(persons, known),
        verdict.name: _different(_held(connection, verdict, 1), wanted.verdicts),
        rejection.name: _different(_held(connection, rejection, 2), wanted.rejections),
    }
    return {table: count for table, count in counts.items() if count}


def _different(held: Mapping[_Key, object], wanted: Mapping[_Key, object]) -> int:
    return sum(held.get(key) != wanted.get(key) for key in held.keys() | wanted.keys())


@dataclass(frozen=True, slots=True)
class _Wanted:
    verdicts: _Rows
    rejections: _Rows


def _wanted(connection: Connection, state: State, ids: Mapping[str, int]) -> _Wanted:
    """The rows that the decisions come to; ``ids`` are those of the persons, by key."""
    links = _links(connection, state)
    verdicts: _Rows = {
        (links[key],): (each.status, None if each.person is None else ids[each.person], each.decision_id)
        for key, each in state.verdicts.items()
        if key in links
    }
    rejections: _Rows = {
        (links[key], ids[who]): (number,)
        for key, each in state.rejections.items()
        for who, number in each.items()
        if key in links and who in ids
    }
    return _Wanted(verdicts, rejections)


@dataclass(frozen=True, slots=True)
class _PersonRow:
    id: int
    name: str
    hidden: bool


def _persons(connection: Connection) -> dict[str, _PersonRow]:
    return {row.key: _PersonRow(row.id, row.name, row.hidden) for row in connection.execute(select(person))}


def _put_persons(connection: Connection, state: State) -> dict[str, int]:
    """Rows for those who are known; returns their ids by key."""
    known = _persons(connection)
    ids = {}
    for key, each in state.persons.items():
        values = {"name": each.name, "hidden": each.hidden}
        row = known.get(key)
        if row is None:
            made = connection.execute(insert(person).values(key=key, **values).returning(person.c.id))
            ids[key] = int(made.scalar_one())
            continue
        ids[key] = row.id
        if (row.name, row.hidden) != (each.name, each.hidden):
            connection.execute(update(person).where(person.c.id == row.id).values(**values))
    return ids


def _put(connection: Connection, table: Table, keys: int, wanted: _Rows) -> None:
    """Make a table hold these rows and no others; its first ``keys`` columns tell the rows apart."""
    names = [column.name for column in table.columns]
    held = _held(connection, table, keys)
    stale = [key for key, values in held.items() if wanted.get(key) != values]
    fresh = [key + values for key, values in wanted.items() if held.get(key) != values]
    if stale:
        conditions = [table.c[name] == bindparam(f"old_{name}") for name in names[:keys]]
        rows = [{f"old_{name}": part for name, part in zip(names, key, strict=False)} for key in stale]
        connection.execute(delete(table).where(*conditions), rows)
    if fresh:
        connection.execute(insert(table), [dict(zip(names, row, strict=True)) for row in fresh])


def _held(connection: Connection, table: Table, keys: int) -> _Rows:
    return {tuple(row[:keys]): tuple(row[keys:]) for row in connection.execute(select(table)).all()}


def _links(connection: Connection, state: State) -> dict[FaceKey, int]:
    """The ids of the faces that keys are about; keys of faces that are not in the library are left out."""
    keys = dict.fromkeys([*state.verdicts, *state.rejections])
    rows = _named_faces(connection)
    links = {key: rows[key] for key in keys if key in rows}
    unlinked = _by_content(key for key in keys if key not in links)
    taken = set(links.values())
    free = _by_content(
        key for key, face_id in rows.items() if key.digest in unlinked and face_id not in taken
    )
    for digest, wanted in unlinked.items():
        there = free.get(digest, [])
        for pair in pairs([key.box for key in wanted], [key.box for key in there]):
            links[wanted[pair.first]] = rows[there[pair.second]]
    return links


def _named_faces(connection: Connection) -> dict[FaceKey, int]:
    """The faces of all contents that decisions name."""
    query = (
        select(content.c.digest, face.c.x, face.c.y, face.c.w, face.c.h, face.c.id)
        .join_from(face, content)
        .where(content.c.digest.in_(select(decision_face.c.digest)))
        .order_by(face.c.id)
    )
    return {FaceKey(digest, Box(*box)): number for digest, *box, number in connection.execute(query).all()}


def _by_content(keys: Iterable[FaceKey]) -> dict[bytes, list[FaceKey]]:
    found: dict[bytes, list[FaceKey]] = {}
    for key in keys:
        found.setdefault(key.digest, []).append(key)
    return found
