"""Matches boxes of the same face within one content.

A face that is found again, by another detector or after a rescan, has another box: about the same, not
the same. This module knows boxes, and nothing of where they come from.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipeline.values import Box

SAME_FACE = 0.5
"""Boxes of one content that overlap by more than this, intersection over union, are of one face. Of two
different faces they practically never do: the detector keeps no two that cover 0.7 of the smaller, and
boxes of one size that cover 0.66 of each other are at this limit."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Positions of two boxes of the same face, each in its own sequence."""

    first: int
    second: int


def overlap(a: Box, b: Box) -> float:
    """Intersection over union of two boxes, 0 to 1; 1 for equal ones, even where they are empty."""
    if a == b:
        return 1.0
    width = min(a.x + a.w, b.x + b.w) - max(a.x, b.x)
    height = min(a.y + a.h, b.y + b.h) - max(a.y, b.y)
    if width <= 0.0 or height <= 0.0:
        return 0.0
    shared = width * height
    return shared / (a.w * a.h + b.w * b.h - shared)


def surrounds(box: Box, x: float, y: float) -> bool:
    """Whether a point is in a box, its edges included."""
    return box.x <= x <= box.x + box.w and box.y <= y <= box.y + box.h


def pairs(first: Sequence[Box], second: Sequence[Box]) -> Iterator[Pair]:
    """Pair boxes of the same face: the best overlap first, each box at most once.

    Where two overlaps are equal, the earlier boxes go together.
    """
    overlaps = ((-overlap(a, b), Pair(i, j)) for i, a in enumerate(first) for j, b in enumerate(second))
    taken_first: set[int] = set()
    taken_second: set[int] = set()
    ranked = sorted(
        ((worth, pair) for worth, pair in overlaps if -worth > SAME_FACE),
        key=lambda each: (each[0], each[1].first, each[1].second),
    )
    for _, pair in ranked:
        if pair.first not in taken_first and pair.second not in taken_second:
            taken_first.add(pair.first)
            taken_second.add(pair.second)
            yield pair
