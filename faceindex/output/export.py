"""Writes all faces of a library to a file, whole or not at all."""

import math
import os
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import astuple
from math import nan
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from faceindex.errors import FaceindexError
from faceindex.film_times import when_seen
from faceindex.results import LibraryFace
from faceindex.schemas.faces import FaceSchema
from faceindex.session import Session


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
    """Write arrays by face id: descriptors f32[N, D], face_id i64[N], photo str[N], box f32[N, 4], moment.

    ``moment``, f32[N, 3], is when a film shows a face: start, end and best, in seconds; NaN in a photo.
    Faces without a descriptor of the library's model are left out. The memory needed does not grow with the
    library. Errors are those of ``write_lines``.
    """
    with _replacing(path) as file, ExitStack() as stack:
        arrays = [
            _Rows(name, dtype, shape, stack.enter_context(tempfile.TemporaryFile(dir=path.parent)))
            for name, dtype, shape in (
                ("descriptors", "<f4", (session.model().dimension,)),
                ("face_id", "<i8", ()),
                ("photo", "<U1", ()),
                ("box", "<f4", (4,)),
                ("moment", "<f4", (3,)),
            )
        ]
        for chunk in session.catalog.all_faces():
            records = {face.face_id: face for face in chunk}
            for described in session.descriptors(list(records)):
                faces = [records[each] for each in described.ids.tolist()]
                boxes = [(face.box.x, face.box.y, face.box.w, face.box.h) for face in faces]
                photos = np.array([os.fsdecode(face.photo) for face in faces])
                seen = [when_seen(face) for face in faces]
                moments = [(nan, nan, nan) if each is None else astuple(each) for each in seen]
                parts: tuple[NDArray[Any], ...] = (
                    described.vectors,
                    described.ids,
                    photos,
                    np.array(boxes),
                    np.array(moments),
                )
                for array, part in zip(arrays, parts, strict=True):
                    array.append(part)
        with zipfile.ZipFile(file, "w") as archive:
            for array in arrays:
                with archive.open(f"{array.name}.npy", "w", force_zip64=True) as member:
                    array.write(member)


class _Rows:
    """The rows of an array, in a temporary file until their number, and the width of texts, is known."""

    def __init__(self, name: str, dtype: str, shape: tuple[int, ...], file: IO[bytes]) -> None:
        self.name = name
        self._dtype, self._shape, self._file = np.dtype(dtype), shape, file
        self._parts: list[tuple[int, np.dtype[Any]]] = []

    def append(self, rows: NDArray[Any]) -> None:
        """Add rows of this shape; texts may be of any length."""
        dtype = rows.dtype if self._dtype.kind == "U" else self._dtype
        self._file.write(rows.astype(dtype).tobytes())
        self._parts.append((len(rows), dtype))

    def write(self, file: IO[bytes]) -> None:
        """Write the array in NumPy's format."""
        dtype = max((each for _, each in self._parts), key=lambda each: each.itemsize, default=self._dtype)
        shape = (sum(length for length, _ in self._parts), *self._shape)
        header = {"descr": dtype.str, "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)
        self._file.seek(0)
        for length, stored in self._parts:
            part = self._file.read(length * math.prod(self._shape) * stored.itemsize)
            file.write(np.frombuffer(part, stored).astype(dtype).tobytes())


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
