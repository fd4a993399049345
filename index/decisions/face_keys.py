"""The keys by which decisions name the faces of the library."""

from sqlalchemy import ColumnElement, Connection, select

from index.decisions.model import FaceKey
from index.store.schema import content, face
from pipeline.values import Box


def face_keys(connection: Connection, condition: ColumnElement[bool]) -> dict[int, FaceKey]:
    """The keys of faces, by rising id.

    Args:
        connection: In a transaction.
        condition: On columns of ``face`` and ``content``: which faces.
    """
    columns = face.c
    query = select(columns.id, content.c.digest, columns.x, columns.y, columns.w, columns.h)
    rows = connection.execute(query.join_from(face, content).where(condition).order_by(columns.id)).all()
    return {face_id: FaceKey(digest, Box(*box)) for face_id, digest, *box in rows}
