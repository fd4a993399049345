"""Carries decisions over to a photo that was written anew and shows the same, as after a program added tags.

Such a photo is another content, and decisions name faces by content. For each decision about a face of the
old content, the journal gets one about the same face of the new content; it can be undone as any other.
Tombstones of forgotten faces are carried over too. Both functions work inside a transaction of their caller,
for a path that had one content and has another.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, literal, select

from index.arrays import descriptors_from_blobs
from index.decisions.face_overlap import pairs
from index.decisions.journal_rows import append_acts, names_any
from index.decisions.model import Act, Assign, FaceKey, Ignore, NotAFace, Reject
from index.decisions.tombstones import Tombstone, add_tombstones, read_tombstones
from index.store.schema import content, descriptor, face, library, person, rejection, verdict
from pipeline.values import Box

ALIKE = 0.9
"""Cosine from which faces at the same place are taken for one. 60 photos of Labeled Faces in the Wild, saved
again as JPEG of quality 60, all had at least 0.95 with sface and facenet; of 1,931 faces of that collection,
no two of different people had more than 0.81."""


@dataclass(frozen=True, slots=True)
class _Face:
    face_id: int
    box: Box
    vector: bytes


def carry_over_tombstones(connection: Connection, old: int, new: int) -> None:
    """Mark the forgotten faces of a content in the content that replaces it.

    Args:
        connection: In a transaction that may write.
        old: Row of the content that the path had.
        new: Row of the one that it has; its faces are not recorded yet.
    """
    digests = _digests(connection, old, new)
    if digests is not None:
        before, after = digests
        tombstones = [point for point in read_tombstones(connection) if point.digest == before]
        add_tombstones(connection, [Tombstone(after, point.x, point.y) for point in tombstones])


def carry_over_decisions(connection: Connection, old: int, new: int, now: datetime) -> None:
    """Copy the decisions about faces of a content to the same faces of the content that replaces it.

    Nothing is copied if the journal has decisions about the new content already, as before it was pruned. The
    tables derived from the journal are not updated.

    Args:
        connection: In a transaction that may write.
        old: Row of the content that the path had.
        new: Row of the one that it has, with its faces.
        now: The time of the new decisions.
    """
    decided = _decided(connection, old)
    digests = _digests(connection, old, new) if decided else None
    if digests is None or names_any(connection, digests[1:]):
        return
    matches = _matching_faces(_faces(connection, old), _faces(connection, new))
    acts = [
        act
        for face_id, box in matches.items()
        for act in _acts(FaceKey(digests[1], box), [each for each in decided if each.face_id == face_id])
    ]
    append_acts(connection, acts, now)


def _digests(connection: Connection, old: int, new: int) -> tuple[bytes, bytes] | None:
    """The digests of the old and the new content; ``None`` if the pictures differ in size."""
    rows = {row.id: row for row in connection.execute(select(content).where(content.c.id.in_([old, new])))}
    one, two = rows[old], rows[new]
    return (one.digest, two.digest) if (one.width, one.height) == (two.width, two.height) else None


@dataclass(frozen=True, slots=True)
class _Decided:
    """One decision about a face: a status of ``verdict``, or ``rejected``."""

    face_id: int
    what: str
    person: str | None
    name: str | None


def _decided(connection: Connection, content_id: int) -> list[_Decided]:
    verdicts = (
        select(verdict.c.face_id, verdict.c.status, person.c.key, person.c.name)
        .join_from(verdict, face, face.c.id == verdict.c.face_id)
        .outerjoin(person, person.c.id == verdict.c.person_id)
        .where(face.c.content_id == content_id)
    )
    rejections = (
        select(rejection.c.face_id, literal("rejected"), person.c.key, person.c.name)
        .join_from(rejection, face, face.c.id == rejection.c.face_id)
        .join(person, person.c.id == rejection.c.person_id)
        .where(face.c.content_id == content_id)
    )
    return [_Decided(*row) for query in (verdicts, rejections) for row in connection.execute(query)]


def _acts(key: FaceKey, decided: Sequence[_Decided]) -> Iterator[Act]:
    for each in decided:
        if each.what == "ignored":
            yield Ignore((key,))
        elif each.what == "not-a-face":
            yield NotAFace((key,))
        elif each.person is not None and each.what == "confirmed":
            yield Assign((key,), each.person, each.name)
        elif each.person is not None:
            yield Reject((key,), each.person)


def _faces(connection: Connection, content_id: int) -> list[_Face]:
    """The faces of a content that the library's model has described."""
    model = select(library.c.model).scalar_subquery()
    query = (
        select(face.c.id, face.c.x, face.c.y, face.c.w, face.c.h, descriptor.c.vector)
        .join_from(face, descriptor, (descriptor.c.face_id == face.c.id) & (descriptor.c.model == model))
        .where(face.c.content_id == content_id)
        .order_by(face.c.id)
    )
    return [_Face(row.id, Box(row.x, row.y, row.w, row.h), row.vector) for row in connection.execute(query)]


def _matching_faces(old: Sequence[_Face], new: Sequence[_Face]) -> dict[int, Box]:
    """The new box of each old face that has one at the same place which looks the same, by the old id."""
    matches = {}
    for first, second in pairs([each.box for each in old], [each.box for each in new]):
        before, after = old[first], new[second]
        one, two = descriptors_from_blobs([before.vector, after.vector])
        if float(one @ two) >= ALIKE:
            matches[before.face_id] = after.box
    return matches
