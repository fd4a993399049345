"""Live photos that tests make: a JPEG and a film with one identifier."""

import io
import struct

from PIL import Image

from tests.pipeline.iso_boxes import box, quicktime_metadata

IDENTIFIER = "9B539AB8-A668-4FA6-9207-EB653A5E7E3C"
_MAKER_NOTE = 0x927C
_EXIF_IFD = 0x8769


def apple_note(identifier: bytes) -> bytes:
    """The note of an iPhone, of two tags; offsets count from its start."""
    entries = struct.pack(">HHII", 0x0001, 9, 1, 14)  # the version of the note
    entries += struct.pack(">HHII", 0x0011, 2, len(identifier) + 1, 14 + 2 + 24 + 4)
    return b"Apple iOS\0\0\1MM" + struct.pack(">H", 2) + entries + bytes(4) + identifier + b"\0"


def live_jpeg(picture: Image.Image, identifier: str = IDENTIFIER, note: bytes | None = None) -> bytes:
    exif = Image.Exif()
    exif.get_ifd(_EXIF_IFD)[_MAKER_NOTE] = note or apple_note(identifier.encode())
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=90, exif=exif)
    return stream.getvalue()


def live_film(identifier: str = IDENTIFIER) -> bytes:
    """The boxes of a film without pictures."""
    metadata = quicktime_metadata({"com.apple.quicktime.content.identifier": identifier.encode()})
    head = box(b"ftyp", b"qt  ", bytes(4), b"qt  ")
    return head + box(b"wide") + box(b"mdat", bytes(1000)) + box(b"moov", metadata)
