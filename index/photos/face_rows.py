"""Writes faces as rows, in a transaction of the caller."""

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from sqlalchemy import Connection, func, insert, select

from index.arrays import descriptor_to_blob, landmarks_to_blob
from index.store.schema import descriptor, stored_face
from index.store.statements import last_id
from pipeline.values import Descriptor

NewFace: TypeAlias = tuple[int, Descriptor]
"""The id of a content, and a face in it."""

# Statements are made once: building one takes longer than SQLite takes for it.
_LAST_IDS = select(last_id(stored_face), select(func.max(stored_face.c.id)).scalar_subquery())
_ADD_FACES = insert(stored_face)
_ADD_DESCRIPTORS = insert(descriptor)


def add_faces(connection: Connection, found: Iterable[NewFace], detector: str | None = None) -> Sequence[int]:
    """Add faces with their descriptors, in two statements, and return their ids, which rise in this order.

    ``detector`` found them, by default the one that looked at each content first. The transaction writes, so
    no other gives the next ids away.
    """
    found = list(found)
    if not found:
        return ()
    first = max(each or 0 for each in connection.execute(_LAST_IDS).one()) + 1
    ids = range(first, first + len(found))
    faces, descriptors = [], []
    for face_id, (content_id, described) in zip(ids, found, strict=True):
        face, box = described.face, described.face.box
        faces.append(
            {
                "id": face_id,
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
        )
        vector = descriptor_to_blob(described.vector)
        descriptors.append({"face_id": face_id, "model": described.model_id, "vector": vector})
    connection.execute(_ADD_FACES, faces)
    connection.execute(_ADD_DESCRIPTORS, descriptors)
    return ids
