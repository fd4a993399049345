"""Keeps the chunks of a PNG that its pixels need, and those of the others that are sound.

A decoder gives up at the first fault, wherever it is. Most faults are in what a picture does not need: texts,
profiles, times. This module walks the chunks (PNG specification, third edition, section 5), checks what the
pixels need, and drops what is damaged, oversized or out of place elsewhere. It knows no image library.
"""

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from pipeline.decoding.format_reader import TRUNCATED, Unreadable
from pipeline.values import Reason

LARGEST_TEXT = 16 << 20
"""Bytes of a text or profile once it is decompressed; XMP of an edited photo may take some."""

_LARGEST_TEXTS = 32 << 20
"""Bytes of all texts together; those that follow are dropped."""

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_END = b"\0\0\0\0IEND\xaeB`\x82"
_NAME = re.compile(rb"[A-Za-z]{4}")
_HEADER_BYTES = 13
_COLOUR_TYPE = 9  # where the header has it
_PALETTE = 3

_FRAMES = frozenset({b"fcTL", b"fdAT"})
_ANIMATION = _FRAMES | {b"acTL"}
_ONCE = frozenset({b"PLTE", b"tRNS", b"iCCP", b"eXIf", b"acTL"})
_TEXTS = frozenset({b"tEXt", b"zTXt", b"iTXt"})
_LEAST = {b"acTL": 8, b"fcTL": 26, b"fdAT": 4, b"eXIf": 8}
_TRANSPARENCY_LEAST = {0: 2, 2: 6, _PALETTE: 1}
"""Bytes of transparency by colour type; other types have their own."""

# Pillow keeps texts beside what it reads of other chunks, under the same names.
_TAKEN_KEYWORDS = frozenset(
    b"transparency icc_profile gamma chromaticity srgb dpi aspect interlace bbox duration disposal blend "
    b"default_image loop xmp".split()
)


@dataclass(frozen=True, slots=True)
class _Chunk:
    name: bytes
    data: memoryview
    whole: bool
    sound: bool


@dataclass(slots=True)
class _Kept:
    """What is kept of a file: chunks that count once, texts, and the picture, each in its order."""

    colour_type: int
    once: dict[bytes, memoryview] = field(default_factory=dict)
    texts: list[tuple[bytes, memoryview]] = field(default_factory=list)
    text_bytes: int = 0
    picture: list[tuple[bytes, memoryview]] = field(default_factory=list)

    def add(self, chunk: _Chunk) -> bool:
        """Keep a chunk if it is needed or sound; return whether there may be more."""
        if chunk.name == b"IDAT":
            if chunk.whole and not chunk.sound:
                raise _damaged(chunk.name)
            self.picture.append((chunk.name, chunk.data))
            return chunk.whole
        if chunk.sound:
            self._add_sound(chunk.name, chunk.data)
        elif self._is_needed(chunk.name):
            raise _damaged(chunk.name) if chunk.whole else _truncated()
        return chunk.name != b"IEND"

    def _is_needed(self, name: bytes) -> bool:
        """Tell whether a damaged chunk makes the pixels that follow unreadable, or may do so."""
        if name == b"PLTE":
            return self.colour_type == _PALETTE
        return name[:1].isupper() and name != b"IEND" and not self.picture

    def _add_sound(self, name: bytes, data: memoryview) -> None:
        if name in _FRAMES:
            if len(data) >= _LEAST[name]:
                self.picture.append((name, data))
        elif name in _ONCE:
            if name not in self.once and self._is_good(name, data):
                self.once[name] = data
        elif name in _TEXTS:
            self._add_text(name, data)
        elif name[:1].isupper() and name != b"IEND":
            raise _unsupported(f"it has a part {name.decode('ascii')!r} that no reader here knows")

    def _is_good(self, name: bytes, data: memoryview) -> bool:
        if name == b"tRNS":
            return len(data) >= _TRANSPARENCY_LEAST.get(self.colour_type, len(data) + 1)
        if name == b"iCCP":
            _, _, rest = bytes(data).partition(b"\0")
            return rest[:1] == b"\0" and 0 < _inflated_bytes(rest[1:]) <= LARGEST_TEXT
        return len(data) >= _LEAST.get(name, 0)

    def _add_text(self, name: bytes, data: memoryview) -> None:
        keyword, _, rest = bytes(data).partition(b"\0")
        size = len(rest)
        if name == b"zTXt":
            size = _inflated_bytes(rest[1:]) if rest[:1] == b"\0" else 0
        elif name == b"iTXt" and rest[:1] not in (b"", b"\0"):
            size = _inflated_bytes(rest[2:].split(b"\0", 2)[-1])
        if keyword in _TAKEN_KEYWORDS or not 0 < size <= LARGEST_TEXT:
            return
        self.text_bytes += size
        if self.text_bytes <= _LARGEST_TEXTS:
            self.texts.append((name, data))


def is_animated(content: bytes) -> bool:
    """Tell whether a file that ``sound_png`` returned is an animation."""
    return b"acTL" in content[: content.find(b"IDAT")]


def sound_png(content: bytes, *, animated: bool) -> bytes:
    """Return a PNG with the chunks of its pixels, checked, and those others that are sound.

    Texts and EXIF that stand behind the pixels come before them. Without ``animated``, only the picture is
    left that a decoder shows that knows no animations.

    Raises:
        Unreadable: A chunk that the pixels need is damaged or unknown. Pixels that are missing at the end are
            left to the decoder.
    """
    chunks = _chunks(content)
    header = _header(next(chunks, None))
    kept = _Kept(header[_COLOUR_TYPE])
    for chunk in chunks:
        if not kept.add(chunk):
            break
    if not any(name == b"IDAT" for name, _ in kept.picture):
        raise _truncated()
    parts = [(b"IHDR", header), *kept.once.items(), *kept.texts, *kept.picture]
    if not animated or b"acTL" not in kept.once:
        parts = [each for each in parts if each[0] not in _ANIMATION]
    return b"".join((_SIGNATURE, *(piece for part in parts for piece in _packed(*part)), _END))


def _packed(name: bytes, data: memoryview) -> tuple[bytes | memoryview, ...]:
    check = zlib.crc32(data, zlib.crc32(name))
    return len(data).to_bytes(4, "big"), name, data, check.to_bytes(4, "big")


def _chunks(content: bytes) -> Iterator[_Chunk]:
    """Yield the chunks up to the first place behind the pixels where there is none; the last may be cut."""
    view = memoryview(content)
    at, pixels = len(_SIGNATURE), False
    while at + 8 <= len(content):
        name = content[at + 4 : at + 8]
        end = at + 8 + int.from_bytes(content[at : at + 4], "big")
        whole = end + 4 <= len(content)
        pixels = pixels or name == b"IDAT"
        if not pixels and not (_NAME.fullmatch(name) and (whole or name[:1].isupper())):
            at = content.find(b"IDAT", at + 8) - 4  # the length of a chunk is wrong: go on at the pixels
            if at < 0:
                return
            continue
        if not _NAME.fullmatch(name):
            return
        data = view[at + 8 : end]
        sound = whole and zlib.crc32(data, zlib.crc32(name)) == int.from_bytes(view[end : end + 4], "big")
        yield _Chunk(name, data, whole, sound)
        at = end + 4


def _header(chunk: _Chunk | None) -> memoryview:
    if chunk is None or not chunk.whole:
        raise _truncated()
    if chunk.name == b"CgBI":
        raise _unsupported("it is of Apple's own kind, made for applications of iPhones")
    if chunk.name != b"IHDR" or not chunk.sound or len(chunk.data) < _HEADER_BYTES:
        raise _damaged(chunk.name)
    return chunk.data


def _inflated_bytes(data: bytes) -> int:
    """Return how many bytes compressed data hold, counting a little further than allowed; 0 if damaged."""
    inflater = zlib.decompressobj()
    try:
        return len(inflater.decompress(data, LARGEST_TEXT + 1))
    except zlib.error:
        return 0


def _truncated() -> Unreadable:
    return Unreadable(Reason.TRUNCATED, TRUNCATED)


def _damaged(name: bytes) -> Unreadable:
    message = f"the PNG is damaged (in {name.decode('ascii')}): copy it again from its source"
    return Unreadable(Reason.CORRUPT, message)


def _unsupported(why: str) -> Unreadable:
    message = f"this kind of PNG cannot be read ({why}): convert it to a plain JPEG or PNG"
    return Unreadable(Reason.UNSUPPORTED, message)
