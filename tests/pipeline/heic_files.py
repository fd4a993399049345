"""Makes HEIC and AVIF files: pictures coded by pillow-heif or Pillow, in boxes that a test chooses."""

import io
import struct
from collections.abc import Sequence
from dataclasses import dataclass

import pillow_heif
from PIL import Image

from pipeline.decoding.heif.heif_items import ItemProperty, read_items
from pipeline.decoding.heif.iso_media import IsoMedia
from tests.pipeline.iso_boxes import box, full_box, iinf, infe, meta, pitm


def heic(image: Image.Image, **options: object) -> bytes:
    """The picture as pillow-heif writes it; ``options`` are those of ``HeifFile.save``."""
    stream = io.BytesIO()
    chosen = {"quality": 85, "enc_params": {"preset": "ultrafast"}, "exif": None, "xmp": None, **options}
    pillow_heif.from_pillow(image).save(stream, **chosen)
    return stream.getvalue()


@dataclass(frozen=True, slots=True)
class MadeItem:
    """An item of a made file: its type, data, properties, and what it refers to, as type and numbers."""

    kind: bytes
    data: bytes
    properties: tuple[ItemProperty, ...] = ()
    refers: tuple[tuple[bytes, tuple[int, ...]], ...] = ()
    protected: bool = False


def coded(image: Image.Image, **options: object) -> MadeItem:
    """The picture as an item, as pillow-heif codes it."""
    return primary_of(heic(image, **options))


def primary_of(content: bytes) -> MadeItem:
    """The picture that a HEIC or AVIF shows, as an item."""
    media = IsoMedia.of(content)
    items = read_items(media)
    assert items is not None
    assert items.primary is not None
    found = items.by_number[items.primary]
    assert found.extents is not None
    data = b"".join(media.read_at(each.offset, each.length) for each in found.extents)
    return MadeItem(found.kind, data, found.properties)


def with_properties(item: MadeItem, *more: ItemProperty, without: Sequence[bytes] = ()) -> MadeItem:
    """An item with other properties."""
    kept = tuple(each for each in item.properties if each.kind not in without)
    return MadeItem(item.kind, item.data, (*kept, *more), item.refers, item.protected)


def rotation(quarters: int) -> ItemProperty:
    """``irot``: turn by so many quarters, anticlockwise."""
    return ItemProperty(b"irot", bytes([quarters]))


def mirror(axis: int) -> ItemProperty:
    """``imir``: 0 exchanges top and bottom, 1 left and right."""
    return ItemProperty(b"imir", bytes([axis]))


def clean_aperture(width: int, height: int, right: int = 0, down: int = 0) -> ItemProperty:
    """``clap``: show only this size, its centre so many pixels off that of the picture."""
    return ItemProperty(b"clap", struct.pack(">IIIIiIiI", width, 1, height, 1, right, 1, down, 1))


def nclx(primaries: int, transfer: int, matrix: int = 6) -> ItemProperty:
    """``colr`` that states colours by numbers, of full range."""
    return ItemProperty(b"colr", b"nclx" + struct.pack(">HHHB", primaries, transfer, matrix, 0x80))


def extent(width: int, height: int) -> ItemProperty:
    """``ispe``: the size of a picture."""
    return ItemProperty(b"ispe", struct.pack(">III", 0, width, height))


def grid(width: int, height: int, tile: MadeItem, edge: int) -> list[MadeItem]:
    """The first items of a file: a picture put together of square tiles, and these, which are all alike."""
    columns, rows = -(-width // edge), -(-height // edge)
    data = struct.pack(">BBBBII", 0, 1, rows - 1, columns - 1, width, height)
    shared = tuple(each for each in tile.properties if each.kind in (b"pixi", b"colr"))
    tiles = (b"dimg", tuple(range(2, 2 + columns * rows)))
    return [
        MadeItem(b"grid", data, (extent(width, height), *shared), (tiles,)),
        *[tile] * (columns * rows),
    ]


def heif_file(
    items: Sequence[MadeItem], primary: int = 1, behind: bytes = b"", brand: bytes = b"heic"
) -> bytes:
    """A file of items, which are numbered from 1; ``behind`` comes after their data."""
    boxes: list[bytes] = []
    associations = []
    for item in items:
        numbers = []
        for each in item.properties:
            content = box(each.kind, each.content)
            if content not in boxes:
                boxes.append(content)
            numbers.append(boxes.index(content) + 1)
        associations.append(bytes(0x80 | number for number in numbers))
    ipma = b"".join(
        struct.pack(">HB", number, len(each)) + each for number, each in enumerate(associations, 1)
    )
    references = b"".join(
        box(kind, struct.pack(f">IH{len(targets)}I", number, len(targets), *targets))
        for number, item in enumerate(items, 1)
        for kind, targets in item.refers
    )
    head = box(b"ftyp", brand, struct.pack(">I", 0), b"mif1", brand)

    def index(start: int) -> bytes:
        entries, at = b"", start
        for number, item in enumerate(items, 1):
            entries += struct.pack(">HHHII", number, 0, 1, at, len(item.data))
            at += len(item.data)
        return meta(
            pitm(primary),
            iinf(*(infe(number, item.kind, item.protected) for number, item in enumerate(items, 1))),
            full_box(b"iloc", 0, 0, struct.pack(">HH", 0x4400, len(items)), entries),
            full_box(b"iref", 1, 0, references),
            box(
                b"iprp",
                box(b"ipco", *boxes),
                full_box(b"ipma", 0, 0, struct.pack(">I", len(items)), ipma),
            ),
        )

    start = len(head) + len(index(0)) + 8
    return head + index(start) + box(b"mdat", *(item.data for item in items)) + behind
