"""Marks that keep forgotten faces out: points in contents, about which no face may be known.

A mark is the centre of a face's box, and all that is left of the face. A face whose box surrounds it is
taken for that one. All functions work inside a transaction that their caller began.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select

from index.decisions.face_overlap import surrounds
from index.decisions.model import FaceKey
from index.store.schema import forgotten


@dataclass(frozen=True, slots=True)
class Tombstone:
    """Where a forgotten face was.

    Attributes:
        digest: BLAKE3 of the content, 32 bytes.
        x: From the left, in pixels of the upright, full-size photo.
        y: From the top.
    """

    digest: bytes
    x: float
    y: float


class Tombstones:
    """Forgotten points, by content."""

    def __init__(self, points: Iterable[Tombstone]) -> None:
        self._contents: dict[bytes, list[Tombstone]] = {}
        for point in points:
            self._contents.setdefault(point.digest, []).append(point)

    def digests(self) -> list[bytes]:
        """The contents that have a mark."""
        return list(self._contents)

    def cover(self, face: FaceKey) -> bool:
        """Whether a face is about one of the points, and so may not be known."""
        points = self._contents.get(face.digest, ())
        return any(surrounds(face.box, point.x, point.y) for point in points)


def tombstone_of(face: FaceKey) -> Tombstone:
    """The mark that keeps a face out."""
    box = face.box
    return Tombstone(face.digest, box.x + box.w / 2, box.y + box.h / 2)


def read_tombstones(connection: Connection) -> list[Tombstone]:
    """All marks, in the order in which they were made."""
    columns = forgotten.c
    rows = connection.execute(select(columns.digest, columns.x, columns.y).order_by(columns.id))
    return [Tombstone(*row) for row in rows]


def tombstones_in(connection: Connection, digest: bytes) -> Tombstones:
    """The marks in one content."""
    columns = forgotten.c
    rows = connection.execute(select(columns.digest, columns.x, columns.y).where(columns.digest == digest))
    return Tombstones(Tombstone(*row) for row in rows)


def add_tombstones(connection: Connection, points: Iterable[Tombstone]) -> Sequence[Tombstone]:
    """Make marks; returns those that were not there before."""
    known = set(read_tombstones(connection))
    fresh = [point for point in dict.fromkeys(points) if point not in known]
    if fresh:
        rows = [{"digest": point.digest, "x": point.x, "y": point.y} for point in fresh]
        connection.execute(insert(forgotten), rows)
    return fresh
