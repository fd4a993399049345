"""Walks the directories of a camera raw file without decoding it, and without trust in its numbers.

LibRaw says both of a file that is cut and of one that is foreign that it is no raw file.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pipeline.decoding.heif.iso_media import IsoMedia, IsoMediaError

_TIFF_MAGICS: Mapping[bytes, str] = {
    b"II\x2a\x00": "<",
    b"MM\x00\x2a": ">",
    b"IIU\x00": "<",  # Panasonic RW2
    b"IIRO": "<",  # Olympus ORF
    b"IIRS": "<",
    b"MMOR": ">",
}
_SIZES: Mapping[int, str] = {
    1: "B",
    3: "H",
    4: "I",
    13: "I",
}  # types of TIFF 6.0 that hold offsets and counts

# Tags of TIFF 6.0 and of the DNG specification.
_PHOTOMETRIC = 262
_SUB_DIRECTORIES = 330
_EXTENTS = ((273, 279), (324, 325), (513, 514))
"""Offsets and byte counts of strips, of tiles, and of a JPEG."""
_LINEAR_RAW = 34892

_MOST_DIRECTORIES = 100
_MOST_ENTRIES = 2000
_MOST_VALUES = 1 << 16
_FUJI = b"FUJIFILMCCD-RAW"
_FUJI_EXTENTS = slice(84, 108)

_CANON = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")
"""The box of a CR3 that holds its EXIF, directory by directory: ``CMT2`` has the time it was taken."""

_NO_OFFSET = 0xFFFFFFFF  # Panasonic's, of strips that another tag gives


@dataclass(frozen=True, slots=True)
class Directory:
    """A directory of a TIFF: those of its tags that hold whole numbers."""

    tags: Mapping[int, tuple[int, ...]]

    def end(self) -> int:
        """Return where its data end, as an offset into the file."""
        extents = (
            offset + count
            for offsets, counts in _EXTENTS
            for offset, count in zip(self.tags.get(offsets, ()), self.tags.get(counts, ()), strict=False)
            if offset != _NO_OFFSET
        )
        return max(extents, default=0)


def ends_early(content: bytes) -> bool:
    """Return whether a camera raw file says of itself that it is longer than it is."""
    length = len(content)
    if content[:4] in _TIFF_MAGICS:
        try:
            return any(each.end() > length for each in directories(content))
        except EOFError:
            return True
    if content[4:8] == b"ftyp":
        try:
            return any(each.end > length for each in IsoMedia.of(content).boxes())
        except IsoMediaError:
            return True
    if content.startswith(_FUJI):
        # Offset and size of the preview, of the header of the pixels, and of the pixels.
        extents = struct.iter_unpack(">II", content[_FUJI_EXTENTS].ljust(24, b"\xff"))
        return any(start + size > length for start, size in extents)
    if content[6:14] == b"HEAPCCDR":
        return not _has_ciff_directory(content)
    return False


def _has_ciff_directory(content: bytes) -> bool:
    """Return whether a Canon CRW ends with its directory, to which its last four bytes lead (CIFF 1.0)."""
    order, end = "<" if content[:2] == b"II" else ">", len(content) - 4
    try:
        at = sum(_unpack(order + "I", content, place)[0] for place in (2, end))
        return at + 2 + 10 * _unpack(order + "H", content, at)[0] == end
    except EOFError:
        return False


def is_linear(content: bytes) -> bool:
    """Return whether a raw file has three colours in each pixel, so that half its size is not to be had."""
    if content.startswith(b"FOVb"):
        return True
    try:
        return any(each.tags.get(_PHOTOMETRIC) == (_LINEAR_RAW,) for each in directories(content))
    except EOFError:
        return False


def exif_block(content: bytes) -> bytes:
    """Return the part of a camera raw file that is built as EXIF is; empty if it is not known where that is.

    It may be the whole file.
    """
    if content[:4] in _TIFF_MAGICS:
        plain = b"II\x2a\x00" if _TIFF_MAGICS[content[:4]] == "<" else b"MM\x00\x2a"
        return content if content.startswith(plain) else plain + content[4:]
    if content[4:8] == b"ftyp":
        try:
            media = IsoMedia.of(content)
            movie = media.find(b"moov")
            for box in media.boxes(movie) if movie is not None else ():
                if box.kind == b"uuid" and content[box.content : box.content + 16] == _CANON:
                    times = next((each for each in media.boxes(box, 16) if each.kind == b"CMT2"), None)
                    return b"" if times is None else media.read(times)
        except IsoMediaError:
            return b""
    return b""


def directories(content: bytes) -> Iterator[Directory]:
    """Yield the directories of a TIFF, those below others too; none if it is no TIFF.

    Raises:
        EOFError: A directory lies behind the end.
    """
    order = _TIFF_MAGICS.get(content[:4])
    if order is None:
        return
    waiting, seen = [_unpack(order + "I", content, 4)[0]], set[int]()
    while waiting and len(seen) < _MOST_DIRECTORIES:
        at = waiting.pop(0)
        if at == 0 or at in seen:
            continue
        seen.add(at)
        (count,) = _unpack(order + "H", content, at)
        if count > _MOST_ENTRIES:
            continue
        entries = (_entry(content, order, at + 2 + 12 * number) for number in range(count))
        tags = {tag: values for tag, values in entries if values}
        yield Directory(tags)
        waiting += tags.get(_SUB_DIRECTORIES, ())
        waiting += _unpack(order + "I", content, at + 2 + 12 * count)


def _entry(content: bytes, order: str, at: int) -> tuple[int, tuple[int, ...]]:
    """Read a tag and its values, none if it holds no whole numbers (TIFF 6.0, section 2)."""
    tag, kind, count = _unpack(order + "HHI", content, at)
    if kind not in _SIZES or count > _MOST_VALUES:
        return tag, ()
    form = f"{order}{count}{_SIZES[kind]}"
    place = at + 8 if struct.calcsize(form) <= 4 else _unpack(order + "I", content, at + 8)[0]
    return tag, _unpack(form, content, place)


def _unpack(form: str, content: bytes, at: int) -> tuple[int, ...]:
    if at + struct.calcsize(form) > len(content):
        raise EOFError
    return struct.unpack_from(form, content, at)
