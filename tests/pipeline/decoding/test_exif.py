import io
import struct
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pipeline.decoding.exif import read_header
from pipeline.decoding.format_reader import PhotoHeader
from pipeline.values import Size
from tests.pipeline.corrupt import exif_block

ORIENTATION, DATE_TIME = 0x0112, 0x0132
ORIGINAL, DIGITIZED = 0x9003, 0x9004
OFFSET, OFFSET_ORIGINAL, OFFSET_DIGITIZED = 0x9010, 0x9011, 0x9012
SUBSECONDS, SUBSECONDS_ORIGINAL = 0x9290, 0x9291

NOON = datetime(2021, 6, 5, 12, 0, 30)


def facts(first: Mapping[int, object], exif: Mapping[int, object]) -> PhotoHeader:
    """What is read from a JPEG with these tags in its first and its EXIF directory."""
    tags = Image.Exif()
    tags.update(first)
    tags.get_ifd(0x8769).update(exif)
    return facts_of(tags.tobytes())


def facts_of(block: bytes) -> PhotoHeader:
    stream = io.BytesIO()
    Image.new("RGB", (8, 8)).save(stream, "JPEG", exif=block)
    with Image.open(stream) as image:
        image.load()
        return read_header(image)


def test_a_photo_without_exif() -> None:
    assert read_header(Image.new("RGB", (8, 8))) == PhotoHeader(Size(8, 8), 1, None)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation(orientation: int) -> None:
    assert facts({ORIENTATION: orientation}, {}).orientation == orientation


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("damaged", [False, True])
def test_an_orientation_of_type_byte(order: str, damaged: bool) -> None:
    block = bytearray(exif_block(1, order))
    at = block.index(struct.pack(order + "HHI", ORIENTATION, 3, 1))
    block[at : at + 9] = struct.pack(order + "HHIB", ORIENTATION, 1, 1, 6)
    if damaged:
        struct.pack_into(order + "I", block, at - 12 + 8, 0xFFFFFFF0)  # the entry before leads nowhere
    image = Image.new("RGB", (8, 8))
    image.info["exif"] = b"Exif\0\0" + bytes(block)
    assert read_header(image).orientation == 6


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_does_not_exist_counts_as_upright(orientation: int) -> None:
    assert facts({ORIENTATION: orientation}, {}).orientation == 1


def test_time_with_offset_and_subseconds() -> None:
    tags = {ORIGINAL: "2021:06:05 12:00:30", OFFSET_ORIGINAL: "+05:45", SUBSECONDS_ORIGINAL: "25"}

    taken_at = facts({}, tags).taken_at

    assert taken_at == datetime(2021, 6, 5, 6, 15, 30, 250_000, UTC)
    assert taken_at.utcoffset() == timedelta(hours=5, minutes=45)


def test_time_without_offset_is_naive() -> None:
    taken_at = facts({}, {ORIGINAL: "2021:06:05 12:00:30"}).taken_at

    assert taken_at == NOON
    assert taken_at.tzinfo is None


def test_the_original_time_comes_first_then_digitized_then_the_files() -> None:
    first = {DATE_TIME: "2003:01:01 00:00:00"}
    digitized = {DIGITIZED: "2002:01:01 00:00:00"}
    original = {ORIGINAL: "2001:01:01 00:00:00"}

    years = [facts(first, {**digitized, **original}), facts(first, digitized), facts(first, {})]

    assert [found.taken_at and found.taken_at.year for found in years] == [2001, 2002, 2003]


def test_each_time_has_its_own_offset_and_subseconds() -> None:
    exif = {OFFSET: "-03:00", OFFSET_ORIGINAL: "+01:00", OFFSET_DIGITIZED: "+02:00", SUBSECONDS: "5"}

    taken_at = facts({DATE_TIME: "2021:06:05 12:00:30"}, exif).taken_at

    assert taken_at == NOON.replace(microsecond=500_000, tzinfo=timezone(timedelta(hours=-3)))


@pytest.mark.parametrize(
    "nonsense",
    [
        "0000:00:00 00:00:00",
        "0000:00:00",
        "2021:02:30 10:00:00",
        "2021:02:30",
        "2021:06:05 24:00:01",
        "2021:06:051",
        "2021:13",
        "05.06.2021",
        "    :  :     :  :  ",
        "",
        "?",
        5,
    ],
)
def test_a_time_that_makes_no_sense_is_passed_over(nonsense: object) -> None:
    assert facts({}, {ORIGINAL: nonsense}).taken_at is None
    assert facts({DATE_TIME: "2021:06:05 12:00:30"}, {ORIGINAL: nonsense}).taken_at == NOON


@pytest.mark.parametrize(
    "written",
    [
        "2021-06-05 12:00:30",
        "2021:06:05T12:00:30",
        "2021/06/05 12:00:30",
        " 2021:06:05 12:00:30 ",
        "2021:6:5 12:0:30",
        "2021: 6: 5 12: 0:30",
        "2021:06:05\x0012:00:30",
        "2021:06:05 12:00:30\x00\x00\x00",
        "2021:06:05 12:00:30 PM",
        b"2021:06:05 12:00:30\x00",
    ],
)
def test_times_as_careless_programs_write_them(written: str | bytes) -> None:
    assert facts({}, {ORIGINAL: written}).taken_at == NOON


@pytest.mark.parametrize(
    "written",
    [
        "2021:06:05",
        "2021-06-05",
        "2021.06.05",
        "2021:06:05\x00\x00\x00",
        "2021:06:05   :  :  ",
        " 2021:6:5 ",
        "2021:06:05 at noon",
    ],
)
def test_a_date_alone_is_its_midnight(written: str) -> None:
    assert facts({}, {ORIGINAL: written}).taken_at == datetime(2021, 6, 5)


@pytest.mark.parametrize(
    "written", ["2021:06:05 15:04", "2021-06-05T15:04", "2021:06:05 03:04 PM", "2021:06:05  3:04p.m."]
)
def test_a_time_without_seconds(written: str) -> None:
    assert facts({}, {ORIGINAL: written}).taken_at == datetime(2021, 6, 5, 15, 4)


def test_the_end_of_a_day_is_the_next_midnight() -> None:
    assert facts({}, {ORIGINAL: "2021:12:31 24:00:00"}).taken_at == datetime(2022, 1, 1)


@pytest.mark.parametrize("written", ["1998", "1998:00:00 00:00:00", "1998:00:00"])
def test_a_year_alone_counts_as_its_middle(written: str) -> None:
    assert facts({}, {ORIGINAL: written}).taken_at == datetime(1998, 7, 2, 12)


def test_midnight_and_noon_by_the_clock_of_twelve_hours() -> None:
    written = ("2021:06:05 12:05:00 AM", "2021:06:05 12:05:00 PM")

    assert [facts({}, {ORIGINAL: each}).taken_at for each in written] == [
        datetime(2021, 6, 5, 0, 5),
        datetime(2021, 6, 5, 12, 5),
    ]


@pytest.mark.parametrize(
    ("written", "offset"),
    [("2021-06-05T12:00:30Z", 0), ("2021:06:05 12:00:30+02:00", 2), ("2021-06-05T12:00:30.25-0300", -3)],
)
def test_an_offset_in_the_time_itself_comes_before_the_tag(written: str, offset: int) -> None:
    taken_at = facts({}, {ORIGINAL: written, OFFSET_ORIGINAL: "+09:00"}).taken_at

    assert taken_at is not None
    assert taken_at.replace(tzinfo=None, microsecond=0) == NOON
    assert taken_at.utcoffset() == timedelta(hours=offset)
    assert taken_at.microsecond == (250_000 if ".25" in written else 0)


@pytest.mark.parametrize("offset", ["", "     ", "+99:00", "+00", "local", 3])
def test_an_offset_that_makes_no_sense_leaves_the_time_naive(offset: object) -> None:
    assert facts({}, {ORIGINAL: "2021:06:05 12:00:30", OFFSET_ORIGINAL: offset}).taken_at == NOON


@pytest.mark.parametrize(
    ("subseconds", "expected"), [("1", 100_000), ("123456789", 123_456), ("  ", 0), ("x", 0), (7, 0)]
)
def test_subseconds_are_the_digits_after_the_point(subseconds: object, expected: int) -> None:
    taken_at = facts({}, {ORIGINAL: "2021:06:05 12:00:30", SUBSECONDS_ORIGINAL: subseconds}).taken_at

    assert taken_at == NOON.replace(microsecond=expected)


@given(st.binary(max_size=300))
def test_any_bytes_for_exif_are_read_without_an_error(block: bytes) -> None:
    found = facts_of(b"Exif\x00\x00" + block)

    assert 1 <= found.orientation <= 8


@given(st.data())
def test_damaged_exif_is_read_without_an_error(data: st.DataObject) -> None:
    tags = Image.Exif()
    tags[ORIENTATION], tags[DATE_TIME] = 6, "2021:06:05 12:00:30"
    tags.get_ifd(0x8769).update({ORIGINAL: "2021:06:05 12:00:30", OFFSET_ORIGINAL: "+01:00"})
    block = bytearray(tags.tobytes())
    for _ in range(data.draw(st.integers(1, 6))):
        block[data.draw(st.integers(6, len(block) - 1))] = data.draw(st.integers(0, 255))

    found = facts_of(bytes(block[: data.draw(st.integers(6, len(block)))]))

    assert 1 <= found.orientation <= 8
