"""Makes boxes of ISO base media files (ISO/IEC 14496-12)."""

import struct


def box(kind: bytes, *parts: bytes) -> bytes:
    """A box with this content."""
    content = b"".join(parts)
    return struct.pack(">I4s", 8 + len(content), kind) + content


def full_box(kind: bytes, version: int, flags: int, *parts: bytes) -> bytes:
    """A box whose content begins with a version and flags."""
    return box(kind, struct.pack(">I", version << 24 | flags), *parts)


def infe(number: int, kind: bytes, protected: int = 0) -> bytes:
    """The entry of an item; one of type ``mime`` is XMP."""
    media = b"application/rdf+xml\0" if kind == b"mime" else b""
    return full_box(b"infe", 2, 0, struct.pack(">HH4s", number, protected, kind), b"\0", media)


def iinf(*entries: bytes) -> bytes:
    """The list of items."""
    return full_box(b"iinf", 0, 0, struct.pack(">H", len(entries)), *entries)


def pitm(number: int) -> bytes:
    """Which item is the picture to show."""
    return full_box(b"pitm", 0, 0, struct.pack(">H", number))


def meta(*boxes: bytes) -> bytes:
    """The box around an HEIF file's index."""
    return full_box(b"meta", 0, 0, full_box(b"hdlr", 0, 0, struct.pack(">I4s13x", 0, b"pict")), *boxes)


def quicktime_metadata(values: dict[str, bytes]) -> bytes:
    """The box ``meta`` of a QuickTime film, without version and flags, with texts by name."""
    names = b"".join(struct.pack(">I4s", 8 + len(name), b"mdta") + name.encode() for name in values)
    texts = (
        box(struct.pack(">I", number), box(b"data", struct.pack(">II", 1, 0), text))
        for number, text in enumerate(values.values(), 1)
    )
    return box(
        b"meta",
        full_box(b"hdlr", 0, 0, struct.pack(">I4s13x", 0, b"mdta")),
        full_box(b"keys", 0, 0, struct.pack(">I", len(values)), names),
        box(b"ilst", *texts),
    )
