"""Reads the faces to judge with what is known of them, and writes who they are."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from sqlalchemy import ColumnElement, Connection, delete, func, select

from index.columns import Columns
from index.id_arrays import columns_of, ids_in_text, ids_or_none
from index.recognition.decided_faces import YEAR
from index.spans import STARTS_ENDS, spans_of
from index.store.schema import (
    cluster_face,
    content,
    descriptor,
    face,
    likeness,
    recognised,
    stored_face,
    tracklet,
    verdict,
)
from index.store.statements import concatenated, is_one_of, upsert
from index.values import I64, NONE, Flags
from pipeline.values import F32, ModelId


@dataclass(frozen=True, slots=True, eq=False)
class FacesToJudge(Columns):
    """All N described faces of some photos, arrays [N] by rising id.

    Attributes:
        contents: The photo of each.
        spans: When each is seen in a film (``index.spans``), float32 [N, 2].
        undecided: Whether no decision covers each.
        confirmed: The person that each is by decision, or ``NONE``.
        recognised: The person that each was recognised as, or ``NONE``; with its similarity, or 0.
    """

    ids: I64
    contents: I64
    spans: F32
    undecided: Flags
    confirmed: I64
    recognised: I64
    similarities: F32


def read_photos(connection: Connection, model: ModelId, condition: ColumnElement[bool]) -> FacesToJudge:
    """Read the faces of whole photos of which one face meets a condition on ``face``."""
    photos = select(face.c.content_id).where(condition)
    query = (
        select(
            face.c.id,
            face.c.content_id,
            *STARTS_ENDS,
            verdict.c.status,
            verdict.c.person_id,
            recognised.c.person_id,
            recognised.c.similarity,
        )
        .join(descriptor, (descriptor.c.face_id == face.c.id) & (descriptor.c.model == model))
        .outerjoin(verdict, verdict.c.face_id == face.c.id)
        .outerjoin(recognised, recognised.c.face_id == face.c.id)
        .outerjoin(tracklet, tracklet.c.face_id == face.c.id)
        .where(face.c.content_id.in_(photos))
        .order_by(face.c.id)
    )
    columns = list(zip(*connection.execute(query).all(), strict=True)) or [()] * 8
    return FacesToJudge(
        ids=np.array(columns[0], np.int64),
        contents=np.array(columns[1], np.int64),
        spans=spans_of(columns[2], columns[3]),
        undecided=np.array([status is None for status in columns[4]], bool),
        confirmed=ids_or_none(columns[5]),
        recognised=ids_or_none(columns[6]),
        similarities=np.array([each or 0.0 for each in columns[7]], np.float32),
    )


def read_unjudged(connection: Connection) -> I64:
    """Read the faces that were never judged, nor decided: int64 [M], rising.

    Whoever was judged is recognised, or was compared with others.
    """
    judged = (select(table.c.face_id) for table in (cluster_face, recognised, verdict))
    query = select(concatenated(face.c.id)).where(*(face.c.id.not_in(each) for each in judged))
    return np.sort(ids_in_text(connection.scalar(query)))


def without_likeness(connection: Connection, face_ids: I64) -> I64:
    """Return those of some faces, int64 [M], rising, that are like nobody yet."""
    known = connection.scalars(
        select(likeness.c.face_id).where(is_one_of(likeness.c.face_id, face_ids.tolist()))
    )
    return np.setdiff1d(face_ids, np.array(known.all(), np.int64))


def confirmed_pairs(connection: Connection, face_ids: I64) -> tuple[I64, I64]:
    """Read which of some faces are confirmed, and the persons: int64 [K] both."""
    query = select(verdict.c.face_id, verdict.c.person_id).where(
        is_one_of(verdict.c.face_id, face_ids.tolist()), verdict.c.person_id.is_not(None)
    )
    return columns_of(connection.execute(query))


def count_ignored(connection: Connection, face_ids: I64) -> int:
    """Count those of some faces that are ignored strangers."""
    chosen = is_one_of(verdict.c.face_id, face_ids.tolist())
    query = select(func.count()).select_from(verdict).where(chosen, verdict.c.status == "ignored")
    return connection.scalar(query) or 0


def years_of(connection: Connection, face_ids: I64) -> Counter[int]:
    """Count faces by the year of their photos, or ``NO_YEAR``."""
    query = select(YEAR).join_from(stored_face, content, content.c.id == stored_face.c.content_id)
    found = connection.scalars(query.where(is_one_of(stored_face.c.id, face_ids.tolist())))
    return Counter(found)


def write_recognised(connection: Connection, face_ids: I64, person_ids: I64, similarities: F32) -> None:
    """Write who faces are, int64 [M] both, float32 [M]; ``NONE`` for nobody."""
    is_nobody = person_ids == NONE
    gone = is_one_of(recognised.c.face_id, face_ids[is_nobody].tolist())
    connection.execute(delete(recognised).where(gone))
    columns = (each[~is_nobody].tolist() for each in (face_ids, person_ids, similarities))
    rows = [
        {"face_id": face_id, "person_id": person_id, "similarity": similarity}
        for face_id, person_id, similarity in zip(*columns, strict=True)
    ]
    upsert(connection, recognised, rows, key="face_id")


def compare_again(connection: Connection, face_ids: I64) -> None:
    """Let those of some faces, int64 [M], that are in no cluster be compared with all others again."""
    chosen = is_one_of(cluster_face.c.face_id, face_ids.tolist())
    connection.execute(delete(cluster_face).where(chosen, cluster_face.c.cluster_id.is_(None)))
