"""Searches a photo for faces with YuNet: a look at a small copy, and finer looks where they are worth it.

The first look sees every face of a fortieth of the photo's long edge, and has an inkling of those half as
large. Finer looks, at tiles of a larger copy, cost up to eight times as much. They are taken of the whole
photo where the first look saw nothing, or only small faces, which seldom come alone; and else only around the
inklings.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from pipeline.detection.detections import Detections
from pipeline.detection.shrinking import shrunk
from pipeline.detection.yunet_network import SAME_FACE, Yunet
from pipeline.geometry import suppress
from pipeline.values import U8

FIRST_EDGE = 768
"""Long edge of the copy of the first look, pixels."""

LEAST = 0.1
"""Least probability of a candidate. Of faces of 20 pixels 98 in 100 reach 0.3, of 12 pixels a third."""

INKLING = 0.05
"""Probability in a first look from which a place deserves a finer one, if the face would be small."""

SURE = 0.5
"""Probability from which a candidate of the first look counts as a face."""

SMALL = 24.0
"""Longer side, pixels of the first look, below which a face may have others beside it that are not seen
there."""

MOST_ENLARGED = 2.0
"""A photo smaller than the finer copy is enlarged so many times at most."""

WORTH_IT = 1.25
"""Least scale of the finer copy, in scales of the first."""

TILE = 640
"""Side of a tile of the finer copy, pixels."""

TILES_OVERLAP = 96
"""By so many pixels neighbouring tiles overlap: larger faces are seen at the first look."""

_NEAR_CUT = 2.0
"""A box so near to an edge where a tile is cut out of the photo, pixels, may be of half a face."""


@dataclass(frozen=True, slots=True)
class _Tile:
    """A rectangle of the finer copy, pixels, and the size of that copy."""

    left: int
    top: int
    right: int
    bottom: int
    width: int
    height: int


class YunetSearch:
    """Finds candidates, without state between photos: threads may share it.

    ``long_edge`` is that of the finer copy, pixels.
    """

    def __init__(self, network: Yunet, long_edge: int) -> None:
        self._network = network
        self._long_edge = long_edge

    def candidates(self, pixels: U8) -> Detections:
        """Return the candidates in an image, uint8 [H, W, 3], RGB, likeliest first, in its pixels."""
        first = self._first_look(pixels)
        long_edge = max(pixels.shape[:2])
        seen_at = min(FIRST_EDGE / long_edge, 1.0)
        scale = min(self._long_edge / long_edge, MOST_ENLARGED)
        if scale < WORTH_IT * seen_at:
            return first.at_least(LEAST)
        tiles = _worthwhile(list(_tiles(pixels, scale)), first, seen_at, scale)
        finer = [self._finer_look(pixels, tile) for tile in tiles]
        first = first.at_least(LEAST)
        if not finer:
            return first
        found = Detections.joined([first, *finer])
        return found[suppress(found.boxes, found.probabilities, SAME_FACE)]

    def _first_look(self, pixels: U8) -> Detections:
        copy = shrunk(pixels, min(FIRST_EDGE, self._long_edge))
        found = self._network.look_at(copy, INKLING)
        return found.scaled(np.array(pixels.shape[1::-1]) / copy.shape[1::-1])

    def _finer_look(self, pixels: U8, tile: _Tile) -> Detections:
        """Look at one tile; faces too large for the overlap, or cut by its edge, are left to other looks."""
        height, width = pixels.shape[:2]
        x, y = width / tile.width, height / tile.height
        left, top = round(tile.left * x), round(tile.top * y)
        part = pixels[top : round(tile.bottom * y), left : round(tile.right * x)]
        size = (tile.right - tile.left, tile.bottom - tile.top)
        how = cv2.INTER_AREA if x > 1 else cv2.INTER_LINEAR
        found = self._network.look_at(np.asarray(cv2.resize(part, size, interpolation=how), np.uint8), LEAST)
        boxes = found.boxes
        low = np.array([tile.left > 0, tile.top > 0]) * _NEAR_CUT
        high = np.array(size) - np.array([tile.right < tile.width, tile.bottom < tile.height]) * _NEAR_CUT
        whole = ((boxes[:, :2] >= low) | (low == 0)).all(axis=1) & (
            (boxes[:, 2:] <= high) | (high == size)
        ).all(axis=1)
        small = (boxes[:, 2:] - boxes[:, :2]).max(axis=1, initial=0) <= TILES_OVERLAP
        scale = np.array(part.shape[1::-1]) / size
        return found[whole & small].scaled(scale).moved(np.array([left, top]))


def _worthwhile(tiles: list[_Tile], first: Detections, seen_at: float, scale: float) -> Iterator[_Tile]:
    """Yield the tiles at ``scale`` that deserve a finer look than the ``first``, which was at ``seen_at``."""
    sides = (first.boxes[:, 2:] - first.boxes[:, :2]).max(axis=1, initial=0) * seen_at
    sure, small = first.probabilities >= SURE, sides < SMALL
    if not sure.any() or (sure & small).any():
        yield from tiles
        return
    centres = (first.boxes[small, :2] + first.boxes[small, 2:]) / 2 * scale
    for tile in tiles:
        if ((centres >= (tile.left, tile.top)) & (centres < (tile.right, tile.bottom))).all(axis=1).any():
            yield tile


def _tiles(pixels: U8, scale: float) -> Iterator[_Tile]:
    """Yield the tiles of a copy of this scale."""
    height, width = (max(round(side * scale), 1) for side in pixels.shape[:2])
    for top, bottom in _spans(height):
        for left, right in _spans(width):
            yield _Tile(left, top, right, bottom, width, height)


def _spans(length: int) -> Iterator[tuple[int, int]]:
    """Yield start and end of the fewest equal parts of a side, overlapping, that fit a tile."""
    count = max(-(-(length - TILES_OVERLAP) // (TILE - TILES_OVERLAP)), 1)
    step = (length - TILES_OVERLAP) / count
    for number in range(count):
        yield round(number * step), min(round((number + 1) * step) + TILES_OVERLAP, length)
