"""Reads the faces that a person was rejected for, with their descriptors. Nothing is written here."""

from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection, select

from index.arrays import descriptors_from_blobs
from index.errors import LibraryDamaged
from index.store.schema import descriptor, rejection
from index.store.store import Store
from index.values import I64
from pipeline.values import F32, ModelId

MOST = 2000
"""The latest rejections that are read: more of them say nothing new."""


@dataclass(frozen=True, slots=True, eq=False)
class Rejections:
    """Faces, each with a person that it was decided not to be: int64 [R] both, by face."""

    face_ids: I64
    person_ids: I64


def read_rejections(connection: Connection) -> Rejections:
    """All of them."""
    query = select(rejection.c.face_id, rejection.c.person_id).order_by(
        rejection.c.face_id, rejection.c.person_id
    )
    rows = np.array(connection.execute(query).all(), np.int64).reshape(-1, 2)
    return Rejections(rows[:, 0], rows[:, 1])


@dataclass(frozen=True, slots=True, eq=False)
class RejectedFaces:
    """Faces, each with a person that it was decided not to be.

    Attributes:
        face_ids: int64 [R]; a face may be there several times.
        person_ids: int64 [R].
        vectors: float32 [R, D], of unit norm.
    """

    face_ids: I64
    person_ids: I64
    vectors: F32


def load_rejected(store: Store, model: ModelId) -> RejectedFaces:
    """The latest rejections of faces that a model described, by face.

    Raises:
        LibraryError: The library cannot be read, or holds a descriptor that is none.
    """
    latest = (
        select(rejection.c.face_id, rejection.c.person_id, descriptor.c.vector)
        .join(descriptor, descriptor.c.face_id == rejection.c.face_id)
        .where(descriptor.c.model == model)
        .order_by(rejection.c.decision_id.desc(), rejection.c.face_id)
        .limit(MOST)
    )
    with store.read() as connection:
        rows = sorted(connection.execute(latest).all(), key=lambda row: (row.face_id, row.person_id))
    try:
        vectors = descriptors_from_blobs([row.vector for row in rows]) if rows else np.empty((0, 0))
    except ValueError as error:
        raise LibraryDamaged(store.path, f"{error}, among those of rejected faces") from error
    return RejectedFaces(
        np.array([row.face_id for row in rows], np.int64),
        np.array([row.person_id for row in rows], np.int64),
        np.asarray(vectors, np.float32),
    )
