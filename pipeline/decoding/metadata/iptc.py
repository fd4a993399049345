"""Reads datasets of IPTC (Information Interchange Model 4.2), alone or among the resources of Photoshop."""

from collections.abc import Mapping
from typing import TypeAlias

from pipeline.decoding.metadata.times import ReadTime, at_clock, parse_offset, parse_time, partial_date

Datasets: TypeAlias = Mapping[tuple[int, int], bytes]
"""Values by record and number of their dataset, the first of each."""

_RECORD = 2  # of the application record, which describes the object
CREATED = (55, 60)
"""Date and time at which the picture was taken."""
DIGITIZED = (62, 63)
"""Date and time at which it was digitised."""

_MARKER = 0x1C
_EXTENDED = 0x8000
_MOST_DATASETS = 4096
_IPTC_RESOURCE = 0x0404


def read_datasets(block: bytes) -> Datasets:
    """Read a block of IPTC up to its first damage."""
    if block[:1] != bytes([_MARKER]) and block[3:4] == bytes([_MARKER]):
        # A TIFF may have it as 32-bit numbers, in the other byte order.
        block = b"".join(block[at : at + 4][::-1] for at in range(0, len(block), 4))
    found: dict[tuple[int, int], bytes] = {}
    at = 0
    for _ in range(_MOST_DATASETS):
        if len(block) < at + 5 or block[at] != _MARKER:
            break
        size = int.from_bytes(block[at + 3 : at + 5], "big")
        start = at + 5
        if size & _EXTENDED:
            digits = size & ~_EXTENDED
            size, start = int.from_bytes(block[start : start + min(digits, 8)], "big"), start + digits
        found.setdefault((block[at + 1], block[at + 2]), block[start : start + size])
        at = start + size
    return found


def iptc_of(resources: bytes) -> bytes | None:
    """Find IPTC in Photoshop's image resources (Photoshop File Formats, "Image resource blocks")."""
    at = 0
    while resources[at : at + 4] == b"8BIM":
        name = resources[at + 6 : at + 7]
        start = at + 6 + _even(1 + (name[0] if name else 0)) + 4
        size = int.from_bytes(resources[start - 4 : start], "big")
        if int.from_bytes(resources[at + 4 : at + 6], "big") == _IPTC_RESOURCE:
            return resources[start : start + size]
        at = start + _even(size)
    return None


def read_iptc_time(datasets: Datasets, numbers: tuple[int, int]) -> ReadTime | None:
    """Read the time in a dataset of a date, as 19980514, and one of a time of day, as 120000+0200.

    Zeros stand for a month or day that is not known.
    """
    date, clock = (datasets.get((_RECORD, each), b"").strip(b" \0").decode("latin-1") for each in numbers)
    if len(date) != 8 or not (date.isascii() and date.isdigit()):
        return parse_time(date)  # as in EXIF or XMP, from programs that know no better
    year, month, day = int(date[:4]), int(date[4:6]), int(date[6:])
    if not day:
        return partial_date(year, month)
    found = parse_time(f"{date[:4]}-{date[4:6]}-{date[6:]}")
    digits = clock[:6]
    if found is None or len(digits) < 6 or not (digits.isascii() and digits.isdigit()):
        return found
    try:
        at = at_clock(found.at, int(digits[:2]), int(digits[2:4]), int(digits[4:]))
    except ValueError:
        return found
    return ReadTime(at.replace(tzinfo=parse_offset(clock[6:])))


def _even(size: int) -> int:
    return size + size % 2
