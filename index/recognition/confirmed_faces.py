"""Reads from the tables what identification goes by: the confirmed faces, and which faces are none.

Nothing is written here, and nothing decided: what the faces mean is for ``index.recognition.gallery`` to say.
"""

from collections.abc import Sequence

import numpy as np
from sqlalchemy import Integer, Row, Select, Subquery, cast, func, select

from index.arrays import descriptors_from_blobs
from index.errors import LibraryDamaged
from index.recognition.gallery import NO_YEAR, ConfirmedFaces, Gallery
from index.store.schema import content, descriptor, face, verdict
from index.store.store import Store
from index.values import I64
from pipeline.values import F32, ModelId

FACES_A_YEAR = 20
"""Confirmed faces of a person that are read for each year: a mean of more is hardly another one, and a
library whose every face was confirmed is still read at once."""


def load_gallery(store: Store, model: ModelId) -> Gallery:
    """The persons that a library knows, by their confirmed faces, as ``load_confirmed`` chooses them.

    Raises:
        LibraryError: See ``load_confirmed``.
    """
    return Gallery(load_confirmed(store, model))


def load_confirmed(store: Store, model: ModelId) -> ConfirmedFaces:
    """Confirmed faces of all persons, by person.

    Of a year in which a person has more than ``FACES_A_YEAR``, so many are taken, spread evenly over them.
    Faces whose photos are gone count too.

    Args:
        store: The library.
        model: Whose descriptors; faces that it has not described are left out.

    Raises:
        LibraryError: The library cannot be read, or holds a descriptor that is none.
    """
    with store.read() as connection:
        rows = connection.execute(_query(model)).all()
    return ConfirmedFaces(
        face_ids=np.array([row.face_id for row in rows], dtype=np.int64),
        person_ids=np.array([row.person_id for row in rows], dtype=np.int64),
        years=np.array([row.year for row in rows], dtype=np.int64),
        qualities=np.array([row.quality for row in rows], dtype=np.float32),
        vectors=_vectors(store, rows),
    )


def not_faces(store: Store) -> I64:
    """The faces that were decided to be no faces: int64 [N], rising."""
    query = select(verdict.c.face_id).where(verdict.c.status == "not-a-face").order_by(verdict.c.face_id)
    with store.read() as connection:
        return np.array(connection.scalars(query).all(), dtype=np.int64)


def _query(model: ModelId) -> Select[tuple[int, int, int, float, bytes]]:
    numbered = _numbered(model)
    # i * m mod n falls below m for just m of the numbers from 0 to n - 1, evenly spread; for all if m >= n.
    spread = numbered.c.number * FACES_A_YEAR % numbered.c.together < FACES_A_YEAR
    return (
        select(
            numbered.c.face_id,
            numbered.c.person_id,
            numbered.c.year,
            numbered.c.quality,
            descriptor.c.vector,
        )
        .join(descriptor, descriptor.c.face_id == numbered.c.face_id)
        .where(descriptor.c.model == model, spread)
        .order_by(numbered.c.person_id, numbered.c.face_id)
    )


def _numbered(model: ModelId) -> Subquery:
    """The confirmed faces, numbered from 0 for each person and year, and how many there are in it."""
    year = cast(func.coalesce(func.substr(content.c.taken_at, 1, 4), str(NO_YEAR)), Integer)
    same = (verdict.c.person_id, year)
    return (
        select(
            verdict.c.face_id,
            verdict.c.person_id,
            year.label("year"),
            face.c.quality,
            (func.row_number().over(partition_by=same, order_by=verdict.c.face_id) - 1).label("number"),
            func.count().over(partition_by=same).label("together"),
        )
        .join(face, face.c.id == verdict.c.face_id)
        .join(content, content.c.id == face.c.content_id)
        .join(descriptor, (descriptor.c.face_id == face.c.id) & (descriptor.c.model == model))
        .where(verdict.c.status == "confirmed")
        .subquery()
    )


def _vectors(store: Store, rows: Sequence[Row[tuple[int, int, int, float, bytes]]]) -> F32:
    if not rows:
        return np.empty((0, 0), dtype=np.float32)
    try:
        return descriptors_from_blobs([row.vector for row in rows])
    except ValueError as error:
        raise LibraryDamaged(store.path, f"{error}, among those of confirmed faces") from error
