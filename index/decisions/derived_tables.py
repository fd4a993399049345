"""Rebuilds the tables derived from the journal, in a transaction of the caller.

Decisions name contents and boxes; the tables name rows. A decision applies to the face of the content that
overlaps its box most, if that is enough, and to the same face in other contents; no face matches two boxes.
Where the detector of a content found no such face, the face of another detector is kept for the decision.
"""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import asdict, dataclass, field
from typing import TypeAlias, TypeVar

from sqlalchemy import ColumnElement, Connection, Table, bindparam, delete, insert, select, update

from index.decisions.face_overlap import SAME_FACE, overlap, pairs
from index.decisions.journal_rows import read_decisions
from index.decisions.model import FaceKey
from index.decisions.replay import KnownPerson, State, replay
from index.decisions.same_faces import read_same_faces
from index.store.schema import (
    apart,
    content,
    decision_face,
    other_face,
    person,
    rejection,
    stored_face,
    verdict,
)
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
    links = _links(connection, state)
    _keep(connection, links.kept)
    stored = _persons(connection)
    changed = [asdict(each) for key, each in state.persons.items() if stored.get(key) != each]
    upsert(connection, person, changed, key="key")
    ids = _person_ids(connection)
    for table, rows in _expected_rows(state, links, ids).items():
        _write_rows(connection, table, rows)
    connection.execute(delete(person).where(is_one_of(person.c.key, ids.keys() - state.persons.keys())))


def differences(connection: Connection, state: State) -> dict[str, int]:
    """Count the missing and wrong rows of each table; leave out tables without any."""
    # A person without a row gets 0, which is nobody's id: no row of another table has it either.
    ids = dict.fromkeys(state.persons, 0) | _person_ids(connection)
    links = _links(connection, state)
    counts = {person.name: _count_different(_persons(connection), state.persons)}
    counts[other_face.name] = len(links.kept ^ _kept(connection))
    for table, rows in _expected_rows(state, links, ids).items():
        counts[table.name] = _count_different(_stored_rows(connection, table), rows)
    return {table: count for table, count in counts.items() if count}


def _count_different(stored: Mapping[_Key, object], expected: Mapping[_Key, object]) -> int:
    return sum(stored.get(key) != expected.get(key) for key in stored.keys() | expected.keys())


def _expected_rows(state: State, links: "_Links", ids: Mapping[str, int]) -> dict[Table, _Rows]:
    verdicts: _Rows = {
        (row,): (
            each.status,
            None if each.person is None else ids[each.person],
            each.decision_id,
            each.edited,
        )
        for key, each in state.verdicts.items()
        for row in links.rows[key]
    }
    rejections: _Rows = {
        (row, ids[who]): (number,)
        for key, each in state.rejections.items()
        for who, number in each.items()
        for row in links.rows[key]
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


@dataclass(frozen=True, slots=True)
class _Links:
    """The rows of each face that a decision is about; ``kept`` are those that another detector found."""

    rows: Mapping[FaceKey, Sequence[int]]
    kept: Set[int]


@dataclass(slots=True)
class _ContentFaces:
    """The faces of a content, ids by box: by its detector, and by others."""

    own: dict[Box, int] = field(default_factory=dict)
    others: dict[Box, int] = field(default_factory=dict)


def _links(connection: Connection, state: State) -> _Links:
    """Find the rows of each face that a decision is about: one in each content that shows it."""
    keys = dict.fromkeys([*state.verdicts, *state.rejections])
    wanted: dict[bytes, dict[Box, FaceKey]] = {}
    for key in keys:
        wanted.setdefault(state.same.pictures[key.digest], {})[key.box] = key
    links: dict[FaceKey, list[int]] = {key: [] for key in keys}
    kept: set[int] = set()
    for digest, faces in _faces_in_question(connection, state).items():
        named = wanted.get(state.same.pictures[digest], {})
        linked = _linked(list(named), faces)
        there = {state.numbers[named[box]] for box in linked}
        lost = [box for box, key in named.items() if state.numbers[key] not in there and _counts(state, key)]
        from_others = list(faces.others)
        found = {lost[i]: faces.others[from_others[j]] for i, j in pairs(lost, from_others)}
        kept.update(found.values())
        for box, face_id in (linked | found).items():
            links[named[box]].append(face_id)
    return _Links(links, kept)


def _linked(named: Sequence[Box], faces: _ContentFaces) -> dict[Box, int]:
    """Find the face of the content's own detector for each box, if there is one.

    A face that is rather another one, which only another detector found, is not that of the box.
    """
    unlinked = [box for box in named if box not in faces.own]
    rivals = [box for box in faces.others if all(overlap(box, each) <= SAME_FACE for each in named)]
    free = [box for box in faces.own if box not in named]
    found = {box: faces.own[box] for box in named if box in faces.own}
    for i, j in pairs([*unlinked, *rivals], free):
        if i < len(unlinked):
            found[unlinked[i]] = faces.own[free[j]]
    return found


def _counts(state: State, key: FaceKey) -> bool:
    """Tell whether a decision about a face has an effect: it is no rejection of an unknown person."""
    return key in state.verdicts or not state.persons.keys().isdisjoint(state.rejections[key])


def _faces_in_question(connection: Connection, state: State) -> dict[bytes, _ContentFaces]:
    """Read the faces of all contents to which decisions may apply, by digest."""
    conditions = [content.c.digest.in_(select(decision_face.c.digest))]
    conditions += [content.c.digest.in_(chunk) for chunk in in_chunks(sorted(state.same.digests), _CHUNK)]
    found: dict[bytes, _ContentFaces] = {}
    for condition in conditions:
        for digest, face_id, box, is_other in _read_faces(connection, condition):
            faces = found.setdefault(digest, _ContentFaces())
            (faces.others if is_other else faces.own)[box] = face_id
    return found


def _read_faces(
    connection: Connection, condition: ColumnElement[bool]
) -> Iterator[tuple[bytes, int, Box, bool]]:
    """Read faces by rising id: digest, id, box, and whether another detector found each."""
    columns, is_other = stored_face.c, other_face.c.face_id.is_not(None)
    query = (
        select(content.c.digest, columns.id, is_other, *(columns[name] for name in "xywh"))
        .join_from(stored_face, content)
        .outerjoin(other_face, other_face.c.face_id == columns.id)
    )
    for digest, face_id, other, *box in connection.execute(query.where(condition).order_by(columns.id)):
        yield digest, face_id, Box(*box), other


def _keep(connection: Connection, kept: Set[int]) -> None:
    """Show the faces of other detectors that decisions are about, and no others."""
    stored = _kept(connection)
    for changed, value in ((kept - stored, True), (stored - kept, False)):
        is_changed = is_one_of(other_face.c.face_id, changed)
        if changed:
            connection.execute(update(other_face).where(is_changed).values(kept=value))


def _kept(connection: Connection) -> set[int]:
    return set(connection.scalars(select(other_face.c.face_id).where(other_face.c.kept)))
