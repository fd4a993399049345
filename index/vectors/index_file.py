"""The file of an index: its rows in segments, one for each time that some were appended; knows no database.

    header     16 bytes that name the format, 48 of the index's kind, its dimension, the bytes of a row
    segment    how many rows, then each array of the rows: ids, and what the index stores of each face

Numbers are little-endian. A digest stands for each beginning of the file that ends with a segment: the BLAKE3
of the header, then of the digest before and the segment. So appending costs no more than what is appended,
and what a killed run appended is no part of what counts.
"""

import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, BinaryIO, Protocol

import numpy as np
from blake3 import blake3
from numpy.typing import NDArray

_HEADER = struct.Struct("<16s48sII")
_MAGIC = b"faceindex rows 1"
_COUNT = struct.Struct("<Q")

_BLOCK = 8 << 20
"""Bytes read or written at a time: they are hashed while they are in the cache."""


class Rows(Protocol):
    """What is read from a file, and written to it: arrays of the same number of rows."""

    @property
    def format(self) -> str:
        """Which rows these are; with the dimension, all that must agree with a file."""

    @property
    def dimension(self) -> int:
        """The length of the descriptors."""

    def __len__(self) -> int:
        """How many rows there are."""

    def reserve(self, count: int) -> None:
        """Make room for so many rows in all."""

    def extend(self, count: int) -> Sequence[NDArray[Any]]:
        """Add rows, and return the arrays to fill with them, C-contiguous."""

    def rows(self, start: int, end: int) -> Sequence[NDArray[Any]]:
        """Return the arrays that have the rows, C-contiguous."""

    def truncate(self, count: int) -> None:
        """Drop all but the first rows."""


@dataclass(frozen=True, slots=True)
class FileEnd:
    """Where what counts of a file ends.

    Attributes:
        file: Device and inode.
        offset: In bytes; ``beyond`` are the bytes after it, which a killed run left.
        digest: Of everything before.
        rows: How many rows are before it, in how many ``segments``.
    """

    file: tuple[int, int]
    offset: int
    beyond: int
    digest: bytes
    rows: int
    segments: int


class NotSaved(ValueError):
    """The file has no beginning that counts."""

    def __init__(self) -> None:
        super().__init__("it is damaged, or not one that this library saved")


def read_rows(file: BinaryIO, rows: Rows, accepted: Sequence[bytes | None]) -> FileEnd:
    """Read what counts of a file, opened without a buffer, into empty ``rows``.

    It ends where the digest is an ``accepted`` one, the first of these if there are several.

    Raises:
        NotSaved: No beginning of the file has such a digest; ``rows`` are empty.
        ValueError: It has, but its rows are others.
    """
    header = file.read(_HEADER.size)
    if header == _header(rows):
        rows.reserve((os.fstat(file.fileno()).st_size - len(header)) // row_bytes(rows))
        return _read_segments(file, rows, header, accepted)
    verify(file, accepted)
    raise ValueError(f"a library of this size has an index of another kind or version, {rows.format}")


def verify(file: BinaryIO, accepted: Sequence[bytes | None]) -> FileEnd:
    """Read a file as ``read_rows`` does, whatever its rows are, and keep nothing."""
    file.seek(0)
    header = file.read(_HEADER.size)
    if len(header) < _HEADER.size or not header.startswith(_MAGIC):
        raise NotSaved
    return _read_segments(file, _Discarded(_HEADER.unpack(header)[3]), header, accepted)


def _read_segments(
    file: BinaryIO, rows: "Rows | _Discarded", header: bytes, accepted: Sequence[bytes | None]
) -> FileEnd:
    state = os.fstat(file.fileno())
    end = FileEnd((state.st_dev, state.st_ino), len(header), 0, blake3(header).digest(), 0, 0)
    counts = end if end.digest in accepted else None
    while end.digest != accepted[0]:
        count = file.read(_COUNT.size)
        added = _COUNT.unpack(count)[0] if len(count) == _COUNT.size else 0
        offset = end.offset + len(count) + added * row_bytes(rows)
        if not added or offset > state.st_size:
            break
        digest = blake3(end.digest + count, max_threads=blake3.AUTO)
        for array in rows.extend(added):
            _read_into(file, array, digest)
        end = FileEnd(end.file, offset, 0, digest.digest(), end.rows + added, end.segments + 1)
        counts = end if end.digest in accepted else counts
    rows.truncate(counts.rows if counts else 0)
    if counts is None:
        raise NotSaved
    return replace(counts, beyond=state.st_size - counts.offset)


def _read_into(file: BinaryIO, array: NDArray[Any], digest: blake3) -> None:
    content = _bytes_of(array)
    done = 0
    while done < len(content):
        read = file.readinto(content[done : done + _BLOCK])  # type: ignore[attr-defined]
        if not read:
            raise NotSaved  # somebody cut it off
        digest.update(content[done : done + read])
        done += read


def write_rows(file: BinaryIO, rows: Rows) -> FileEnd:
    """Write all rows to a new file; may raise an ``OSError``."""
    header, state = _header(rows), os.fstat(file.fileno())
    file.write(header)
    end = FileEnd((state.st_dev, state.st_ino), len(header), 0, blake3(header).digest(), 0, 0)
    return append_rows(file, rows, 0, end)


def append_rows(file: BinaryIO, rows: Rows, start: int, end: FileEnd) -> FileEnd:
    """Write the rows from ``start`` on, if any, in place of whatever is beyond the end; as ``write_rows``."""
    added = len(rows) - start
    if not added:
        return end
    count = _COUNT.pack(added)
    digest = blake3(end.digest + count, max_threads=blake3.AUTO)
    file.seek(end.offset)
    file.write(count)
    for array in rows.rows(start, len(rows)):
        content = _bytes_of(array)
        digest.update(content)
        for place in range(0, len(content), _BLOCK):
            file.write(content[place : place + _BLOCK])
    file.flush()
    offset = file.tell()
    file.truncate(offset)
    return FileEnd(end.file, offset, 0, digest.digest(), end.rows + added, end.segments + 1)


def _bytes_of(array: NDArray[Any]) -> memoryview:
    return memoryview(array.reshape(-1).view(np.uint8))  # type: ignore[arg-type]


def row_bytes(rows: "Rows | _Discarded") -> int:
    """Return the bytes of a row in a file."""
    return sum(array.dtype.itemsize * int(np.prod(array.shape[1:])) for array in rows.rows(0, 0))


def _header(rows: Rows) -> bytes:
    return _HEADER.pack(_MAGIC, rows.format.encode(), rows.dimension, row_bytes(rows))


class _Discarded:
    """Rows of so many bytes, which are forgotten."""

    def __init__(self, size: int) -> None:
        self._size = max(size, 1)
        self._block = np.empty(_BLOCK, np.uint8)

    def rows(self, start: int, end: int) -> list[NDArray[Any]]:
        return [np.empty((end - start, self._size), np.uint8)]

    def extend(self, count: int) -> list[NDArray[Any]]:
        blocks, rest = divmod(count * self._size, _BLOCK)
        return [self._block] * blocks + [self._block[:rest]]

    def truncate(self, count: int) -> None:
        pass
