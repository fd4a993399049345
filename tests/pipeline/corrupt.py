"""Damaged files: real photographs cut short, with flipped bits, foreign headers, wrong names, bad EXIF.

Everything is drawn from one seed, so that the same files come every time.
"""

import io
import os
import random
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import imagecodecs
import matplotlib.cbook
import numpy as np
import skimage.data
import tifffile
from PIL import Image

from pipeline.decoding.heif.iso_media import IsoMedia, MediaBox
from pipeline.values import U8
from tests.pipeline.pictures import encoded
from tests.pipeline.raw_pictures import dng, jpeg

SEED = 5
SIZE = (96, 112)
ORIENTATION = 0x0112
HEADS = (4, 12, 32)
"""Bytes of a file that are taken for its header."""

NAMES = (".jpg", ".png", ".webp", ".tif", ".bmp", ".gif", ".avif", ".heic", ".JPEG", ".txt", "")


@dataclass(frozen=True, slots=True)
class Case:
    """One file of the corpus.

    Attributes:
        name: Of the file; what was done to it comes first.
        content: Of the file.
        source: What it was made from.
        tags: The EXIF orientations that a reader may rightly find in it; none of them is the same as 1.
        whole: Whether it must be read.
    """

    name: str
    content: bytes
    source: "Source"
    tags: frozenset[int]
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """A whole file.

    Attributes:
        content: Of the file.
        photo: The photograph that it shows, by index.
        orientation: How it is stored, and what its EXIF says.
    """

    content: bytes
    photo: int
    orientation: int


@cache
def photographs() -> list[U8]:
    """Two portraits."""
    hopper = Image.open(Path(matplotlib.cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)))
    return [
        np.asarray(image.convert("RGB").resize(SIZE))
        for image in (hopper, Image.fromarray(skimage.data.astronaut()))
    ]


def turned(pixels: U8, orientation: int) -> U8:
    """What a camera stores for an upright photo under an EXIF orientation (EXIF 2.32, 4.6.4)."""
    stored = pixels.transpose(1, 0, 2) if orientation > 4 else pixels
    if orientation in (3, 4, 6, 7):
        stored = stored[::-1]
    if orientation in (2, 3, 7, 8):
        stored = stored[:, ::-1]
    return np.ascontiguousarray(stored)


def exif_block(orientation: int, order: str = ">") -> bytes:
    """Two directories as cameras write them, the orientation among other tags; without ``Exif`` before."""
    entries = [
        (0x010F, 2, 9, 200),
        (0x0110, 2, 9, 210),
        (ORIENTATION, 3, 1, orientation << 16 if order == ">" else orientation),
        (0x0132, 2, 20, 220),
        (0x8769, 4, 1, 100),
    ]
    own = [(0x9003, 2, 20, 240), (0x9011, 2, 7, 262)]
    start = (b"MM\0*" if order == ">" else b"II*\0") + struct.pack(order + "I", 8)
    block = bytearray(start.ljust(280, b"\0"))
    for at, directory in ((8, entries), (100, own)):
        packed = b"".join(struct.pack(order + "HHII", *entry) for entry in directory)
        block[at : at + 2 + len(packed)] = struct.pack(order + "H", len(directory)) + packed
    block[200:209], block[210:219] = b"a camera\0", b"its kind\0"
    block[220:240] = block[240:260] = b"2021:06:05 12:00:30\0"
    block[262:269] = b"+02:00\0"
    return bytes(block)


def read_as(source: Source, tag: int) -> U8:
    """The pixels of a source as a reader shows them that follows this orientation."""
    stored = turned(photographs()[source.photo], source.orientation)
    return turned(stored, {6: 8, 8: 6}.get(tag, tag))


def whole_files() -> dict[str, Source]:
    """A file of every kind that is read."""
    files, photos = {}, photographs()
    for number, (kind, encode) in enumerate(KINDS.items()):
        photo = number % len(photos)
        orientation = number % 8 + 1 if kind.split()[0] in WITH_EXIF else 1
        stored = Image.fromarray(turned(photos[photo], orientation))
        files[kind] = Source(encode(stored, exif_block(orientation)), photo, orientation)
    return files


def _plain(name: str, **options: object) -> Callable[[Image.Image, bytes], bytes]:
    def encode(image: Image.Image, exif: bytes) -> bytes:
        extra = {"exif": b"Exif\0\0" + exif} if name in ("JPEG", "PNG", "WEBP", "AVIF", "HEIF") else {}
        return encoded(image, name, **options, **extra)

    return encode


def _converted(mode: str, name: str, **options: object) -> Callable[[Image.Image, bytes], bytes]:
    plain = _plain(name, **options)
    return lambda image, exif: plain(image.convert(mode), exif)


def _tiff_by_tifffile(kind: str, planar: bool) -> Callable[[Image.Image, bytes], bytes]:
    """A kind that Pillow does not decode."""

    def encode(image: Image.Image, exif: bytes) -> bytes:
        scale = 1 / 255 if kind == "f4" else 257
        samples = (np.asarray(image).astype(np.float64) * scale).astype(kind)
        stream = io.BytesIO()
        tifffile.imwrite(
            stream,
            np.moveaxis(samples, -1, 0) if planar else samples,
            photometric="rgb",
            planarconfig="separate" if planar else "contig",
            compression=None if planar else "lzw",
            rowsperstrip=16,
            metadata=None,
            extratags=[(ORIENTATION, 3, 1, _stated_in(exif), True)],
        )
        return stream.getvalue()

    return encode


def _by_imagecodecs(name: str, **options: Any) -> Callable[[Image.Image, bytes], bytes]:
    def encode(image: Image.Image, exif: bytes) -> bytes:
        return bytes(getattr(imagecodecs, name)(np.asarray(image), **options))

    return encode


def _jpeg_in_jpeg_xl(image: Image.Image, exif: bytes) -> bytes:
    return bytes(imagecodecs.jpegxl_encode_jpeg(encoded(image, "JPEG")))


def _tiff(compression: str, mode: str = "RGB") -> Callable[[Image.Image, bytes], bytes]:
    def encode(image: Image.Image, exif: bytes) -> bytes:
        tags = {ORIENTATION: _stated_in(exif)}
        return encoded(image.convert(mode), "TIFF", compression=compression, tiffinfo=tags)

    return encode


def _camera_raw(linear: bool = False, preview: int = 0) -> Callable[[Image.Image, bytes], bytes]:
    """With a preview of so many times the size."""

    def encode(image: Image.Image, exif: bytes) -> bytes:
        larger = image.resize((image.width * preview, image.height * preview)) if preview else None
        return dng(
            np.asarray(image),
            orientation=_stated_in(exif),
            preview=None if larger is None else jpeg(np.asarray(larger)),
            linear=linear,
        )

    return encode


def _stated_in(exif: bytes) -> int:
    """Return the orientation in an ``exif_block`` of the common order of bytes."""
    return int(struct.unpack_from(">H", exif, 8 + 2 + 2 * 12 + 8)[0])


KINDS: dict[str, Callable[[Image.Image, bytes], bytes]] = {
    "jpeg": _plain("JPEG"),
    "jpeg progressive": _plain("JPEG", progressive=True),
    "jpeg grey": _converted("L", "JPEG"),
    "jpeg cmyk": _converted("CMYK", "JPEG"),
    "png": _plain("PNG"),
    "png palette": _converted("P", "PNG"),
    "webp": _plain("WEBP"),
    "webp lossless": _plain("WEBP", lossless=True),
    "tiff": _tiff("raw"),
    "tiff lzw": _tiff("tiff_lzw"),
    "tiff deflate": _tiff("tiff_adobe_deflate"),
    "tiff jpeg": _tiff("jpeg"),
    "tiff fax": _tiff("group4", "1"),
    "bmp": _plain("BMP"),
    "bmp palette": _converted("P", "BMP"),
    "gif": _plain("GIF"),
    "avif": _plain("AVIF", speed=10),
    "heic": _plain("HEIF"),
    "heic grid": _plain("HEIF", tile_size=64),
    "heic grey": _converted("L", "HEIF"),
    "tiff float": _tiff_by_tifffile("f4", planar=False),
    "tiff planar": _tiff_by_tifffile("u2", planar=True),
    "jxl": _by_imagecodecs("jpegxl_encode", level=90, effort=1),
    "jxl lossless": _by_imagecodecs("jpegxl_encode", lossless=True, effort=1),
    "jxl jpeg": _jpeg_in_jpeg_xl,
    "jp2": _by_imagecodecs("jpeg2k_encode", level=0),
    "j2k": _by_imagecodecs("jpeg2k_encode", level=40, codecformat="j2k"),
    "dng": _camera_raw(),
    "dng linear": _camera_raw(linear=True),
    "dng preview": _camera_raw(preview=6),  # read where the raw pixels are damaged
    "dng large preview": _camera_raw(preview=15),  # read in their place
}
WITH_EXIF = frozenset({"jpeg", "png", "webp", "tiff", "avif", "heic", "dng"})
METADATA_LAST = frozenset({"tiff", "webp"})
OF_BOXES = frozenset({"avif", "heic"})
"""Formats that are ISO base media files."""
BY_NAME = frozenset({"dng"})
"""Formats that only the name tells from another."""


def corpus() -> Iterator[Case]:
    """All files, some 6,000; each content once."""
    sources = whole_files()
    seen: set[bytes] = set()
    for cases in (_cut, _flipped, _holed, _boxed_badly, _reheaded, _renamed, _with_bad_exif):
        chance = random.Random(f"{SEED} {cases.__name__}")  # noqa: S311
        for case in cases(sources, chance):
            if case.content not in seen:
                seen.add(case.content)
                yield case


_Sources = dict[str, Source]


def _cut(sources: _Sources, chance: random.Random) -> Iterator[Case]:
    for kind, source in sources.items():
        for length in sorted({chance.randrange(1, len(source.content)) for _ in range(40)}):
            tags = frozenset({source.orientation})
            yield Case(f"cut {kind} {length}.{kind.split()[0]}", source.content[:length], source, tags)


def _flipped(sources: _Sources, chance: random.Random) -> Iterator[Case]:
    """Bits flipped behind the metadata, and anywhere; in the latter the orientation may have been hit."""
    for kind, source in sources.items():
        for number in range(40):
            damaged = bytearray(source.content)
            anywhere = number % 2 == 0
            for _ in range(chance.choice((1, 2, 8))):
                at = chance.randrange(0 if anywhere else len(damaged) * 2 // 3, len(damaged))
                damaged[at] ^= 1 << chance.randrange(8)
            may_turn = anywhere or kind.split()[0] in METADATA_LAST
            tags = _ANY if may_turn else frozenset({source.orientation})
            yield Case(f"flipped {kind} {number}.{kind.split()[0]}", bytes(damaged), source, tags)


def _holed(sources: _Sources, chance: random.Random) -> Iterator[Case]:
    """A block of zeros, as a disk or a broken copy leaves it."""
    for kind, source in sources.items():
        for number in range(10):
            damaged = bytearray(source.content)
            start = chance.randrange(len(damaged) // 3, len(damaged))
            end = min(start + chance.choice((16, 256, 4096)), len(damaged))
            damaged[start:end] = bytes(end - start)
            yield Case(f"holed {kind} {number}.{kind.split()[0]}", bytes(damaged), source, _ANY)


def _boxed_badly(sources: _Sources, chance: random.Random) -> Iterator[Case]:
    """Boxes of ISO base media files with wrong sizes and types, left out, and twice."""
    for kind, source in sources.items():
        if kind.split()[0] not in OF_BOXES:
            continue
        for box in _boxes(source.content):
            size = box.end - box.start
            for wrong in (0, 1, 7, size - 1, size + 1, 0x7FFFFFFF, 0xFFFFFFFF):
                content = _packed(source.content, box.start, ">I", wrong)
                yield Case(f"size {wrong} {box.start} {kind}.{kind.split()[0]}", content, source, _ANY)
            before, itself, behind = (
                source.content[: box.start],
                source.content[box.start : box.end],
                source.content[box.end :],
            )
            for how, content in (
                ("renamed", before + itself[:4] + b"free" + itself[8:] + behind),
                ("missing", before + behind),
                ("doubled", before + itself + itself + behind),
            ):
                yield Case(f"{how} {box.start} {kind}.{kind.split()[0]}", content, source, _ANY)


def _boxes(content: bytes) -> Iterator[MediaBox]:
    """Yield the boxes of a file, and those within that hold boxes."""
    media = IsoMedia.of(content)
    inner = {b"meta": 4, b"iinf": 6, b"iref": 4, b"iprp": 0, b"ipco": 0}
    waiting = list(media.boxes())
    while waiting:
        box = waiting.pop(0)
        yield box
        if box.kind in inner:
            waiting.extend(media.boxes(box, inner[box.kind]))


def _reheaded(sources: _Sources, chance: random.Random) -> Iterator[Case]:
    """The header of one kind in the place of another's, and before it."""
    for kind, source in sources.items():
        for other, foreign in sources.items():
            head = foreign.content[: chance.choice(HEADS)]
            if not source.content.startswith(head):
                for how, content in (("in place", source.content[len(head) :]), ("before", source.content)):
                    yield Case(f"{other} {how} {kind}.{kind.split()[0]}", head + content, source, _ANY)


def _renamed(sources: _Sources, chance: random.Random) -> Iterator[Case]:
    """Whole files under names of other kinds, under none, and under one of something else."""
    for kind, source in sources.items():
        for name in (".DNG",) if kind.split()[0] in BY_NAME else NAMES:
            # A few bytes more make it a content of its own, and harm no format.
            content = source.content + name.encode() + b"\0"
            yield Case(f"renamed {kind}{name}", content, source, frozenset({source.orientation}), whole=True)


def _with_bad_exif(sources: _Sources, chance: random.Random) -> Iterator[Case]:
    for number, damage in enumerate(_EXIF_DAMAGE * 24):
        orientation, photo = number // len(_EXIF_DAMAGE) % 8 + 1, number % len(photographs())
        image = Image.fromarray(turned(photographs()[photo], orientation))
        order = chance.choice("<>")
        for name in ("JPEG", "PNG", "WEBP"):
            damaged, tag = damage(exif_block(orientation, order), orientation, order, chance)
            content = encoded(image, name, exif=b"Exif\0\0" + damaged, quality=60 + number % 40)
            source = Source(b"", photo, orientation)
            yield Case(f"exif {number}.{name.lower()}", content, source, frozenset({tag}), whole=True)


_ANY = frozenset(range(1, 9))
_Block = tuple[bytes, int]
_AT_ENTRY = 8 + 2 + 2 * 12


def _packed(block: bytes, at: int, form: str, *values: int) -> bytes:
    out = bytearray(block)
    struct.pack_into(form, out, at, *values)
    return bytes(out)


def _nonsense_value(block: bytes, orientation: int, order: str, chance: random.Random) -> _Block:
    return _packed(block, _AT_ENTRY + 8, order + "H", chance.choice((0, 9, 255, 65535))), 1


def _another_value(block: bytes, orientation: int, order: str, chance: random.Random) -> _Block:
    """The tag is what there is to go by."""
    value = chance.randint(1, 8)
    return _packed(block, _AT_ENTRY + 8, order + "H", value), value


def _no_byte_order(block: bytes, orientation: int, order: str, chance: random.Random) -> _Block:
    return b"XX" + block[2:], 1


def _directory_nowhere(block: bytes, orientation: int, order: str, chance: random.Random) -> _Block:
    return _packed(block, 4, order + "I", chance.choice((0, 5000, 0xFFFFFFF0))), 1


def _texts_nowhere(block: bytes, orientation: int, order: str, chance: random.Random) -> _Block:
    """The orientation is whole, and the entries around it are not."""
    for entry in (0, 1, 3):
        block = _packed(block, 8 + 2 + entry * 12 + 8, order + "I", chance.choice((270, 5000, 0xFFFFFFFF)))
    return block, orientation


def _huge_counts(block: bytes, orientation: int, order: str, chance: random.Random) -> _Block:
    for entry in (0, 1, 3, 4):
        block = _packed(block, 8 + 2 + entry * 12 + 4, order + "I", 0xFFFFFFFF)
    return block, orientation


def _loops(block: bytes, orientation: int, order: str, chance: random.Random) -> _Block:
    """The second directory is the first, and so is the next."""
    block = _packed(block, 8 + 2 + 4 * 12 + 8, order + "I", 8)
    return _packed(block, 8 + 2 + 5 * 12, order + "I", 8), orientation


def _cut_behind_the_tag(block: bytes, orientation: int, order: str, chance: random.Random) -> _Block:
    return block[: chance.randrange(_AT_ENTRY + 12, len(block))], orientation


_EXIF_DAMAGE: tuple[Callable[[bytes, int, str, random.Random], _Block], ...] = (
    _nonsense_value,
    _another_value,
    _no_byte_order,
    _directory_nowhere,
    _texts_nowhere,
    _huge_counts,
    _loops,
    _cut_behind_the_tag,
)


def write(cases: list[Case], folder: Path) -> list[Path]:
    """Write the corpus, in order of the cases."""
    paths = [folder / case.name for case in cases]
    for path, case in zip(paths, cases, strict=True):
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(case.content)
    return paths
