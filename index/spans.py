"""When faces are seen in films, as arrays: two faces of one film are two people only if seen at once.

A face of a photo has the span from -1 to -1: it is seen at once with all others of the photo, and with none
of a film behind the photo.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from sqlalchemy import func

from index.store.schema import tracklet
from index.values import TimeSpan
from pipeline.values import F32

STARTS_ENDS = (func.coalesce(tracklet.c.start, -1.0), func.coalesce(tracklet.c.end, -1.0))
"""Columns of a query that joins ``tracklet`` where there is one."""


def spans_of(starts: Sequence[float], ends: Sequence[float]) -> F32:
    """Make spans, seconds: float32 [N, 2]."""
    return np.stack([np.array(starts, np.float32), np.array(ends, np.float32)], axis=1)


def seen_at_once(one: F32, other: F32) -> "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]":
    """Tell whether faces of one content are seen at once, by their spans, float32 [..., 2]: bool [...]."""
    return np.asarray((one[..., 0] <= other[..., 1]) & (other[..., 0] <= one[..., 1]))


def at_once(spans: Sequence[Iterable[TimeSpan]]) -> tuple[TimeSpan, ...]:
    """Return when all of several people are seen, in the order of time; each is seen in some spans.

    Spans of one person that overlap are one.
    """
    found, *others = (_apart(each) for each in spans)
    for more in others:
        found = list(_in_both(found, more))
    return tuple(found)


def _apart(spans: Iterable[TimeSpan]) -> list[TimeSpan]:
    """Join spans that overlap, and sort all."""
    found: list[TimeSpan] = []
    for each in sorted(spans, key=lambda span: span.start):
        if found and each.start <= found[-1].end:
            each = TimeSpan(found[-1].start, max(found.pop().end, each.end))
        found.append(each)
    return found


def _in_both(first: Sequence[TimeSpan], second: Sequence[TimeSpan]) -> Iterator[TimeSpan]:
    """Intersect spans that are sorted and do not overlap."""
    one = other = 0
    while one < len(first) and other < len(second):
        both = TimeSpan(max(first[one].start, second[other].start), min(first[one].end, second[other].end))
        if both.start <= both.end:
            yield both
        if first[one].end <= second[other].end:
            one += 1
        else:
            other += 1
