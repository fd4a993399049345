"""When a film shows a face, and how such times are written: ``0:07``, ``0:01-0:04``, ``1:02:03``."""

from collections.abc import Iterable
from dataclasses import dataclass

from index.values import FaceRecord, TimeSpan
from pipeline.values import Appearance, Box, Descriptor

_MINUTE, _HOUR = 60, 3600


@dataclass(frozen=True, slots=True)
class Seen:
    """When a film shows a face, in seconds from its first frame; at ``best`` the face is seen best."""

    start: float
    end: float
    best: float


def when_seen(face: FaceRecord | Descriptor | Box) -> Seen | None:
    """Return when a film shows a face, as far as it is known; ``None`` for a face of a photo."""
    span: TimeSpan | Appearance | None = None
    if isinstance(face, FaceRecord):
        best, span = face.box.moment, face.span
    elif isinstance(face, Descriptor):
        best, span = face.face.box.moment, face.appearance
    else:
        best = face.moment
    if best is None:
        return None
    start, end = (best, best) if span is None else (span.start, span.end)
    return Seen(*(round(each, 3) for each in (start, end, best)))


def clock(seconds: float) -> str:
    """Write a time, rounded down to seconds."""
    whole = int(max(0.0, seconds))
    if whole < _HOUR:
        return f"{whole // _MINUTE}:{whole % _MINUTE:02}"
    return f"{whole // _HOUR}:{whole % _HOUR // _MINUTE:02}:{whole % _MINUTE:02}"


def times(spans: Iterable[Seen | TimeSpan]) -> str:
    """Write spans in the order of time; those that touch, to the second, are one."""
    joined: list[list[int]] = []
    for start, end in sorted((int(each.start), int(each.end)) for each in spans):
        if joined and start <= joined[-1][1]:
            joined[-1][1] = max(end, joined[-1][1])
        else:
            joined.append([start, end])
    written = (f"{clock(start)}-{clock(end)}" if start < end else clock(start) for start, end in joined)
    return ", ".join(written)


def at_time(face: FaceRecord | Descriptor) -> str:
    """Write the moment at which a film shows a face best, as `` at 0:07``; nothing for a face of a photo."""
    seen = when_seen(face)
    return "" if seen is None else f" at {clock(seen.best)}"
