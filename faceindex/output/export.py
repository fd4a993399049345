"""Writes all faces of a library to a file, whole or not at all."""

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np

from faceindex.errors import FaceindexError
from faceindex.results import LibraryFace
from faceindex.schemas.faces import FaceSchema
from faceindex.session import Session
from index.values import Descriptors


def known_faces(session: Session) -> Iterator[LibraryFace]:
    """Return all faces with their status, by id."""
    people = session.people
    for chunk in session.catalog.all_faces():
        status = people.statuses([face.face_id for face in chunk])
        yield from (LibraryFace(face, status[face.face_id]) for face in chunk)


def write_jsonl(session: Session, path: Path) -> None:
    """Write one JSON object for each face, by face id; see ``write_lines`` for errors."""
    lines = (FaceSchema.of(face).json_line() for face in known_faces(session))
    write_lines(lines, path)


def write_lines(lines: Iterable[str], path: Path) -> None:
    """Write lines of text.

    Raises:
        FaceindexError: The file cannot be written.
    """
    with _replacing(path) as file:
        file.writelines(f"{line}\n".encode() for line in lines)


def write_npz(session: Session, path: Path) -> None:
    """Write arrays by face id: descriptors f32[N, D], face_id i64[N], photo str[N], box f32[N, 4].

    Faces without a descriptor of the library's model are left out. Errors are those of ``write_lines``.
    """
    records = {face.face_id: face for chunk in session.catalog.all_faces() for face in chunk}
    described = Descriptors.joined(session.descriptors(list(records)), session.model().dimension)
    faces = [records[each] for each in described.ids.tolist()]
    boxes = [(face.box.x, face.box.y, face.box.w, face.box.h) for face in faces]
    with _replacing(path) as file:
        np.savez(
            file,
            descriptors=described.vectors,
            face_id=described.ids,
            photo=np.array([os.fsdecode(face.photo) for face in faces], dtype=str),
            box=np.array(boxes, np.float32).reshape(-1, 4),
        )


@contextmanager
def _replacing(path: Path) -> Iterator[IO[bytes]]:
    """Open a temporary file that replaces ``path`` once it is complete."""
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            try:
                yield file
                file.flush()
                os.fsync(file.fileno())
                os.replace(file.name, path)
            except BaseException:
                os.unlink(file.name)
                raise
    except OSError as error:
        raise FaceindexError(f"{path} cannot be written: {error.strerror or error}.") from error
