"""Reads the faces to group and writes the results, in a transaction of the caller.

A face without a row in ``cluster_face`` and ``recognised`` was never compared.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from sqlalchemy import (
    Connection,
    Row,
    and_,
    delete,
    exists,
    func,
    insert,
    select,
    update,
)

from index.columns import Columns
from index.id_arrays import columns_of, ids_in_text, ids_or_none
from index.people.named_faces import is_in_photo
from index.spans import STARTS_ENDS, spans_of
from index.store.schema import (
    cluster,
    cluster_face,
    descriptor,
    face,
    grouping,
    recognised,
    tracklet,
    verdict,
)
from index.store.statements import concatenated, in_chunks, is_one_of, upsert
from index.values import I64, NONE, RELIABLE, Flags
from pipeline.values import F32, ModelId

_ROWS = 100_000
"""Rows that are in memory at a time, as objects of Python."""


@dataclass(frozen=True, slots=True)
class GroupingInputs:
    """By what faces were judged and grouped; ``reliable`` is the number of faces that are evidence."""

    model: ModelId
    accept: float
    review: float
    reliable: int

    def judge_alike(self, other: "GroupingInputs | None") -> bool:
        """Return whether model and thresholds are equal."""
        return other is not None and self == replace(other, reliable=self.reliable)


@dataclass(frozen=True, slots=True, eq=False)
class FaceTable(Columns):
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
        spans: When each is seen in a film (``index.spans``), float32 [N, 2].
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
    spans: F32

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

    def and_(self, others: "FaceTable") -> "FaceTable":
        """Return these and other faces."""
        both = FaceTable.joined([self, others])
        return both.at(np.argsort(both.ids, kind="stable"))


def read_faces(connection: Connection, model: ModelId, face_ids: I64) -> FaceTable:
    """Read those of some ids, int64 [M], that are faces to group."""
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
            *STARTS_ENDS,
        )
        .join(descriptor, (descriptor.c.face_id == face.c.id) & (descriptor.c.model == model))
        .outerjoin(verdict, verdict.c.face_id == face.c.id)
        .outerjoin(recognised, recognised.c.face_id == face.c.id)
        .outerjoin(cluster_face, cluster_face.c.face_id == face.c.id)
        .outerjoin(tracklet, tracklet.c.face_id == face.c.id)
        .where(is_one_of(face.c.id, face_ids.tolist()), is_in_photo(face.c.content_id))
        .where(verdict.c.status.is_distinct_from("not-a-face"))
        .order_by(face.c.id)
    )
    # As rows of Python, a million faces take ten times the memory of arrays.
    parts = map(_faces_of, connection.execute(query).partitions(_ROWS))
    return FaceTable.joined([_faces_of([]), *parts])


def _faces_of(rows: Sequence[Row[Any]]) -> FaceTable:
    columns = list(zip(*rows, strict=True)) or [()] * 11
    return FaceTable(
        ids=np.array(columns[0], np.int64),
        contents=np.array(columns[1], np.int64),
        qualities=np.array(columns[2], np.float32),
        confirmed=ids_or_none(columns[3]),
        ignored=np.array(columns[4], bool),
        recognised=ids_or_none(columns[5]),
        similarities=np.array([each or 0.0 for each in columns[6]], np.float32),
        clusters=ids_or_none(columns[7]),
        seen=np.array([each is not None for each in columns[8]], bool),
        spans=spans_of(columns[9], columns[10]),
    )


def read_never_compared(connection: Connection, *, again: bool = False) -> I64:
    """Read the open faces that no other was compared with, described or not: int64 [N], rising.

    With ``again``, these are all open faces without a cluster.
    """
    compared = select(cluster_face.c.face_id)
    if again:
        compared = compared.where(cluster_face.c.cluster_id.is_not(None))
    query = select(concatenated(face.c.id)).where(
        is_in_photo(face.c.content_id),
        face.c.id.not_in(compared),
        face.c.id.not_in(select(recognised.c.face_id)),
        face.c.id.not_in(select(verdict.c.face_id)),
    )
    return np.sort(ids_in_text(connection.scalar(query)))


def read_without_cluster(connection: Connection, model: ModelId) -> tuple[I64, I64]:
    """Read the open faces that were compared and have no cluster, good and poor ones: int64 [N], rising."""
    query = (
        select(concatenated(face.c.id))
        .join(descriptor, (descriptor.c.face_id == face.c.id) & (descriptor.c.model == model))
        .join(cluster_face, cluster_face.c.face_id == face.c.id)
        .where(
            cluster_face.c.cluster_id.is_(None),
            is_in_photo(face.c.content_id),
            face.c.id.not_in(select(recognised.c.face_id)),
            face.c.id.not_in(select(verdict.c.face_id)),
        )
    )
    qualities = (face.c.quality >= RELIABLE, face.c.quality < RELIABLE)
    good, poor = (np.sort(ids_in_text(connection.scalar(query.where(each)))) for each in qualities)
    return good, poor


def read_beside(connection: Connection, face_ids: I64) -> I64:
    """Read all faces in the photos of some faces, int64 [N]."""
    contents = select(face.c.content_id).where(is_one_of(face.c.id, face_ids.tolist()))
    query = select(concatenated(face.c.id)).where(face.c.content_id.in_(contents))
    return np.sort(ids_in_text(connection.scalar(query)))


def read_groups(connection: Connection, persons: I64, clusters: I64) -> dict[int, I64]:
    """Read the faces of persons and clusters, recognised and ignored ones included: int64 [M] each.

    Of a cluster these are the faces that are nobody's. Keys are the numbers of persons, and those of
    clusters below ``NONE``: ``NONE - number``.
    """
    is_nobodys = (
        verdict.c.person_id.is_(None),
        verdict.c.status.is_distinct_from("not-a-face"),
        recognised.c.face_id.is_(None),
    )
    queries = (
        select(verdict.c.person_id, verdict.c.face_id).where(
            is_one_of(verdict.c.person_id, persons.tolist())
        ),
        select(recognised.c.person_id, recognised.c.face_id).where(
            is_one_of(recognised.c.person_id, persons.tolist())
        ),
        select(NONE - cluster_face.c.cluster_id, cluster_face.c.face_id)
        .outerjoin(verdict, verdict.c.face_id == cluster_face.c.face_id)
        .outerjoin(recognised, recognised.c.face_id == cluster_face.c.face_id)
        .where(is_one_of(cluster_face.c.cluster_id, clusters.tolist()), *is_nobodys),
    )
    keys, ids = columns_of(row for query in queries for row in connection.execute(query))
    order = np.lexsort((ids, keys))
    present, first = np.unique(keys[order], return_index=True)
    parts = pairwise([*first.tolist(), len(ids)])
    return {key: ids[order[start:end]] for key, (start, end) in zip(present.tolist(), parts, strict=True)}


def read_last_inputs(connection: Connection) -> GroupingInputs | None:
    """Read the inputs of the last grouping; ``None`` before the first."""
    row = connection.execute(select(grouping)).one_or_none()
    return None if row is None else GroupingInputs(ModelId(row.model), row.accept, row.review, row.reliable)


def write_inputs(connection: Connection, inputs: GroupingInputs) -> None:
    """Write what the faces were grouped by."""
    upsert(connection, grouping, [{"id": 1, **asdict(inputs)}], key="id")


def new_clusters(connection: Connection, number: int, now: str) -> list[int]:
    """Make so many clusters, of the time ``now``; return their ids, rising."""
    statement = insert(cluster).returning(cluster.c.id, sort_by_parameter_order=True)
    rows = [{"made_at": now}] * number
    return [each for part in in_chunks(rows, _ROWS) for each in connection.scalars(statement, part)]


def write_clusters(connection: Connection, face_ids: I64, clusters: I64) -> None:
    """Write the cluster of each face, or that it has none: int64 [N] both."""
    for start in range(0, len(face_ids), _ROWS):
        part = slice(start, start + _ROWS)
        rows = [
            {"face_id": face_id, "cluster_id": None if number == NONE else number}
            for face_id, number in zip(face_ids[part].tolist(), clusters[part].tolist(), strict=True)
        ]
        upsert(connection, cluster_face, rows, key="face_id")


def merge_clusters(connection: Connection, successors: Mapping[int, int]) -> None:
    """Move all faces of clusters to others."""
    for number, successor in successors.items():
        moved = update(cluster_face).where(cluster_face.c.cluster_id == number)
        connection.execute(moved.values(cluster_id=successor))


def alone_in(connection: Connection, model: ModelId, clusters: I64) -> I64:
    """Find the faces that are the only one of their cluster, for some clusters: int64 [N], rising."""
    query = (
        select(func.min(face.c.id))
        .join(cluster_face, cluster_face.c.face_id == face.c.id)
        .join(descriptor, (descriptor.c.face_id == face.c.id) & (descriptor.c.model == model))
        .outerjoin(verdict, verdict.c.face_id == face.c.id)
        .where(
            is_one_of(cluster_face.c.cluster_id, clusters.tolist()),
            is_in_photo(face.c.content_id),
            verdict.c.status.is_distinct_from("not-a-face"),
        )
        .group_by(cluster_face.c.cluster_id)
        .having(func.count() == 1)
    )
    return np.array(sorted(connection.scalars(query)), np.int64)


def delete_empty_clusters(connection: Connection, clusters: I64 | None = None) -> None:
    """Delete clusters without a face: all, or of some."""
    is_empty = ~exists().where(cluster_face.c.cluster_id == cluster.c.id)
    if clusters is not None:
        is_empty = and_(is_one_of(cluster.c.id, clusters.tolist()), is_empty)
    connection.execute(delete(cluster).where(is_empty))


@dataclass(frozen=True, slots=True)
class OpenFaces:
    """How many clusters have an open face, and how many open faces are in a cluster, and how many in none."""

    clusters: int
    clustered: int
    unclustered: int


def count_open(connection: Connection) -> OpenFaces:
    """Count the open faces of a library that were compared, and their clusters."""
    shown = select(face.c.id).where(face.c.id == cluster_face.c.face_id, is_in_photo(face.c.content_id))
    query = select(
        func.count(cluster_face.c.cluster_id.distinct()), func.count(cluster_face.c.cluster_id), func.count()
    ).where(
        ~exists().where(verdict.c.face_id == cluster_face.c.face_id),
        ~exists().where(recognised.c.face_id == cluster_face.c.face_id),
        shown.exists(),
    )
    clusters, clustered, faces = connection.execute(query).one()
    return OpenFaces(clusters, clustered, faces - clustered)


def count_recognised(connection: Connection) -> int:
    """Count the faces that are recognised as a person."""
    return connection.scalar(select(func.count()).select_from(recognised)) or 0


def count_reliable(connection: Connection, model: ModelId) -> int:
    """Count the faces to group that are evidence."""
    query = (
        select(func.count())
        .select_from(face)
        .join(descriptor, (descriptor.c.face_id == face.c.id) & (descriptor.c.model == model))
        .where(
            face.c.quality >= RELIABLE,
            is_in_photo(face.c.content_id),
            face.c.id.not_in(select(verdict.c.face_id).where(verdict.c.status == "not-a-face")),
        )
    )
    return int(connection.scalar(query) or 0)
