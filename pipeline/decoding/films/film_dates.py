"""Reads when a film was taken from the metadata of its container. It knows no film library."""

from collections.abc import Mapping
from datetime import datetime

_NAMES = ("com.apple.quicktime.creationdate", "date", "creation_time")
"""Apple's has the offset from UTC, ``date`` is QuickTime's and RIFF's; the last is in UTC."""

_FIRST_YEAR = 1971
"""Earlier times are zeros, counted from 1904 (MP4) or 1970."""


def taken_at(metadata: Mapping[str, str]) -> datetime | None:
    """Return the time at which a film was taken, by the names and values that FFmpeg gives."""
    for name in _NAMES:
        try:
            found = datetime.fromisoformat(metadata.get(name, "").strip())
        except ValueError:
            continue
        if found.year >= _FIRST_YEAR and len(metadata[name].strip()) > len("2019-07-04"):
            return found
    return None
