"""Tombstones keep forgotten faces out: no face whose box contains one is recorded.

A tombstone is the centre of a forgotten face's box. All functions work in a transaction of the caller.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Select, insert, select

from index.decisions.face_overlap import is_same_moment
from index.decisions.model import FaceKey
from index.decisions.same_faces import Pictures, pictures_of
from index.store.schema import forgotten
from index.store.statements import in_chunks
from pipeline.values import Appearance, Box

_CHUNK = 500
"""Contents in one statement."""


@dataclass(frozen=True, slots=True)
class Tombstone:
    """The centre of a forgotten face, from the left and top, in pixels of the upright, full-size photo.

    ``moment`` is that of a film, in seconds.
    """

    digest: bytes
    x: float
    y: float
    moment: float | None = None


class Tombstones:
    """The tombstones of some contents; ``pictures`` says which of these show one picture."""

    def __init__(self, points: Iterable[Tombstone], pictures: Pictures) -> None:
        self._pictures = pictures
        self._points: dict[bytes, list[Tombstone]] = defaultdict(list)
        for point in points:
            self._points[pictures[point.digest]].append(point)

    def cover(self, face: FaceKey, appearance: Appearance | None = None) -> bool:
        """Return whether a tombstone lies in the face's box, so that the face must not be recorded.

        In a film, that is its box at the moment of the tombstone.
        """
        points = self._points.get(self._pictures[face.digest], ())
        return any(_contains(_box_at(point.moment, face.box, appearance), point) for point in points)


def _box_at(moment: float | None, box: Box, appearance: Appearance | None) -> Box | None:
    if moment is not None and appearance is not None:
        return appearance.box_at(moment)
    return box if is_same_moment(moment, box.moment) else None


def _contains(box: Box | None, point: Tombstone) -> bool:
    return box is not None and box.x <= point.x <= box.x + box.w and box.y <= point.y <= box.y + box.h


def tombstone_of(face: FaceKey) -> Tombstone:
    """Make the tombstone of a face."""
    box = face.box
    return Tombstone(face.digest, box.x + box.w / 2, box.y + box.h / 2, box.moment)


def read_tombstones(connection: Connection) -> list[Tombstone]:
    """Read all tombstones in the order in which they were made."""
    return _tombstones(connection, select(forgotten).order_by(forgotten.c.id))


def tombstones_in(connection: Connection, digests: Iterable[bytes]) -> Tombstones:
    """Read the tombstones in some contents, and in others that show the same."""
    chosen = set(digests)
    pictures = pictures_of(connection, chosen)
    return Tombstones(_tombstones_at(connection, pictures.keys() | chosen), pictures)


def _tombstones_at(connection: Connection, digests: Iterable[bytes]) -> Iterator[Tombstone]:
    """Read the tombstones in some contents."""
    for chunk in in_chunks(sorted(digests), _CHUNK):
        yield from _tombstones(connection, select(forgotten).where(forgotten.c.digest.in_(chunk)))


def _tombstones(connection: Connection, query: Select[Any]) -> list[Tombstone]:
    return [Tombstone(row.digest, row.x, row.y, row.moment) for row in connection.execute(query)]


def add_tombstones(connection: Connection, points: Iterable[Tombstone]) -> Sequence[Tombstone]:
    """Add tombstones; return the new ones."""
    points = list(dict.fromkeys(points))
    known = set(_tombstones_at(connection, {point.digest for point in points}))
    fresh = [point for point in points if point not in known]
    if fresh:
        connection.execute(insert(forgotten), [asdict(point) for point in fresh])
    return fresh
