"""Splits a JPEG into its segments (ITU-T T.81, annex B), without decoding it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

START_OF_SCAN = 0xDA
"""Second byte of the marker whose segment the compressed data follow."""

FRAMES = frozenset({*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC})
"""Second bytes of the markers that start a frame, 0xF7 that of JPEG-LS (ITU-T T.87)."""

_END_OF_IMAGE = 0xD9
_EXIF = 0xE1
_APPLICATIONS = frozenset({*range(0xE0, 0xF0), 0xFE})
_FILLING = 0xFF
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})  # table B.1

_NEXT_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd8\xff]")
"""What ends the compressed data of a scan: neither a stuffed zero nor a restart marker."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment, and the compressed data after it; offsets may lie behind the end of a file that is cut.

    Attributes:
        marker: Second byte of its marker.
        start: Offset of the marker.
        head_end: Offset behind the segment itself.
        end: Offset behind the compressed data.
    """

    marker: int
    start: int
    head_end: int
    end: int

    def data(self, content: bytes) -> bytes:
        """Return the parameters of the segment, without those that the file lacks."""
        return content[self.start + 4 : self.head_end]


def segments(content: bytes) -> Iterator[Segment]:
    """Yield the segments of a JPEG's first picture that have parameters, whatever stands between them."""
    return _segments(content, scans=True)


def head_segments(content: bytes) -> Iterator[Segment]:
    """Yield the segments before the compressed data of a JPEG, which are not looked at."""
    return _segments(content, scans=False)


def _segments(content: bytes, *, scans: bool) -> Iterator[Segment]:
    at = 2
    while 0 <= (at := content.find(b"\xff", at)) < len(content) - 1:
        marker = content[at + 1]
        if marker == _FILLING:
            at += 1
        elif marker in _WITHOUT_LENGTH:
            at += 2
        elif marker == _END_OF_IMAGE or (marker == START_OF_SCAN and not scans):
            return
        else:
            head_end = end = at + 2 + int.from_bytes(content[at + 2 : at + 4], "big")
            if marker == START_OF_SCAN:
                found = _NEXT_MARKER.search(content, head_end)
                end = found.start() if found else len(content)
            yield Segment(marker, at, head_end, end)
            at = max(end, at + 2)


def without_applications(content: bytes) -> bytes:
    """Return a JPEG without the comments and application segments of its first picture, but for EXIF.

    A decoder fails at some that are cut short, although no pixel depends on them.
    """
    kept, end = [content[:2]], 2
    for each in segments(content):
        is_exif = each.marker == _EXIF and each.data(content).startswith(b"Exif\0\0")
        if is_exif or each.marker not in _APPLICATIONS:
            kept.append(content[each.start : each.end])
        end = each.end
    return b"".join((*kept, content[end:]))
