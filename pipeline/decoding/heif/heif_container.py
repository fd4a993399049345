"""Checks an HEIF file (HEIC, AVIF) before a library decodes it: is there a picture, and is all of it there?

Decoders say neither: libheif shows green where the data of a picture end early. Boxes and references are
those of ISO/IEC 23008-12. The digest of a picture is that of its coded data, so that it costs no decoding.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import NoReturn

from blake3 import blake3

from pipeline.decoding.format_reader import TRUNCATED, Unreadable
from pipeline.decoding.formats import Format
from pipeline.decoding.heif.heif_items import Item, Items, read_items
from pipeline.decoding.heif.iso_media import IsoMedia, IsoMediaError
from pipeline.values import Reason, Size

_CODECS: Mapping[bytes, str] = MappingProxyType(
    {
        b"hvc1": "HEVC",
        b"av01": "AV1",
        b"avc1": "H.264",
        b"evc1": "EVC",
        b"j2k1": "JPEG 2000",
        b"jpeg": "JPEG",
        b"jxs1": "JPEG XS",
        b"lhv1": "layered HEVC",
        b"unci": "uncompressed pixels",
        b"vvc1": "H.266",
    }
)
"""Types of items that hold a coded picture."""

_DERIVED = frozenset({b"grid", b"iden", b"iovl"})
"""Types of items that put together other pictures."""

_READ = MappingProxyType({Format.HEIC: b"hvc1", Format.AVIF: b"av01"})

_OUTERMOST = frozenset({b"ftyp", b"meta", b"mdat", b"moov", b"free", b"skip", b"uuid", b"mpvd", b"sefd"})
_WITH_PICTURE = frozenset({b"meta", b"mdat"})
_HEAD_BYTES = 16

_PUT_TOGETHER = (b"dimg", b"auxl", b"prem")  # references: to tiles, from alpha to a picture and back

_TURNING = frozenset({b"irot", b"imir"})

_DECIDES_LOOKS = frozenset({b"auxC", b"av1C", b"clap", b"colr", b"hvcC", b"imir", b"irot", b"ispe", b"pixi"})
"""Properties that change the pixels; the others describe the picture, the camera or the screen."""

_ALPHA = (b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", b"urn:mpeg:hevc:2015:auxid:1")

_LENGTH_SIZE_AT = 21  # byte of hvcC with the size of the length of a unit (ISO/IEC 14496-15, 8.3.3.1)
_SMALLEST_UNIT = 2  # the header of a unit
_HOLE = bytes(512)
"""A sector of a disk. No unit of HEVC may hold three zeros in a row (ITU-T H.265, 7.4.2); some are padded."""


class HeifContainer:
    """The boxes of an HEIF file whose primary picture is all there, and coded as its format has it."""

    def __init__(self, content: bytes, kind: Format) -> None:
        """Check a file that ``kind``, HEIC or AVIF, names in messages.

        Raises:
            Unreadable: It has no picture, is cut or damaged, or of an unsupported kind.
        """
        self._content, self._kind = content, kind
        self._media = IsoMedia.of(content)
        self._outermost = _outermost_boxes(self._media)
        try:
            items = read_items(self._media) if b"meta" in self._outermost.kinds else None
        except IsoMediaError as error:
            self._refuse(str(error))
        if items is None or not items.by_number:
            self._refuse_without_items()
        self._items: Items = items
        self._primary = self._find_primary()
        self._pictures = tuple(self._parts(self._primary))
        self._check()

    @property
    def is_sequence(self) -> bool:
        """Whether it also holds tracks, as an animation does."""
        return b"moov" in self._outermost.kinds

    @property
    def turns(self) -> bool:
        """Whether it says how to turn or mirror the picture, be it by nothing; then EXIF does not count."""
        return any(each.kind in _TURNING for each in self._primary.properties)

    @property
    def is_deep(self) -> bool:
        """Whether the picture may have more than 8 bits a channel (``pixi``, ISO/IEC 23008-12, 6.5.6)."""
        bits = next((each.content[5:] for each in self._primary.properties if each.kind == b"pixi"), b"")
        return not bits or max(bits) > 8

    def crop(self, stored: Size) -> tuple[int, int, int, int] | None:
        """Return left, top, right and bottom of the part to show, before it is turned; ``None`` for all.

        As ``clap`` has it (ISO/IEC 14496-12, 12.1.4). One that exceeds the picture counts as absent.
        """
        clap = next((each.content for each in self._primary.properties if each.kind == b"clap"), b"")
        if len(clap) != 32:
            return None
        try:
            width, height, x, y = (
                Fraction(*struct.unpack_from(">iI", clap, at)) for at in range(0, len(clap), 8)
            )
        except ZeroDivisionError:
            return None
        left, top = x + (stored.width - width) / 2, y + (stored.height - height) / 2
        box = (round(left), round(top), round(left) + round(width), round(top) + round(height))
        inside = 0 <= box[0] < box[2] <= stored.width and 0 <= box[1] < box[3] <= stored.height
        return box if inside and box != (0, 0, stored.width, stored.height) else None

    def digest(self, orientation: int) -> bytes:
        """Return BLAKE3, 32 bytes, of the coded picture and of what decides how it looks.

        ``orientation``, EXIF's tag from 1 to 8, counts as a part of the picture; pass 1 where it is ignored.
        """
        hasher = blake3(bytes([orientation]))
        view = memoryview(self._content)
        places = {item.number: place for place, item in enumerate(self._pictures)}
        for item in self._pictures:
            for kind in _PUT_TOGETHER:
                hasher.update(
                    repr([places.get(each) for each in self._items.referred(kind, item.number)]).encode()
                )
            properties = [
                (each.kind, each.content) for each in item.properties if each.kind in _DECIDES_LOOKS
            ]
            extents = item.extents or ()
            hasher.update(repr((item.kind, properties, sum(each.length for each in extents))).encode())
            for extent in extents:
                hasher.update(view[extent.offset : extent.offset + extent.length])
        return hasher.digest()

    def _find_primary(self) -> Item:
        if self._items.primary is None:
            self._refuse("it does not say which of its pictures to show")
        primary = self._items.by_number.get(self._items.primary)
        if primary is None:
            self._refuse("the picture to show is not in its index")
        return primary

    def _parts(self, primary: Item) -> Iterator[Item]:
        """Yield a picture, those of which it is put together, and their alpha, each once."""
        seen, waiting = {primary.number}, [primary.number]
        while waiting:
            number = waiting.pop()
            item = self._items.by_number.get(number)
            if item is None:
                self._refuse("a part of its picture is not in its index")
            yield item
            parts = self._items.referred(b"dimg", number) if item.kind in _DERIVED else ()
            for each in (*reversed(parts), *self._alpha_of(number)):
                if each not in seen:
                    seen.add(each)
                    waiting.append(each)

    def _alpha_of(self, number: int) -> Iterator[int]:
        for each in self._items.referring(b"auxl", number):
            item = self._items.by_number.get(each)
            kinds = (
                found.content[4:] for found in (item.properties if item else ()) if found.kind == b"auxC"
            )
            if any(kind.startswith(_ALPHA) for kind in kinds):
                yield each

    def _check(self) -> None:
        for item in self._pictures:
            self._check_kind(item)
        if any(self._exceeds(item) for item in self._pictures):
            raise Unreadable(Reason.TRUNCATED, TRUNCATED)
        # Metadata that lie elsewhere are no reason to refuse a picture, unless a copy broke off.
        if self._outermost.end_early and any(map(self._exceeds, self._items.by_number.values())):
            raise Unreadable(Reason.TRUNCATED, TRUNCATED)
        for item in self._pictures:
            if item.kind == b"hvc1":
                self._check_units(item)

    def _check_kind(self, item: Item) -> None:
        if item.protected:
            raise _unsupported(f"the {self._kind} is encrypted")
        if item.kind not in _DERIVED and item.kind not in _CODECS:
            what = "".join(each if each.isprintable() else "?" for each in item.kind.decode("latin-1"))
            raise _unsupported(f"the {self._kind} shows no picture, but an item of type {what}")
        if item.kind not in _DERIVED and item.kind != _READ[self._kind]:
            raise _unsupported(f"this {self._kind} holds {_CODECS[item.kind]}, which cannot be read in it")
        if item.extents is None:
            raise _unsupported(f"the picture of the {self._kind} is in another file")
        if len(item.extents) > 1 and sum(each.length for each in item.extents) > len(self._content):
            self._refuse("a part of its picture is larger than the file")

    def _exceeds(self, item: Item) -> bool:
        return any(each.offset + each.length > len(self._content) for each in item.extents or ())

    def _check_units(self, item: Item) -> None:
        """Check the frame of HEVC's units (NAL units): each states its length, and none has a hole."""
        config = next((each.content for each in item.properties if each.kind == b"hvcC"), b"")
        if len(config) <= _LENGTH_SIZE_AT:
            self._refuse("the parameters of its picture are missing")
        size = (config[_LENGTH_SIZE_AT] & 3) + 1
        extents = item.extents or ()
        data, start, end = self._content, 0, 0
        if len(extents) == 1:
            start, end = extents[0].offset, extents[0].offset + extents[0].length
        else:
            data = b"".join(data[each.offset : each.offset + each.length] for each in extents)
            end = len(data)
        if start == end or data.find(_HOLE, start, end) >= 0:
            self._refuse("a part of its picture is missing")
        while start < end:
            length = int.from_bytes(data[start : start + size], "big")
            start += size + length
            if length < _SMALLEST_UNIT or start > end:
                self._refuse("a part of its picture is missing")

    def _refuse_without_items(self) -> NoReturn:
        is_film = b"moov" in self._outermost.kinds
        if (
            self._outermost.end_early
            or self._outermost.end_in_junk
            or (b"mdat" in self._outermost.kinds and not is_film)
        ):
            self._refuse("its index is missing")
        what = "a film or a sequence, and no still picture" if is_film else "no picture"
        raise _unsupported(f"the {self._kind} holds {what}")

    def _refuse(self, why: str) -> NoReturn:
        if self._outermost.end_early:
            raise Unreadable(Reason.TRUNCATED, TRUNCATED)
        message = f"the {self._kind} is damaged ({why}): copy it again from its source"
        raise Unreadable(Reason.CORRUPT, message)


@dataclass(frozen=True, slots=True)
class _Outermost:
    """The types of a file's outermost boxes; whether it ends within one, or with something that is none."""

    kinds: frozenset[bytes]
    end_early: bool = False
    end_in_junk: bool = False


def _outermost_boxes(media: IsoMedia) -> _Outermost:
    kinds: set[bytes] = set()
    at = media.start
    try:
        for box in media.boxes():
            kinds.add(box.kind)
            at = box.end
            if at > media.end:
                known = box.kind in _OUTERMOST
                return _Outermost(frozenset(kinds), end_early=known, end_in_junk=not known)
    except IsoMediaError:  # a head that is cut, or no box
        cut = media.end - at < _HEAD_BYTES and not kinds & _WITH_PICTURE
        return _Outermost(frozenset(kinds), end_early=cut, end_in_junk=not cut)
    return _Outermost(frozenset(kinds))


def _unsupported(what: str) -> Unreadable:
    return Unreadable(Reason.UNSUPPORTED, f"{what}: convert it to JPEG or PNG")
