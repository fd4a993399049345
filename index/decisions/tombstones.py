"""Tombstones keep forgotten faces out: no face whose box contains one is recorded.

A tombstone is the centre of a forgotten face's box. All functions work in a transaction of the caller.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, insert, select

from index.decisions.model import FaceKey
from index.store.schema import forgotten


@dataclass(frozen=True, slots=True)
class Tombstone:
    """The centre of a forgotten face, from the left and top, in pixels of the upright, full-size photo."""

    digest: bytes
    x: float
    y: float


class Tombstones:
    """The tombstones of some contents."""

    def __init__(self, points: Iterable[Tombstone]) -> None:
        self._contents: dict[bytes, list[Tombstone]] = defaultdict(list)
        for point in points:
            self._contents[point.digest].append(point)

    def cover(self, face: FaceKey) -> bool:
        """Return whether a tombstone lies in the face's box, so that the face must not be recorded."""
        box = face.box
        return any(
            box.x <= point.x <= box.x + box.w and box.y <= point.y <= box.y + box.h
            for point in self._contents.get(face.digest, ())
        )


def tombstone_of(face: FaceKey) -> Tombstone:
    """Make the tombstone of a face."""
    box = face.box
    return Tombstone(face.digest, box.x + box.w / 2, box.y + box.h / 2)


def read_tombstones(connection: Connection, digest: bytes | None = None) -> list[Tombstone]:
    """Read all tombstones, or those in one content, in the order in which they were made."""
    columns = forgotten.c
    query = select(columns.digest, columns.x, columns.y).order_by(columns.id)
    rows = connection.execute(query if digest is None else query.where(columns.digest == digest))
    return [Tombstone(*row) for row in rows]


def add_tombstones(connection: Connection, points: Iterable[Tombstone]) -> Sequence[Tombstone]:
    """Add tombstones; return the new ones."""
    known = set(read_tombstones(connection))
    fresh = [point for point in dict.fromkeys(points) if point not in known]
    if fresh:
        connection.execute(insert(forgotten), [asdict(point) for point in fresh])
    return fresh
