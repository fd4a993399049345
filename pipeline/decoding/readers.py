"""Which reader reads each picture format; new readers are added here.

The library records the name of the decoder with each outcome, and a scan tries a failed photo again once
another or a newer one reads its format.
"""

from collections.abc import Mapping
from types import MappingProxyType

from pipeline.decoding.format_reader import FormatReader
from pipeline.decoding.formats import Format, named_like_photo, sniff
from pipeline.decoding.pillow_reader import PillowReader
from pipeline.errors import PhotoError
from pipeline.sources.photo_file_access import OpenPhoto
from pipeline.values import Reason, Stage

_READERS: tuple[FormatReader, ...] = (PillowReader(),)

READERS: Mapping[Format, FormatReader] = MappingProxyType(
    {kind: reader for reader in _READERS for kind in reader.formats}
)
"""The formats that are read."""


def format_of(photo: OpenPhoto) -> Format | None:
    """The format of a file, read or not; ``None`` if it is no known picture."""
    found = (reader.sniff(photo.file.path, photo.head) for reader in _READERS)
    return next((kind for kind in found if kind is not None), None) or sniff(photo.file.path, photo.head)


def is_photo(photo: OpenPhoto) -> bool:
    """Whether a file is read or reported as unreadable: every picture, and what only has the name of one.

    Camera raw files that nothing reads are passed over: cameras write them beside a JPEG of the same picture.
    """
    kind = format_of(photo)
    if kind is None:
        return named_like_photo(photo.file.path)
    return kind in READERS or kind is not Format.RAW


def readable_format(photo: OpenPhoto) -> Format:
    """The format of a photo that a reader reads.

    Raises:
        PhotoError: There is none.
    """
    kind = format_of(photo)
    if kind is not None and kind in READERS:
        return kind
    if kind is not None:
        reason = Reason.UNSUPPORTED
        message = f"{kind} pictures cannot be read: convert it to JPEG or PNG"
    elif photo.length == 0:
        reason, message = Reason.EMPTY, "the file is empty: copy it again from where it came"
    else:
        reason = Reason.NOT_AN_IMAGE
        message = "it has the name of a picture, but does not hold one: rename or remove it"
    raise PhotoError(photo.file, Stage.DECODE, reason, message)


def decoder_of(kind: Format) -> str:
    """A format and today's reader of it, as ``jpeg pillow 12.0.0`` or ``heic none``."""
    reader = READERS.get(kind)
    return f"{kind.lower().replace(' ', '-')} {reader.version if reader else 'none'}"


def is_current(decoder: str) -> bool:
    """Whether today's reader of the format is the one that ``decoder_of`` once named."""
    return decoder in map(decoder_of, Format)
