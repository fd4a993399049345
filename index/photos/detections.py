"""Which detector found the faces of a content, and which one's it shows, in a transaction of the caller.

The faces that each detector found stay stored, so that a change of the library's detector can be taken back.
A detector is named without its options: faces found with other options are not sought anew.
"""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Subquery,
    and_,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    true,
)

from index.store.schema import (
    DRAWN,
    cluster,
    cluster_face,
    content,
    detection,
    likeness,
    other_face,
    recognised,
    stored_face,
)
from index.store.statements import is_one_of

FIRST_DETECTOR = "mtcnn"
"""The detector of contents for which none is recorded: there was only one."""


def name_of(detector: str) -> str:
    """Return the name in what a detector is recorded by, which has its options too."""
    return detector.partition(" ")[0]


def searched_by(detector: str) -> ColumnElement[bool]:
    """Select contents that a detector has searched."""
    later = select(detection.c.content_id).where(
        detection.c.content_id == content.c.id, _names(detection.c.detector, detector)
    )
    return or_(_is_first(detector), later.exists())


def faces_by(detector: str) -> Subquery:
    """Select the faces that a detector found, shown or not, with the columns of ``stored_face``."""
    return select(stored_face).join(content).where(_is_by(detector)).subquery()


def detector_of(found_by: ColumnElement[Any]) -> ColumnElement[str]:
    """Select the detector of a face, with its options, from its own column and that of its content."""
    return func.coalesce(found_by, content.c.detector, FIRST_DETECTOR)


def show(connection: Connection, detector: str, contents: "Select[Any] | None" = None) -> None:
    """Have the contents that a detector has searched, or some of them, show its faces, and no others.

    ``contents`` selects ids. Decisions may keep other faces: write ``index.decisions.derived_tables`` next,
    and then call ``forget_hidden_groups``.
    """
    chosen = true() if contents is None else content.c.id.in_(contents)
    joined = select(stored_face.c.id).join(content).where(chosen)
    own = joined.where(_is_by(detector))
    connection.execute(delete(other_face).where(other_face.c.face_id.in_(own)))
    others = joined.add_columns(literal(False)).where(_is_other(detector))
    known = select(other_face.c.face_id).where(other_face.c.face_id == stored_face.c.id)
    new = others.where(~known.exists())
    connection.execute(insert(other_face).from_select(["face_id", "kept"], new))


def forget_hidden_groups(connection: Connection, contents: "Select[Any] | None" = None) -> None:
    """Delete what was judged and grouped of hidden faces, and clusters without a second face."""
    hidden = select(other_face.c.face_id).where(~other_face.c.kept)
    if contents is not None:
        hidden = hidden.join(stored_face).where(stored_face.c.content_id.in_(contents))
    columns = cluster_face.c
    members = select(columns.cluster_id).where(columns.face_id.in_(hidden), columns.cluster_id.is_not(None))
    touched = connection.scalars(members.distinct()).all()
    for table in (likeness, recognised, cluster_face):
        connection.execute(delete(table).where(table.c.face_id.in_(hidden)))
    left = select(columns.cluster_id).where(is_one_of(columns.cluster_id, touched))
    large = left.group_by(columns.cluster_id).having(func.count() > 1)
    connection.execute(delete(cluster).where(is_one_of(cluster.c.id, touched), cluster.c.id.not_in(large)))


def wrongly_shown(detector: str) -> "Select[Any]":
    """Select faces that are shown or hidden against the rule of ``show``."""
    is_other = select(other_face.c.face_id).where(other_face.c.face_id == stored_face.c.id).exists()
    return (
        select(stored_face.c.id)
        .join(content)
        .where(or_(and_(_is_by(detector), is_other), and_(_is_other(detector), ~is_other)))
    )


def _is_by(detector: str) -> ColumnElement[bool]:
    """Select faces that a detector found."""
    return _names(detector_of(stored_face.c.detector), detector)


def _is_other(detector: str) -> ColumnElement[bool]:
    """Select faces of contents that a detector searched and did not find, and those that people drew."""
    is_drawn = stored_face.c.detector.is_not_distinct_from(DRAWN)
    return or_(is_drawn, and_(searched_by(detector), ~_is_by(detector)))


def _is_first(detector: str) -> ColumnElement[bool]:
    """Select contents that a detector searched first."""
    return _names(func.coalesce(content.c.detector, FIRST_DETECTOR), detector)


def _names(column: ColumnElement[Any], detector: str) -> ColumnElement[bool]:
    return or_(column == detector, column.startswith(f"{detector} ", autoescape=True))
