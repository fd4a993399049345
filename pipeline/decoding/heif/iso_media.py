"""Walks the boxes of ISO base media files (ISO/IEC 14496-12): HEIC, AVIF, MP4, QuickTime, Canon CR3.

It reads no further than the file goes, whatever sizes the boxes state, and takes bounded time and memory. It
knows what surrounds pictures and films, and decodes neither.
"""

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO, Self

_MOST_BOXES = 100_000
"""Boxes of one parent: a film in fragments of a second has two for each."""

_MOST_BYTES = 1 << 20
"""Bytes of a box that is read whole: the index of a picture of a thousand tiles takes some 50 kB."""

_MOST_TEXT = 1 << 16

_HEAD = 8
_WIDE_SIZE, _TO_THE_END = 1, 0  # sizes that mean something else (4.2.2)
_VERSION_AND_FLAGS = 4
_UTF_8 = 1  # type of a value of QuickTime metadata


class IsoMediaError(Exception):
    """The boxes contradict each other, or end early."""


@dataclass(frozen=True, slots=True)
class MediaBox:
    """A box: its type of four bytes, and where in the stream it starts, its content starts, and it ends.

    ``end`` is as the file states: that of an outermost box may lie beyond the end of the file. The content of
    a ``uuid`` box begins with its extended type of 16 bytes.
    """

    kind: bytes
    start: int
    content: int
    end: int

    def __str__(self) -> str:
        """Return it for a message, such as ``box iloc``."""
        return "box " + "".join(each if each.isprintable() else "?" for each in self.kind.decode("latin-1"))


class IsoMedia:
    """The boxes in a seekable stream. Methods raise ``IsoMediaError``, and ``OSError`` if reading fails."""

    def __init__(self, stream: BinaryIO, length: int, start: int = 0) -> None:
        """Take the file of ``length`` bytes that begins at offset ``start`` of the stream."""
        self._stream = stream
        self.start = start
        self.end = start + length

    @classmethod
    def of(cls, content: bytes) -> Self:
        """Return the boxes of a file in memory."""
        return cls(io.BytesIO(content), len(content))

    def boxes(self, parent: MediaBox | None = None, skip: int = 0) -> Iterator[MediaBox]:
        """Yield the boxes of the file, or those in a box, behind the ``skip`` first bytes of its content."""
        at, end = (self.start, self.end) if parent is None else (parent.content + skip, parent.end)
        for _ in range(_MOST_BOXES):
            if at >= end:
                return
            if end - at < _HEAD and not any(self._read(at, end - at)):
                return  # QuickTime ends some lists with zeros
            box = self._box(at, end)
            if parent is not None and box.end > end:
                raise IsoMediaError(f"{box} exceeds the one around it")
            yield box
            at = box.end
        raise IsoMediaError("too many boxes")

    def find(self, *path: bytes) -> MediaBox | None:
        """Return the first box of these types, each within the one before, such as ``moov``, ``meta``."""
        box: MediaBox | None = None
        for kind in path:
            skip = self._meta_head(box) if box is not None and box.kind == b"meta" else 0
            box = next((each for each in self.boxes(box, skip) if each.kind == kind), None)
            if box is None:
                return None
        return box

    def read(self, box: MediaBox, most: int = _MOST_BYTES) -> bytes:
        """Return a box's content; IsoMediaError if the file ends before, or it exceeds ``most`` bytes."""
        length = box.end - box.content
        if length > most:
            raise IsoMediaError(f"{box} is too large")
        return self._read(box.content, length)

    def read_at(self, offset: int, length: int) -> bytes:
        """Return bytes at an offset from the start of the file; IsoMediaError if they are not all there."""
        return self._read(self.start + offset, length)

    def _read(self, at: int, length: int) -> bytes:
        if not (self.start <= at and 0 <= length <= self.end - at):
            raise IsoMediaError("the file ends early")
        self._stream.seek(at)
        found = self._stream.read(length)
        if len(found) < length:
            raise IsoMediaError("the file ends early")
        return found

    def _box(self, at: int, end: int) -> MediaBox:
        head = self._read(at, _HEAD)
        size, kind, content = int.from_bytes(head[:4], "big"), head[4:], at + _HEAD
        if size == _WIDE_SIZE:
            size, content = int.from_bytes(self._read(content, 8), "big"), content + 8
        elif size == _TO_THE_END:
            size = end - at
        box = MediaBox(kind, at, content, at + size)
        if box.end < content:
            raise IsoMediaError(f"{box} is smaller than its head")
        return box

    def _meta_head(self, meta: MediaBox) -> int:
        """Return the bytes before the boxes in ``meta``: QuickTime has no version and flags there."""
        start = self._read(meta.content, min(_HEAD, meta.end - meta.content))
        return 0 if start[4:] == b"hdlr" else _VERSION_AND_FLAGS


class Fields:
    """Reads big-endian numbers one after another; IsoMediaError where they end early."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    def number(self, size: int) -> int:
        """Return the next unsigned number of ``size`` bytes; 0 if that is 0."""
        return int.from_bytes(self.take(size), "big")

    def take(self, size: int) -> bytes:
        """Return the next ``size`` bytes."""
        found = self._content[self._at : self._at + size]
        if len(found) < size:
            raise IsoMediaError("a box ends early")
        self._at += size
        return found

    @property
    def rest(self) -> bytes:
        """What has not been read."""
        return self._content[self._at :]


def motion_video(media: IsoMedia) -> MediaBox | None:
    """Return the box ``mpvd``, whose content is the MP4 file of a motion photo, if there is one.

    As Google's "Motion Photo format specification 1.0" has it; Samsung's HEIC have it too.
    """
    return media.find(b"mpvd")


def quicktime_metadata(media: IsoMedia) -> Mapping[str, str]:
    """Return the texts in a film's QuickTime metadata, such as ``com.apple.quicktime.content.identifier``.

    As Apple's "QuickTime File Format" has them: names in ``moov/meta/keys``, values in ``moov/meta/ilst``.
    """
    keys, values = media.find(b"moov", b"meta", b"keys"), media.find(b"moov", b"meta", b"ilst")
    if keys is None or values is None:
        return {}
    names = _key_names(Fields(media.read(keys)))
    found = {}
    for entry in media.boxes(values):
        number = int.from_bytes(entry.kind, "big")
        value = next((each for each in media.boxes(entry) if each.kind == b"data"), None)
        if value is None or not 1 <= number <= len(names) or value.end - value.content > _MOST_TEXT:
            continue  # not ours, or a picture
        fields = Fields(media.read(value))
        kind, _locale = fields.number(4), fields.number(4)
        if kind == _UTF_8:
            found[names[number - 1]] = fields.rest.decode("utf-8", "replace")
    return found


def _key_names(fields: Fields) -> list[str]:
    fields.take(_VERSION_AND_FLAGS)
    names = []
    for _ in range(fields.number(4)):
        size = fields.number(4)
        if size < _HEAD:
            raise IsoMediaError("a key is smaller than its head")
        fields.take(4)  # its namespace
        names.append(fields.take(size - _HEAD).decode("utf-8", "replace"))
    return names
