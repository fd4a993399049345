"""Reads a film as it was recorded, as if it were looked at again."""

from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import Row, or_, select

from index.decisions.tracklets import read_tracklets
from index.photos.catalog import Catalog
from index.photos.dates import source_of
from index.photos.films import is_film
from index.store.schema import content, file_digest, film
from index.values import Descriptors, FaceRecord
from pipeline.values import (
    Descriptor,
    DetectedFace,
    FilmPart,
    ModelId,
    PhotoFile,
    PhotoIndexed,
    Size,
)


def read_film(
    catalog: Catalog, file: PhotoFile, digest: bytes, model: ModelId, dimension: int
) -> PhotoIndexed | None:
    """Return what is known of a film, perhaps only of its beginning; its faces by rising id.

    ``digest`` is that of the file or of its picture.

    Returns:
        ``None`` for what is no film, such as a photo with a film behind it, and where ``model`` has not
        described all faces that a detector found.
    """
    row = _content(catalog, digest)
    if row is None:
        return None
    records = catalog.faces(catalog.face_ids_of(row.digest))
    ids = sorted(records)
    described = Descriptors.joined(catalog.descriptors(model, ids), dimension)
    vectors = dict(zip(described.ids.tolist(), described.vectors, strict=True))
    if any(each not in vectors and not records[each].drawn for each in ids):
        return None
    nothing = np.zeros(dimension, np.float32)
    with catalog.store.read() as connection:
        tracks = {each.face_id: each.appearance for each in read_tracklets(connection, [row.digest])}
    faces = tuple(
        Descriptor(
            _found(records[each]),
            records[each].quality,
            model,
            vectors.get(each, nothing),
            tracks.get(each),
        )
        for each in ids
    )
    return PhotoIndexed(
        file,
        row.digest,
        Size(row.width, row.height),
        None if row.taken_at is None else datetime.fromisoformat(row.taken_at),
        faces,
        row.decoder,
        row.detector,
        row.digest,
        row.note,
        source_of(row.taken_from),
        row.live_photo,
        FilmPart(0.0, row.until, row.duration, row.per_second),
    )


def _content(catalog: Catalog, digest: bytes) -> Row[Any] | None:
    own, same = file_digest.alias(), file_digest.alias()
    pictures = select(own.c.picture).where(own.c.digest == digest)
    alike = select(same.c.digest).where(or_(same.c.picture == digest, same.c.picture.in_(pictures)))
    is_own = content.c.digest == digest
    query = select(content, film).join_from(content, film)
    query = query.where(or_(is_own, content.c.digest.in_(alike)), content.c.failed_reason.is_(None), is_film)
    with catalog.store.read() as connection:
        return connection.execute(query.order_by(~is_own, content.c.id)).first()


def _found(record: FaceRecord) -> DetectedFace:
    return DetectedFace(record.box, record.landmarks, record.confidence)
