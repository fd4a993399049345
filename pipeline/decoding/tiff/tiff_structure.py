"""Reads the directories of a TIFF without trust in their numbers, and chooses the picture to read.

It follows TIFF 6.0 and BigTIFF, in either order of bytes, and knows no image library. Only tags are read that
say how pixels are stored.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum, IntFlag

from pipeline.decoding.format_reader import TRUNCATED, Unreadable
from pipeline.values import Reason, Size


class Tag(IntEnum):
    """Tags that say how pixels are stored; numbers are those of TIFF 6.0 and its supplements."""

    NEW_SUBFILE_TYPE = 254
    SUBFILE_TYPE = 255
    WIDTH = 256
    HEIGHT = 257
    BITS = 258
    COMPRESSION = 259
    PHOTOMETRIC = 262
    FILL_ORDER = 266
    STRIP_OFFSETS = 273
    ORIENTATION = 274
    SAMPLES = 277
    ROWS_PER_STRIP = 278
    STRIP_COUNTS = 279
    PLANAR = 284
    PREDICTOR = 317
    COLOUR_MAP = 320
    TILE_WIDTH = 322
    TILE_HEIGHT = 323
    TILE_OFFSETS = 324
    TILE_COUNTS = 325
    SUB_DIRECTORIES = 330
    INK_SET = 332
    EXTRA_SAMPLES = 338
    SAMPLE_FORMAT = 339
    JPEG_TABLES = 347
    YCBCR_SUBSAMPLING = 530
    PROFILE = 34675
    DNG_VERSION = 50706


class Photometric(IntEnum):
    """What the samples of a pixel mean."""

    WHITE_IS_ZERO = 0
    BLACK_IS_ZERO = 1
    RGB = 2
    PALETTE = 3
    MASK = 4
    CMYK = 5
    YCBCR = 6
    CIELAB = 8
    ICCLAB = 9


class Compression(IntEnum):
    """Compressions that are told apart here."""

    NONE = 1
    CCITT_RLE = 2
    CCITT_FAX3 = 3
    CCITT_FAX4 = 4
    OLD_JPEG = 6
    JPEG = 7


class SampleFormat(IntEnum):
    """What the bits of a sample are."""

    UNSIGNED = 1
    SIGNED = 2
    FLOAT = 3


class _Subfile(IntFlag):
    REDUCED = 1
    MASK = 4


_REDUCED_SUBFILE = 2  # of the older tag
_CCITT = frozenset({Compression.CCITT_RLE, Compression.CCITT_FAX3, Compression.CCITT_FAX4})

# Types of TIFF 6.0 and BigTIFF that hold whole numbers or bytes.
_NUMBERS = {1: "B", 3: "H", 4: "I", 6: "b", 7: "B", 8: "h", 9: "i", 13: "I", 16: "Q", 17: "q", 18: "Q"}
_WANTED = frozenset(int(each) for each in Tag)
_BYTES = frozenset({Tag.SUB_DIRECTORIES, Tag.JPEG_TABLES, Tag.PROFILE})

_MOST_ENTRIES = 4096
_MOST_VALUES = 1 << 20
"""Strips or tiles of a picture: more than photographs have, fewer than would take long to read."""
_LARGEST_TILE = 1 << 22
"""Pixels that a tile of a smaller picture may have."""
_MOST_DIRECTORIES = 4096
_MOST_SAMPLES = 16


@dataclass(frozen=True, slots=True, eq=False)
class Directory:
    """A directory, which describes one picture.

    Attributes:
        number: Counted from 0.
        order: ``<`` or ``>``: how numbers are stored.
        big: Whether the file is a BigTIFF.
        tags: Whole numbers by tag.
        blocks: Contents of the tags that hold bytes, or offsets that are not followed.
    """

    number: int
    order: str
    big: bool
    tags: Mapping[int, tuple[int, ...]]
    blocks: Mapping[int, bytes]

    def first(self, tag: Tag, default: int) -> int:
        """Return the first value of a tag."""
        values = self.tags.get(tag, ())
        return values[0] if values else default

    @property
    def is_preview(self) -> bool:
        """Whether it is a smaller version of another picture, or says where another is transparent."""
        kind = self.first(Tag.NEW_SUBFILE_TYPE, 0)
        return bool(kind & (_Subfile.REDUCED | _Subfile.MASK)) or (
            self.first(Tag.SUBFILE_TYPE, 0) == _REDUCED_SUBFILE
        )

    @property
    def size(self) -> Size:
        """The picture as stored."""
        return Size(self.first(Tag.WIDTH, 0), self.first(Tag.HEIGHT, 0))

    @property
    def samples(self) -> int:
        """Samples of a pixel."""
        return self.first(Tag.SAMPLES, 1)

    @property
    def bits(self) -> tuple[int, ...]:
        """Bits of each sample; old files give them once for all."""
        bits = self.tags.get(Tag.BITS) or (1,)
        return bits if len(bits) >= self.samples else bits[:1] * self.samples

    @property
    def compression(self) -> int:
        """How pixels are compressed."""
        return self.first(Tag.COMPRESSION, Compression.NONE)

    @property
    def photometric(self) -> int:
        """What samples mean; if the file does not say, what files mean that do not."""
        fallback = Photometric.RGB if self.samples >= 3 else Photometric.BLACK_IS_ZERO
        if self.compression in _CCITT:
            fallback = Photometric.WHITE_IS_ZERO
        return self.first(Tag.PHOTOMETRIC, fallback)

    @property
    def is_planar(self) -> bool:
        """Whether each sample is stored by itself."""
        return self.first(Tag.PLANAR, 1) == 2 and self.samples > 1

    @property
    def extents(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Offsets and byte counts of tiles, or of strips."""
        if Tag.TILE_OFFSETS in self.tags:
            return self.tags[Tag.TILE_OFFSETS], self.tags.get(Tag.TILE_COUNTS, ())
        return self.tags.get(Tag.STRIP_OFFSETS, ()), self.tags.get(Tag.STRIP_COUNTS, ())


@dataclass(frozen=True, slots=True)
class Chosen:
    """The picture of a file that is read, and how many pictures it has, previews not counted."""

    directory: Directory
    pictures: int


def choose_picture(content: bytes) -> Chosen:
    """Return the first picture of a TIFF that is no preview of another.

    Raises:
        Unreadable: There is none, or it is a raw picture of a camera, or the file ends before it does.
    """
    pictures = []
    found: Directory | None = None
    for found in directories(content):
        if not found.is_preview:
            pictures.append(found)
    if found is None:
        raise Unreadable(Reason.TRUNCATED, TRUNCATED)
    if not pictures and found.number == 0 and Tag.SUB_DIRECTORIES not in found.blocks:
        pictures = [found]  # there is no other, whatever it says
    if not pictures or Tag.DNG_VERSION in found.tags or Tag.DNG_VERSION in pictures[0].tags:
        raise Unreadable(
            Reason.UNSUPPORTED,
            "its first picture is only a preview, as in a camera raw file: if it is one, give it the name "
            "that it had, such as photo.dng, else convert it to JPEG or PNG",
        )
    chosen = pictures[0]
    _check(chosen, len(content))
    return Chosen(chosen, len(pictures))


def _check(chosen: Directory, length: int) -> None:
    width, height, samples = chosen.size.width, chosen.size.height, chosen.samples
    if min(width, height) < 1 or not 1 <= samples <= _MOST_SAMPLES:
        why = f"{width} x {height} pixels, {samples} samples per pixel"
        raise Unreadable(Reason.CORRUPT, f"the TIFF is damaged ({why}): copy it again from its source")
    tile = chosen.first(Tag.TILE_WIDTH, 0) * chosen.first(Tag.TILE_HEIGHT, 0)
    if tile > max(_LARGEST_TILE, 4 * width * height):
        raise Unreadable(
            Reason.CORRUPT, "the TIFF is damaged (size of a tile): copy it again from its source"
        )
    offsets, counts = chosen.extents
    if chosen.compression == Compression.OLD_JPEG and not offsets:
        return
    if any(offset + count > length for offset, count in zip(offsets, counts, strict=False)):
        raise Unreadable(Reason.TRUNCATED, TRUNCATED)


def directories(content: bytes) -> Iterator[Directory]:
    """Yield the directories in their order, up to the first that is not there.

    Raises:
        Unreadable: The first is cut.
    """
    order = "<" if content[:2] == b"II" else ">"
    big = content[2:4] in (b"\x2b\0", b"\0\x2b")
    at = _number(content, 8 if big else 4, order + ("Q" if big else "I"))
    seen: set[int] = set()
    while at and at not in seen and len(seen) < _MOST_DIRECTORIES:
        seen.add(at)
        found = _directory(content, at, order, big, len(seen) - 1)
        if found is None:
            return
        directory, at = found
        yield directory


def _number(content: bytes, at: int, form: str) -> int:
    part = content[at : at + struct.calcsize(form)]
    return int(struct.unpack(form, part)[0]) if len(part) == struct.calcsize(form) else 0


def _directory(content: bytes, at: int, order: str, big: bool, number: int) -> tuple[Directory, int] | None:
    count_form, entry_form, entry_bytes = ("Q", "HHQ", 20) if big else ("H", "HHI", 12)
    inline, offset_form = (8, "Q") if big else (4, "I")
    count = _number(content, at, order + count_form)
    start = at + struct.calcsize(count_form)
    end = start + count * entry_bytes
    if not 0 < count <= _MOST_ENTRIES or end > len(content):
        return None
    tags: dict[int, tuple[int, ...]] = {}
    blocks: dict[int, bytes] = {}
    for entry in range(start, end, entry_bytes):
        tag, kind, values = struct.unpack_from(order + entry_form, content, entry)
        if tag not in _WANTED or kind not in _NUMBERS or not values > 0 or tag in tags:
            continue
        size = values * struct.calcsize(_NUMBERS[kind])
        place = entry + entry_bytes - inline
        if size > inline:
            place = _number(content, place, order + offset_form)
        if place + size > len(content):
            if tag in _BYTES:
                continue
            raise Unreadable(Reason.TRUNCATED, TRUNCATED)
        if tag in _BYTES:
            blocks[tag] = content[place : place + size]
        elif values <= _MOST_VALUES:
            tags[tag] = struct.unpack_from(f"{order}{values}{_NUMBERS[kind]}", content, place)
    return Directory(number, order, big, tags, blocks), _number(content, end, order + offset_form)
