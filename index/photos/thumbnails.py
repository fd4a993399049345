"""Says which pictures of faces belong to which faces, and erases those of faces that are gone."""

import struct
from collections.abc import Iterator
from hashlib import blake2b

from sqlalchemy import select

from index.errors import LibraryError
from index.store.schema import content, stored_face
from index.store.statements import is_one_of
from index.store.store import Store
from pipeline.values import Box

_CHUNK = 10_000
"""Pictures that are looked up at once."""

_FACES = select(
    stored_face.c.id, content.c.digest, *(stored_face.c[name] for name in ("x", "y", "w", "h"))
).join_from(stored_face, content)


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
    try:
        stale = list(_stale(store))
    except LibraryError:  # it cannot be said which ones are stale
        store.thumbnails.throw_away()
        return 0
    store.thumbnails.erase(stale)
    return len(stale)


def _stale(store: Store) -> Iterator[int]:
    after = 0
    while kept := store.thumbnails.stamps(after, _CHUNK):
        after = kept[-1][0]
        with store.read() as connection:
            rows = connection.execute(_FACES.where(is_one_of(stored_face.c.id, [each for each, _ in kept])))
            stamps = {face_id: stamp_of(digest, Box(*box)) for face_id, digest, *box in rows}
        yield from (face_id for face_id, stamp in kept if stamps.get(face_id) != stamp)
