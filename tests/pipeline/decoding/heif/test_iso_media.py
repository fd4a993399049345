"""Boxes of ISO base media files are found, and no file leads further than it goes."""

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.decoding.heif.heif_items import read_items
from pipeline.decoding.heif.iso_media import IsoMedia, IsoMediaError, motion_video, quicktime_metadata
from tests.pipeline.iso_boxes import box, full_box, iinf, infe, meta, pitm
from tests.pipeline.iso_boxes import quicktime_metadata as made_metadata

IDENTIFIER = "com.apple.quicktime.content.identifier"


def kinds(media: IsoMedia) -> list[tuple[bytes, int, int, int]]:
    return [(each.kind, each.start, each.content, each.end) for each in media.boxes()]


def test_sizes_of_32_and_64_bits_and_to_the_end() -> None:
    wide = struct.pack(">I4sQ", 1, b"wide", 19) + b"abc"
    last = struct.pack(">I4s", 0, b"mdat") + b"to the end"
    media = IsoMedia.of(box(b"ftyp", b"heic") + wide + last)
    assert kinds(media) == [(b"ftyp", 0, 8, 12), (b"wide", 12, 28, 31), (b"mdat", 31, 39, 49)]
    assert [media.read(each) for each in media.boxes()] == [b"heic", b"abc", b"to the end"]


def test_the_boxes_of_a_file_within_a_file() -> None:
    film = box(b"ftyp", b"mp42") + box(b"moov", made_metadata({IDENTIFIER: b"A-B"}))
    content = b"a photo before" + film + b"and something behind"
    media = IsoMedia(io.BytesIO(content), len(film), start=14)
    assert quicktime_metadata(media) == {IDENTIFIER: "A-B"}
    assert media.read_at(8, 4) == b"mp42"


def test_a_film_behind_a_photo() -> None:
    photo = box(b"ftyp", b"heic") + meta() + box(b"mpvd", b"an MP4")
    media = IsoMedia.of(photo)
    video = motion_video(media)
    assert video is not None
    assert media.read(video) == b"an MP4"
    assert motion_video(IsoMedia.of(box(b"ftyp", b"heic"))) is None


def test_metadata_of_quicktime() -> None:
    values = {"com.apple.quicktime.make": b"Apple", IDENTIFIER: b"9B539AB8-A668"}
    media = IsoMedia.of(box(b"moov", box(b"mvhd"), made_metadata(values)))
    assert quicktime_metadata(media) == {name: value.decode() for name, value in values.items()}
    for without in (box(b"mvhd"), full_box(b"meta", 0, 0, box(b"keys"))):
        assert quicktime_metadata(IsoMedia.of(box(b"moov", without))) == {}


def test_the_last_box_may_state_more_than_the_file_has_and_is_not_read() -> None:
    media = IsoMedia.of(box(b"ftyp", b"heic") + struct.pack(">I4s", 1000, b"mdat") + b"cut")
    last = list(media.boxes())[-1]
    assert last.end == 1012
    with pytest.raises(IsoMediaError, match="ends early"):
        media.read(last)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"\0\1", "ends early"),
        (b"\0\0\0\x10moo", "ends early"),
        (struct.pack(">I4s", 7, b"moov"), "smaller than its head"),
        (struct.pack(">I4sQ", 1, b"moov", 9), "smaller than its head"),
        (struct.pack(">I4s", 1, b"moov"), "ends early"),
        (box(b"moov", struct.pack(">I4s", 900, b"meta")), "exceeds the one around it"),
        (box(b"moov", b"") * 100_001, "too many"),
    ],
)
def test_contradictions_are_one_kind_of_error(content: bytes, what: str) -> None:
    media = IsoMedia.of(content)
    with pytest.raises(IsoMediaError, match=what):
        [list(media.boxes(each)) for each in media.boxes()]


def test_nested_boxes_are_not_followed_without_bound() -> None:
    deep = b""
    for _ in range(3000):
        deep = box(b"meta", b"\0\0\0\0", deep)
    media = IsoMedia.of(deep)
    assert media.find(b"meta", b"meta", b"meta", b"moov") is None


ITEMS = iinf(infe(1, b"hvc1"), infe(2, b"grid"), infe(3, b"Exif", protected=1))
PROPERTIES = box(
    b"iprp",
    box(b"ipco", box(b"irot", b"\x01"), full_box(b"ispe", 0, 0, struct.pack(">II", 640, 480))),
    full_box(b"ipma", 0, 0, struct.pack(">IHBBBHBB", 2, 1, 2, 0x82, 0x81, 2, 1, 1)),
)
REFERENCES = full_box(b"iref", 0, 0, box(b"dimg", struct.pack(">HHH", 2, 1, 1)))


def iloc(version: int) -> bytes:
    """Items 1 and 3 in the file with two extents and one, item 2 in ``idat``."""
    number = ">I" if version == 2 else ">H"
    entries = []
    for item, method, extents in ((1, 0, ((100, 50), (300, 20))), (2, 1, ((0, 8),)), (3, 0, ((400, 9),))):
        indexed = b"\0\0" if version else b""
        entries.append(
            struct.pack(number, item)
            + (struct.pack(">H", method) if version else b"")
            + struct.pack(">HIH", 0, 1000 if method == 0 else 0, len(extents))
            + b"".join(indexed + struct.pack(">IQ", *extent) for extent in extents)
        )
    sizes = 0x4842 if version else 0x4840
    return full_box(b"iloc", version, 0, struct.pack(">H", sizes), struct.pack(number, 3), *entries)


@pytest.mark.parametrize("version", [0, 1, 2])
def test_items_of_heif(version: int) -> None:
    content = box(b"ftyp", b"mif1") + meta(
        pitm(2), ITEMS, iloc(version), box(b"idat", b"a grid's"), PROPERTIES, REFERENCES
    )
    items = read_items(IsoMedia.of(content))
    assert items is not None
    assert items.primary == 2
    assert {each.number: (each.kind, each.protected) for each in items.by_number.values()} == {
        1: (b"hvc1", False),
        2: (b"grid", False),
        3: (b"Exif", True),
    }
    first = items.by_number[1]
    assert [(each.offset, each.length) for each in first.extents or ()] == [(1100, 50), (1300, 20)]
    assert [(each.kind, each.content[-8:]) for each in first.properties] == [
        (b"ispe", struct.pack(">II", 640, 480)),
        (b"irot", b"\x01"),
    ]
    assert items.referred(b"dimg", 2) == (1,)
    assert items.referring(b"dimg", 1) == (2,)
    if version:  # version 0 of iloc knows no idat
        (extent,) = items.by_number[2].extents or ()
        assert content[extent.offset : extent.offset + extent.length] == b"a grid's"


def test_no_items() -> None:
    assert read_items(IsoMedia.of(box(b"ftyp", b"mif1"))) is None


def test_extents_without_size_are_not_counted_without_end() -> None:
    head = struct.pack(">HHHHH", 0, 0xFFFF, 1, 0, 0xFFFF)
    entries = struct.pack(">HHH", 1, 0, 0xFFFF) * 0xFFFE
    content = box(b"ftyp", b"mif1") + meta(full_box(b"iloc", 0, 0, head, entries))
    with pytest.raises(IsoMediaError, match="too many extents"):
        read_items(IsoMedia.of(content))


WHOLE = (
    box(b"ftyp", b"mif1")
    + meta(pitm(2), ITEMS, iloc(1), box(b"idat", b"a grid's"), PROPERTIES, REFERENCES)
    + box(b"moov", made_metadata({IDENTIFIER: b"9B539AB8"}))
)


@given(st.data())
def test_damage_raises_one_kind_of_error(data: st.DataObject) -> None:
    content = bytearray(WHOLE[: data.draw(st.integers(0, len(WHOLE)))])
    for _ in range(data.draw(st.integers(0, 8)) if content else 0):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    media = IsoMedia.of(bytes(content))
    for read in (read_items, quicktime_metadata, motion_video, lambda each: list(each.boxes())):
        try:
            read(media)
        except IsoMediaError:
            continue
