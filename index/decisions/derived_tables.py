"""Rebuilds the tables derived from the journal.

``person``, ``verdict`` and ``rejection`` name rows, decisions name contents and boxes: a box that a decision
names is the face in the same content that overlaps it most, if that is enough, and no face is two boxes.
Only rows that differ are written. All happens inside a transaction that the caller began.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from sqlalchemy import Connection, Table, bindparam, delete, insert, select

from index.decisions.face_keys import face_keys
from index.decisions.face_overlap import pairs
from index.decisions.model import FaceKey
from index.decisions.replay import State
from index.store.schema import content, decision_face, person, rejection, verdict
from index.store.statements import is_one_of, upsert

_Rows: TypeAlias = dict[tuple[int, ...], tuple[object, ...]]
"""The other columns of rows, by those that are their key."""

_Key = TypeVar("_Key")


def write_derived_tables(connection: Connection, state: State) -> None:
    """Write the rows that follow from the decisions.

    A person that is still known keeps its row. The row of a person that is not known any more is deleted,
    with all rows that refer to it.
    """
    ids = _write_persons(connection, state)
    expected = _expected_rows(connection, state, ids)
    _write_rows(connection, verdict, 1, expected.verdicts)
    _write_rows(connection, rejection, 2, expected.rejections)
    unknown = _persons(connection).keys() - ids.keys()
    connection.execute(delete(person).where(is_one_of(person.c.key, unknown)))


def differences(connection: Connection, state: State) -> dict[str, int]:
    """How many rows of each table are missing or differ from what follows from the decisions.

    Tables without such a row are left out. Nothing is written.
    """
    stored = _persons(connection)
    known = {key: (each.name, each.hidden) for key, each in state.persons.items()}
    persons = {key: (each.name, each.hidden) for key, each in stored.items()}
    # A person that has no row yet has none in the other tables either: 0 is no person's id.
    ids = {key: stored[key].id if key in stored else 0 for key in known}
    expected = _expected_rows(connection, state, ids)
    counts = {
        person.name: _count_different(persons, known),
        verdict.name: _count_different(_stored_rows(connection, verdict, 1), expected.verdicts),
        rejection.name: _count_different(_stored_rows(connection, rejection, 2), expected.rejections),
    }
    return {table: count for table, count in counts.items() if count}


def _count_different(stored: Mapping[_Key, object], expected: Mapping[_Key, object]) -> int:
    return sum(stored.get(key) != expected.get(key) for key in stored.keys() | expected.keys())


@dataclass(frozen=True, slots=True)
class _ExpectedRows:
    verdicts: _Rows
    rejections: _Rows


def _expected_rows(connection: Connection, state: State, ids: Mapping[str, int]) -> _ExpectedRows:
    """The rows that follow from the decisions; ``ids`` are those of the persons, by key."""
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
    return _ExpectedRows(verdicts, rejections)


@dataclass(frozen=True, slots=True)
class _PersonRow:
    id: int
    name: str
    hidden: bool


def _persons(connection: Connection) -> dict[str, _PersonRow]:
    return {row.key: _PersonRow(row.id, row.name, row.hidden) for row in connection.execute(select(person))}


def _write_persons(connection: Connection, state: State) -> dict[str, int]:
    """Write a row for each known person. Returns their ids by key."""
    stored = {key: (each.name, each.hidden) for key, each in _persons(connection).items()}
    changed = [
        {"key": key, "name": each.name, "hidden": each.hidden}
        for key, each in state.persons.items()
        if stored.get(key) != (each.name, each.hidden)
    ]
    upsert(connection, person, changed, key="key")
    rows = _persons(connection)
    return {key: rows[key].id for key in state.persons}


def _write_rows(connection: Connection, table: Table, keys: int, expected: _Rows) -> None:
    """Make a table hold these rows and no others; its first ``keys`` columns are the key of a row."""
    names = [column.name for column in table.columns]
    stored = _stored_rows(connection, table, keys)
    stale = [key for key, values in stored.items() if expected.get(key) != values]
    new = [key + values for key, values in expected.items() if stored.get(key) != values]
    if stale:
        conditions = [table.c[name] == bindparam(f"old_{name}") for name in names[:keys]]
        rows = [{f"old_{name}": part for name, part in zip(names, key, strict=False)} for key in stale]
        connection.execute(delete(table).where(*conditions), rows)
    if new:
        connection.execute(insert(table), [dict(zip(names, row, strict=True)) for row in new])


def _stored_rows(connection: Connection, table: Table, keys: int) -> _Rows:
    return {tuple(row[:keys]): tuple(row[keys:]) for row in connection.execute(select(table)).all()}


def _links(connection: Connection, state: State) -> dict[FaceKey, int]:
    """Face ids by key, for the keys whose face is in the library."""
    keys = dict.fromkeys([*state.verdicts, *state.rejections])
    named = content.c.digest.in_(select(decision_face.c.digest))
    rows = {key: face_id for face_id, key in face_keys(connection, named).items()}
    links = {key: rows[key] for key in keys if key in rows}
    unlinked = _by_content(key for key in keys if key not in links)
    taken = set(links.values())
    free = _by_content(
        key for key, face_id in rows.items() if key.digest in unlinked and face_id not in taken
    )
    for digest, faces in unlinked.items():
        there = free.get(digest, [])
        for pair in pairs([key.box for key in faces], [key.box for key in there]):
            links[faces[pair.first]] = rows[there[pair.second]]
    return links


def _by_content(keys: Iterable[FaceKey]) -> dict[bytes, list[FaceKey]]:
    found: dict[bytes, list[FaceKey]] = {}
    for key in keys:
        found.setdefault(key.digest, []).append(key)
    return found
