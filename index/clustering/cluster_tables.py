"""Reads the faces to group and writes the results, in a transaction of the caller.

A face without a row in ``cluster_face`` and ``recognised`` was never compared.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace

import numpy as np
from blake3 import blake3
from sqlalchemy import Connection, delete, insert, select

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
from index.store.statements import is_one_of, upsert
from index.values import I64, NONE, RELIABLE, Flags
from pipeline.values import F32, ModelId


@dataclass(frozen=True, slots=True)
class GroupingInputs:
    """What clusters and recognised faces depend on; ``decided`` is the digest of verdicts and rejections."""

    model: ModelId
    accept: float
    review: float
    decided: bytes

    def judge_alike(self, other: "GroupingInputs | None") -> bool:
        """Return whether model and thresholds are equal."""
        return other is not None and self == replace(other, decided=self.decided)


@dataclass(frozen=True, slots=True, eq=False)
class FaceTable:
    """The N faces to group: in a photo, described by the model, and not decided to be no face; arrays [N].

    Attributes:
        ids: Rising.
        contents: The content that each is in.
        confirmed: The person that each is by decision, or ``NONE``.
        ignored: Whether each is a stranger by decision.
        recognised: The person that each was recognised as, or ``NONE``.
        similarities: To that person, or 0.
        clusters: The cluster or ``NONE``; below ``NONE`` for clusters without a number yet.
        seen: Whether each was compared with all others before.
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

    @property
    def persons(self) -> I64:
        """The person that each is confirmed or recognised as, or ``NONE``: int64 [N]."""
        return np.where(self.confirmed != NONE, self.confirmed, self.recognised)

    @property
    def is_undecided(self) -> Flags:
        """Whether no decision covers each face: bool [N]."""
        return np.asarray((self.confirmed == NONE) & ~self.ignored)

    @property
    def is_open(self) -> Flags:
        """Whether each has neither a person nor a decision: bool [N]."""
        return np.asarray(self.is_undecided & (self.recognised == NONE))

    def at(self, chosen: Flags) -> "FaceTable":
        """Return the chosen faces, bool [N]."""
        return FaceTable(*(getattr(self, each.name)[chosen] for each in fields(self)))


def read_faces(connection: Connection, model: ModelId) -> FaceTable:
    """Read the faces to group."""
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
    return FaceTable(
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


def read_last_inputs(connection: Connection) -> GroupingInputs | None:
    """Read the inputs of the last grouping; ``None`` before the first."""
    row = connection.execute(select(grouping)).one_or_none()
    return None if row is None else GroupingInputs(ModelId(row.model), row.accept, row.review, row.decided)


def digest_of_decisions(connection: Connection) -> bytes:
    """Compute the digest of all verdicts and rejections, and of which faces are evidence."""
    hasher = blake3(f"quality {RELIABLE};".encode())
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


def write_faces(
    connection: Connection, before: FaceTable, after: FaceTable, inputs: GroupingInputs, now: str
) -> None:
    """Write what grouping changed, its inputs, and the time for new clusters."""
    _write_recognised(connection, before, after)
    _write_clusters(connection, before, after, now)
    upsert(connection, grouping, [{"id": 1, **asdict(inputs)}], key="id")


def _write_recognised(connection: Connection, before: FaceTable, after: FaceTable) -> None:
    is_nobody = after.recognised == NONE
    unrecognised = after.ids[(before.recognised != NONE) & is_nobody]
    connection.execute(delete(recognised).where(is_one_of(recognised.c.face_id, unrecognised.tolist())))
    differs = (after.recognised != before.recognised) | (after.similarities != before.similarities)
    chosen = differs & ~is_nobody
    columns = (each[chosen].tolist() for each in (after.ids, after.recognised, after.similarities))
    rows = [
        {"face_id": face_id, "person_id": person_id, "similarity": similarity}
        for face_id, person_id, similarity in zip(*columns, strict=True)
    ]
    upsert(connection, recognised, rows, key="face_id")


def _write_clusters(connection: Connection, before: FaceTable, after: FaceTable, now: str) -> None:
    numbers: dict[int, int | None] = {NONE: None}
    if new := sorted(set(after.clusters[after.clusters < NONE].tolist()), reverse=True):
        statement = insert(cluster).returning(cluster.c.id, sort_by_parameter_order=True)
        ids = connection.scalars(statement, [{"made_at": now}] * len(new)).all()
        numbers.update(zip(new, ids, strict=True))
    changed = after.seen & (~before.seen | (after.clusters != before.clusters))
    rows = [
        {"face_id": face_id, "cluster_id": numbers.get(number, number)}
        for face_id, number in zip(after.ids[changed].tolist(), after.clusters[changed].tolist(), strict=True)
    ]
    upsert(connection, cluster_face, rows, key="face_id")
    inhabited = select(cluster_face.c.cluster_id).where(cluster_face.c.cluster_id.is_not(None))
    connection.execute(delete(cluster).where(cluster.c.id.not_in(inhabited)))


def _or_none(column: Sequence[int | None]) -> I64:
    return np.array([NONE if each is None else each for each in column], np.int64)
