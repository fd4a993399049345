"""When and where films show faces, read in a transaction of the caller."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, func, select

from index.arrays import TRACK_ROW_BYTES, appearance_from_row
from index.decisions.face_overlap import SAME_FACE, SAME_MOMENT, overlap
from index.decisions.model import FaceKey
from index.store.schema import BOX, content, stored_face, tracklet
from index.store.statements import in_chunks
from pipeline.values import Appearance, Box

_CHUNK = 500
"""Digests in one statement."""


@dataclass(frozen=True, slots=True, eq=False)
class Tracklet:
    """A face in a film; ``key`` names it by its best frame."""

    face_id: int
    key: FaceKey
    appearance: Appearance

    def overlap(self, box: Box) -> float:
        """Return the intersection over union of a box with the tracklet at the moment of the box, 0 to 1."""
        there = None if box.moment is None else self.appearance.box_at(box.moment)
        return 0.0 if there is None else overlap(there, box)

    def is_within(self, box: Box) -> bool:
        """Tell whether the moment of a box lies between the first and the last one of the tracklet."""
        seen = self.appearance
        return box.moment is not None and seen.start - SAME_MOMENT <= box.moment <= seen.end + SAME_MOMENT

    def is_in(self, other: Appearance) -> bool:
        """Tell whether another appearance shows the face at the moment of its best frame."""
        box = self.key.box
        there = None if box.moment is None else other.box_at(box.moment)
        return there is not None and overlap(there, box) > SAME_FACE


def read_tracklets(connection: Connection, digests: Iterable[bytes]) -> list[Tracklet]:
    """Read the tracklets of some films."""
    chunks = in_chunks(sorted(set(digests)), _CHUNK)
    return [each for chunk in chunks for each in tracklets_where(connection, content.c.digest.in_(chunk))]


def is_track(track: ColumnElement[bytes]) -> ColumnElement[bool]:
    """Select blobs of the length of a track: ``check`` finds others."""
    return and_(func.length(track) > 0, func.length(track) % TRACK_ROW_BYTES == 0)


def tracklets_where(connection: Connection, condition: ColumnElement[bool]) -> list[Tracklet]:
    """Read tracklets that meet a condition on ``tracklet``, ``stored_face`` and ``content``, by rising id."""
    box = (stored_face.c[name] for name in BOX)
    query = (
        select(stored_face.c.id, content.c.digest, tracklet.c.start, tracklet.c.end, tracklet.c.track, *box)
        .join_from(tracklet, stored_face)
        .join(content, content.c.id == stored_face.c.content_id)
        .where(condition, is_track(tracklet.c.track))
        .order_by(stored_face.c.id)
    )
    return [
        Tracklet(face_id, FaceKey(digest, Box(*box)), appearance_from_row(start, end, track))
        for face_id, digest, start, end, track, *box in connection.execute(query)
    ]
