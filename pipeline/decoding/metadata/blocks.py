"""Finds the blocks of EXIF, XMP and IPTC in picture files, without decoding the picture.

A block that is damaged, or longer than any camera or editor writes, counts as absent.
"""

import contextlib
import io
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import BinaryIO

from PIL import Image

from pipeline.decoding.formats import Format
from pipeline.decoding.heif.iso_media import IsoMedia, IsoMediaError
from pipeline.decoding.jpeg.jpeg_segments import head_segments
from pipeline.decoding.metadata.iptc import iptc_of
from pipeline.decoding.metadata.tiff_tags import Directory, directories_of, read_directories
from pipeline.decoding.metadata.xmp import MOST_BYTES, Property, read_properties

DATE_TIME, ORIGINAL, DIGITIZED = 0x0132, 0x9003, 0x9004
OFFSETS = {DATE_TIME: 0x9010, ORIGINAL: 0x9011, DIGITIZED: 0x9012}
SUBSECONDS = {DATE_TIME: 0x9290, ORIGINAL: 0x9291, DIGITIZED: 0x9292}
"""Tags of EXIF 2.32 (CIPA DC-008): of a time, and its offset from UTC and fraction of a second."""
GPS_TIME, GPS_DATE = 0x0007, 0x001D
MAKER_NOTE = 0x927C

_XMP, _IPTC, _PHOTOSHOP = 0x02BC, 0x83BB, 0x8649  # XMP part 3, "TIFF"
_WANTED = frozenset({*OFFSETS, *OFFSETS.values(), *SUBSECONDS.values(), GPS_TIME, GPS_DATE})
_WANTED |= {_XMP, _IPTC, _PHOTOSHOP, MAKER_NOTE}

# Segments of a JPEG: XMP part 3, "JPEG"; Photoshop's APP13.
_APP1, _APP13 = 0xE1, 0xED
_IS_EXIF, _IS_XMP = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0"
_IS_EXTENSION, _IS_PHOTOSHOP = b"http://ns.adobe.com/xmp/extension/\0", b"Photoshop 3.0\0"
_GUID_BYTES = 32

_JPEG_HEAD = 1 << 20
"""Bytes of a JPEG that are read for its date alone; all but maps of depth stand before the picture."""

CREATION_TIME = "Creation Time"
"""Keyword of a text in a PNG (PNG 3, 11.3.3.1): when the picture was made."""

_PNG_SIGNATURE_BYTES = 8
_MOST_CHUNKS = 1 << 17
_XMP_KEYWORD = "XML:com.adobe.xmp"
_IN_GIF = b"XMP DataXMP"

# Extended types of boxes of JP2: Exiv2 and ExifTool; XMP part 3, "JPEG 2000"; IPTC's IIM.
_UUID_BYTES = 16
_EXIF_IN_JP2 = b"JpgTiffExif->JP2"
_XMP_IN_JP2 = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_IPTC_IN_JP2 = bytes.fromhex("33c7a4d2b81d4723a0baf1a3e097ad38")

_PROFILE = "Raw profile type "  # of ImageMagick: a block in hexadecimal digits, after its name and length


@dataclass(frozen=True, slots=True)
class Metadata:
    """The blocks of one file, each kind in the order in which it counts."""

    directories: Sequence[Directory] = ()
    xmp: Sequence[bytes] = ()
    iptc: Sequence[bytes] = ()
    texts: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of_blocks(
        cls,
        exif: Sequence[bytes] = (),
        xmp: Sequence[bytes] = (),
        photoshop: bytes = b"",
        texts: Mapping[str, str] | None = None,
    ) -> "Metadata":
        """Make it of blocks as they stand in a file; ``photoshop`` holds image resources."""
        directories = [each for block in exif for each in directories_of(block, _WANTED)]
        return cls._with_those_in(directories, xmp, photoshop, texts or {})

    @classmethod
    def of_stream(cls, stream: BinaryIO, kind: Format) -> "Metadata | None":
        """Read a file from its start; ``None`` in formats of which an image library finds the blocks."""
        match kind:
            case Format.JPEG:
                return cls.of_jpeg(stream.read(_JPEG_HEAD))
            case Format.PNG:
                return cls.of_png(stream)
            case Format.TIFF:
                return cls.of_tiff(stream)
            case Format.GIF:
                return cls.of_gif(stream)
            case Format.JPEG_2000:
                return cls.of_jpeg_2000(stream)
        return None

    @classmethod
    def of_tiff(cls, stream: BinaryIO) -> "Metadata":
        """Read a TIFF file, or a camera raw file of that structure."""
        return cls._with_those_in(read_directories(stream, _WANTED), (), b"", {})

    @classmethod
    def of_jpeg(cls, content: bytes) -> "Metadata":
        """Read a JPEG, or a beginning of it."""
        exif, xmp, extensions, photoshop = [], [], [], b""
        for each in head_segments(content):
            data = each.data(content)
            if each.marker == _APP1 and data.startswith(_IS_EXIF):
                exif.append(data)
            elif each.marker == _APP1 and data.startswith(_IS_XMP):
                xmp.append(data.removeprefix(_IS_XMP))
            elif each.marker == _APP1 and data.startswith(_IS_EXTENSION):
                extensions.append(data.removeprefix(_IS_EXTENSION))
            elif each.marker == _APP13 and data.startswith(_IS_PHOTOSHOP):
                photoshop += data.removeprefix(_IS_PHOTOSHOP)
        return cls.of_blocks(exif, [*xmp, *_extended(xmp, extensions)], photoshop)

    @classmethod
    def of_png(cls, stream: BinaryIO) -> "Metadata":
        """Read a PNG, whose metadata may stand behind the picture; checksums do not matter."""
        exif: list[bytes] = []
        texts: dict[str, bytes] = {}
        for kind, data in _chunks(stream):
            if kind == b"eXIf":
                exif.append(data)
            else:
                keyword, text = _text_of(kind, data)
                texts.setdefault(keyword, text)
        xmp = [texts[_XMP_KEYWORD]] if _XMP_KEYWORD in texts else []
        exif += [each for name in ("exif", "APP1") if (each := _profile(texts, name)).startswith(_IS_EXIF)]
        xmp += [each for name in ("xmp", "APP1") if (each := _profile(texts, name).removeprefix(_IS_XMP))]
        photoshop = _profile(texts, "iptc") or _profile(texts, "8bim")
        plain = {name: text.decode("utf-8", "replace") for name, text in texts.items()}
        return cls.of_blocks(exif, xmp, photoshop, plain)

    @classmethod
    def of_gif(cls, stream: BinaryIO) -> "Metadata":
        """Read a GIF (XMP part 3, "GIF"): the packet is not in blocks, so that no program may cut it."""
        stream.seek(0)
        content = stream.read()
        start = content.find(_IN_GIF)
        return cls() if start < 0 else cls(xmp=[content[start + len(_IN_GIF) :][:MOST_BYTES]])

    @classmethod
    def of_jpeg_2000(cls, stream: BinaryIO) -> "Metadata":
        """Read a JP2, whose metadata are in boxes of their own; a codestream without boxes has none."""
        found: dict[bytes, list[bytes]] = {_EXIF_IN_JP2: [], _XMP_IN_JP2: [], _IPTC_IN_JP2: []}
        media = IsoMedia(stream, stream.seek(0, io.SEEK_END))
        with contextlib.suppress(IsoMediaError):
            for box in media.boxes():
                if box.kind == b"uuid" and box.end - box.content <= MOST_BYTES:
                    content = media.read(box, MOST_BYTES)
                    found.get(content[:_UUID_BYTES], []).append(content[_UUID_BYTES:])
        blocks = cls.of_blocks(found[_EXIF_IN_JP2], found[_XMP_IN_JP2])
        return replace(blocks, iptc=[*blocks.iptc, *found[_IPTC_IN_JP2]])

    @classmethod
    def of_image(cls, image: Image.Image) -> "Metadata":
        """Take the blocks that a plug-in of Pillow found: ``exif`` and ``xmp`` of ``info``."""
        found = (image.info.get(name) for name in ("exif", "xmp"))
        exif, xmp = ([each] if isinstance(each, bytes) else [] for each in found)
        return cls.of_blocks(exif, xmp)

    @classmethod
    def _with_those_in(
        cls,
        directories: Sequence[Directory],
        xmp: Sequence[bytes],
        photoshop: bytes,
        texts: Mapping[str, str],
    ) -> "Metadata":
        """Add the blocks that stand in TIFF tags."""
        iptc = [each for each in [iptc_of(photoshop), *_values(directories, _IPTC)] if each]
        iptc += [each for block in _values(directories, _PHOTOSHOP) if (each := iptc_of(block))]
        return cls(directories, [*xmp, *_values(directories, _XMP)], iptc, texts)


def _values(directories: Sequence[Directory], number: int) -> Iterator[bytes]:
    for each in directories:
        if number in each.tags:
            yield each.tags[number].value


def _extended(packets: Sequence[bytes], parts: Sequence[bytes]) -> Iterator[bytes]:
    """Yield the rest of a packet that was too long for one segment, if the packet names it."""
    for packet in packets if parts else ():
        guid = read_properties(packet).get(Property.EXTENSION, "").encode()
        own = [each for each in parts if each.startswith(guid)] if len(guid) == _GUID_BYTES else []
        whole = bytearray()
        for start, part in sorted((_offset(each), each) for each in own):
            if start != len(whole) or len(whole) > MOST_BYTES:
                break
            whole += part[_GUID_BYTES + 8 :]
        if whole:
            yield bytes(whole)


def _offset(part: bytes) -> int:
    return int.from_bytes(part[_GUID_BYTES + 4 : _GUID_BYTES + 8], "big")


def _chunks(stream: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    """Yield type and data of a PNG's chunks of metadata."""
    stream.seek(_PNG_SIGNATURE_BYTES)
    for _ in range(_MOST_CHUNKS):
        head = stream.read(8)
        if len(head) < 8 or head[4:] == b"IEND":
            return
        size = int.from_bytes(head[:4], "big")
        if head[4:] in (b"eXIf", b"tEXt", b"zTXt", b"iTXt") and size <= MOST_BYTES:
            yield head[4:], stream.read(size)
            size = 0
        stream.seek(size + 4, 1)


def _text_of(kind: bytes, data: bytes) -> tuple[str, bytes]:
    """Return keyword and text of a PNG's chunk (PNG 3, 11.3.3); the text is empty if it is damaged."""
    keyword, _, rest = data.partition(b"\0")
    is_compressed = kind == b"zTXt"
    if is_compressed:
        rest = rest[1:]
    elif kind == b"iTXt":
        is_compressed = rest[:1] == b"\1"
        rest = rest[2:].split(b"\0", 2)[-1]
    if is_compressed:
        try:
            rest = zlib.decompressobj().decompress(rest, MOST_BYTES)
        except zlib.error:
            rest = b""
    return keyword.decode("latin-1"), rest


def _profile(texts: Mapping[str, bytes], name: str) -> bytes:
    lines = texts.get(_PROFILE + name, b"").strip().split(b"\n", 2)
    try:
        return bytes.fromhex(lines[2].decode("ascii"))
    except (ValueError, IndexError):
        return b""
