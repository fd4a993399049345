"""Writes faces as rows, in a transaction of the caller."""

from sqlalchemy import Connection, insert

from index.arrays import descriptor_to_blob, landmarks_to_blob
from index.store.schema import descriptor, stored_face
from pipeline.values import Descriptor

# Statements are made once: building one takes longer than SQLite takes for it.
_ADD_FACE = insert(stored_face).returning(stored_face.c.id)
_ADD_DESCRIPTOR = insert(descriptor)


def add_face(
    connection: Connection, content_id: int, described: Descriptor, detector: str | None = None
) -> int:
    """Add a face of a content with its descriptor, and return its id.

    ``detector`` found it, by default the one that looked at the content first.
    """
    face, box = described.face, described.face.box
    row = {
        "content_id": content_id,
        "x": float(box.x),
        "y": float(box.y),
        "w": float(box.w),
        "h": float(box.h),
        "landmarks": landmarks_to_blob(face.landmarks),
        "confidence": float(face.confidence),
        "quality": float(described.quality.score),
        "quality_reasons": ",".join(described.quality.reasons),
        "detector": detector,
    }
    face_id = int(connection.execute(_ADD_FACE, row).scalar_one())
    vector = descriptor_to_blob(described.vector)
    row = {"face_id": face_id, "model": described.model_id, "vector": vector}
    connection.execute(_ADD_DESCRIPTOR, row)
    return face_id
