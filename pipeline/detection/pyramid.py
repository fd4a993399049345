"""An image pyramid cut into square tiles of one size, and what a window of a tile means in the image.

P-Net looks for faces of one size, so it is run on copies of the image that shrink step by step. Every
photo has other sizes of copies, and a network is compiled anew for each shape it meets; so the copies are
cut into pieces, and the pieces packed into square tiles of one shape. Pieces of one copy overlap by
what a window needs, so that no window is lost, and none reaches into a neighbour. This module knows
nothing of networks and photos.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from pipeline.detection.area_sampler import AreaSampler
from pipeline.values import F32, U8, Size

WINDOW, STRIDE = 12, 2
"""Side of P-Net's window and the step between windows, pixels of a level."""
SHRINK = 0.709
"""Each level's size as a part of the one before: about the square root of a half (Zhang et al., 2016)."""

_OVERLAP = WINDOW - STRIDE


@dataclass(frozen=True, slots=True)
class Piece:
    """A rectangle of one level, and where it stands.

    All coordinates are even, so that windows fall on the same pixels as if the level were whole.
    ``columns`` and ``rows`` count its windows; it is ``2 * columns + 10`` pixels wide.
    """

    left: int
    top: int
    columns: int
    rows: int
    tile: int
    x: int
    y: int

    @property
    def width(self) -> int:
        """Pixels."""
        return self.columns * STRIDE + _OVERLAP

    @property
    def height(self) -> int:
        """Pixels."""
        return self.rows * STRIDE + _OVERLAP


@dataclass(frozen=True, slots=True)
class Level:
    """One copy of the image: its scale (level pixels per image pixel), size and pieces."""

    scale: float
    size: Size
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Pyramid:
    """All levels of an image of one size, largest first, and how many tiles their pieces fill."""

    levels: tuple[Level, ...]
    tiles: int


@lru_cache(maxsize=256)
def plan(size: Size, first_scale: float, tile: int) -> Pyramid:
    """Lay out the pyramid of an image.

    Args:
        size: Of the image.
        first_scale: Of the largest level: the window's side over that of the smallest face sought.
        tile: Side of a tile, pixels, even.
    """
    shapes = list(_levels(size, first_scale))
    cuts = [(number, cut) for number, (_, level) in enumerate(shapes) for cut in _cuts(level, tile)]
    shelves = _Shelves(tile)
    pieces: list[list[Piece]] = [[] for _ in shapes]
    for number, (left, top, columns, rows) in sorted(cuts, key=lambda cut: -cut[1][3]):
        piece = Piece(left, top, columns, rows, 0, 0, 0)
        pieces[number].append(shelves.place(piece))
    levels = (Level(scale, level, tuple(own)) for (scale, level), own in zip(shapes, pieces, strict=True))
    return Pyramid(tuple(levels), shelves.tiles)


def fill(pyramid: Pyramid, pixels: U8, tile: int) -> F32:
    """The tiles of an image's pyramid.

    Args:
        pyramid: As planned for the image's size.
        pixels: uint8 [H, W, 3], the image.
        tile: As planned.

    Returns:
        float32 [tiles, tile, tile, 3], 0 to 255. Levels are averaged by area from the image itself and
        stay unrounded: rounding them, or making one from another, moves a face in fifty.
    """
    tiles = np.zeros((pyramid.tiles, tile, tile, 3), np.float32)
    image = AreaSampler(pixels)
    for level in pyramid.levels:
        shrunk = image.shrunk(level.size)
        for piece in level.pieces:
            _copy(shrunk, piece, tiles[piece.tile])
    return tiles


def _copy(level: F32, piece: Piece, tile: F32) -> None:
    """Copy a piece to its place; beyond the level's edge, where its size is odd, the edge is repeated."""
    part = level[piece.top : piece.top + piece.height, piece.left : piece.left + piece.width]
    height, width = part.shape[:2]
    place = tile[piece.y : piece.y + piece.height, piece.x : piece.x + piece.width]
    place[:height, :width] = part
    place[height:, :width] = part[-1:]
    place[:, width:] = place[:, width - 1 : width]


def _levels(size: Size, first_scale: float) -> Iterator[tuple[float, Size]]:
    """Scale and size of each level that holds at least one window."""
    scale = first_scale
    while min(size.width, size.height) * scale >= WINDOW:
        yield scale, Size(int(size.width * scale), int(size.height * scale))
        scale *= SHRINK


def _cuts(level: Size, tile: int) -> Iterator[tuple[int, int, int, int]]:
    """Left, top, columns and rows of the pieces of a level."""
    for top, rows in _spans(level.height, tile):
        for left, columns in _spans(level.width, tile):
            yield left, top, columns, rows


def _spans(length: int, tile: int) -> Iterator[tuple[int, int]]:
    """Start and number of windows of the pieces along one side; a last odd pixel has a window too."""
    windows = (length - _OVERLAP + 1) // STRIDE
    most = (tile - _OVERLAP) // STRIDE
    for first in range(0, windows, most):
        yield first * STRIDE, min(most, windows - first)


class _Shelves:
    """Packs pieces that come by falling height: each onto the first shelf with room, else onto a new one."""

    def __init__(self, tile: int) -> None:
        self._tile = tile
        self._shelves: list[tuple[int, int, int]] = []  # tile, y, x of the free space
        self._heights: list[int] = []  # used height of each tile

    @property
    def tiles(self) -> int:
        """How many tiles hold something."""
        return len(self._heights)

    def place(self, piece: Piece) -> Piece:
        """The piece with its place."""
        for number, (tile, y, x) in enumerate(self._shelves):
            if x + piece.width <= self._tile:
                self._shelves[number] = (tile, y, x + piece.width)
                return Piece(piece.left, piece.top, piece.columns, piece.rows, tile, x, y)
        tile, y = self._new_shelf(piece.height)
        self._shelves.append((tile, y, piece.width))
        return Piece(piece.left, piece.top, piece.columns, piece.rows, tile, 0, y)

    def _new_shelf(self, height: int) -> tuple[int, int]:
        for tile, used in enumerate(self._heights):
            if used + height <= self._tile:
                self._heights[tile] = used + height
                return tile, used
        self._heights.append(height)
        return len(self._heights) - 1, 0
