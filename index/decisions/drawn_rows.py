"""The rows of faces that people drew, because no detector found them, in a transaction of the caller.

A decision says that the face is there, and its row follows from that: it is made where a content has none for
it, as after an import. So is one for the place where an edited photo may show it, for a person to say so.
Whether it has landmarks and a descriptor is found out by looking at its photo (``index.photos.drawn_faces``).
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence, Set

from sqlalchemy import Connection, delete, exists, insert, select

from index.arrays import landmarks_to_blob, track_to_blob
from index.decisions.face_overlap import SAME_FACE, overlap
from index.decisions.model import FaceKey
from index.decisions.replay import State
from index.store.schema import (
    BOX,
    DRAWN,
    NOT_LOOKED_AT,
    content,
    decision,
    decision_face,
    other_face,
    stored_face,
    tracklet,
)
from index.store.statements import in_chunks, is_one_of
from pipeline.values import NO_LANDMARKS, Box, moment_alone

_CHUNK = 500
"""Contents in one statement."""


def add_drawn_row(connection: Connection, content_id: int, box: Box) -> int:
    """Add a face that was drawn in a content, hidden and not looked at yet; return its id."""
    values = {
        "content_id": content_id,
        "landmarks": landmarks_to_blob(NO_LANDMARKS),
        "confidence": 0.0,
        "quality": 0.0,
        "quality_reasons": NOT_LOOKED_AT,
        "detector": DRAWN,
        **{name: getattr(box, name) for name in BOX},
    }
    made = insert(stored_face).returning(stored_face.c.id)
    face_id: int = connection.scalars(made, values).one()
    connection.execute(insert(other_face).values(face_id=face_id, kept=False))
    if box.moment is not None:
        track = track_to_blob(moment_alone(box, NO_LANDMARKS))
        row = {"face_id": face_id, "start": box.moment, "end": box.moment, "track": track}
        connection.execute(insert(tracklet).values(row))
    return face_id


def places_in_question(state: State) -> Sequence[FaceKey]:
    """Return where edited photos may show faces that people drew in an earlier version."""
    return [each.later for each in state.same.links if not each.certain and each.earlier in state.drawn]


def add_missing_rows(connection: Connection, state: State, contents: Set[bytes] | None = None) -> None:
    """Add rows of drawn faces to contents, those of some digests or all, that have no face in their place."""
    for content_id, boxes in missing_rows(connection, state, contents).items():
        for box in boxes:
            add_drawn_row(connection, content_id, box)


def missing_rows(
    connection: Connection, state: State, contents: Set[bytes] | None = None
) -> dict[int, list[Box]]:
    """Find the drawn faces for which a content has no row, by id of the content.

    A face that a detector found in its place, or in another place where it is in this content, stands for it.
    """
    keys = [*state.drawn, *places_in_question(state)]
    if not keys:
        return {}
    versions: dict[bytes, dict[int, list[Box]]] = defaultdict(lambda: defaultdict(list))
    for number, key in enumerate(keys):
        one = state.numbers.get(key, -number - 1)
        versions[state.same.pictures[key.digest]][one].append(key.box)
    shown: dict[bytes, set[bytes]] = defaultdict(set)
    for digest, picture in state.same.pictures.items():
        shown[picture].add(digest)
    digests = {each for picture in versions for each in (picture, *shown[picture])}
    digests |= {key.digest for key in keys}
    if contents is not None:
        digests &= contents
    missing: dict[int, list[Box]] = {}
    for digest, (content_id, there) in _boxes_in(connection, digests).items():
        named = versions[state.same.pictures[digest]]
        lacking = [boxes[0] for boxes in named.values() if not _any_overlap(boxes, there)]
        if lacking:
            missing[content_id] = sorted(lacking, key=lambda box: (box.x, box.y))
    return missing


def delete_unnamed_rows(connection: Connection) -> None:
    """Delete hidden drawn faces that no decision about a person names any more, not even an undone one."""
    is_it = (stored_face.c[name].is_not_distinct_from(decision_face.c[name]) for name in BOX)
    is_about = decision.c.id == decision_face.c.decision_id, decision.c.person.is_not(None)
    named = exists().where(*is_about, decision_face.c.digest == content.c.digest, *is_it)
    hidden = (
        select(stored_face.c.id)
        .join(other_face, other_face.c.face_id == stored_face.c.id)
        .join(content, content.c.id == stored_face.c.content_id)
        .where(~other_face.c.kept, stored_face.c.detector == DRAWN, ~named)
    )
    doomed = connection.scalars(hidden).all()
    connection.execute(delete(stored_face).where(is_one_of(stored_face.c.id, doomed)))


def _any_overlap(boxes: Sequence[Box], others: Sequence[Box]) -> bool:
    return any(overlap(one, other) > SAME_FACE for one in boxes for other in others)


def _boxes_in(connection: Connection, digests: Set[bytes]) -> Mapping[bytes, tuple[int, list[Box]]]:
    """Read the id of each readable content of some digests, and the boxes of all its faces."""
    found: dict[bytes, tuple[int, list[Box]]] = {}
    columns = stored_face.c
    for chunk in in_chunks(sorted(digests), _CHUNK):
        known = content.c.digest.in_(chunk), content.c.failed_reason.is_(None)
        query = select(content.c.id, content.c.digest).where(*known).order_by(content.c.id)
        found.update((digest, (content_id, [])) for content_id, digest in connection.execute(query))
        faces = select(content.c.digest, *(columns[name] for name in BOX)).join(stored_face)
        for digest, *box in connection.execute(faces.where(*known).order_by(columns.id)):
            found[digest][1].append(Box(*box))
    return found
