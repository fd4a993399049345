"""The journal's rows, and the keys that name faces in them; all in a transaction of the caller."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    RowMapping,
    delete,
    func,
    insert,
    select,
    update,
)

from index.decisions.fields import act_of, fields_of
from index.decisions.model import (
    OF_FACES,
    OF_PHOTOS,
    Act,
    Decision,
    FaceKey,
    faces_of,
    new_key,
    photos_of,
)
from index.errors import LibraryDamaged
from index.store.schema import BOX, content, decision, decision_face, decision_photo, face
from index.store.statements import in_chunks, is_one_of, last_id
from pipeline.values import Box

_CHUNK = 500
"""Digests in one statement."""

_FACES = select(
    decision_face.c.id,
    decision_face.c.decision_id,
    *(decision_face.c[name] for name in ("digest", *BOX)),
)

_PHOTOS = select(decision_photo.c.id, decision_photo.c.decision_id, decision_photo.c.digest)

_OTHER_PHOTO = bytes(32)
_OTHER_FACE = FaceKey(_OTHER_PHOTO, Box(0.0, 0.0, 0.0, 0.0))
"""These stand for what is left out of a decision while its fields are checked."""


class NotADecision(ValueError):
    """Row ``number`` of the journal is not a decision that this program wrote."""

    def __init__(self, number: int, reason: str) -> None:
        super().__init__(f"decision {number} cannot be read: {reason}")
        self.number = number


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Translate ``NotADecision`` to ``LibraryDamaged`` for the library at ``path``."""
    try:
        yield
    except NotADecision as error:
        raise LibraryDamaged(path, str(error)) from error


def read_decisions(connection: Connection) -> list[Decision]:
    """Read all decisions by number; raise ``NotADecision`` for an unreadable row."""
    faces = _by_decision(connection.execute(_FACES.order_by(decision_face.c.id)))
    photos = _photos_by_decision(connection.execute(_PHOTOS.order_by(decision_photo.c.id)))
    rows = connection.execute(select(decision).order_by(decision.c.id)).mappings()
    return [decision_of(row, faces.get(row["id"], ()), photos.get(row["id"], ())) for row in rows]


def decisions_at(connection: Connection, condition: ColumnElement[bool]) -> list[Decision]:
    """Read the decisions that meet a condition on ``decision``, by number; see ``read_decisions``."""
    rows = connection.execute(select(decision).where(condition).order_by(decision.c.id)).mappings().all()
    numbers = [row["id"] for row in rows]
    named = _FACES.where(is_one_of(decision_face.c.decision_id, numbers))
    faces = _by_decision(connection.execute(named.order_by(decision_face.c.id)))
    shown = _PHOTOS.where(is_one_of(decision_photo.c.decision_id, numbers))
    photos = _photos_by_decision(connection.execute(shown.order_by(decision_photo.c.id)))
    return [decision_of(row, faces.get(row["id"], ()), photos.get(row["id"], ())) for row in rows]


def faces_in(connection: Connection, digests: Sequence[bytes]) -> Mapping[int, Sequence[FaceKey]]:
    """Read the faces that decisions name in some contents, by the number of the decision."""
    queries = (_FACES.where(decision_face.c.digest.in_(chunk)) for chunk in in_chunks(digests, _CHUNK))
    return _by_decision(sorted(tuple(row) for query in queries for row in connection.execute(query)))


def _by_decision(rows: Iterable[Sequence[Any]]) -> dict[int, list[FaceKey]]:
    faces: dict[int, list[FaceKey]] = defaultdict(list)
    for _, number, digest, *box in rows:
        faces[number].append(FaceKey(digest, Box(*box)))
    return faces


def photos_in(connection: Connection, digests: Sequence[bytes]) -> Mapping[int, Sequence[bytes]]:
    """Read which of some contents decisions name as photos, by the number of the decision."""
    queries = (_PHOTOS.where(decision_photo.c.digest.in_(chunk)) for chunk in in_chunks(digests, _CHUNK))
    rows = sorted(tuple(row) for query in queries for row in connection.execute(query))
    return _photos_by_decision(rows)


def _photos_by_decision(rows: Iterable[Sequence[Any]]) -> dict[int, list[bytes]]:
    photos: dict[int, list[bytes]] = defaultdict(list)
    for _, number, digest in rows:
        photos[number].append(digest)
    return photos


def decision_of(
    row: RowMapping, faces: Sequence[FaceKey], photos: Sequence[bytes], *, some: bool = False
) -> Decision:
    """Make the decision of a row, with the faces and photos that it names, or ``some`` of them, even none.

    Raises a ``NotADecision`` if the row is unreadable.
    """
    try:
        act = act_of(
            {
                **row,
                "faces": faces or (_OTHER_FACE,) if some else faces,
                "photos": [each.hex() for each in (photos or (_OTHER_PHOTO,) if some else photos)],
            }
        )
        made_at = datetime.fromisoformat(row["made_at"])
    except ValueError as error:
        raise NotADecision(row["id"], str(error)) from error
    if some and not faces and isinstance(act, OF_FACES):
        act = replace(act, faces=())
    if some and not photos and isinstance(act, OF_PHOTOS):
        act = replace(act, photos=())
    return Decision(row["id"], row["uid"], made_at, act, row["source"])


def face_keys(
    connection: Connection, condition: ColumnElement[bool], faces: FromClause = face
) -> dict[int, FaceKey]:
    """Return the keys of faces that meet a condition on ``faces`` and ``content``, by rising id."""
    columns = faces.c
    query = select(columns.id, content.c.digest, *(columns[name] for name in BOX))
    rows = connection.execute(query.join_from(faces, content).where(condition).order_by(columns.id)).all()
    return {face_id: FaceKey(digest, Box(*box)) for face_id, digest, *box in rows}


def next_number(connection: Connection) -> int:
    """Return the number of the next decision; no number is used twice."""
    last = connection.scalar(select(last_id(decision)))
    return max(last or 0, connection.scalar(select(func.max(decision.c.id))) or 0) + 1


def append_acts(
    connection: Connection, acts: Iterable[Act], now: datetime, source: str | None
) -> list[Decision]:
    """Append acts as decisions made now, with new numbers and uids."""
    made = [Decision(n, new_key(), now, act, source) for n, act in enumerate(acts, next_number(connection))]
    append_decisions(connection, made)
    return made


def append_decisions(connection: Connection, decisions: Sequence[Decision]) -> None:
    """Append decisions with new numbers."""
    if decisions:
        connection.execute(insert(decision), [_row(each) for each in decisions])
        _append_named(connection, decisions)


def rewrite_decision(connection: Connection, changed: Decision) -> None:
    """Replace the act of a decision."""
    for table in (decision_face, decision_photo):
        connection.execute(delete(table).where(table.c.decision_id == changed.id))
    connection.execute(update(decision).where(decision.c.id == changed.id).values(_row(changed)))
    _append_named(connection, [changed])


def _append_named(connection: Connection, decisions: Sequence[Decision]) -> None:
    """Append the faces and photos that decisions name."""
    faces = [
        {"decision_id": each.id, "digest": named.digest, **asdict(named.box)}
        for each in decisions
        for named in faces_of(each.act)
    ]
    photos = [
        {"decision_id": each.id, "digest": digest} for each in decisions for digest in photos_of(each.act)
    ]
    for table, rows in ((decision_face, faces), (decision_photo, photos)):
        if rows:
            connection.execute(insert(table), rows)


def _row(made: Decision) -> dict[str, Any]:
    stamp = {
        "id": made.id,
        "uid": made.uid,
        "made_at": made.made_at.isoformat(),
        "source": made.source,
    }
    return {**stamp, **fields_of(made.act)}
