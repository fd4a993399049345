"""Carries decisions over to a photo that was written anew and shows the same, as after adding tags.

The photo has another content, so the journal gets decisions about it, which can be undone, and tombstones are
copied, unless the pictures differ in size. The functions take the rows of a path's old and new content, in a
transaction of the caller.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, LargeBinary, insert, literal, select

from index.arrays import descriptors_from_blobs
from index.decisions.face_overlap import pairs
from index.decisions.journal_rows import append_acts, names_any
from index.decisions.model import Act, Assign, FaceKey, Ignore, NotAFace, Reject
from index.store.schema import content, descriptor, face, forgotten, library, person, rejection, verdict
from pipeline.values import Box

ALIKE = 0.9
"""Minimum cosine of one face at one place. 60 photos of Labeled Faces in the Wild, saved again as JPEG of
quality 60, all had at least 0.95 with sface and facenet; no two different people among 1,931 faces of that
collection had more than 0.81."""


def carry_over_tombstones(connection: Connection, old: int, new: int) -> None:
    """Copy the tombstones of the old content to the new one, before its faces are recorded."""
    if (digests := _digests(connection, old, new)) is None:
        return
    before, after = digests
    columns = forgotten.c
    points = select(literal(after, LargeBinary), columns.x, columns.y).where(columns.digest == before)
    known = select(columns.digest, columns.x, columns.y).where(columns.digest == after)
    connection.execute(insert(forgotten).from_select(["digest", "x", "y"], points.except_(known)))


def carry_over_decisions(connection: Connection, old: int, new: int, now: datetime) -> None:
    """Copy the decisions about faces of the old content, made ``now``, once the new faces are recorded.

    Nothing is copied if the journal has decisions about the new content, as before it was pruned. The caller
    updates the tables derived from the journal.
    """
    decided = _decided(connection, old)
    digests = _digests(connection, old, new) if decided else None
    if digests is None or names_any(connection, digests[1:]):
        return
    boxes = _boxes_of_same_faces(_faces(connection, old), _faces(connection, new))
    acts = [
        _act(FaceKey(digests[1], boxes[face_id]), status, key, name)
        for face_id, status, key, name in decided
        if face_id in boxes
    ]
    append_acts(connection, acts, now)


def _digests(connection: Connection, old: int, new: int) -> tuple[bytes, bytes] | None:
    """Read the digests of the old and the new content; ``None`` if the pictures differ in size."""
    rows = {row.id: row for row in connection.execute(select(content).where(content.c.id.in_([old, new])))}
    one, two = rows[old], rows[new]
    return (one.digest, two.digest) if (one.width, one.height) == (two.width, two.height) else None


def _decided(connection: Connection, content_id: int) -> list[Any]:
    """Read the id of each decided face, its status or ``rejected``, and the person's key and name, if any."""
    queries = (
        select(table.c.face_id, status, person.c.key, person.c.name)
        .join_from(table, face)
        .outerjoin(person, person.c.id == table.c.person_id)
        .where(face.c.content_id == content_id)
        for table, status in ((verdict, verdict.c.status), (rejection, literal("rejected")))
    )
    return [row for query in queries for row in connection.execute(query)]


def _act(face: FaceKey, status: str, person: str, name: str) -> Act:
    match status:
        case "ignored":
            return Ignore((face,))
        case "not-a-face":
            return NotAFace((face,))
        case "confirmed":
            return Assign((face,), person, name)
        case _:
            return Reject((face,), person)


def _faces(connection: Connection, content_id: int) -> Sequence[Any]:
    model = select(library.c.model).scalar_subquery()
    query = (
        select(face.c.id, face.c.x, face.c.y, face.c.w, face.c.h, descriptor.c.vector)
        .join_from(face, descriptor, (descriptor.c.face_id == face.c.id) & (descriptor.c.model == model))
        .where(face.c.content_id == content_id)
        .order_by(face.c.id)
    )
    return connection.execute(query).all()


def _boxes_of_same_faces(old: Sequence[Any], new: Sequence[Any]) -> dict[int, Box]:
    """Find the new box of each old face at the same place that looks the same, by the old id."""
    old_boxes, new_boxes = ([Box(*row[1:5]) for row in rows] for rows in (old, new))
    found = {}
    for first, second in pairs(old_boxes, new_boxes):
        before, after = descriptors_from_blobs([old[first].vector, new[second].vector])
        if float(before @ after) >= ALIKE:
            found[old[first].id] = new_boxes[second]
    return found
