"""Rebuilds the tables derived from the journal, in a transaction of the caller.

Decisions name contents and boxes; the tables name rows. A decision applies to the face of the content that
overlaps its box most, if that is enough, and to the same face in other contents; no face matches two boxes.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import TypeAlias, TypeVar

from sqlalchemy import Connection, Table, bindparam, delete, insert, select

from index.decisions.face_overlap import pairs
from index.decisions.journal_rows import face_keys, read_decisions
from index.decisions.model import FaceKey
from index.decisions.replay import KnownPerson, State, replay
from index.decisions.same_faces import read_same_faces
from index.store.schema import apart, content, decision_face, person, rejection, verdict
from index.store.statements import in_chunks, is_one_of, upsert
from pipeline.values import Box

_Rows: TypeAlias = dict[tuple[int, ...], tuple[object, ...]]
"""Other columns of rows, by the primary key, which comes first."""

_Key = TypeVar("_Key")

_CHUNK = 500
"""Contents in one statement."""


def read_state(connection: Connection) -> State:
    """Compute the state from the journal; raise ``NotADecision`` for an unreadable row."""
    return replay(read_decisions(connection), read_same_faces(connection))


def write_derived_tables(connection: Connection, state: State) -> None:
    """Write the rows that follow from the decisions; known persons keep their row.

    The row of a person that is no longer known is deleted, with all rows that refer to it.
    """
    stored = _persons(connection)
    changed = [asdict(each) for key, each in state.persons.items() if stored.get(key) != each]
    upsert(connection, person, changed, key="key")
    ids = _person_ids(connection)
    for table, rows in _expected_rows(connection, state, ids).items():
        _write_rows(connection, table, rows)
    connection.execute(delete(person).where(is_one_of(person.c.key, ids.keys() - state.persons.keys())))


def differences(connection: Connection, state: State) -> dict[str, int]:
    """Count the missing and wrong rows of each table; leave out tables without any."""
    # A person without a row gets 0, which is nobody's id: no row of another table has it either.
    ids = dict.fromkeys(state.persons, 0) | _person_ids(connection)
    counts = {person.name: _count_different(_persons(connection), state.persons)}
    for table, rows in _expected_rows(connection, state, ids).items():
        counts[table.name] = _count_different(_stored_rows(connection, table), rows)
    return {table: count for table, count in counts.items() if count}


def _count_different(stored: Mapping[_Key, object], expected: Mapping[_Key, object]) -> int:
    return sum(stored.get(key) != expected.get(key) for key in stored.keys() | expected.keys())


def _expected_rows(connection: Connection, state: State, ids: Mapping[str, int]) -> dict[Table, _Rows]:
    links = _links(connection, state)
    verdicts: _Rows = {
        (row,): (
            each.status,
            None if each.person is None else ids[each.person],
            each.decision_id,
            each.edited,
        )
        for key, each in state.verdicts.items()
        for row in links[key]
    }
    rejections: _Rows = {
        (row, ids[who]): (number,)
        for key, each in state.rejections.items()
        for who, number in each.items()
        for row in links[key]
        if who in state.persons
    }
    return {verdict: verdicts, rejection: rejections, apart: _apart(state, ids)}


def _apart(state: State, ids: Mapping[str, int]) -> _Rows:
    return {
        (min(ids[one], ids[other]), max(ids[one], ids[other])): (number,)
        for (one, other), number in state.apart.items()
        if one in state.persons and other in state.persons
    }


def _persons(connection: Connection) -> dict[str, KnownPerson]:
    query = select(person.c.key, person.c.name, person.c.hidden)
    return {row.key: KnownPerson(*row) for row in connection.execute(query)}


def _person_ids(connection: Connection) -> dict[str, int]:
    return {row.key: row.id for row in connection.execute(select(person.c.key, person.c.id))}


def _write_rows(connection: Connection, table: Table, expected: _Rows) -> None:
    names = [column.name for column in table.columns]
    stored = _stored_rows(connection, table)
    stale = [key for key, values in stored.items() if expected.get(key) != values]
    new = [key + values for key, values in expected.items() if stored.get(key) != values]
    if stale:
        conditions = [column == bindparam(f"old_{column.name}") for column in table.primary_key]
        rows = [{f"old_{name}": part for name, part in zip(names, key, strict=False)} for key in stale]
        connection.execute(delete(table).where(*conditions), rows)
    if new:
        connection.execute(insert(table), [dict(zip(names, row, strict=True)) for row in new])


def _stored_rows(connection: Connection, table: Table) -> _Rows:
    keys = len(table.primary_key)
    return {tuple(row[:keys]): tuple(row[keys:]) for row in connection.execute(select(table))}


def _links(connection: Connection, state: State) -> dict[FaceKey, list[int]]:
    """Find the rows of each face that a decision is about: one in each content that shows it."""
    keys = dict.fromkeys([*state.verdicts, *state.rejections])
    wanted: dict[bytes, dict[Box, FaceKey]] = {}
    for key in keys:
        wanted.setdefault(state.same.pictures[key.digest], {})[key.box] = key
    there: dict[bytes, dict[Box, int]] = {}
    for face_id, key in _faces_in_question(connection, state).items():
        there.setdefault(key.digest, {})[key.box] = face_id
    links: dict[FaceKey, list[int]] = {key: [] for key in keys}
    for digest, rows in there.items():
        named = wanted.get(state.same.pictures[digest], {})
        unlinked = [box for box in named if box not in rows]
        free = [box for box in rows if box not in named]
        pairs_of_boxes = [(unlinked[i], free[j]) for i, j in pairs(unlinked, free)]
        for box, found in (*((box, box) for box in named if box in rows), *pairs_of_boxes):
            links[named[box]].append(rows[found])
    return links


def _faces_in_question(connection: Connection, state: State) -> dict[int, FaceKey]:
    rows = face_keys(connection, content.c.digest.in_(select(decision_face.c.digest)))
    for chunk in in_chunks(sorted(state.same.digests), _CHUNK):
        rows |= face_keys(connection, content.c.digest.in_(chunk))
    return rows
