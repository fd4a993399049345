"""Makes blocks of metadata, and files that hold them, without the code under test."""

import io
import struct
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from PIL import Image

ORIGINAL, DIGITIZED, DATE_TIME = 0x9003, 0x9004, 0x0132
EXIF_IFD, GPS_IFD = 0x8769, 0x8825

_NAMESPACES = (
    'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:exif="http://ns.adobe.com/exif/1.0/" '
    'xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" xmlns:xmp="http://ns.adobe.com/xap/1.0/" '
    'xmlns:xmpNote="http://ns.adobe.com/xmp/note/" xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/"'
)


def exif_block(
    first: Mapping[int, Any], exif: Mapping[int, Any] | None = None, gps: Mapping[int, Any] | None = None
) -> bytes:
    """A block of EXIF with these tags in its main, EXIF and GPS directories."""
    tags = Image.Exif()
    tags.update(first)
    tags.get_ifd(EXIF_IFD).update(exif or {})
    if gps:
        tags.get_ifd(GPS_IFD).update(gps)
    return tags.tobytes()


def xmp_packet(attributes: Mapping[str, str] | None = None, inside: str = "") -> bytes:
    """A packet whose description has these attributes and elements."""
    listed = " ".join(f'{name}="{value}"' for name, value in (attributes or {}).items())
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        f'<rdf:RDF {_NAMESPACES}><rdf:Description rdf:about="" {listed}>{inside}</rdf:Description></rdf:RDF>'
        '</x:xmpmeta><?xpacket end="w"?>'
    ).encode()


def iptc_block(datasets: Sequence[tuple[int, str]]) -> bytes:
    """Datasets of the application record."""
    parts = (
        bytes([0x1C, 2, number]) + struct.pack(">H", len(value)) + value.encode()
        for number, value in datasets
    )
    return b"".join(parts)


def photoshop_block(iptc: bytes) -> bytes:
    """Photoshop's image resources: a caption digest of odd length with a name, then IPTC."""
    other = b"8BIM" + struct.pack(">H", 0x0425) + b"\x04name\0" + struct.pack(">I", 3) + b"abc\0"
    return other + b"8BIM\x04\x04\0\0" + struct.pack(">I", len(iptc)) + iptc + b"\0" * (len(iptc) % 2)


def picture(kind: str, **options: Any) -> bytes:
    """A small picture of a format, as Pillow saves it."""
    stream = io.BytesIO()
    Image.linear_gradient("L").resize((16, 12)).convert("RGB").save(stream, kind, **options)
    return stream.getvalue()


def jpeg(*segments: tuple[int, bytes]) -> bytes:
    """A JPEG with these segments, by marker, at its start."""
    plain = picture("JPEG")
    made = (bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data for marker, data in segments)
    return plain[:2] + b"".join(made) + plain[2:]


def jpeg_with(exif: bytes = b"", xmp: bytes = b"", iptc: bytes = b"") -> bytes:
    """A JPEG with these blocks."""
    segments = []
    if exif:
        segments.append((0xE1, exif))
    if xmp:
        segments.append((0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp))
    if iptc:
        segments.append((0xED, b"Photoshop 3.0\0" + photoshop_block(iptc)))
    return jpeg(*segments)


def png(before: Sequence[tuple[bytes, bytes]] = (), after: Sequence[tuple[bytes, bytes]] = ()) -> bytes:
    """A PNG with these chunks before and after its pixels."""
    plain = picture("PNG")
    head = 8 + 25
    end = len(plain) - 12
    first, last = (b"".join(_chunk(*each) for each in chunks) for chunks in (before, after))
    return plain[:head] + first + plain[head:end] + last + plain[end:]


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
