"""Counts the faces of persons and clusters, in a transaction of the caller; no face becomes a row in Python.

To count the faces of everyone, all that are named are counted in an index, and those subtracted whose
contents are in no photo: these are few, and found without reading the faces.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, func, not_, select, union_all

from index.people.named_faces import (
    confirmed_faces,
    exemplars,
    is_in_photo,
    is_in_present_photo,
    is_open,
    missing_contents,
    named_faces,
    read_lost_contents,
    recognised_faces,
)
from index.store.schema import cluster_face, face, in_photo, is_shown, other_face, recognised, verdict
from index.store.statements import is_one_of


@dataclass(frozen=True, slots=True)
class FaceCounts:
    """The numbers of a person's faces; ``index.people.queries.PersonSummary`` documents the fields."""

    confirmed: int = 0
    recognised: int = 0
    missing: int = 0
    exemplar_ids: tuple[int, ...] = ()
    added: int = 0


NO_FACES = FaceCounts()


def count_faces(connection: Connection) -> dict[int, FaceCounts]:
    """Count the faces of everyone, by person; persons without a face may be left out."""
    lost = _faces_in(read_lost_contents(connection))
    missing = select(face.c.id).where(face.c.content_id.in_(missing_contents()))
    counts: list[Counter[int]] = []
    of_missing: Counter[int] = Counter()
    for named in (confirmed_faces(), recognised_faces()):
        face_id, person_id = named.selected_columns["face_id"], named.selected_columns["person_id"]
        each = named.with_only_columns(person_id, func.count()).group_by(person_id)
        shown = _counter(connection, each.where(is_shown(face_id)))
        shown.subtract(_counter(connection, each.where(face_id.in_(lost))))
        of_missing.update(_counter(connection, each.where(face_id.in_(missing))))
        counts.append(shown)
    confirmed, recognised = counts
    added = _counter(connection, _added())
    kept: dict[int, list[int]] = {}
    for row in connection.execute(exemplars(lost).order_by(verdict.c.face_id)):
        kept.setdefault(row.person_id, []).append(row.face_id)
    return {
        each: FaceCounts(
            confirmed[each], recognised[each], of_missing[each], tuple(kept.get(each, ())), added[each]
        )
        for each in {*confirmed, *recognised, *added}
    }


def count_faces_of(connection: Connection, person_id: int) -> FaceCounts:
    """Count the faces of a person."""
    one = named_faces([person_id])
    is_recognised, is_missing = one.c.similarity.is_not(None), not_(is_in_present_photo(face.c.content_id))
    query = (
        select(
            func.count().filter(not_(is_recognised)),
            func.count().filter(is_recognised),
            func.count().filter(is_missing),
        )
        .join_from(one, face, face.c.id == one.c.face_id)
        .where(is_in_photo(face.c.content_id))
    )
    theirs = select(verdict.c.face_id).where(verdict.c.person_id == person_id)
    kept = exemplars(theirs).with_only_columns(verdict.c.face_id).order_by(verdict.c.face_id)
    confirmed, recognised, missing = connection.execute(query).one()
    added = _counter(connection, _added().where(in_photo.c.person_id == person_id))
    return FaceCounts(confirmed, recognised, missing, tuple(connection.scalars(kept)), added[person_id])


def _added() -> Select[Any]:
    """Select persons with the number of photos in which they are without a face."""
    each = select(in_photo.c.person_id, func.count()).where(is_in_photo(in_photo.c.content_id))
    return each.group_by(in_photo.c.person_id)


def largest_clusters(connection: Connection, most: int) -> tuple[list[int], int]:
    """Find the clusters with most open faces in a photo, the largest first, and count all that have one."""
    sizes = _cluster_sizes(connection).subquery().c
    ranked = select(sizes.cluster_id, func.count().over()).order_by(sizes.left.desc(), sizes.cluster_id)
    rows = connection.execute(ranked.limit(max(most, 1))).all()
    return [row[0] for row in rows[:most]], rows[0][1] if rows else 0


def count_clustered(connection: Connection) -> Counter[int]:
    """Count the open faces in a photo of each cluster that has one, by cluster."""
    return _counter(connection, _cluster_sizes(connection))


def _cluster_sizes(connection: Connection) -> Select[Any]:
    """Select the clusters with open faces in a photo, and their number: cluster_id, left.

    The faces of each cluster are counted in an index, and those subtracted that are named, hidden or lost.
    """
    every = select(cluster_face.c.cluster_id, func.count().label("faces"))
    every = every.where(cluster_face.c.cluster_id.is_not(None)).group_by(cluster_face.c.cluster_id)
    lost = _faces_in(read_lost_contents(connection))
    hidden = select(other_face.c.face_id).where(not_(other_face.c.kept))
    left_out = (
        select(verdict.c.face_id),
        recognised_faces().with_only_columns(recognised.c.face_id),
        hidden.where(is_open(other_face.c.face_id)),
        lost.where(is_open(face.c.id)),
    )
    each = union_all(every, *map(_not_counted, left_out)).subquery().c
    left = func.sum(each.faces)
    return select(each.cluster_id, left.label("left")).group_by(each.cluster_id).having(left > 0)


def _not_counted(faces: Select[Any]) -> Select[Any]:
    """Select clusters with the negative number of some faces in them."""
    some, cluster_id = faces.subquery(), cluster_face.c.cluster_id
    # Without the sum, SQLite may read all faces in clusters, and look for each among these.
    is_same = cluster_face.c.face_id == some.c[0] + 0
    return (
        select(cluster_id, -func.count())
        .join_from(some, cluster_face, is_same)
        .where(cluster_id.is_not(None))
        .group_by(cluster_id)
    )


def _faces_in(contents: Iterable[int]) -> Select[tuple[int]]:
    """Select the ids of the faces in some contents."""
    return select(face.c.id).where(is_one_of(face.c.content_id, contents))


def _counter(connection: Connection, query: Select[Any]) -> Counter[int]:
    return Counter({row[0]: row[1] for row in connection.execute(query)})
