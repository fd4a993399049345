"""Decides when a photo was taken, of all that its file says.

The order: EXIF's DateTimeOriginal in whatever directory, the same in XMP, the date of creation in XMP and in
IPTC, the time of digitising or of the file's creation, the satellites' time. The last is EXIF's DateTime, the
day of the last change. Between the two the file's name counts, which is not read here. A year, month or day
alone gives way to a later source that knows more of it.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from pipeline.decoding.metadata import iptc
from pipeline.decoding.metadata.blocks import (
    CREATION_TIME,
    DATE_TIME,
    DIGITIZED,
    GPS_DATE,
    GPS_TIME,
    OFFSETS,
    ORIGINAL,
    SUBSECONDS,
    Metadata,
)
from pipeline.decoding.metadata.tiff_tags import Directory, DirectoryKind
from pipeline.decoding.metadata.times import (
    Precision,
    ReadTime,
    at_clock,
    parse_mail_time,
    parse_time,
    with_details,
)
from pipeline.decoding.metadata.xmp import Property, read_properties
from pipeline.values import DateSource, Taken

_ORDER = (DirectoryKind.EXIF, DirectoryKind.MAIN, DirectoryKind.GPS, DirectoryKind.OTHER)
"""Of directories in which a tag may stand: where it belongs, then where careless programs write it."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A date, and whether it may be the start of a camera's clock."""

    time: ReadTime
    source: DateSource
    by_a_clock: bool = True


def when_taken(metadata: Metadata, now: datetime | None = None) -> Taken | None:
    """Return when a photo was taken, and what says so.

    Args:
        metadata: Of its file.
        now: Local time without an offset; later dates make no sense.
    """
    return _best(_candidates(metadata), now)


def when_taken_by_sidecar(packet: bytes, now: datetime | None = None) -> Taken | None:
    """Return when a photo was taken by the XMP file beside it."""
    found = _best(_xmp([packet]), now)
    return None if found is None else Taken(found.at, DateSource.SIDECAR)


def _best(candidates: Iterator[_Candidate], now: datetime | None) -> Taken | None:
    today = now or datetime.now()
    plausible = (each for each in candidates if each.time.is_plausible(today, by_a_clock=each.by_a_clock))
    best = next(plausible, None)
    if best is None:
        return None
    while best.time.precision < Precision.TIME and (each := next(plausible, None)) is not None:
        if each.source is not DateSource.CHANGED and best.time.holds(each.time):
            best = each
    return Taken(best.time.at, best.source)


def _candidates(metadata: Metadata) -> Iterator[_Candidate]:
    directories = sorted(metadata.directories, key=lambda each: _ORDER.index(each.kind))
    yield from _exif(directories, ORIGINAL, DateSource.ORIGINAL)
    dates = [*_xmp(metadata.xmp)]
    datasets = [iptc.read_datasets(each) for each in metadata.iptc]
    yield from (each for each in dates if each.source is DateSource.XMP)
    for each in datasets:
        if time := iptc.read_iptc_time(each, iptc.CREATED):
            yield _Candidate(time, DateSource.IPTC, by_a_clock=False)
    yield from _exif(directories, DIGITIZED, DateSource.DIGITIZED)
    yield from (each for each in dates if each.source is DateSource.XMP_CREATED)
    for each in datasets:
        if time := iptc.read_iptc_time(each, iptc.DIGITIZED):
            yield _Candidate(time, DateSource.IPTC)
    if (text := metadata.texts.get(CREATION_TIME)) and (time := parse_mail_time(text)):
        yield _Candidate(time, DateSource.PNG)
    for directory in directories:
        if time := _satellite_time(directory):
            yield _Candidate(time, DateSource.GPS)
    yield from (each for each in dates if each.source is DateSource.GPS)
    yield from _exif(directories, DATE_TIME, DateSource.CHANGED)


def _exif(directories: list[Directory], number: int, source: DateSource) -> Iterator[_Candidate]:
    for directory in directories:
        tag = directory.tags.get(number)
        time = parse_time(tag.text()) if tag else None
        if time is not None:
            details = (_first_text([directory, *directories], of[number]) for of in (OFFSETS, SUBSECONDS))
            yield _Candidate(with_details(time, *details), source)


def _first_text(directories: list[Directory], number: int) -> bytes | None:
    found = (each.tags[number].text() for each in directories if number in each.tags)
    return next((text for text in found if text), None)


_XMP_SOURCES = {
    Property.ORIGINAL: DateSource.XMP,
    Property.CREATED: DateSource.XMP,
    Property.FILE_CREATED: DateSource.XMP_CREATED,
    Property.DIGITIZED: DateSource.XMP_CREATED,
    Property.GPS_TIME: DateSource.GPS,
}


def _xmp(packets: Sequence[bytes]) -> Iterator[_Candidate]:
    found = [read_properties(each) for each in packets]
    for name, source in _XMP_SOURCES.items():
        for properties in found:
            time = parse_time(properties.get(name))
            if time is not None:
                yield _Candidate(time, source, by_a_clock=name is not Property.CREATED)


def _satellite_time(directory: Directory) -> ReadTime | None:
    """Read date and time of the satellites, which are in UTC."""
    day, clock = (directory.tags.get(each) for each in (GPS_DATE, GPS_TIME))
    date = parse_time(day.text()) if day else None
    parts = clock.fractions() if clock else ()
    if date is None or date.at.hour:
        return None
    if len(parts) != 3 or not all(map(math.isfinite, parts)):
        return date
    seconds = parts[0] * 3600 + parts[1] * 60 + parts[2]
    try:
        at = at_clock(date.at, int(seconds // 3600), int(seconds % 3600 // 60), int(seconds % 60))
    except ValueError:
        return date
    return ReadTime(at.replace(tzinfo=UTC))
