"""Turns what Pillow raises on a damaged or foreign file into a failure that the user can act on."""

import errno
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from pipeline.decoding.format_reader import TRUNCATED, Unreadable
from pipeline.decoding.formats import Format
from pipeline.values import Reason

_END_OF_CODESTREAM = b"\xff\xd9"
"""Nothing within the codestream of a JPEG 2000 looks like its end (ISO/IEC 15444-1, annex A)."""

# What Pillow raises on damaged and foreign files; not MemoryError, which is not the photo's fault.
_PILLOW_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    RuntimeError,
    EOFError,
    OverflowError,
    struct.error,
    zlib.error,
)

# Words in Pillow's errors for intact pictures of a kind that it does not read.
_UNSUPPORTED_WORDS = (
    "cannot handle",
    "unsupported",
    "unknown pixel mode",
    "unknown data organization",
    "not yet",
    "security limit",
)


@contextmanager
def explained(stream: BinaryIO, kind: Format, length: int) -> Iterator[None]:
    """Turn what Pillow raises on a damaged or foreign file of ``length`` bytes into the right failure."""
    try:
        yield
    except _PILLOW_ERRORS as error:
        # EINVAL: a seek to nowhere.
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise  # the file cannot be read, whatever it holds
        raise _explain(error, stream, kind, length) from error


def _explain(error: Exception, stream: BinaryIO, kind: Format, length: int) -> Unreadable:
    reason = "".join(each if each.isprintable() else "?" for each in " ".join(str(error).split()))
    if _ends_early(error, stream, kind, length):
        return Unreadable(Reason.TRUNCATED, TRUNCATED)
    if isinstance(error.__cause__, KeyError) or any(word in reason.lower() for word in _UNSUPPORTED_WORDS):
        message = f"this kind of {kind} cannot be read ({reason}): convert it to a plain JPEG or PNG"
        return Unreadable(Reason.UNSUPPORTED, message)
    message = f"the {kind} is damaged ({reason}): copy it again from its source"
    return Unreadable(Reason.CORRUPT, message)


def _ends_early(error: Exception, stream: BinaryIO, kind: Format, length: int) -> bool:
    if kind is Format.WEBP:
        return _riff_length(stream) > length
    if kind in (Format.AVIF, Format.HEIC):
        return False  # that is known before it is decoded
    if kind is Format.JPEG_2000:
        stream.seek(0)
        content = stream.read()
        return content.find(_END_OF_CODESTREAM, content.find(b"jp2c") + 1) < 0
    if "truncated" in str(error).lower() or isinstance(error, EOFError | struct.error):
        return True
    # Headers are read without reading ahead: a reader at the end wanted more.
    return isinstance(error, SyntaxError) and stream.tell() >= length


def _riff_length(stream: BinaryIO) -> int:
    stream.seek(4)
    return int.from_bytes(stream.read(4), "little") + 8
