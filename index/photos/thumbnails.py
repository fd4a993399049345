"""Says which pictures of faces belong to which faces, and erases those of faces that are gone."""

import struct
from hashlib import blake2b

from sqlalchemy import select

from index.store.schema import stored_face
from index.store.statements import in_chunks, is_one_of
from index.store.store import Store
from pipeline.values import Box

_CHUNK = 10_000
"""Ids that are looked up at once."""


def stamp_of(digest: bytes, box: Box) -> bytes:
    """Return what a picture is kept under beside the id of its face, 8 bytes.

    An older copy of a library, put in its place, gives ids away that pictures of other faces have.
    """
    corners = struct.pack("<4d", box.x, box.y, box.w, box.h)
    return blake2b(digest + corners, digest_size=8).digest()


def erase_stale_thumbnails(store: Store) -> int:
    """Erase the pictures of faces that the library has no more, and return their number.

    Raises a ``LibraryError`` if they can be neither erased nor thrown away.
    """
    kept = store.thumbnails.ids()
    stale: list[int] = []
    for ids in in_chunks(kept, _CHUNK):
        with store.read() as connection:
            there = set(connection.scalars(select(stored_face.c.id).where(is_one_of(stored_face.c.id, ids))))
        stale += [each for each in ids if each not in there]
    store.thumbnails.erase(stale)
    return len(stale)
