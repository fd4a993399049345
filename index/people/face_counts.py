"""Counts the faces of persons and clusters, in a transaction of the caller; no face becomes a row in Python.

To count the faces of everyone, all that are named are counted in an index, and those subtracted whose
contents are in no photo: these are few, and found without reading the faces.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, func, not_, select

from index.people.named_faces import (
    confirmed_faces,
    exemplars,
    is_in_photo,
    is_in_present_photo,
    is_open,
    named_faces,
    read_absent_contents,
    recognised_faces,
)
from index.store.schema import cluster_face, face, is_shown, verdict
from index.store.statements import is_one_of


@dataclass(frozen=True, slots=True)
class FaceCounts:
    """The numbers of a person's faces; ``index.people.queries.PersonSummary`` documents the fields."""

    confirmed: int = 0
    recognised: int = 0
    missing: int = 0
    exemplar_ids: tuple[int, ...] = ()


NO_FACES = FaceCounts()


def count_faces(connection: Connection) -> dict[int, FaceCounts]:
    """Count the faces of everyone, by person; persons without a face may be left out."""
    absent = read_absent_contents(connection)
    lost, missing = faces_in(absent.lost), faces_in(absent.missing)
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
    kept: dict[int, list[int]] = {}
    for row in connection.execute(exemplars(lost).order_by(verdict.c.face_id)):
        kept.setdefault(row.person_id, []).append(row.face_id)
    return {
        each: FaceCounts(confirmed[each], recognised[each], of_missing[each], tuple(kept.get(each, ())))
        for each in {*confirmed, *recognised}
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
    return FaceCounts(confirmed, recognised, missing, tuple(connection.scalars(kept)))


def count_clustered(connection: Connection) -> Counter[int]:
    """Count the open faces in a photo of each cluster that has one, by cluster."""
    face_id, cluster_id = cluster_face.c.face_id, cluster_face.c.cluster_id
    open_faces = (
        select(cluster_id, func.count()).where(cluster_id.is_not(None), is_open(face_id)).group_by(cluster_id)
    )
    counts = _counter(connection, open_faces.where(is_shown(face_id)))
    lost = faces_in(read_absent_contents(connection).lost)
    return +(counts - _counter(connection, open_faces.where(face_id.in_(lost))))


def faces_in(contents: Iterable[int]) -> Select[tuple[int]]:
    """Select the ids of the faces in some contents."""
    return select(face.c.id).where(is_one_of(face.c.content_id, contents))


def _counter(connection: Connection, query: Select[Any]) -> Counter[int]:
    return Counter({row[0]: row[1] for row in connection.execute(query)})
