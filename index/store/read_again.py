"""Marks photos that the next scan reads again."""

from collections.abc import Sequence

from sqlalchemy import Connection, delete, exists, select

from index.store.schema import content, photo
from index.store.statements import is_one_of


def read_again(connection: Connection, contents: Sequence[int]) -> int:
    """Delete contents in a present photo, so that the next scan reads their photos; return how many.

    The transaction may write, with foreign keys enforced.
    """
    is_there = exists().where(photo.c.content_id == content.c.id, photo.c.missing_since.is_(None))
    present_contents = select(content.c.id).where(is_one_of(content.c.id, contents), is_there)
    present = list(connection.scalars(present_contents))
    photos = connection.execute(delete(photo).where(is_one_of(photo.c.content_id, present))).rowcount
    connection.execute(delete(content).where(is_one_of(content.c.id, present)))
    return photos
