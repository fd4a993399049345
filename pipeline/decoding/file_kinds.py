"""What a file is that is not read as a photo, in a plain word, for people who wonder why it was left out.

A picture of a format that no reader reads is of the kind that ``Format`` says; anything else is known by its
extension, or, if that says nothing, by its first bytes.
"""

import os
from collections.abc import Mapping
from enum import StrEnum

from pipeline.decoding.formats import Format
from pipeline.extras import is_installed
from pipeline.values import OTHER_FILE, Reason


class FileKind(StrEnum):
    """A kind of file, beside the picture formats of ``Format``."""

    VIDEO = "video"
    SOUND = "sound file"
    SIDECAR = "sidecar"
    PDF = "PDF"
    DOCUMENT = "document"
    ARCHIVE = "archive"
    SVG = "SVG"
    PICTURE = "other picture"
    OTHER = OTHER_FILE


_EXTRAS: Mapping[str, str] = {Format.HEIC: "heic", Format.RAW: "raw", FileKind.VIDEO: "video"}
"""The extra of the package that reads each kind."""

_NO_PICTURES = frozenset(
    {FileKind.SOUND, FileKind.SIDECAR, FileKind.DOCUMENT, FileKind.ARCHIVE, FileKind.OTHER}
)

_BY_EXTENSION: Mapping[FileKind | Format, str] = {
    FileKind.VIDEO: "3g2 3gp 3gpp asf avi divx dv f4v flv insv lrv m2t m2ts m2v m4v mkv mov mp4 mpe mpeg mpg "
    "mts mxf ogv qt rm rmvb tod vob webm wmv",
    FileKind.SOUND: "aac aif aiff amr ape caf flac m4a m4b mid midi mp3 oga ogg opus wav wma",
    FileKind.SIDECAR: "aae arp cos dop nksc on1 pp3 thm vrd xmp",
    FileKind.PDF: "pdf",
    FileKind.DOCUMENT: "csv doc docx epub htm html key md numbers odp ods odt pages ppt pptx rtf txt "
    "xls xlsx",
    FileKind.ARCHIVE: "7z bz2 dmg gz iso rar tar tgz xz zip",
    FileKind.SVG: "svg svgz",
    FileKind.PICTURE: "ai cdr cur dds djvu emf eps exr fits hdr icns ico indd pbm pcx pgm pnm ppm tga "
    "wmf xcf",
    Format.PHOTOSHOP: "psb psd",
}

_KINDS = {
    f".{extension}".encode(): kind for kind, names in _BY_EXTENSION.items() for extension in names.split()
}

# The registered signatures, each with its offset.
_SIGNATURES: tuple[tuple[int, bytes, FileKind], ...] = (
    (0, b"%PDF-", FileKind.PDF),
    (4, b"ftypM4A ", FileKind.SOUND),
    (4, b"ftyp", FileKind.VIDEO),
    (4, b"moov", FileKind.VIDEO),
    (0, b"\x1a\x45\xdf\xa3", FileKind.VIDEO),  # Matroska, WebM
    (8, b"AVI ", FileKind.VIDEO),
    (8, b"WAVE", FileKind.SOUND),
    (0, b"\x00\x00\x01\xba", FileKind.VIDEO),  # MPEG programme stream
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", FileKind.VIDEO),  # ASF
    (0, b"FLV\x01", FileKind.VIDEO),
    (0, b"ID3", FileKind.SOUND),
    (0, b"fLaC", FileKind.SOUND),
    (0, b"OggS", FileKind.SOUND),
    (0, b"PK\x03\x04", FileKind.ARCHIVE),
    (0, b"Rar!\x1a\x07", FileKind.ARCHIVE),
    (0, b"7z\xbc\xaf\x27\x1c", FileKind.ARCHIVE),
    (0, b"\x1f\x8b", FileKind.ARCHIVE),
)


_APPLE_DOUBLE = (b"\x00\x05\x16\x07", b"\x00\x05\x16\x00")  # RFC 1740
_TEXT = 200
"""Bytes that tell a text."""
_SPACE = 32
_BLANKS = b"\t\n\r\f"


def kind_of(path: bytes, head: bytes) -> FileKind | Format:
    """Return what a file is that holds no known picture, by its name and ``OpenPhoto.head``."""
    stem, extension = os.path.splitext(path.lower())
    if extension == b".json" and os.path.splitext(stem)[1]:  # as Google writes IMG_1.jpg.json
        return FileKind.SIDECAR
    if (named := _KINDS.get(extension)) is not None:
        return named
    signed = (kind for at, start, kind in _SIGNATURES if head[at : at + len(start)] == start)
    return next(signed, FileKind.OTHER)


def content_of(head: bytes) -> str:
    """Say what a file holds whose name is that of an image, and what to do; by ``OpenPhoto.head``."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:_TEXT].lower()
    if head and not any(head):
        return "it holds nothing but zeros, as after a copy that broke off: copy it again from its source"
    if start.startswith((b"<!doctype html", b"<html")):
        return "it is a web page, as a failed download leaves: download it again"
    if head.startswith(_APPLE_DOUBLE):
        return "it is what macOS notes about another file: remove it"
    signed = (kind for at, signature, kind in _SIGNATURES if head[at : at + len(signature)] == signature)
    if (kind := next(signed, None)) is not None:
        return f"its content is of another kind ({kind}): rename or remove it"
    if start and all(byte >= _SPACE or byte in _BLANKS for byte in start):
        return "it is a text: rename or remove it"
    return "its content is not: rename or remove it"


def extra_for(kind: str) -> str | None:
    """Return the extra whose absence is why a kind is not read; ``None`` if it is another reason."""
    extra = _EXTRAS.get(kind)
    return None if extra is None or is_installed(extra) else extra


def reason_for(kind: str) -> Reason:
    """Return why a file of a kind fails if a user names it as a photo."""
    return Reason.NOT_AN_IMAGE if kind in _NO_PICTURES else Reason.UNSUPPORTED
