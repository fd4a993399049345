"""Matches boxes of the same face within one content.

A face that is found again, by another detector or after a rescan, has a slightly different box.
"""

from collections.abc import Iterator, Sequence

from pipeline.values import Box

SAME_FACE = 0.5
"""Boxes of one content that overlap by more than this, intersection over union, are of one face. Those of two
faces practically never do: the detector keeps no two that cover 0.7 of the smaller, and boxes of one size
that cover 0.66 of each other are at this limit."""


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


def pairs(first: Sequence[Box], second: Sequence[Box]) -> Iterator[tuple[int, int]]:
    """Pair boxes of the same face: the best overlap first, each box at most once.

    Of equal overlaps, that of the earlier boxes comes first.

    Yields:
        The position of a box in each of the two sequences.
    """
    overlaps = ((-overlap(a, b), i, j) for i, a in enumerate(first) for j, b in enumerate(second))
    taken_first: set[int] = set()
    taken_second: set[int] = set()
    for _, i, j in sorted(each for each in overlaps if -each[0] > SAME_FACE):
        if i not in taken_first and j not in taken_second:
            taken_first.add(i)
            taken_second.add(j)
            yield i, j
