"""Reads the directories of a TIFF structure (TIFF 6.0, section 2), which a block of EXIF is too.

Each entry is read by itself, so that a damaged one costs no other, and no size or offset is trusted. BigTIFF
and the raw formats that only begin otherwise are read too.
"""

import io
import struct
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import BinaryIO

ORIENTATION = 0x0112
_EXIF_IFD, _GPS_IFD, _SUB_IFDS = 0x8769, 0x8825, 0x014A

_MOST_DIRECTORIES = 32
"""Camera raw files have ten."""

_MOST_ENTRIES = 1000
"""Of a directory; cameras write up to a hundred."""

_LONGEST = 4 << 20
"""Bytes of a value that is read, such as XMP."""

_TYPES: Mapping[int, Sequence[int]] = {
    1: (1, 2, 6, 7, 129),  # 129: UTF-8, EXIF 3.0
    2: (3, 8),
    4: (4, 9, 11, 13),
    8: (5, 10, 12, 16, 17, 18),
}
_SIZES = {kind: size for size, kinds in _TYPES.items() for kind in kinds}
"""Bytes of an element of each type."""

_INTEGERS = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
_RATIONALS = {5: "II", 10: "ii"}
_TEXTS = frozenset({1, 2, 7, 129})
"""Types of what is read as bytes; programs mark text as bytes, or as undefined."""

_CLASSIC = frozenset({42, 0x55, 0x4F52, 0x5352})  # TIFF, and the raw files RW2 and ORF
_BIG = 43


class DirectoryKind(StrEnum):
    """What a directory is by the tag that leads to it."""

    MAIN = "main"
    EXIF = "exif"
    GPS = "gps"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag's type (TIFF 6.0, page 15), and its value in the byte order ``order`` of ``struct``."""

    kind: int
    value: bytes
    order: str

    def text(self) -> bytes | None:
        """Return a value of bytes or text as it stands; ``None`` if it is of numbers."""
        return self.value if self.kind in _TEXTS else None

    def integers(self) -> Sequence[int]:
        """Return a value of unsigned integers; empty if it is another."""
        return self._unpacked(_INTEGERS.get(self.kind))

    def fractions(self) -> Sequence[float]:
        """Return a value of rational numbers, with NaN for a denominator of 0; empty if it is another."""
        numbers = iter(self._unpacked(_RATIONALS.get(self.kind)))
        return [
            top / bottom if bottom else float("nan") for top, bottom in zip(numbers, numbers, strict=False)
        ]

    def _unpacked(self, code: str | None) -> Sequence[int]:
        if code is None:
            return ()
        layout = struct.Struct(self.order + code)
        whole = len(self.value) // layout.size * layout.size
        return [number for item in layout.iter_unpack(self.value[:whole]) for number in item]


@dataclass(frozen=True, slots=True)
class Directory:
    """A directory's tags by number."""

    kind: DirectoryKind
    tags: Mapping[int, Tag] = field(default_factory=dict)


def read_directories(stream: BinaryIO, wanted: frozenset[int]) -> list[Directory]:
    """Read the ``wanted`` tags of all directories: the main one first, then those that it leads to.

    What is damaged is left out. Raises an OSError if the stream cannot be read.
    """
    walk = _Walk(stream, wanted)
    return walk.directories()


def directories_of(block: bytes, wanted: frozenset[int]) -> list[Directory]:
    """Read a block of EXIF, with or without its header; otherwise as ``read_directories``."""
    return read_directories(io.BytesIO(block.removeprefix(b"Exif\0\0")), wanted)


def orientation_in(block: bytes) -> int | None:
    """Return the orientation, 1 to 8, that the main directory of a block of EXIF states, if it does."""
    for directory in directories_of(block, frozenset({ORIENTATION})):
        if directory.kind is DirectoryKind.MAIN and ORIENTATION in directory.tags:
            stated = directory.tags[ORIENTATION].integers()
            return stated[0] if stated and 1 <= stated[0] <= 8 else None
    return None


class _Walk:
    def __init__(self, stream: BinaryIO, wanted: frozenset[int]) -> None:
        self._stream = stream
        self._wanted = wanted | {_EXIF_IFD, _GPS_IFD, _SUB_IFDS}
        self._pending: deque[tuple[int, DirectoryKind]] = deque()
        self._order, self._big = "<", False

    def directories(self) -> list[Directory]:
        head = self._read(0, 16)
        order = {b"II": "<", b"MM": ">"}.get(head[:2])
        if order is None or len(head) < 8:
            return []
        self._order = order
        magic = self._number("H", head[2:4])
        self._big = magic == _BIG
        if magic not in _CLASSIC and not (self._big and len(head) == 16):
            return []
        first = self._number("Q", head[8:16]) if self._big else self._number("I", head[4:8])
        self._pending.append((first, DirectoryKind.MAIN))
        found: list[Directory] = []
        seen = {0}
        while self._pending and len(found) < _MOST_DIRECTORIES:
            offset, kind = self._pending.popleft()
            if offset not in seen:
                seen.add(offset)
                found.append(self._directory(offset, kind))
        return found

    def _directory(self, offset: int, kind: DirectoryKind) -> Directory:
        count_size, entry_size, link = (8, 20, "Q") if self._big else (2, 12, "I")
        count = self._number(link if self._big else "H", self._read(offset, count_size))
        entries = self._read(offset + count_size, min(count, _MOST_ENTRIES) * entry_size)
        tags: dict[int, Tag] = {}
        for start in range(0, len(entries) - entry_size + 1, entry_size):
            self._entry(entries[start : start + entry_size], tags)
        for number, leads_to in ((_EXIF_IFD, DirectoryKind.EXIF), (_GPS_IFD, DirectoryKind.GPS)):
            self._pending.extend((each, leads_to) for each in _offsets(tags, number)[:1])
        self._pending.extend((each, DirectoryKind.OTHER) for each in _offsets(tags, _SUB_IFDS))
        if kind in (DirectoryKind.MAIN, DirectoryKind.OTHER) and count <= _MOST_ENTRIES:
            after = self._read(offset + count_size + count * entry_size, 8 if self._big else 4)
            self._pending.append((self._number(link, after), DirectoryKind.OTHER))
        return Directory(kind, tags)

    def _entry(self, entry: bytes, tags: dict[int, Tag]) -> None:
        link, inline = ("Q", 8) if self._big else ("I", 4)
        number, kind = self._number("H", entry[:2]), self._number("H", entry[2:4])
        length = self._number(link, entry[4 : 4 + inline]) * _SIZES.get(kind, 0)
        if number not in self._wanted or number in tags or not 0 < length <= _LONGEST:
            return
        value = entry[4 + inline :]
        value = value[:length] if length <= inline else self._read(self._number(link, value), length)
        tags[number] = Tag(kind, value, self._order)

    def _read(self, offset: int, size: int) -> bytes:
        try:
            self._stream.seek(offset)
        except (OverflowError, ValueError, OSError):  # beyond what a file can be
            return b""
        return self._stream.read(size)

    def _number(self, code: str, data: bytes) -> int:
        layout = struct.Struct(self._order + code)
        return int(layout.unpack(data)[0]) if len(data) == layout.size else 0


def _offsets(tags: Mapping[int, Tag], number: int) -> Sequence[int]:
    return tags[number].integers()[:_MOST_DIRECTORIES] if number in tags else ()
