"""Reads what grouping goes by, and writes what comes of it: clusters, recognised faces, and their basis.

A face without a row in ``cluster_face`` and ``recognised`` was never looked at. This module decides nothing,
and works inside a transaction that its caller began.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from blake3 import blake3
from sqlalchemy import Connection, delete, insert, select

from index.store.conditions import is_one_of
from index.store.schema import (
    cluster,
    cluster_face,
    descriptor,
    face,
    grouping,
    photo,
    recognised,
    rejection,
    verdict,
)
from index.store.statements import upsert
from index.values import I64, NONE, Flags
from pipeline.values import F32, ModelId


@dataclass(frozen=True, slots=True)
class Basis:
    """What clusters and recognised faces are made from, besides descriptors.

    Attributes:
        model: Whose descriptors.
        accept: Threshold, see ``Thresholds``.
        review: Threshold.
        decided: Digest of all verdicts and rejections.
    """

    model: ModelId
    accept: float
    review: float
    decided: bytes

    def compares_as(self, other: "Basis | None") -> bool:
        """Whether descriptors mean the same under both."""
        return other is not None and (self.model, self.accept, self.review) == (
            other.model,
            other.accept,
            other.review,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Grouped:
    """The faces that are in a photo, that the model has described, and that are faces; N of them.

    Attributes:
        ids: int64 [N], rising.
        contents: int64 [N], the content that each is in.
        qualities: float32 [N].
        confirmed: int64 [N], the person that it was decided to be, or ``NONE``.
        ignored: bool [N], decided to be a stranger.
        recognised: int64 [N], the person that it looked like, or ``NONE``.
        similarities: float32 [N], to that person; 0 where there is none.
        clusters: int64 [N], or ``NONE``.
        seen: bool [N], whether it was compared with all others before.
    """

    ids: I64
    contents: I64
    qualities: F32
    confirmed: I64
    ignored: Flags
    recognised: I64
    similarities: F32
    clusters: I64
    seen: Flags

    def at(self, chosen: Flags) -> "Grouped":
        """Some of them: bool [N]."""
        return Grouped(*(getattr(self, each.name)[chosen] for each in fields(self)))


@dataclass(frozen=True, slots=True, eq=False)
class Changes:
    """What is to be written.

    Attributes:
        recognised: int64 [A], faces to be recognised, anew or as somebody else.
        persons: int64 [A], as whom.
        similarities: float32 [A].
        unrecognised: int64 [B], faces that are recognised no more.
        founded: For each new cluster its faces, int64.
        placed: int64 [C], faces to be put elsewhere.
        clusters: int64 [C], the clusters where they go; ``NONE`` for those that are like no other.
        basis: What all this was made from.
    """

    recognised: I64
    persons: I64
    similarities: F32
    unrecognised: I64
    founded: Sequence[I64]
    placed: I64
    clusters: I64
    basis: Basis


def read_grouped(connection: Connection, model: ModelId) -> Grouped:
    """What is known of the faces that are to be grouped."""
    query = (
        select(
            face.c.id,
            face.c.content_id,
            face.c.quality,
            verdict.c.person_id,
            verdict.c.status == "ignored",
            recognised.c.person_id,
            recognised.c.similarity,
            cluster_face.c.cluster_id,
            cluster_face.c.face_id,
        )
        .join(descriptor, (descriptor.c.face_id == face.c.id) & (descriptor.c.model == model))
        .outerjoin(verdict, verdict.c.face_id == face.c.id)
        .outerjoin(recognised, recognised.c.face_id == face.c.id)
        .outerjoin(cluster_face, cluster_face.c.face_id == face.c.id)
        .where(
            face.c.content_id.in_(select(photo.c.content_id)),
            verdict.c.status.is_distinct_from("not-a-face"),
        )
        .order_by(face.c.id)
    )
    columns = list(zip(*connection.execute(query).all(), strict=True)) or [()] * 9
    return Grouped(
        ids=np.array(columns[0], np.int64),
        contents=np.array(columns[1], np.int64),
        qualities=np.array(columns[2], np.float32),
        confirmed=_or_none(columns[3]),
        ignored=np.array(columns[4], bool),
        recognised=_or_none(columns[5]),
        similarities=np.array([each or 0.0 for each in columns[6]], np.float32),
        clusters=_or_none(columns[7]),
        seen=np.array([each is not None for each in columns[8]], bool),
    )


def read_former_basis(connection: Connection) -> Basis | None:
    """What clusters and recognised faces were last made from; ``None`` where they never were."""
    row = connection.execute(select(grouping)).one_or_none()
    return None if row is None else Basis(ModelId(row.model), row.accept, row.review, row.decided)


def digest_of_decisions(connection: Connection) -> bytes:
    """Of all verdicts and rejections: another one, where any of them is another."""
    hasher = blake3()
    for query in (
        select(verdict.c.face_id, verdict.c.status, verdict.c.person_id).order_by(verdict.c.face_id),
        select(rejection.c.face_id, rejection.c.person_id).order_by(
            rejection.c.face_id, rejection.c.person_id
        ),
    ):
        for row in connection.execute(query):
            hasher.update(repr(tuple(row)).encode())
        hasher.update(b";")
    return hasher.digest()


def write_changes(connection: Connection, changes: Changes, now: str) -> None:
    """Apply them.

    Args:
        connection: With a transaction that may write.
        changes: Which.
        now: The time, as it is to be written down.
    """
    _write_recognised(connection, changes)
    places = _founded(connection, changes.founded, now)
    homes = [None if each == NONE else each for each in changes.clusters.tolist()]
    _place(connection, [*places, *zip(changes.placed.tolist(), homes, strict=True)])
    inhabited = select(cluster_face.c.cluster_id).where(cluster_face.c.cluster_id.is_not(None))
    connection.execute(delete(cluster).where(cluster.c.id.not_in(inhabited)))
    basis = changes.basis
    values = {
        "model": basis.model, "accept": basis.accept, "review": basis.review, "decided": basis.decided
    }  # fmt: skip
    upsert(connection, grouping, [{"id": 1, **values}], key="id")


def _founded(connection: Connection, founded: Sequence[I64], now: str) -> list[tuple[int, int]]:
    """New clusters, and each of their faces with the number of its own."""
    if not founded:
        return []
    statement = insert(cluster).returning(cluster.c.id, sort_by_parameter_order=True)
    numbers = connection.scalars(statement, [{"made_at": now}] * len(founded)).all()
    return [
        (face_id, number)
        for faces, number in zip(founded, numbers, strict=True)
        for face_id in faces.tolist()
    ]


def _write_recognised(connection: Connection, changes: Changes) -> None:
    connection.execute(
        delete(recognised).where(is_one_of(recognised.c.face_id, changes.unrecognised.tolist()))
    )
    columns = (each.tolist() for each in (changes.recognised, changes.persons, changes.similarities))
    rows = [
        {"face_id": one, "person_id": who, "similarity": similarity}
        for one, who, similarity in zip(*columns, strict=True)
    ]
    upsert(connection, recognised, rows, key="face_id")


def _place(connection: Connection, places: Sequence[tuple[int, int | None]]) -> None:
    """Put faces into clusters, or down as seen and like no other, wherever they were before."""
    rows = [{"face_id": one, "cluster_id": home} for one, home in places]
    upsert(connection, cluster_face, rows, key="face_id")


def _or_none(column: Sequence[int | None]) -> I64:
    return np.array([NONE if each is None else each for each in column], np.int64)
