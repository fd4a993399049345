"""Reads confirmed faces, rejected faces, and faces that are none, with their descriptors."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, Integer, case, cast, exists, func, select, true

from index.arrays import descriptors_from_blobs
from index.errors import LibraryDamaged
from index.id_arrays import columns_of, ids_in_text
from index.recognition.gallery import Gallery
from index.recognition.templates import NO_YEAR, ConfirmedFaces
from index.store.schema import content, descriptor, face, rejection, verdict
from index.store.statements import concatenated, is_one_of
from index.store.store import Store
from index.values import I64, NONE, RELIABLE
from pipeline.values import F32, DateSource, ModelId

FACES_A_YEAR = 20
"""Confirmed faces read for each year of a person: more hardly change the mean, and take time."""

_MIXER = 2654435761
"""Multiplies ids, modulo 2 to the power of 32, so that not all faces taken are of one day: Knuth, "The Art of
Computer Programming", volume 3, section 6.4."""

YEAR = cast(
    case(
        (content.c.taken_from == DateSource.CHANGED, str(NO_YEAR)),
        else_=func.coalesce(func.substr(content.c.taken_at, 1, 4), str(NO_YEAR)),
    ),
    Integer,
)
"""The year in which a content was taken, in a query; ``NO_YEAR`` if only a day of editing is known."""

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


def refreshed_gallery(store: Store, model: ModelId, known: Gallery) -> Gallery:
    """Bring a whole gallery of a model up to date; read descriptors only of persons whose faces changed."""
    with store.read() as connection:
        now, before = _sample(connection, model, RELIABLE), known.faces
    _, here, there = np.intersect1d(now.face_ids, before.face_ids, assume_unique=True, return_indices=True)
    is_same = np.ones(len(here), bool)
    for one, other in ((now.person_ids, before.person_ids), (now.years, before.years)):
        is_same &= one[here] == other[there]
    is_same &= now.qualities[here] == before.qualities[there]
    changed = np.union1d(
        np.delete(now.person_ids, here[is_same]), np.delete(before.person_ids, there[is_same])
    )
    if not len(changed):
        return known
    faces = load_confirmed(store, model, least_quality=RELIABLE, persons=changed.tolist())
    return known.replaced(changed, faces)


def load_confirmed(
    store: Store, model: ModelId, *, least_quality: float = 0.0, persons: Collection[int] | None = None
) -> ConfirmedFaces:
    """Read confirmed faces that a model has described, of this quality or more, by id.

    At most ``FACES_A_YEAR`` a year are taken, by a fixed hash of their ids, so that one more confirmed face
    is taken or not, and takes the place of one other at most. Faces whose photos are gone count too.
    """
    with store.read() as connection:
        sample = _sample(connection, model, least_quality, persons)
        query = (
            select(descriptor.c.vector)
            .where(descriptor.c.model == model, is_one_of(descriptor.c.face_id, sample.face_ids.tolist()))
            .order_by(descriptor.c.face_id)
        )
        return replace(sample, vectors=_vectors(store, connection.execute(query).all()))


def _sample(
    connection: Connection, model: ModelId, least_quality: float, persons: Collection[int] | None = None
) -> ConfirmedFaces:
    """Choose confirmed faces, without their descriptors; see ``load_confirmed``."""
    of_persons = true() if persons is None else is_one_of(verdict.c.person_id, persons)
    query = (
        select(*map(concatenated, (verdict.c.face_id, verdict.c.person_id, YEAR, face.c.quality)))
        .join_from(verdict, face, face.c.id == verdict.c.face_id)
        .join(content, content.c.id == face.c.content_id)
        .where(verdict.c.person_id.is_not(None), face.c.quality >= least_quality, of_persons)
        .where(exists().where(descriptor.c.face_id == verdict.c.face_id, descriptor.c.model == model))
    )
    *ids, numbers = connection.execute(query).one()
    face_ids, person_ids, years = map(ids_in_text, ids)
    qualities = np.fromstring(numbers or "", np.float64, sep=",").astype(np.float32)
    found = ConfirmedFaces(face_ids, person_ids, years, qualities, np.empty((len(face_ids), 0), np.float32))
    chosen = _sampled(face_ids, person_ids, years)
    return found.at(chosen[np.argsort(face_ids[chosen])])


def _sampled(face_ids: I64, person_ids: I64, years: I64) -> NDArray[np.intp]:
    """Choose the rows of at most ``FACES_A_YEAR`` faces of each person and year."""
    order = np.lexsort((face_ids, sample_order(face_ids), years, person_ids))
    is_next = np.diff(person_ids[order], prepend=NONE) != 0
    is_next |= np.diff(years[order], prepend=NONE) != 0
    places = np.arange(len(order))
    return order[places - np.maximum.accumulate(np.where(is_next, places, 0)) < FACES_A_YEAR]


def sample_order(face_ids: I64) -> I64:
    """Return numbers by whose order faces are taken into a sample, the same ones always: int64 [N]."""
    return face_ids * _MIXER % (1 << 32)


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
            verdict.c.person_id.is_not(None),
            face.c.quality < RELIABLE,
        )
        .order_by(verdict.c.face_id)
    )
    with store.read() as connection:
        return tuple(connection.scalars(query))


def rejections_of(connection: Connection, face_ids: I64) -> Rejections:
    """Read the rejections of some faces, int64 [M]."""
    return _read_rejections(connection, is_one_of(rejection.c.face_id, face_ids.tolist()))


def rejections_for(connection: Connection, person_ids: I64) -> Rejections:
    """Read the rejections for some persons, int64 [P]."""
    return _read_rejections(connection, is_one_of(rejection.c.person_id, person_ids.tolist()))


def _read_rejections(connection: Connection, condition: ColumnElement[bool]) -> Rejections:
    query = select(rejection.c.face_id, rejection.c.person_id).where(condition)
    return Rejections(*columns_of(connection.execute(query.order_by(*query.selected_columns))))


def load_rejected(store: Store, model: ModelId) -> RejectedFaces:
    """Read the latest rejections of faces that a model has described, by face."""
    latest = (
        select(rejection.c.face_id, rejection.c.person_id)
        .where(exists().where(descriptor.c.face_id == rejection.c.face_id, descriptor.c.model == model))
        .order_by(rejection.c.decision_id.desc(), rejection.c.face_id)
        .limit(MOST_REJECTIONS)
        .subquery()
    )
    query = (
        select(latest, descriptor.c.vector)
        .join(descriptor, (descriptor.c.face_id == latest.c.face_id) & (descriptor.c.model == model))
        .order_by(latest.c.face_id, latest.c.person_id)
    )
    with store.read() as connection:
        rows = connection.execute(query).all()
    return RejectedFaces(*columns_of(row[:2] for row in rows), _vectors(store, rows))


def read_strangers(connection: Connection, first: int = 0, end: int | None = None) -> I64:
    """Read the reliable faces of ignored strangers, int64 [N], rising.

    They are those from ``first`` up to ``end``, by default ``MOST_STRANGERS``, counted from the latest.
    """
    latest = (
        select(verdict.c.face_id)
        .join(face, face.c.id == verdict.c.face_id)
        .where(verdict.c.status == "ignored", face.c.quality >= RELIABLE)
        .order_by(verdict.c.decision_id.desc(), verdict.c.face_id)
        .offset(first)
        .limit((MOST_STRANGERS if end is None else end) - first)
    )
    return np.sort(np.array(connection.scalars(latest).all(), np.int64))


def load_strangers(store: Store, model: ModelId) -> F32:
    """Read descriptors of ignored strangers, the latest reliable faces: float32 [N, D], of unit norm."""
    columns = descriptor.c
    with store.read() as connection:
        of_strangers = is_one_of(columns.face_id, read_strangers(connection).tolist())
        query = select(columns.vector).where(of_strangers, columns.model == model).order_by(columns.face_id)
        return _vectors(store, connection.execute(query).all())


def _vectors(store: Store, rows: Sequence[Any]) -> F32:
    """Read the descriptors of some rows, float32 [N, D], of unit norm; [0, 0] without a row."""
    if not rows:
        return np.empty((0, 0), dtype=np.float32)
    try:
        return descriptors_from_blobs([row.vector for row in rows])
    except ValueError as error:
        raise LibraryDamaged(store.path, f"{error}, among those of faces with a decision") from error
