"""The journal's rows: decisions and the faces that they name, as they were appended.

All functions work inside a transaction that their caller began. What decisions mean is not the matter of
this module.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, exists, func, insert, select, update

from index.decisions.fields import act_of, fields_of
from index.decisions.model import Act, Decision, FaceKey, faces_of, new_key
from index.errors import LibraryDamaged
from index.store.schema import decision, decision_face
from index.store.statements import last_id
from pipeline.values import Box


class NotADecision(ValueError):
    """A row of the journal is not a decision that this program wrote.

    Attributes:
        number: The id of the row.
    """

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


def has_decisions(connection: Connection) -> bool:
    """Whether the journal has any decision."""
    return bool(connection.scalar(select(exists().select_from(decision))))


def names_any(connection: Connection, digests: Sequence[bytes]) -> bool:
    """Whether decisions name a face in any of these contents."""
    query = select(exists().where(decision_face.c.digest.in_(digests)))
    return bool(connection.scalar(query))


def read_decisions(connection: Connection) -> list[Decision]:
    """All decisions, in the order of their numbers.

    Raises:
        NotADecision: A row cannot be read.
    """
    faces = _read_faces(connection)
    rows = connection.execute(select(decision).order_by(decision.c.id)).mappings()
    return [_decision(row, faces.get(row["id"])) for row in rows]


def next_number(connection: Connection) -> int:
    """The number of the next decision; no number is used twice."""
    last = connection.scalar(select(last_id(decision)))
    return max(last or 0, connection.scalar(select(func.max(decision.c.id))) or 0) + 1


def append_acts(connection: Connection, acts: Iterable[Act], now: datetime) -> list[Decision]:
    """Append acts as decisions made now, with new numbers and uids."""
    numbered = enumerate(acts, next_number(connection))
    made = [Decision(number, new_key(), now, act) for number, act in numbered]
    append_decisions(connection, made)
    return made


def append_decisions(connection: Connection, decisions: Sequence[Decision]) -> None:
    """Append decisions with new numbers."""
    if decisions:
        connection.execute(insert(decision), [_row(each) for each in decisions])
        _append_faces(connection, decisions)


def rewrite_decision(connection: Connection, changed: Decision) -> None:
    """Replace the act of a decision, of which something was forgotten."""
    connection.execute(delete(decision_face).where(decision_face.c.decision_id == changed.id))
    connection.execute(update(decision).where(decision.c.id == changed.id).values(_row(changed)))
    _append_faces(connection, [changed])


def _append_faces(connection: Connection, decisions: Iterable[Decision]) -> None:
    rows = [_face_row(each.id, face) for each in decisions for face in faces_of(each.act)]
    if rows:
        connection.execute(insert(decision_face), rows)


def _row(made: Decision) -> dict[str, Any]:
    stamp = {"id": made.id, "uid": made.uid, "made_at": made.made_at.isoformat()}
    return {**stamp, **fields_of(made.act)}


def _face_row(number: int, face: FaceKey) -> dict[str, Any]:
    box = face.box
    return {"decision_id": number, "digest": face.digest, "x": box.x, "y": box.y, "w": box.w, "h": box.h}


def _read_faces(connection: Connection) -> dict[int, list[FaceKey]]:
    columns = decision_face.c
    query = select(columns.decision_id, columns.digest, columns.x, columns.y, columns.w, columns.h)
    found: dict[int, list[FaceKey]] = {}
    for number, digest, *box in connection.execute(query.order_by(columns.id)).all():
        found.setdefault(number, []).append(FaceKey(digest, Box(*box)))
    return found


def _decision(row: RowMapping, faces: list[FaceKey] | None) -> Decision:
    try:
        act = act_of({**row, "faces": faces})
        return Decision(row["id"], row["uid"], datetime.fromisoformat(row["made_at"]), act)
    except ValueError as error:
        raise NotADecision(row["id"], str(error)) from error
