"""Reads rows of faces as records, with one photo that shows each."""

from pathlib import Path
from typing import Any

from sqlalchemy import Row, Select, and_, case, select

from index.arrays import landmarks_from_blob
from index.errors import LibraryDamaged
from index.photos.detections import detector_of, name_of
from index.photos.films import is_film
from index.store.schema import BOX, DRAWN, content, descriptor, face, library, other_face, photo, tracklet
from index.values import FaceRecord, TimeSpan
from pipeline.values import F32, Box, Quality


def face_query() -> Select[Any]:
    """Select each face with its content's digest and one photo: the first by path, missing ones last.

    For a face in the film behind a photo it is the largest one: a copy may lack the film.
    """
    other = photo.alias()
    holders = select(other.c.id).where(other.c.content_id == face.c.content_id).limit(1).correlate(face)
    is_missing = other.c.missing_since.is_not(None)
    first = holders.order_by(is_missing, other.c.path).scalar_subquery()
    largest = holders.order_by(is_missing, other.c.size.desc(), other.c.path).scalar_subquery()
    best = case((and_(face.c.moment.is_not(None), ~is_film), largest), else_=first)
    joined = face.join(content).join(photo, photo.c.id == best)
    joined = joined.outerjoin(tracklet, tracklet.c.face_id == face.c.id)
    is_kept = select(other_face.c.face_id).where(other_face.c.face_id == face.c.id).exists()
    own_model = select(library.c.model).scalar_subquery()
    described = select(descriptor.c.face_id).where(descriptor.c.face_id == face.c.id)
    is_described = described.where(descriptor.c.model == own_model).exists()
    found_by = detector_of(face.c.detector).label("found_by")
    found = (
        content.c.digest,
        photo.c.path,
        photo.c.id.label("photo_id"),
        photo.c.missing_since,
        found_by,
        is_kept.label("is_kept"),
        is_described.label("is_described"),
        tracklet.c.start,
        tracklet.c.end,
    )
    return select(face, *found).select_from(joined)


def face_record(row: Row[Any], library: Path) -> FaceRecord:
    """Make a record of a row of ``face_query``; a ``LibraryDamaged`` if its landmarks are none."""
    return FaceRecord(
        face_id=row.id,
        digest=row.digest,
        photo=row.path,
        photo_id=row.photo_id,
        missing=row.missing_since is not None,
        box=Box(*(getattr(row, name) for name in BOX)),
        landmarks=landmarks_of(row, library),
        confidence=row.confidence,
        quality=Quality(row.quality, tuple(filter(None, row.quality_reasons.split(",")))),
        detector=name_of(row.found_by),
        kept=row.is_kept,
        span=None if row.start is None else TimeSpan(row.start, row.end),
        drawn=row.found_by == DRAWN,
        described=row.is_described,
    )


def landmarks_of(row: Row[Any], library: Path) -> F32:
    """Decode the landmarks in a row of ``face``, float32 [5, 2], or [0, 2] of a drawn face without any.

    Raises a ``LibraryDamaged`` if they are none.
    """
    try:
        return landmarks_from_blob(row.landmarks)
    except ValueError as error:
        raise LibraryDamaged(library, f"the landmarks of face {row.id} are no landmarks") from error
