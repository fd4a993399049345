"""Reads a photo or film as it was recorded, as if it were looked at again."""

from collections.abc import Mapping
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
    own, same = file_digest.alias(), file_digest.alias()
    pictures = select(own.c.picture).where(own.c.digest == digest)
    alike = select(same.c.digest).where(or_(same.c.picture == digest, same.c.picture.in_(pictures)))
    is_own = content.c.digest == digest
    query = select(content, film).join_from(content, film)
    query = query.where(or_(is_own, content.c.digest.in_(alike)), content.c.failed_reason.is_(None), is_film)
    with catalog.store.read() as connection:
        row = connection.execute(query.order_by(~is_own, content.c.id)).first()
    if row is None:
        return None
    records = catalog.faces(catalog.face_ids_of(row.digest))
    found = _as_recorded(catalog, file, row, records, (model, dimension))
    return found if len(found.faces) == len(records) else None


def read_content(
    catalog: Catalog, file: PhotoFile, digest: bytes, model: ModelId, dimension: int
) -> PhotoIndexed | None:
    """Return what is known of the content of this digest; ``None`` if there is none, or it has failed.

    Its faces, without those that wait for ``model`` to describe them, are in the order of ``who``: in a photo
    the most confident first, in a film by rising id.
    """
    query = select(content, film).outerjoin_from(content, film)
    query = query.where(content.c.digest == digest, content.c.failed_reason.is_(None))
    with catalog.store.read() as connection:
        row = connection.execute(query).first()
    if row is None:
        return None
    records = catalog.faces(catalog.face_ids_of(row.digest))
    return _as_recorded(catalog, file, row, records, (model, dimension))


def _as_recorded(
    catalog: Catalog,
    file: PhotoFile,
    row: Row[Any],
    records: Mapping[int, FaceRecord],
    described_by: tuple[ModelId, int],
) -> PhotoIndexed:
    """Read a row of ``content`` and ``film`` with its drawn faces, and those that a model has described."""
    model, dimension = described_by
    described = Descriptors.joined(catalog.descriptors(model, sorted(records)), dimension)
    vectors = dict(zip(described.ids.tolist(), described.vectors, strict=True))
    nothing = np.zeros(dimension, np.float32)
    tracks = {}
    if row.duration is not None:
        with catalog.store.read() as connection:
            tracks = {each.face_id: each.appearance for each in read_tracklets(connection, [row.digest])}
    faces = [
        Descriptor(_found(record), record.quality, model, vectors.get(face_id, nothing), tracks.get(face_id))
        for face_id, record in sorted(records.items())
        if face_id in vectors or record.drawn
    ]
    if row.duration is None:
        faces.sort(key=lambda each: -each.face.confidence)
    return PhotoIndexed(
        file,
        row.digest,
        Size(row.width, row.height),
        None if row.taken_at is None else datetime.fromisoformat(row.taken_at),
        tuple(faces),
        row.decoder,
        row.detector,
        row.digest,
        row.note,
        source_of(row.taken_from),
        row.live_photo,
        None if row.duration is None else FilmPart(0.0, row.until, row.duration, row.per_second),
    )


def _found(record: FaceRecord) -> DetectedFace:
    return DetectedFace(record.box, record.landmarks, record.confidence)
