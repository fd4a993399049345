"""Finds faces of edited photos that may be a confirmed face from before the edit: only a person can tell."""

from dataclasses import dataclass

from sqlalchemy import select

from index.store.schema import BOX, content, face, photo, rejection, same_face, verdict
from index.store.store import Store


@dataclass(frozen=True, slots=True)
class EditedFace:
    """A face without a decision, and the person whose face it may be by its ``similarity``, -1 to 1."""

    face_id: int
    person_id: int
    similarity: float


def edited_faces(store: Store) -> tuple[EditedFace, ...]:
    """Find the faces in question that are in a photo, by rising id; a rejection of the person answers it."""
    old, old_content, said = face.alias(), content.alias(), verdict.alias()
    answered = select(rejection.c.face_id).where(
        rejection.c.face_id == face.c.id, rejection.c.person_id == said.c.person_id
    )
    query = (
        select(face.c.id, said.c.person_id, same_face.c.similarity)
        .select_from(same_face)
        .join(old_content, old_content.c.digest == same_face.c.digest)
        .join(old, old.c.content_id == old_content.c.id)
        .join(said, said.c.face_id == old.c.id)
        .join(content, content.c.digest == same_face.c.later_digest)
        .join(face, face.c.content_id == content.c.id)
        .outerjoin(verdict, verdict.c.face_id == face.c.id)
        .where(
            ~same_face.c.certain,
            *(same_face.c[name].is_not_distinct_from(old.c[name]) for name in BOX),
            *(same_face.c[f"later_{name}"].is_not_distinct_from(face.c[name]) for name in BOX),
            said.c.person_id.is_not(None),
            verdict.c.face_id.is_(None),
            content.c.id.in_(select(photo.c.content_id)),
            ~answered.exists(),
        )
        .order_by(face.c.id)
    )
    with store.read() as connection:
        return tuple(EditedFace(*row) for row in connection.execute(query))
