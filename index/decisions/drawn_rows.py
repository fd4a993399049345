"""The rows of faces that people drew, because no detector found them, in a transaction of the caller.

A decision says that the face is there, and its row follows from that: it is made where the content has none
for it, as after an import, and shown as long as a decision is about it. Whether it has landmarks and a
descriptor is found out by looking at its photo (``index.photos.drawn_faces``).
"""

from sqlalchemy import Connection, insert, select

from index.arrays import landmarks_to_blob, track_to_blob
from index.store.schema import BOX, DRAWN, NOT_LOOKED_AT, content, other_face, stored_face, tracklet
from pipeline.values import NO_LANDMARKS, Box, moment_alone


def add_drawn_row(connection: Connection, content_id: int, box: Box) -> int:
    """Add a face that was drawn in a content, hidden and not looked at yet; return its id."""
    values = {
        "content_id": content_id,
        "landmarks": landmarks_to_blob(NO_LANDMARKS),
        "confidence": 0.0,
        "quality": 0.0,
        "quality_reasons": NOT_LOOKED_AT,
        "detector": DRAWN,
        **{name: getattr(box, name) for name in BOX},
    }
    made = insert(stored_face).returning(stored_face.c.id)
    face_id: int = connection.scalars(made, values).one()
    connection.execute(insert(other_face).values(face_id=face_id, kept=False))
    if box.moment is not None:
        track = track_to_blob(moment_alone(box, NO_LANDMARKS))
        row = {"face_id": face_id, "start": box.moment, "end": box.moment, "track": track}
        connection.execute(insert(tracklet).values(row))
    return face_id


def readable_content(connection: Connection, digest: bytes) -> int | None:
    """Return the id of a content, by the digest of the content itself, if it could be decoded."""
    query = select(content.c.id).where(content.c.digest == digest, content.c.failed_reason.is_(None))
    return connection.scalar(query)
