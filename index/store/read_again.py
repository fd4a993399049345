"""Photos that the next scan has to read again."""

from collections.abc import Sequence

from sqlalchemy import Connection, delete, exists, select

from index.store.schema import content, photo
from index.store.statements import is_one_of


def read_again(connection: Connection, contents: Sequence[int]) -> None:
    """Make the next scan read photos again, by deleting their rows; contents without a present photo stay.

    Args:
        connection: With a transaction that may write, and foreign keys enforced.
        contents: Ids of what is in the photos.
    """
    is_there = exists().where(photo.c.content_id == content.c.id, photo.c.missing_since.is_(None))
    present_contents = select(content.c.id).where(is_one_of(content.c.id, contents), is_there)
    present = list(connection.scalars(present_contents))
    connection.execute(delete(photo).where(is_one_of(photo.c.content_id, present)))
    connection.execute(delete(content).where(is_one_of(content.c.id, present)))
