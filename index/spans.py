"""When faces are seen in films, as arrays: two faces of one film are two people only if seen at once.

A face of a photo has the span from -1 to -1: it is seen at once with all others of the photo, and with none
of a film behind the photo.
"""

from collections.abc import Iterable, Sequence

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
    """Return when all of several people are seen, in the order of time; each is seen in some spans."""
    first, *others = (sorted(each, key=lambda span: span.start) for each in spans)
    found = list(first)
    for more in others:
        both = (
            TimeSpan(max(one.start, other.start), min(one.end, other.end)) for one in found for other in more
        )
        found = sorted((each for each in both if each.start <= each.end), key=lambda span: span.start)
    return tuple(found)
