"""The reader of each picture format; add new readers here.

The library records the decoder with each outcome; a scan retries a failed photo once another or newer one
reads its format.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from pipeline.decoding.format_reader import FormatReader
from pipeline.decoding.formats import Format, named_like_photo, sniff
from pipeline.decoding.jpeg_reader import JpegReader
from pipeline.decoding.pillow_reader import PillowReader
from pipeline.errors import PhotoError
from pipeline.sources.photo_file_access import OpenPhoto
from pipeline.values import Reason, Stage

_READERS: tuple[FormatReader, ...] = (JpegReader(), PillowReader())

READERS: Mapping[Format, FormatReader] = MappingProxyType(
    {kind: reader for reader in _READERS for kind in reader.formats}
)
"""The formats that are read."""


def format_of(photo: OpenPhoto) -> Format | None:
    """Return the format of a file, read or not; ``None`` if it is no known picture."""
    found = (reader.sniff(photo.file.path, photo.head) for reader in _READERS)
    return next((kind for kind in found if kind is not None), None) or sniff(photo.file.path, photo.head)


def is_photo(photo: OpenPhoto) -> bool:
    """Return whether a file is read or reported as unreadable: by its content or its name, it is a picture.

    Camera raw files without a reader are skipped: cameras write them beside a JPEG of the same picture.
    """
    kind = format_of(photo)
    if kind is None:
        return named_like_photo(photo.file.path)
    return kind in READERS or kind is not Format.RAW


def readable_format(photo: OpenPhoto) -> Format:
    """Return the format of a photo; PhotoError if no reader reads it."""
    kind = format_of(photo)
    if kind is not None and kind in READERS:
        return kind
    if kind is not None:
        reason = Reason.UNSUPPORTED
        message = f"{kind} pictures cannot be read: convert it to JPEG or PNG"
    elif photo.length == 0:
        reason, message = Reason.EMPTY, "the file is empty: copy it again from its source"
    else:
        reason = Reason.NOT_AN_IMAGE
        message = "its name is that of an image, but its content is not: rename or remove it"
    raise PhotoError(photo.file, Stage.DECODE, reason, message)


def decoder_of(kind: Format | None) -> str:
    """Return a format and the libraries of its reader, such as ``png pillow 12.0.0`` or ``heic none``.

    For an unknown format it names all libraries, as ``none of pillow 12.0.0``: a new one may know it.
    """
    if kind is None:
        return f"none of {_joined(each for reader in _READERS for each in reader.libraries)}"
    reader = READERS.get(kind)
    return f"{kind.lower().replace(' ', '-')} {_joined(reader.libraries) if reader else 'none'}"


def _joined(libraries: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(libraries))


def is_current(decoder: str) -> bool:
    """Return whether ``decoder_of`` would name this decoder today."""
    return decoder in map(decoder_of, (*Format, None))
