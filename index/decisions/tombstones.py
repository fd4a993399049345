"""Tombstones keep forgotten faces out: points in contents where no face may be recorded.

A tombstone is the centre of a forgotten face's box, and all that is left of it. A face whose box contains
the point is taken for that face. All functions work inside a transaction of their caller.
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
    """The tombstones of some contents."""

    def __init__(self, points: Iterable[Tombstone]) -> None:
        self._contents: dict[bytes, list[Tombstone]] = {}
        for point in points:
            self._contents.setdefault(point.digest, []).append(point)

    def digests(self) -> list[bytes]:
        """The contents that have a tombstone."""
        return list(self._contents)

    def cover(self, face: FaceKey) -> bool:
        """Whether a tombstone lies in the face's box, so that the face must not be recorded."""
        points = self._contents.get(face.digest, ())
        return any(surrounds(face.box, point.x, point.y) for point in points)


def tombstone_of(face: FaceKey) -> Tombstone:
    """The tombstone of a face."""
    box = face.box
    return Tombstone(face.digest, box.x + box.w / 2, box.y + box.h / 2)


def read_tombstones(connection: Connection) -> list[Tombstone]:
    """All tombstones, in the order in which they were made."""
    columns = forgotten.c
    rows = connection.execute(select(columns.digest, columns.x, columns.y).order_by(columns.id))
    return [Tombstone(*row) for row in rows]


def tombstones_in(connection: Connection, digest: bytes) -> Tombstones:
    """The tombstones in one content."""
    columns = forgotten.c
    rows = connection.execute(select(columns.digest, columns.x, columns.y).where(columns.digest == digest))
    return Tombstones(Tombstone(*row) for row in rows)


def add_tombstones(connection: Connection, points: Iterable[Tombstone]) -> Sequence[Tombstone]:
    """Add tombstones; returns the new ones."""
    known = set(read_tombstones(connection))
    fresh = [point for point in dict.fromkeys(points) if point not in known]
    if fresh:
        rows = [{"digest": point.digest, "x": point.x, "y": point.y} for point in fresh]
        connection.execute(insert(forgotten), rows)
    return fresh
