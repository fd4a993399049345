"""Reads what shows clusters and ignored faces in a list, in a transaction of the caller."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from index.people.named_faces import is_in_photo, is_open
from index.store.schema import cluster_face, face, verdict
from index.store.statements import is_one_of


@dataclass(frozen=True, slots=True)
class BestFaces:
    """The number of faces of a cluster, and the ids of the best ones with their qualities, falling."""

    faces: int
    best: tuple[tuple[int, float], ...]


def best_of_clusters(connection: Connection, numbers: Iterable[int], most: int) -> dict[int, BestFaces]:
    """Read the best open faces of some clusters, by number; those without one are left out."""
    columns = cluster_face.c
    best_first = (face.c.quality.desc(), face.c.id)
    rank = func.row_number().over(partition_by=columns.cluster_id, order_by=best_first)
    ranked = (
        select(
            columns.cluster_id,
            columns.face_id,
            face.c.quality,
            rank.label("rank"),
            func.count().over(partition_by=columns.cluster_id).label("size"),
        )
        .join_from(cluster_face, face, face.c.id == columns.face_id)
        .where(is_one_of(columns.cluster_id, numbers), is_open(columns.face_id))
        .where(is_in_photo(face.c.content_id))
        .subquery()
    )
    query = select(ranked).where(ranked.c.rank <= most).order_by(ranked.c.cluster_id, ranked.c.rank)
    best: dict[int, list[tuple[int, float]]] = {}
    sizes: dict[int, int] = {}
    for number, face_id, quality, _, size in connection.execute(query):
        best.setdefault(number, []).append((face_id, quality))
        sizes[number] = size
    return {number: BestFaces(sizes[number], tuple(faces)) for number, faces in best.items()}


def ignored_faces(connection: Connection) -> dict[int, tuple[int, ...]]:
    """Read the faces in photos that decisions call strangers, by the number of the decision."""
    query = (
        select(verdict.c.decision_id, verdict.c.face_id)
        .join(face, face.c.id == verdict.c.face_id)
        .where(verdict.c.status == "ignored", is_in_photo(face.c.content_id))
        .order_by(verdict.c.decision_id, verdict.c.face_id)
    )
    found: dict[int, list[int]] = {}
    for number, face_id in connection.execute(query):
        found.setdefault(number, []).append(face_id)
    return {number: tuple(faces) for number, faces in found.items()}
