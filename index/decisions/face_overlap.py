"""Matches slightly different boxes of one face in one content, as after a rescan."""

from collections.abc import Callable, Iterator, Sequence

from pipeline.values import Box

SAME_FACE = 0.5
"""Intersection over union above which two boxes of one content are of one face. Two faces stay below:
the detector keeps no two that cover 0.7 of the smaller; here, boxes of one size share 0.66 of each."""

SAME_MOMENT = 0.02
"""Seconds between two boxes of a film beyond which they are of two pictures, perhaps of two people."""


def is_same_moment(a: float | None, b: float | None) -> bool:
    """Tell whether two boxes are of one picture, or of almost the same moment of a film."""
    if a is None or b is None:
        return a is b
    return abs(a - b) <= SAME_MOMENT


def overlap(a: Box, b: Box) -> float:
    """Return the intersection over union of two boxes, 0 to 1; 1 for equal ones, even empty ones."""
    if a == b:
        return 1.0
    shared = _shared(a, b)
    if not shared:
        return 0.0
    return shared / (a.w * a.h + b.w * b.h - shared)


def part_shared(a: Box, b: Box) -> float:
    """Return the part of the smaller box that lies in the other one, 0 to 1."""
    smaller = min(a.w * a.h, b.w * b.h)
    return _shared(a, b) / smaller if smaller else 0.0


def pairs(first: Sequence[Box], second: Sequence[Box]) -> Iterator[tuple[int, int]]:
    """Yield the positions of paired boxes in the two sequences, each box at most once.

    The best overlap comes first; of equal overlaps, that of the earlier boxes.
    """
    return _pairs(first, second, overlap, SAME_FACE)


def pairs_sharing(first: Sequence[Box], second: Sequence[Box], least: float) -> Iterator[tuple[int, int]]:
    """Yield pairs as ``pairs`` does, of boxes of which the smaller shares more than ``least`` of itself."""
    return _pairs(first, second, part_shared, least)


def _pairs(
    first: Sequence[Box], second: Sequence[Box], measure: Callable[[Box, Box], float], least: float
) -> Iterator[tuple[int, int]]:
    measured = ((-measure(a, b), i, j) for i, a in enumerate(first) for j, b in enumerate(second))
    taken_first: set[int] = set()
    taken_second: set[int] = set()
    for _, i, j in sorted(each for each in measured if -each[0] > least):
        if i not in taken_first and j not in taken_second:
            taken_first.add(i)
            taken_second.add(j)
            yield i, j


def _shared(a: Box, b: Box) -> float:
    if not is_same_moment(a.moment, b.moment):
        return 0.0
    width = min(a.x + a.w, b.x + b.w) - max(a.x, b.x)
    height = min(a.y + a.h, b.y + b.h) - max(a.y, b.y)
    return max(width, 0.0) * max(height, 0.0)
