"""Writes faces as rows, in a transaction of the caller."""

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from sqlalchemy import Connection, func, insert, select

from index.arrays import descriptor_to_blob, landmarks_to_blob, track_to_blob
from index.store.schema import descriptor, stored_face, tracklet
from index.store.statements import last_id
from pipeline.values import Appearance, Descriptor

NewFace: TypeAlias = tuple[int, Descriptor]
"""The id of a content, and a face in it."""

# Statements are made once: building one takes longer than SQLite takes for it.
_LAST_IDS = select(last_id(stored_face), select(func.max(stored_face.c.id)).scalar_subquery())
_ADD_FACES = insert(stored_face)
_ADD_DESCRIPTORS = insert(descriptor)
_ADD_TRACKLETS = insert(tracklet)


def add_faces(connection: Connection, found: Iterable[NewFace], detector: str | None = None) -> Sequence[int]:
    """Add faces with their descriptors, a statement for each table; return their ids, rising in this order.

    ``detector`` found them, by default the one that looked at each content first. The transaction writes, so
    no other gives the next ids away.
    """
    found = list(found)
    if not found:
        return ()
    first = max(each or 0 for each in connection.execute(_LAST_IDS).one()) + 1
    ids = range(first, first + len(found))
    faces, descriptors, tracklets = [], [], []
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
                "moment": box.moment,
            }
        )
        vector = descriptor_to_blob(described.vector)
        descriptors.append({"face_id": face_id, "model": described.model_id, "vector": vector})
        if described.appearance is not None:
            tracklets.append({"face_id": face_id, **_tracklet(described.appearance)})
    connection.execute(_ADD_FACES, faces)
    connection.execute(_ADD_DESCRIPTORS, descriptors)
    if tracklets:
        connection.execute(_ADD_TRACKLETS, tracklets)
    return ids


def _tracklet(appearance: Appearance) -> dict[str, object]:
    start, end = float(appearance.start), float(appearance.end)
    return {"start": start, "end": end, "track": track_to_blob(appearance)}
