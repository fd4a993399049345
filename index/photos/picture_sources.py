"""Reads from which file, and which part of it, a picture of a photo or a face is made."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from index.arrays import landmarks_from_blob
from index.photos.films import is_film
from index.photos.thumbnails import stamp_of
from index.store.schema import BOX, content, photo, stored_face
from pipeline.values import F32, Box, PhotoFile

_MOST_COPIES = 3
"""Files of one content that are tried."""

# Statements are made once: building one takes longer than SQLite takes for it.
_PHOTO = select(
    photo.c.id,
    photo.c.path,
    photo.c.size,
    photo.c.mtime_ns,
    photo.c.missing_since.is_not(None).label("is_missing"),
    content.c.digest,
    is_film.label("is_film"),
).outerjoin_from(photo, content, content.c.id == photo.c.content_id)
_FACE = select(stored_face, content.c.digest, content.c.width, content.c.height).join_from(
    stored_face, content
)


@dataclass(frozen=True, slots=True)
class PhotoSource:
    """The file of a photo or film as the library knows it; ``digest`` is of its content, if it has one."""

    photo_id: int
    file: PhotoFile
    is_missing: bool
    digest: bytes | None
    is_film: bool


@dataclass(frozen=True, slots=True, eq=False)
class FaceSource:
    """A face in a content, of which the longer side has ``photo_edge`` pixels.

    ``landmarks`` is float32 [5, 2], or [0, 2] if they are not known.
    """

    face_id: int
    content_id: int
    digest: bytes
    box: Box
    landmarks: F32
    photo_edge: int

    @property
    def stamp(self) -> bytes:
        """What its thumbnail is kept under beside its id."""
        return stamp_of(self.digest, self.box)


def photo_source(connection: Connection, photo_id: int) -> PhotoSource | None:
    """Read the file of a photo."""
    found = connection.execute(_PHOTO.where(photo.c.id == photo_id)).one_or_none()
    return None if found is None else _photo(found)


def files_of(connection: Connection, face: FaceSource) -> list[PhotoSource]:
    """Read some files that show a face: present ones first, and of a film behind a photo the largest."""
    order: Sequence[Any] = (photo.c.missing_since.is_not(None), photo.c.path)
    if face.box.moment is not None:
        order = (photo.c.missing_since.is_not(None), photo.c.size.desc(), photo.c.path)
    query = _PHOTO.where(photo.c.content_id == face.content_id).order_by(*order).limit(_MOST_COPIES)
    return [_photo(row) for row in connection.execute(query)]


def face_source(connection: Connection, face_id: int) -> FaceSource | None:
    """Read where a face is."""
    found = connection.execute(_FACE.where(stored_face.c.id == face_id)).one_or_none()
    return None if found is None else _face(found)


def faces_beside(connection: Connection, face: FaceSource) -> list[FaceSource]:
    """Read all faces of the photo that shows a face; only that face of a film."""
    if face.box.moment is not None:
        return [face]
    query: Select[Any] = _FACE.where(
        stored_face.c.content_id == face.content_id, stored_face.c.moment.is_(None)
    )
    return [_face(row) for row in connection.execute(query)]


def _photo(row: Row[Any]) -> PhotoSource:
    file = PhotoFile(row.path, row.size, row.mtime_ns)
    return PhotoSource(row.id, file, bool(row.is_missing), row.digest, bool(row.is_film))


def _face(row: Row[Any]) -> FaceSource:
    box = Box(*(getattr(row, name) for name in BOX))
    try:
        landmarks = landmarks_from_blob(row.landmarks)
    except ValueError:  # it shows the face all the same
        landmarks = landmarks_from_blob(bytes(40))[:0]
    edge = max(row.width or 0, row.height or 0)
    return FaceSource(row.id, row.content_id, row.digest, box, landmarks, edge)
