"""Reads confirmed faces, rejected faces, and faces that are none, with their descriptors."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection, Integer, Subquery, cast, func, select, true

from index.arrays import descriptors_from_blobs
from index.errors import LibraryDamaged
from index.recognition.gallery import Gallery
from index.recognition.templates import NO_YEAR, ConfirmedFaces
from index.store.schema import content, descriptor, face, rejection, verdict
from index.store.statements import is_one_of
from index.store.store import Store
from index.values import I64, RELIABLE
from pipeline.values import F32, ModelId

FACES_A_YEAR = 20
"""Confirmed faces read for each year of a person: more hardly change the mean, and take time."""

MOST_REJECTIONS = 2000
"""Number of rejections, the latest, that are read with descriptors."""

MOST_STRANGERS = 2000
"""Number of ignored faces, the latest, that are compared with every face of the library."""


@dataclass(frozen=True, slots=True, eq=False)
class Rejections:
    """Rejections, int64 [R] both, by face: the person at an index is not the face."""

    face_ids: I64
    person_ids: I64


@dataclass(frozen=True, slots=True, eq=False)
class RejectedFaces(Rejections):
    """Rejections with the descriptors of the faces, float32 [R, D], of unit norm."""

    vectors: F32


def load_gallery(store: Store, model: ModelId, persons: Collection[int] | None = None) -> Gallery:
    """Make the gallery of the known persons, of confirmed faces that are reliable; see ``load_confirmed``."""
    return Gallery(load_confirmed(store, model, least_quality=RELIABLE, persons=persons))


def load_confirmed(
    store: Store, model: ModelId, *, least_quality: float = 0.0, persons: Collection[int] | None = None
) -> ConfirmedFaces:
    """Read confirmed faces that a model has described, of this quality or more, of all or some persons.

    At most ``FACES_A_YEAR`` a year are taken, evenly spread. Faces whose photos are gone count too.
    """
    numbered = _numbered(model, least_quality, persons)
    # i * m mod n is below m for exactly m of 0 to n - 1, evenly spread; for all if m >= n.
    spread = numbered.c.number * FACES_A_YEAR % numbered.c.together < FACES_A_YEAR
    query = (
        select(numbered, descriptor.c.vector)
        .join(descriptor, descriptor.c.face_id == numbered.c.face_id)
        .where(descriptor.c.model == model, spread)
        .order_by(numbered.c.person_id, numbered.c.face_id)
    )
    with store.read() as connection:
        rows = connection.execute(query).all()
    return ConfirmedFaces(
        face_ids=np.array([row.face_id for row in rows], dtype=np.int64),
        person_ids=np.array([row.person_id for row in rows], dtype=np.int64),
        years=np.array([row.year for row in rows], dtype=np.int64),
        qualities=np.array([row.quality for row in rows], dtype=np.float32),
        vectors=_vectors(store, rows),
    )


def not_faces(store: Store) -> I64:
    """Read the faces that are none, by decision: int64 [N], rising."""
    query = select(verdict.c.face_id).where(verdict.c.status == "not-a-face").order_by(verdict.c.face_id)
    with store.read() as connection:
        return np.array(connection.scalars(query).all(), dtype=np.int64)


def unreliable_faces(store: Store, decision_ids: Sequence[int]) -> tuple[int, ...]:
    """Read the faces that some decisions confirm, and that are no evidence: see ``RELIABLE``; by id."""
    query = (
        select(verdict.c.face_id)
        .join(face, face.c.id == verdict.c.face_id)
        .where(
            verdict.c.decision_id.in_(decision_ids),
            verdict.c.status == "confirmed",
            face.c.quality < RELIABLE,
        )
        .order_by(verdict.c.face_id)
    )
    with store.read() as connection:
        return tuple(connection.scalars(query))


def read_rejections(connection: Connection, face_ids: I64 | None = None) -> Rejections:
    """Read all rejections, or those of some faces, int64 [N]."""
    query = select(rejection.c.face_id, rejection.c.person_id)
    if face_ids is not None:
        query = query.where(is_one_of(rejection.c.face_id, face_ids.tolist()))
    rows = connection.execute(query.order_by(rejection.c.face_id, rejection.c.person_id)).all()
    return Rejections(*np.array([tuple(row) for row in rows], np.int64).reshape(-1, 2).T)


def load_rejected(store: Store, model: ModelId) -> RejectedFaces:
    """Read the latest rejections of faces that a model has described, by face."""
    latest = (
        select(rejection.c.face_id, rejection.c.person_id, descriptor.c.vector)
        .join(descriptor, descriptor.c.face_id == rejection.c.face_id)
        .where(descriptor.c.model == model)
        .order_by(rejection.c.decision_id.desc(), rejection.c.face_id)
        .limit(MOST_REJECTIONS)
    )
    with store.read() as connection:
        rows = sorted(connection.execute(latest).all(), key=lambda row: (row.face_id, row.person_id))
    face_ids, person_ids = np.array([row[:2] for row in rows], np.int64).reshape(-1, 2).T
    return RejectedFaces(face_ids, person_ids, _vectors(store, rows))


def load_strangers(store: Store, model: ModelId) -> F32:
    """Read descriptors of ignored strangers, the latest reliable faces: float32 [N, D], of unit norm."""
    query = (
        select(descriptor.c.vector)
        .join(verdict, verdict.c.face_id == descriptor.c.face_id)
        .join(face, face.c.id == verdict.c.face_id)
        .where(descriptor.c.model == model, verdict.c.status == "ignored", face.c.quality >= RELIABLE)
        .order_by(verdict.c.decision_id.desc(), verdict.c.face_id)
        .limit(MOST_STRANGERS)
    )
    with store.read() as connection:
        return _vectors(store, connection.execute(query).all())


def _numbered(model: ModelId, least_quality: float, persons: Collection[int] | None) -> Subquery:
    """Number the confirmed faces from 0 for each person and year; also count them."""
    of_persons = true() if persons is None else is_one_of(verdict.c.person_id, persons)
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
        .where(verdict.c.status == "confirmed", face.c.quality >= least_quality, of_persons)
        .subquery()
    )


def _vectors(store: Store, rows: Sequence[Any]) -> F32:
    """Read the descriptors of some rows, float32 [N, D], of unit norm; [0, 0] without a row."""
    if not rows:
        return np.empty((0, 0), dtype=np.float32)
    try:
        return descriptors_from_blobs([row.vector for row in rows])
    except ValueError as error:
        raise LibraryDamaged(store.path, f"{error}, among those of faces with a decision") from error
