"""Plans an image pyramid and packs it into square tiles of one size.

P-Net finds faces of one size, so it runs on ever smaller copies of the image. OpenVINO compiles a network
anew for each shape, so the copies are cut into pieces and packed into tiles of one shape. Pieces of one copy
overlap by what a window needs, so that no window is lost, and none reaches into a neighbour.
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
"""Ratio of each level's size to the one before, about the square root of a half (Zhang et al., 2016)."""

_OVERLAP = WINDOW - STRIDE


@dataclass(frozen=True, slots=True)
class Piece:
    """A rectangle of one level with ``columns`` x ``rows`` windows, and its place (tile, x, y).

    All coordinates are even, so that windows fall on the same pixels as if the level were whole.
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
        """Width in pixels."""
        return _length(self.columns)

    @property
    def height(self) -> int:
        """Height in pixels."""
        return _length(self.rows)


@dataclass(frozen=True, slots=True)
class Level:
    """One copy of the image: its scale (level pixels per image pixel), size and pieces."""

    scale: float
    size: Size
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Pyramid:
    """All levels of an image, largest first, and how many tiles their pieces fill."""

    levels: tuple[Level, ...]
    tiles: int


@lru_cache(maxsize=256)
def plan(size: Size, first_scale: float, tile: int) -> Pyramid:
    """Lay out the pyramid of an image of ``size`` on tiles of an even side.

    ``first_scale`` is that of the largest level: the window's side over the smallest face's.
    """
    shapes = list(_levels(size, first_scale))
    cuts = [
        (rows, columns, top, left, number)
        for number, (_, level) in enumerate(shapes)
        for top, rows in _spans(level.height, tile)
        for left, columns in _spans(level.width, tile)
    ]
    shelves = _Shelves(tile)
    pieces: list[list[Piece]] = [[] for _ in shapes]
    for rows, columns, top, left, number in sorted(cuts, key=lambda cut: -cut[0]):
        place = shelves.place(_length(columns), _length(rows))
        pieces[number].append(Piece(left, top, columns, rows, *place))
    levels = (Level(scale, level, tuple(own)) for (scale, level), own in zip(shapes, pieces, strict=True))
    return Pyramid(tuple(levels), len(shelves.heights))


def fill(pyramid: Pyramid, pixels: U8, tile: int) -> F32:
    """Return the tiles of an image, uint8 [H, W, 3]: float32 [tiles, tile, tile, 3], 0 to 255.

    Levels are averaged by area from the image itself and stay unrounded: rounding them, or making one from
    another, moves a face in fifty.
    """
    tiles = np.zeros((pyramid.tiles, tile, tile, 3), np.float32)
    image = AreaSampler(pixels)
    for level in pyramid.levels:
        shrunk = image.shrunk(level.size)
        for piece in level.pieces:
            _copy(shrunk, piece, tiles[piece.tile])
    return tiles


def _copy(level: F32, piece: Piece, tile: F32) -> None:
    """Copy a piece to its place; where it reaches past the edge of an odd-sized level, repeat the edge."""
    part = level[piece.top : piece.top + piece.height, piece.left : piece.left + piece.width]
    height, width = part.shape[:2]
    place = tile[piece.y : piece.y + piece.height, piece.x : piece.x + piece.width]
    place[:height, :width] = part
    place[height:, :width] = part[-1:]
    place[:, width:] = place[:, width - 1 : width]


def _levels(size: Size, first_scale: float) -> Iterator[tuple[float, Size]]:
    """Yield scale and size of each level that holds at least one window."""
    scale = first_scale
    while min(size.width, size.height) * scale >= WINDOW:
        yield scale, Size(int(size.width * scale), int(size.height * scale))
        scale *= SHRINK


def _length(windows: int) -> int:
    return windows * STRIDE + _OVERLAP


def _spans(length: int, tile: int) -> Iterator[tuple[int, int]]:
    """Yield start and number of windows of a side's pieces; a last odd pixel has a window too."""
    windows = (length - _OVERLAP + 1) // STRIDE
    most = (tile - _OVERLAP) // STRIDE
    for first in range(0, windows, most):
        yield first * STRIDE, min(most, windows - first)


class _Shelves:
    """Packs pieces, given by falling height, each onto the first shelf with room, else onto a new one."""

    def __init__(self, side: int) -> None:
        self._side = side
        self._shelves: list[tuple[int, int, int]] = []  # tile, x and y of the free space
        self.heights: list[int] = []  # used height of each tile

    def place(self, width: int, height: int) -> tuple[int, int, int]:
        for number, (tile, x, y) in enumerate(self._shelves):
            if x + width <= self._side:
                self._shelves[number] = (tile, x + width, y)
                return tile, x, y
        roomy = (tile for tile, used in enumerate(self.heights) if used + height <= self._side)
        tile = next(roomy, len(self.heights))
        if tile == len(self.heights):
            self.heights.append(0)
        y = self.heights[tile]
        self.heights[tile] += height
        self._shelves.append((tile, width, y))
        return tile, 0, y
