"""When a photo was taken, by each source, and which of two counts."""

import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.decoding.metadata.blocks import Metadata
from pipeline.decoding.metadata.taken import when_taken, when_taken_by_sidecar
from pipeline.values import DateSource
from tests.pipeline.decoding.metadata.made_metadata import (
    DATE_TIME,
    DIGITIZED,
    ORIGINAL,
    exif_block,
    iptc_block,
    jpeg_with,
    photoshop_block,
    xmp_packet,
)

NOW = datetime(2026, 1, 1)


def found(metadata: Metadata) -> tuple[datetime, DateSource] | None:
    taken = when_taken(metadata, NOW)
    return None if taken is None else (taken.at, taken.source)


def found_in(*, exif: bytes = b"", xmp: bytes = b"", iptc: bytes = b"") -> tuple[datetime, DateSource] | None:
    return found(Metadata.of_jpeg(jpeg_with(exif, xmp, iptc)))


# One source each, in the order in which they count, with a year of its own.
SOURCES: list[tuple[str, Callable[[str], Metadata], DateSource]] = [
    ("original", lambda year: exif(exif={ORIGINAL: f"{year}:05:06 07:08:09"}), DateSource.ORIGINAL),
    ("xmp original", lambda year: xmp({"exif:DateTimeOriginal": f"{year}-05-06T07:08:09"}), DateSource.XMP),
    ("photoshop", lambda year: xmp({"photoshop:DateCreated": f"{year}-05-06T07:08:09"}), DateSource.XMP),
    ("iptc", lambda year: iptc([(55, f"{year}0506"), (60, "070809")]), DateSource.IPTC),
    ("digitized", lambda year: exif(exif={DIGITIZED: f"{year}:05:06 07:08:09"}), DateSource.DIGITIZED),
    ("xmp created", lambda year: xmp({"xmp:CreateDate": f"{year}-05-06T07:08:09"}), DateSource.XMP_CREATED),
    ("png", lambda year: Metadata(texts={"Creation Time": f"6 May {year} 07:08:09"}), DateSource.PNG),
    ("gps", lambda year: exif(gps={29: f"{year}:05:06", 7: (7.0, 8.0, 9.0)}), DateSource.GPS),
    ("changed", lambda year: exif({DATE_TIME: f"{year}:05:06 07:08:09"}), DateSource.CHANGED),
]


def exif(
    first: dict[int, object] | None = None,
    exif: dict[int, object] | None = None,
    gps: dict[int, object] | None = None,
) -> Metadata:
    return Metadata.of_blocks([exif_block(first or {}, exif, gps)])


def xmp(attributes: dict[str, str]) -> Metadata:
    return Metadata.of_blocks(xmp=[xmp_packet(attributes)])


def iptc(datasets: list[tuple[int, str]]) -> Metadata:
    return Metadata.of_blocks(photoshop=photoshop_block(iptc_block(datasets)))


@pytest.mark.parametrize(
    ("make", "source"), [each[1:] for each in SOURCES], ids=[each[0] for each in SOURCES]
)
def test_each_source_alone(make: Callable[[str], Metadata], source: DateSource) -> None:
    at, by = found(make("1998")) or (None, None)

    assert by is source
    assert at is not None
    assert at.replace(tzinfo=None) == datetime(1998, 5, 6, 7, 8, 9)


@pytest.mark.parametrize(("first", "second"), [*combinations(range(len(SOURCES)), 2)])
def test_of_two_sources_the_more_trusted_counts(first: int, second: int) -> None:
    one, other = SOURCES[first][1]("2001"), SOURCES[second][1]("1999")
    both = Metadata(
        [*other.directories, *one.directories],
        [*other.xmp, *one.xmp],
        [*other.iptc, *one.iptc],
        {**other.texts, **one.texts},
    )

    at, by = found(both) or (None, None)

    assert by is SOURCES[first][2]
    assert at is not None
    assert at.year == 2001


@pytest.mark.parametrize("directory", ["first", "gps"])
def test_the_original_time_counts_in_the_wrong_directory_too(directory: str) -> None:
    wrong = {ORIGINAL: "1998:05:06 07:08:09"}
    block = exif_block(
        {DATE_TIME: "2020:01:01 00:00:00", **(wrong if directory == "first" else {})}, {}, wrong
    )

    assert found_in(exif=block) == (datetime(1998, 5, 6, 7, 8, 9), DateSource.ORIGINAL)


def test_a_scan_whose_exif_has_the_day_of_editing_alone() -> None:
    block = exif_block({DATE_TIME: "2019:07:04 12:30:45"})

    assert found_in(exif=block, iptc=iptc_block([(55, "19940812")])) == (
        datetime(1994, 8, 12),
        DateSource.IPTC,
    )
    assert found_in(exif=block) == (datetime(2019, 7, 4, 12, 30, 45), DateSource.CHANGED)


def test_times_by_satellites_are_in_utc() -> None:
    block = exif_block({}, {}, {29: "2019:07:04", 7: (23.0, 59.0, 59.5)})

    assert found_in(exif=block) == (datetime(2019, 7, 4, 23, 59, 59, tzinfo=UTC), DateSource.GPS)


def test_a_satellites_date_without_a_time() -> None:
    assert found_in(exif=exif_block({}, {}, {29: "2019:07:04"})) == (datetime(2019, 7, 4), DateSource.GPS)


def test_iptc_has_an_offset() -> None:
    at, _ = found(iptc([(55, "19980514"), (60, "120000+0530")])) or (None, None)

    assert at == datetime(1998, 5, 14, 12, tzinfo=timezone(timedelta(hours=5, minutes=30)))


@pytest.mark.parametrize(
    ("written", "middle"), [("1998", datetime(1998, 7, 2, 12)), ("1998-05", datetime(1998, 5, 16))]
)
def test_a_year_or_month_alone_counts_as_its_middle(written: str, middle: datetime) -> None:
    assert found(xmp({"photoshop:DateCreated": written})) == (middle, DateSource.XMP)


def test_a_year_alone_gives_way_to_a_day_in_it_but_not_to_another_year() -> None:
    year = xmp_packet({"photoshop:DateCreated": "1998"})

    same = found_in(xmp=year, iptc=iptc_block([(55, "19980514")]))
    month = found_in(xmp=year, iptc=iptc_block([(55, "19980500"), (62, "19980514")]))
    other = found_in(xmp=year, iptc=iptc_block([(55, "19990514")]))
    edited = found_in(xmp=year, exif=exif_block({DATE_TIME: "1998:12:24 10:00:00"}))

    assert same == month == (datetime(1998, 5, 14), DateSource.IPTC)
    assert other == edited == (datetime(1998, 7, 2, 12), DateSource.XMP)


def test_a_colon_between_date_and_time() -> None:
    at, _ = found(exif(exif={ORIGINAL: "2003:08:27:00:09:15"})) or (None, None)

    assert at == datetime(2003, 8, 27, 0, 9, 15)


def test_a_day_alone_gives_way_to_a_time_of_that_day_but_not_of_another() -> None:
    day = xmp_packet({"photoshop:DateCreated": "2006-10-29"})

    same = found_in(xmp=day, iptc=iptc_block([(55, "20061029"), (60, "062751-0500")]))
    other = found_in(xmp=day, iptc=iptc_block([(55, "20061030"), (60, "062751-0500")]))
    edited = found_in(xmp=day, exif=exif_block({DATE_TIME: "2006:10:29 10:00:00"}))

    eastern = timezone(timedelta(hours=-5))
    assert same == (datetime(2006, 10, 29, 6, 27, 51, tzinfo=eastern), DateSource.IPTC)
    assert other == edited == (datetime(2006, 10, 29), DateSource.XMP)


@pytest.mark.parametrize(
    "nonsense",
    [
        "0000:00:00 00:00:00",
        "1904:01:01 00:00:00",
        "1970:01:01 01:00:00",
        "1980:01:01 00:03:12",
        "2000:01:01 00:00:00",
        "2031:05:06 07:08:09",
        "1066:10:14 09:00:00",
    ],
)
def test_a_clock_that_was_never_set_or_a_future_date_gives_way_to_another_source(nonsense: str) -> None:
    original = {ORIGINAL: nonsense}

    assert found_in(exif=exif_block({}, original)) is None
    at, by = found_in(exif=exif_block({}, original), xmp=xmp_packet({"xmp:CreateDate": "2004-05-06"})) or (
        0,
        0,
    )
    assert (at, by) == (datetime(2004, 5, 6), DateSource.XMP_CREATED)


def test_the_night_of_the_millennium_is_a_date_and_so_is_a_typed_first_of_january() -> None:
    night = found_in(exif=exif_block({}, {ORIGINAL: "2000:01:01 00:03:12"}))
    typed = found(xmp({"photoshop:DateCreated": "1970-01-01"}))

    assert night == (datetime(2000, 1, 1, 0, 3, 12), DateSource.ORIGINAL)
    assert typed == (datetime(1970, 1, 1), DateSource.XMP)


@pytest.mark.parametrize("name", ["exif:DateTimeOriginal", "photoshop:DateCreated", "xmp:CreateDate"])
def test_any_date_of_a_sidecar_is_the_sidecars(name: str) -> None:
    taken = when_taken_by_sidecar(xmp_packet({name: "1998-05-06"}), NOW)

    assert taken is not None
    assert (taken.at, taken.source) == (datetime(1998, 5, 6), DateSource.SIDECAR)


def test_a_sidecar_without_a_date_says_nothing() -> None:
    assert when_taken_by_sidecar(xmp_packet({"xmp:ModifyDate": "2020-05-06"}), NOW) is None
    assert when_taken_by_sidecar(b"\0" * 100, NOW) is None


@given(
    st.binary(max_size=200),
    st.sampled_from(["II*\0\x08\0\0\0", "MM\0*\0\0\0\x08", "", "Exif\0\0II*\0\x08\0\0\0"]),
)
def test_hostile_blocks_have_no_date_and_raise_nothing(tail: bytes, head: str) -> None:
    block = head.encode("latin-1") + tail
    when_taken(Metadata.of_blocks([block], [block], block, {"Creation Time": block.decode("latin-1")}))
    when_taken(Metadata.of_tiff(io.BytesIO(block)))
    when_taken(Metadata.of_jpeg(b"\xff\xd8" + block))
    when_taken(Metadata.of_png(io.BytesIO(b"\x89PNG\r\n\x1a\n" + block)))
    when_taken_by_sidecar(block)


@given(st.data())
def test_damaged_metadata_raise_nothing(data: st.DataObject) -> None:
    whole = bytearray(
        jpeg_with(
            exif_block(
                {DATE_TIME: "2019:07:04 12:30:45"}, {ORIGINAL: "1998:05:06 07:08:09"}, {29: "2019:07:04"}
            ),
            xmp_packet({"exif:DateTimeOriginal": "1998-05-06"}),
            iptc_block([(55, "19980514"), (60, "120000")]),
        )
    )
    for _ in range(data.draw(st.integers(1, 8))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    when_taken(Metadata.of_jpeg(bytes(whole[: data.draw(st.integers(0, len(whole)))])))
