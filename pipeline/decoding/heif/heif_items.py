"""Reads which pictures an HEIF file (ISO/IEC 23008-12: HEIC, AVIF) has, and where in it their data are.

Boxes ``pitm``, ``iinf``, ``iloc``, ``iref``, ``iprp`` of ISO/IEC 14496-12, 8.11. It decodes nothing.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pipeline.decoding.heif.iso_media import Fields, IsoMedia, IsoMediaError, MediaBox

_MOST_EXTENTS = 100_000
"""An extent may take no byte of ``iloc``, so that its size does not bound their number."""

_IN_FILE, _IN_IDAT = 0, 1  # construction methods of iloc

_VERSION_BITS = 24


@dataclass(frozen=True, slots=True)
class Extent:
    """Bytes of a file that belong to an item: offset from the start of the file, and length."""

    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class ItemProperty:
    """A property of an item: the type of its box, such as ``irot``, and the content."""

    kind: bytes
    content: bytes


@dataclass(frozen=True, slots=True)
class Item:
    """An item of an HEIF file.

    Attributes:
        kind: Its type, such as ``hvc1``, ``av01``, ``grid``, ``Exif``.
        protected: Whether it is encrypted.
        extents: Where its data are; ``None`` if they are in another file or item.
        properties: In order, those that transform the picture included.
    """

    number: int
    kind: bytes
    protected: bool
    extents: tuple[Extent, ...] | None
    properties: tuple[ItemProperty, ...]


@dataclass(frozen=True, slots=True)
class Items:
    """The items of an HEIF file, by number.

    Attributes:
        primary: The number of the picture to show; ``None`` if the file does not say.
    """

    primary: int | None
    by_number: Mapping[int, Item]
    _targets: Mapping[tuple[bytes, int], tuple[int, ...]]
    _sources: Mapping[tuple[bytes, int], tuple[int, ...]]

    def referred(self, kind: bytes, number: int) -> tuple[int, ...]:
        """Return the items to which one refers by references of a type, such as a grid's tiles (``dimg``)."""
        return self._targets.get((kind, number), ())

    def referring(self, kind: bytes, number: int) -> tuple[int, ...]:
        """Return the items that refer to one by references of a type, such as its alpha (``auxl``)."""
        return self._sources.get((kind, number), ())


def read_items(media: IsoMedia) -> Items | None:
    """Return the items in a file's outermost ``meta``; ``None`` if it has none.

    Raises:
        IsoMediaError: The boxes contradict each other, or the file ends within them.
        OSError: The file cannot be read.
    """
    meta = media.find(b"meta")
    if meta is None:
        return None
    parts: dict[bytes, MediaBox] = {}
    for box in media.boxes(meta, 4):
        parts.setdefault(box.kind, box)
    primary = _primary(Fields(media.read(parts[b"pitm"]))) if b"pitm" in parts else None
    kinds = dict(_kinds(media, parts[b"iinf"])) if b"iinf" in parts else {}
    idat = parts.get(b"idat")
    extents = _extents(Fields(media.read(parts[b"iloc"])), media, idat) if b"iloc" in parts else {}
    properties = _properties(media, parts[b"iprp"]) if b"iprp" in parts else {}
    by_number = {
        number: Item(number, kind, protected, extents.get(number, ()), properties.get(number, ()))
        for number, (kind, protected) in kinds.items()
    }
    targets: dict[tuple[bytes, int], list[int]] = defaultdict(list)
    sources: dict[tuple[bytes, int], list[int]] = defaultdict(list)
    for kind, source, target in _references(media, parts[b"iref"]) if b"iref" in parts else ():
        targets[kind, source].append(target)
        sources[kind, target].append(source)
    return Items(primary, by_number, _frozen(targets), _frozen(sources))


def _version(fields: Fields) -> tuple[int, int]:
    """Return version and flags, with which a full box begins."""
    value = fields.number(4)
    return value >> _VERSION_BITS, value & ((1 << _VERSION_BITS) - 1)


def _primary(fields: Fields) -> int:
    version, _ = _version(fields)
    return fields.number(2 if version == 0 else 4)


def _kinds(media: IsoMedia, iinf: MediaBox) -> Iterator[tuple[int, tuple[bytes, bool]]]:
    head = Fields(media.read_at(iinf.content - media.start, 4))
    skip = 6 if _version(head)[0] == 0 else 8
    for infe in media.boxes(iinf, skip):
        if infe.kind != b"infe":
            continue
        fields = Fields(media.read(infe))
        version, _ = _version(fields)
        if version < 2:  # no version 0 or 1 describes a picture
            continue
        number = fields.number(2 if version == 2 else 4)
        protected = fields.number(2) != 0
        yield number, (fields.take(4), protected)


def _extents(fields: Fields, media: IsoMedia, idat: MediaBox | None) -> dict[int, tuple[Extent, ...] | None]:
    version, _ = _version(fields)
    if version > 2:
        raise IsoMediaError(f"iloc of version {version}")
    sizes = fields.number(2)
    offset_size, length_size, base_size, index_size = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
    number_size = 4 if version == 2 else 2
    found: dict[int, tuple[Extent, ...] | None] = {}
    left = _MOST_EXTENTS
    for _ in range(fields.number(number_size)):
        number = fields.number(number_size)
        method = fields.number(2) & 15 if version else _IN_FILE
        elsewhere = fields.number(2) != 0
        base = fields.number(base_size)
        count = fields.number(2)
        left -= count
        if left < 0:
            raise IsoMediaError("too many extents")
        if method == _IN_IDAT and idat is not None:
            base += idat.content - media.start
        extents = []
        for _ in range(count):
            fields.take(index_size if version else 0)
            extents.append(Extent(base + fields.number(offset_size), fields.number(length_size)))
        known = not elsewhere and (method == _IN_FILE or (method == _IN_IDAT and idat is not None))
        found[number] = tuple(extents) if known else None
    return found


def _properties(media: IsoMedia, iprp: MediaBox) -> dict[int, tuple[ItemProperty, ...]]:
    all_properties: list[MediaBox] = []
    found: dict[int, tuple[ItemProperty, ...]] = {}
    for box in media.boxes(iprp):
        if box.kind == b"ipco":
            all_properties.extend(media.boxes(box))
    read: dict[int, ItemProperty] = {}
    for box in media.boxes(iprp):
        if box.kind != b"ipma":
            continue
        for number, indices in _associations(Fields(media.read(box))):
            for index in indices:
                if 1 <= index <= len(all_properties) and index not in read:
                    property_box = all_properties[index - 1]
                    read[index] = ItemProperty(property_box.kind, media.read(property_box))
            found[number] = tuple(read[index] for index in indices if index in read)
    return found


def _associations(fields: Fields) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Yield the number of each item with the numbers of its properties, from 1 on."""
    version, flags = _version(fields)
    size = 2 if flags & 1 else 1
    essential = 0x8000 if size == 2 else 0x80
    for _ in range(fields.number(4)):
        number = fields.number(2 if version == 0 else 4)
        yield number, tuple(fields.number(size) & (essential - 1) for _ in range(fields.number(1)))


def _references(media: IsoMedia, iref: MediaBox) -> Iterator[tuple[bytes, int, int]]:
    """Yield the type of each reference, the item that refers, and the one that it refers to."""
    size = 2 if _version(Fields(media.read_at(iref.content - media.start, 4)))[0] == 0 else 4
    for box in media.boxes(iref, 4):
        fields = Fields(media.read(box))
        source = fields.number(size)
        for _ in range(fields.number(2)):
            yield box.kind, source, fields.number(size)


def _frozen(lists: Mapping[tuple[bytes, int], list[int]]) -> Mapping[tuple[bytes, int], tuple[int, ...]]:
    return {key: tuple(each) for key, each in lists.items()}
