"""Says why a film cannot be read, in words to act on: whether its file ends early, and what it lacks."""

from typing import BinaryIO

from pipeline.decoding.format_reader import Unreadable
from pipeline.decoding.heif.iso_media import IsoMedia, IsoMediaError
from pipeline.values import Reason

_COPY_AGAIN = "copy it again from its source"

_NEEDED = frozenset({b"moov", b"mdat", b"moof"})
"""What follows other boxes may be anything."""

_HEAD_BYTES = 4096
_SEGMENT = b"\x18\x53\x80\x67"  # Matroska, RFC 9559


def ends_early(stream: BinaryIO, begin: int, length: int, container: str) -> bool:
    """Return whether a film's container states more bytes than there are; not all containers state any."""
    try:
        if container == "mov":
            boxes = IsoMedia(stream, length, begin).boxes()
            return any(box.end > begin + length for box in boxes if box.kind in _NEEDED)
        stream.seek(begin)
        head = stream.read(min(length, _HEAD_BYTES))
    except (IsoMediaError, OSError):
        return False
    stated = _stated_length(head, container)
    return stated is not None and stated > length


def cannot_be_opened(stream: BinaryIO, begin: int, length: int, container: str, why: str) -> Unreadable:
    """Return the error for a film that FFmpeg does not open; ``why`` is what it says."""
    if container == "mov" and not _has_index(stream, begin, length):
        message = "its index (the box moov) is missing, as if recording or copying it had broken off"
        return Unreadable(Reason.TRUNCATED, f"{message}: {_COPY_AGAIN}")
    return no_picture(ends_early(stream, begin, length, container), why)


def no_picture(is_cut: bool, why: str | None = None) -> Unreadable:
    """Return the error for a film of which no frame can be read."""
    if is_cut:
        message = "the file ends early, and none of its pictures can be read"
        return Unreadable(Reason.TRUNCATED, f"{message}: {_COPY_AGAIN}")
    said = "none of its pictures can be read" if why is None else f"it cannot be opened ({why})"
    return Unreadable(Reason.CORRUPT, f"{said}: the file is damaged; {_COPY_AGAIN}")


def _has_index(stream: BinaryIO, begin: int, length: int) -> bool:
    try:
        return IsoMedia(stream, length, begin).find(b"moov") is not None
    except (IsoMediaError, OSError):
        return False


def _stated_length(head: bytes, container: str) -> int | None:
    """Return the bytes of a file as its head states them."""
    if container == "avi":
        return 8 + int.from_bytes(head[4:8], "little")
    at = head.find(_SEGMENT) + len(_SEGMENT)
    if container != "matroska" or at < len(_SEGMENT) or at >= len(head) or not head[at]:
        return None
    size = 9 - head[at].bit_length()  # of the number, as its first bits say (RFC 8794, section 4)
    stated = int.from_bytes(head[at : at + size], "big") & ((1 << 7 * size) - 1)
    return None if stated == (1 << 7 * size) - 1 else at + size + stated
