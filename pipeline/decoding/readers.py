"""The reader of each picture format; add new readers here.

A reader imports its image library, which is slow, when it opens a picture. The decoder is recorded with each
outcome; a scan retries a failed photo once another or newer one reads its format. Where a change here reads
what failed before, raise the number in ``_REVISIONS``.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import BinaryIO

from pipeline.decoding.file_kinds import FileKind, content_of, extra_for, kind_of, reason_for
from pipeline.decoding.format_reader import FormatReader, OpenPicture
from pipeline.decoding.formats import Format, sniff
from pipeline.errors import PhotoError
from pipeline.extras import is_installed, library_version
from pipeline.file_names import named_like_photo
from pipeline.sources.photo_file_access import OpenPhoto
from pipeline.values import PhotoFailed, PhotoSkipped, Reason, Stage


def _open_jpeg(stream: BinaryIO, kind: Format, length: int) -> OpenPicture:
    from pipeline.decoding.jpeg.jpeg_picture import JpegPicture

    return JpegPicture(stream, length)


def _open_with_pillow(stream: BinaryIO, kind: Format, length: int) -> OpenPicture:
    from pipeline.decoding.pillow.pillow_picture import PillowPicture

    return PillowPicture(stream, kind, length)


def _open_avif(stream: BinaryIO, kind: Format, length: int) -> OpenPicture:
    from pipeline.decoding.heif.avif_picture import AvifPicture
    from pipeline.decoding.heif.heif_container import HeifContainer

    content = stream.read()
    return AvifPicture(content, HeifContainer(content, kind))


def _open_heic(stream: BinaryIO, kind: Format, length: int) -> OpenPicture:
    from pipeline.decoding.heif.heic_picture import HeicPicture
    from pipeline.decoding.heif.heif_container import HeifContainer

    content = stream.read()
    return HeicPicture(content, HeifContainer(content, kind))


def _open_tiff(stream: BinaryIO, kind: Format, length: int) -> OpenPicture:
    from pipeline.decoding.tiff.tiff_picture import TiffPicture

    return TiffPicture(stream, length)


def _open_jpeg_xl(stream: BinaryIO, kind: Format, length: int) -> OpenPicture:
    from pipeline.decoding.jpeg_xl.jpeg_xl_picture import JpegXlPicture

    return JpegXlPicture(stream)


def _open_raw(stream: BinaryIO, kind: Format, length: int) -> OpenPicture:
    from pipeline.decoding.raw.raw_picture import open_raw

    return open_raw(stream)


_BY_PILLOW = frozenset({Format.PNG, Format.WEBP, Format.BMP, Format.GIF, Format.JPEG_2000})
_HEIC = FormatReader(frozenset({Format.HEIC}), ("pillow-heif",), _open_heic)
_RAW = FormatReader(frozenset({Format.RAW}), ("rawpy",), _open_raw)

_READERS: tuple[FormatReader, ...] = (
    FormatReader(frozenset({Format.JPEG}), ("pillow", "simplejpeg"), _open_jpeg),
    FormatReader(_BY_PILLOW, ("pillow",), _open_with_pillow),
    FormatReader(frozenset({Format.AVIF}), ("pillow",), _open_avif),
    *([_HEIC] if is_installed("heic") else []),
    FormatReader(frozenset({Format.TIFF}), ("pillow", "tifffile", "imagecodecs"), _open_tiff),
    FormatReader(frozenset({Format.JPEG_XL}), ("imagecodecs",), _open_jpeg_xl),
    *([_RAW] if is_installed("raw") else []),
)

READERS: Mapping[Format, FormatReader] = MappingProxyType(
    {kind: reader for reader in _READERS for kind in reader.formats}
)
"""The formats that are read."""

_REVISIONS: Mapping[Format | None, int] = MappingProxyType(
    {Format.JPEG: 2, Format.PNG: 2, Format.WEBP: 2, Format.BMP: 2, Format.GIF: 2}
)
"""How often the reading of a format has changed here, beside its libraries; ``None``: of unknown formats."""


def format_of(photo: OpenPhoto) -> Format | None:
    """Return the format of a file, read or not; ``None`` if it is no known picture."""
    return sniff(photo.file.path, photo.head)


def skipped(photo: OpenPhoto) -> PhotoSkipped | None:
    """Say as what a file is left out; ``None`` if it is read, or reported as unreadable.

    It is no photo by its content or its name, or a picture that nothing here reads.
    """
    found = format_of(photo)
    kind = found or kind_of(photo.file.path, photo.head)
    if _is_read(found) or (found is None and (named_like_photo(photo.file.path) or _is_read(kind))):
        return None
    return PhotoSkipped(photo.file, kind, extra_for(kind), decoder_of(found), reason_for(kind))


def skipped_as_sound(failed: PhotoFailed) -> PhotoSkipped | None:
    """Return a file in a container of films that has no picture as left out; ``None`` for other failures."""
    if failed.reason is not Reason.NOT_AN_IMAGE or failed.decoder != decoder_of(Format.FILM):
        return None
    return PhotoSkipped(failed.file, FileKind.SOUND)


def _is_read(kind: str | None) -> bool:
    return kind in READERS or (kind == Format.FILM and is_installed("video"))


def readable_format(photo: OpenPhoto) -> Format:
    """Return the format of a photo; PhotoError if no reader reads it."""
    kind = format_of(photo)
    if kind is not None and kind in READERS:
        return kind
    if (left_out := skipped(photo)) is not None:
        reason, message = left_out.failed.reason, left_out.failed.message
    elif photo.length == 0:
        reason, message = Reason.EMPTY, "the file is empty: copy it again from its source"
    else:
        reason = Reason.NOT_AN_IMAGE
        name = "an image" if named_like_photo(photo.file.path) else "a film"
        message = f"its name is that of {name}, but {content_of(photo.head)}"
    raise PhotoError(photo.file, Stage.DECODE, reason, message)


def decoder_of(kind: Format | None) -> str:
    """Return a format and the libraries of its reader, such as ``png pillow 12.0.0`` or ``heic none``.

    For an unknown format it names all libraries, as ``none of pillow 12.0.0``: a new one may know it.
    """
    if kind is None:
        of_readers = (each for reader in _READERS for each in reader.libraries)
        return f"none of {_joined((*of_readers, *library_version('video')), kind)}"
    if kind is Format.FILM:
        return f"{kind} {_joined(library_version('video'), kind) or 'none'}"
    reader = READERS.get(kind)
    return f"{kind.lower().replace(' ', '-')} {_joined(reader.libraries, kind) if reader else 'none'}"


def _joined(libraries: Iterable[str], kind: Format | None) -> str:
    revision = (f"revision {_REVISIONS[kind]}",) if kind in _REVISIONS else ()
    return ", ".join(dict.fromkeys((*libraries, *revision)))


def is_current(decoder: str) -> bool:
    """Return whether ``decoder_of`` would name this decoder today."""
    return decoder in map(decoder_of, (*Format, None))


def is_none_of_today(decoder: str) -> bool:
    """Return whether a file for which there was this decoder, which is none, would be left out today."""
    return decoder in (decoder_of(kind) for kind in (*Format, None) if not _is_read(kind))
