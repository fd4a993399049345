"""Reads Apple's identifier of a live photo, which its film has too, from the note in its EXIF."""

from pipeline.decoding.metadata.blocks import MAKER_NOTE, Metadata
from pipeline.decoding.metadata.tiff_tags import directories_of

_APPLE = b"Apple iOS\0"
_CONTENT_IDENTIFIER = 0x0011  # ExifTool's tag table "Apple"

_AS_TIFF = b"MM\0*\0\0\0\x0e"
"""The header of a TIFF whose directory begins where that of the note does. Offsets count from the note."""

_LONGEST = 100
"""Characters; it is a UUID of 36."""


def live_photo_of(metadata: Metadata) -> str | None:
    """Return the identifier; ``None`` if there is none."""
    for directory in metadata.directories:
        note = directory.tags.get(MAKER_NOTE)
        if note is None or not note.value.startswith(_APPLE):
            continue
        for each in directories_of(_AS_TIFF + note.value[len(_AS_TIFF) :], frozenset({_CONTENT_IDENTIFIER})):
            tag = each.tags.get(_CONTENT_IDENTIFIER)
            text = b"" if tag is None else tag.text() or b""
            found = text.rstrip(b"\0").decode("ascii", "replace")
            if found.isprintable() and 0 < len(found) <= _LONGEST:
                return found
    return None
