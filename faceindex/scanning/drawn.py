"""Describes faces that people drew and that the library's model has not described, as after an import."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from faceindex.scanning.revisit import OpenToRead, OpenToWrite
from index.photos.drawn_faces import DrawnFaceRows, FacesToLookAt
from pipeline.errors import PhotoError
from pipeline.values import Box, DrawnFace, ModelId, PhotoFile

LookAt: TypeAlias = Callable[[PhotoFile, Sequence[Box], Sequence[Box]], tuple[DrawnFace, ...]]
"""Looks at boxes of a photo, beside other faces: ``pipeline.drawn_faces.DrawnFaces.look_at``."""


def describe_drawn(
    open_to_write: OpenToWrite,
    open_to_read: OpenToRead,
    model: ModelId,
    look_at: Callable[[], LookAt],
    deadline: float = math.inf,
) -> int:
    """Look at the drawn faces that wait for it, by photo, and store what is seen; count those described.

    ``look_at`` is asked for once there is one. A photo that cannot be read now waits on.
    """
    with open_to_read() as session:
        waiting = DrawnFaceRows(session.database, model).to_look_at()
    if not waiting:
        return 0
    described, look = 0, look_at()
    for each in waiting:
        if time.monotonic() >= deadline:
            break
        if found := _seen(each, look):
            with open_to_write(math.inf) as session:
                described += DrawnFaceRows(session.database, model).describe(found)
    return described


def _seen(faces: FacesToLookAt, look_at: LookAt) -> list[tuple[int, DrawnFace]]:
    """Look at the faces of one content in the first of its files that is still it."""
    for seen in _tried(faces, look_at):
        if all(each.digest in faces.digests for each in seen):
            return list(zip(faces.boxes, seen, strict=True))
    return []


def _tried(faces: FacesToLookAt, look_at: LookAt) -> Iterator[tuple[DrawnFace, ...]]:
    for file in faces.files:
        try:
            yield look_at(file, tuple(faces.boxes.values()), faces.known)
        except PhotoError:
            continue
