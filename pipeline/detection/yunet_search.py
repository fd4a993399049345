"""Searches a photo for faces with YuNet, coarse to fine: a small copy whole, then tiles of a larger one.

The coarse pass finds every face of a fortieth of the photo's long edge, and responds weakly to those half as
large. The fine pass costs up to eight times as much. It takes all tiles where the coarse pass found no face,
or a small one, which seldom comes alone; and else only those with a weak response to a small face. Where the
larger copy is more than five times as large as the small one, fine passes over copies between find the faces
that are too large for its tiles.
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

COARSE_EDGE = 768
"""Long edge of the copy of the coarse pass, pixels."""

LEAST = 0.1
"""Least probability of a candidate. Of faces of 20 pixels 98 in 100 reach 0.3, of 12 pixels a third."""

WEAK = 0.05
"""Least probability of a weak response of the coarse pass."""

SURE = 0.5
"""Least probability of a candidate of the coarse pass that counts as a face."""

SMALL = 24.0
"""Longer side of a face, pixels of the coarse copy, below which it may have smaller ones beside it."""

MOST_ENLARGED = 2.0
"""The fine copy of a small photo is at most so many times as large as the photo."""

LEAST_GAIN = 1.25
"""Least scale of the fine copy, in scales of the coarse one, for a fine pass."""

MOST_GAIN = 4.0
"""Scale of a fine copy, in scales of the next smaller one: small enough that one of them finds each face."""

TILE = 640
"""Side of a tile of the fine copy, pixels."""

TILES_OVERLAP = 96
"""Pixels by which neighbouring tiles overlap: the coarse pass finds larger faces."""

_NEAR_CUT = 2.0
"""Distance, pixels, from an edge of a tile inside the photo, below which a box may be of half a face."""


@dataclass(frozen=True, slots=True)
class _Tile:
    """A rectangle of the fine copy, pixels, and the size of that copy."""

    left: int
    top: int
    right: int
    bottom: int
    width: int
    height: int


class YunetSearch:
    """Finds candidates, without state between photos: threads may share it.

    ``long_edge`` is that of the fine copy, pixels.
    """

    def __init__(self, network: Yunet, long_edge: int) -> None:
        self._network = network
        self._long_edge = long_edge

    def candidates(self, pixels: U8) -> Detections:
        """Return the candidates in an image, uint8 [H, W, 3], RGB, most probable first, in its pixels."""
        coarse = self._coarse_pass(pixels)
        long_edge = max(pixels.shape[:2])
        coarse_scale = min(COARSE_EDGE / long_edge, 1.0)
        scale = min(self._long_edge / long_edge, MOST_ENLARGED)
        fine = []
        while scale >= LEAST_GAIN * coarse_scale:
            tiles = _tiles_to_search(list(_tiles(pixels, scale)), coarse, coarse_scale, scale)
            fine += [self._fine_pass(pixels, tile) for tile in tiles]
            scale /= MOST_GAIN
        coarse = coarse.at_least(LEAST)
        if not fine:
            return coarse
        found = Detections.joined([coarse, *fine])
        return found[suppress(found.boxes, found.probabilities, SAME_FACE)]

    def _coarse_pass(self, pixels: U8) -> Detections:
        """Return candidates and weak responses, in pixels of the image."""
        copy = shrunk(pixels, min(COARSE_EDGE, self._long_edge))
        found = self._network.detect(copy, WEAK)
        return found.scaled(np.array(pixels.shape[1::-1]) / copy.shape[1::-1])

    def _fine_pass(self, pixels: U8, tile: _Tile) -> Detections:
        """Return the candidates of a tile, without those too large for the overlap, or cut by its edge."""
        height, width = pixels.shape[:2]
        x, y = width / tile.width, height / tile.height
        left, top = round(tile.left * x), round(tile.top * y)
        part = pixels[top : round(tile.bottom * y), left : round(tile.right * x)]
        size = (tile.right - tile.left, tile.bottom - tile.top)
        how = cv2.INTER_AREA if x > 1 else cv2.INTER_LINEAR
        copy = np.asarray(cv2.resize(part, size, interpolation=how), np.uint8)
        found = self._network.detect(copy, LEAST)
        boxes = found.boxes
        low = np.array([tile.left > 0, tile.top > 0]) * _NEAR_CUT
        high = np.array(size) - np.array([tile.right < tile.width, tile.bottom < tile.height]) * _NEAR_CUT
        whole = ((boxes[:, :2] >= low) | (low == 0)).all(axis=1) & (
            (boxes[:, 2:] <= high) | (high == size)
        ).all(axis=1)
        small = (boxes[:, 2:] - boxes[:, :2]).max(axis=1, initial=0) <= TILES_OVERLAP
        scale = np.array(part.shape[1::-1]) / size
        return found[whole & small].scaled(scale).moved(np.array([left, top]))


def _tiles_to_search(
    tiles: list[_Tile], coarse: Detections, coarse_scale: float, scale: float
) -> Iterator[_Tile]:
    """Yield the tiles of a copy of ``scale`` for the fine pass; ``coarse`` was found at ``coarse_scale``."""
    sides = (coarse.boxes[:, 2:] - coarse.boxes[:, :2]).max(axis=1, initial=0) * coarse_scale
    sure, small = coarse.probabilities >= SURE, sides < SMALL
    if not sure.any() or (sure & small).any():
        yield from tiles
        return
    centres = (coarse.boxes[small, :2] + coarse.boxes[small, 2:]) / 2 * scale
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
