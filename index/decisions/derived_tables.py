"""Rebuilds the tables derived from the journal, all or a part, in a transaction of the caller."""

from collections.abc import Iterable, Mapping, Set
from dataclasses import asdict, dataclass
from typing import TypeAlias, TypeVar

from sqlalchemy import ColumnElement, Connection, Table, bindparam, delete, insert, or_, select, true, update

from index.decisions.drawn_rows import add_missing_rows, missing_rows
from index.decisions.face_links import FaceLinks, find_links
from index.decisions.journal_rows import read_decisions
from index.decisions.model import FaceKey
from index.decisions.replay import KnownPerson, State, replay
from index.decisions.same_faces import read_same_faces
from index.store.schema import (
    apart,
    content,
    in_photo,
    likeness,
    other_face,
    person,
    portrait,
    rejection,
    stored_face,
    verdict,
)
from index.store.statements import in_chunks, is_one_of, upsert

_Rows: TypeAlias = dict[tuple[int, ...], tuple[object, ...]]
"""Other columns of rows, by the primary key, which comes first."""

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")

_ALL = true()

_CHUNK = 500
"""Contents in one statement."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the derived tables: the rows of some contents and their faces, and those of some persons.

    Attributes:
        contents: Digests; with a content all that show one of its faces, as far as decisions know.
        persons: Keys. Rows say who of the others is known.
    """

    contents: Set[bytes]
    persons: Set[str]


def read_state(connection: Connection) -> State:
    """Compute the state from the journal; raise ``NotADecision`` for an unreadable row."""
    return replay(read_decisions(connection), read_same_faces(connection))


def write_derived_tables(connection: Connection, state: State, part: Part | None = None) -> None:
    """Write the rows that follow from the decisions, all or a part; known persons keep their row.

    The row of a person that is no longer known is deleted, with all rows that refer to it.
    """
    expected = state.persons if part is None else _only(state.persons, part.persons)
    stored = _persons(connection, part)
    changed = [asdict(each) for key, each in expected.items() if stored.get(key) != each]
    upsert(connection, person, changed, key="key")
    ids = _person_ids(connection, None if part is None else part.persons | _named(state))
    gone = [ids.pop(key) for key in stored.keys() - expected.keys()]
    if not _confirmed(state) <= ids.keys():  # somebody else's row is lost: the tables are damaged
        write_derived_tables(connection, read_state(connection))
        return
    add_missing_rows(connection, state, None if part is None else part.contents)
    links = find_links(connection, state, ids.keys(), None if part is None else part.contents)
    photos = _content_ids(connection, state.in_photo if part is None else part.contents)
    own = None if part is None else [ids[key] for key in expected]
    _keep(connection, links, part)
    for table, rows in _expected_rows(state, links, photos, ids, part).items():
        _write_rows(connection, table, rows, _ALL if own is None else _in_part(table, links, photos, own))
    if gone:
        connection.execute(delete(person).where(is_one_of(person.c.id, gone)))


def differences(connection: Connection, state: State) -> dict[str, int]:
    """Count the missing and wrong rows of each table; leave out tables without any."""
    # A person without a row gets 0, which is nobody's id: no row of another table has it either.
    ids = dict.fromkeys(state.persons, 0) | _person_ids(connection)
    links = find_links(connection, state, state.persons.keys())
    counts = {person.name: _count_different(_persons(connection), state.persons)}
    counts[other_face.name] = len(links.kept ^ _kept(connection))
    counts[stored_face.name] = sum(map(len, missing_rows(connection, state).values()))
    photos = _content_ids(connection, state.in_photo)
    for table, rows in _expected_rows(state, links, photos, _only(ids, state.persons.keys())).items():
        counts[table.name] = _count_different(_stored_rows(connection, table), rows)
    return {table: count for table, count in counts.items() if count}


def _only(values: Mapping[str, _Value], keys: Set[str]) -> dict[str, _Value]:
    return {key: value for key, value in values.items() if key in keys}


def _count_different(stored: Mapping[_Key, object], expected: Mapping[_Key, object]) -> int:
    return sum(stored.get(key) != expected.get(key) for key in stored.keys() | expected.keys())


def _named(state: State) -> set[str]:
    """Return the keys of the persons that rows of faces and persons may name."""
    others = (state.rejections, state.portraits, state.in_photo)
    named = (key for each in others for persons in each.values() for key in persons)
    return {*_confirmed(state), *named, *(key for pair in state.apart for key in pair)}


def _confirmed(state: State) -> set[str]:
    return {each.person for each in state.verdicts.values() if each.person is not None}


def _content_ids(connection: Connection, digests: Iterable[bytes]) -> dict[bytes, int]:
    """Read the ids of the contents that the library has, by digest."""
    query = select(content.c.digest, content.c.id)
    chunks = (query.where(content.c.digest.in_(chunk)) for chunk in in_chunks(sorted(digests), _CHUNK))
    return {row.digest: row.id for chunk in chunks for row in connection.execute(chunk)}


def _expected_rows(
    state: State,
    links: FaceLinks,
    photos: Mapping[bytes, int],
    ids: Mapping[str, int],
    part: Part | None = None,
) -> dict[Table, _Rows]:
    """Return the rows of faces, photos and pairs of persons; ``ids`` has everybody who is known."""
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
    rejections, portraits = (
        _rows_of_faces(persons, links, ids) for persons in (state.rejections, state.portraits)
    )
    there: _Rows = {
        (photo, ids[who]): (number,)
        for digest, photo in photos.items()
        for who, number in state.in_photo.get(digest, {}).items()
        if who in ids
    }
    pairs: _Rows = {
        (min(ids[one], ids[other]), max(ids[one], ids[other])): (number,)
        for (one, other), number in state.apart.items()
        if one in ids and other in ids and (part is None or one in part.persons or other in part.persons)
    }
    return {verdict: verdicts, rejection: rejections, portrait: portraits, in_photo: there, apart: pairs}


def _rows_of_faces(
    persons: Mapping[FaceKey, Mapping[str, int]], links: FaceLinks, ids: Mapping[str, int]
) -> _Rows:
    return {
        (row, ids[who]): (number,)
        for key, each in persons.items()
        for who, number in each.items()
        for row in links.rows[key]
        if who in ids
    }


def _in_part(
    table: Table, links: FaceLinks, photos: Mapping[bytes, int], persons: list[int]
) -> ColumnElement[bool]:
    """Select the rows that belong to a part."""
    if table is apart:
        return or_(is_one_of(apart.c.person_id, persons), is_one_of(apart.c.other_id, persons))
    if table is in_photo:
        return is_one_of(in_photo.c.content_id, sorted(photos.values()))
    return is_one_of(table.c.face_id, sorted(links.searched))


def _persons(connection: Connection, part: Part | None = None) -> dict[str, KnownPerson]:
    query = select(person.c.key, person.c.name, person.c.hidden, person.c.born)
    if part is not None:
        query = query.where(is_one_of(person.c.key, part.persons))
    rows = connection.execute(query)
    return {row.key: KnownPerson(row.key, row.name, row.hidden, born=row.born) for row in rows}


def _person_ids(connection: Connection, keys: Set[str] | None = None) -> dict[str, int]:
    query = select(person.c.key, person.c.id)
    if keys is not None:
        query = query.where(is_one_of(person.c.key, keys))
    return {row.key: row.id for row in connection.execute(query)}


def _write_rows(
    connection: Connection, table: Table, expected: _Rows, condition: ColumnElement[bool]
) -> None:
    """Replace the rows that meet a condition by the expected ones, as far as they differ."""
    names = [column.name for column in table.columns]
    stored = _stored_rows(connection, table, condition)
    stale = [key for key, values in stored.items() if expected.get(key) != values]
    new = [key + values for key, values in expected.items() if stored.get(key) != values]
    if stale:
        conditions = [column == bindparam(f"old_{column.name}") for column in table.primary_key]
        rows = [{f"old_{name}": part for name, part in zip(names, key, strict=False)} for key in stale]
        connection.execute(delete(table).where(*conditions), rows)
    if new:
        connection.execute(insert(table), [dict(zip(names, row, strict=True)) for row in new])


def _stored_rows(connection: Connection, table: Table, condition: ColumnElement[bool] = _ALL) -> _Rows:
    keys = len(table.primary_key)
    rows = connection.execute(select(table).where(condition))
    return {tuple(row[:keys]): tuple(row[keys:]) for row in rows}


def _keep(connection: Connection, links: FaceLinks, part: Part | None) -> None:
    """Show the faces of other detectors that decisions are about, and no others."""
    stored = _kept(connection, None if part is None else links.searched)
    for changed, value in ((links.kept - stored, True), (stored - links.kept, False)):
        is_changed = is_one_of(other_face.c.face_id, changed)
        if changed:
            connection.execute(update(other_face).where(is_changed).values(kept=value))
        if changed and not value:  # once shown again, they are judged as new ones
            connection.execute(delete(likeness).where(is_one_of(likeness.c.face_id, changed)))


def _kept(connection: Connection, among: Set[int] | None = None) -> set[int]:
    query = select(other_face.c.face_id).where(other_face.c.kept)
    if among is not None:
        query = query.where(is_one_of(other_face.c.face_id, among))
    return set(connection.scalars(query))
