"""Reads YCbCr of lower colour resolution that is stored without JPEG (TIFF 6.0, section 21).

Such pixels are stored in units: the brightness of a block, and its two colours. tifffile decompresses the
units as rows of bytes.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.decoding.tiff.tiff_structure import Directory, Photometric, Tag
from pipeline.values import U8

_BLOCKS = frozenset({1, 2, 4})


def block_of(picture: Directory) -> tuple[int, int] | None:
    """Return width and height of the blocks that share a colour; ``None`` if each pixel has its own."""
    sampling = picture.tags.get(Tag.YCBCR_SUBSAMPLING, (1, 1))
    if picture.photometric != Photometric.YCBCR or sampling in ((1, 1), (1,)):
        return None
    return (sampling[0], sampling[1]) if len(sampling) >= 2 else None


def is_readable(picture: Directory) -> bool:
    """Return whether units of bytes are stored one after another, without prediction."""
    block = block_of(picture)
    return (
        block is not None
        and set(block) <= _BLOCKS
        and set(picture.bits) == {8}
        and picture.samples == 3
        and not picture.is_planar
        and picture.first(Tag.PREDICTOR, 1) == 1
    )


def as_bytes(picture: Directory, block: tuple[int, int]) -> Directory:
    """Describe the units of a picture as rows of grey pixels, each a byte."""
    across, down = block
    unit = across * down + 2
    size = picture.size
    tags = dict(picture.tags)
    for tag in (Tag.SAMPLE_FORMAT, Tag.EXTRA_SAMPLES, Tag.YCBCR_SUBSAMPLING):
        tags.pop(tag, None)
    tags[Tag.WIDTH], tags[Tag.HEIGHT] = (-(-size.width // across) * unit,), (-(-size.height // down),)
    tags[Tag.SAMPLES], tags[Tag.BITS], tags[Tag.PHOTOMETRIC] = (1,), (8,), (Photometric.BLACK_IS_ZERO,)
    rows = min(picture.first(Tag.ROWS_PER_STRIP, size.height), size.height)
    tags[Tag.ROWS_PER_STRIP] = (-(-rows // down),)
    if Tag.TILE_WIDTH in tags:
        tags[Tag.TILE_WIDTH] = (picture.first(Tag.TILE_WIDTH, 1) // across * unit,)
        tags[Tag.TILE_HEIGHT] = (picture.first(Tag.TILE_HEIGHT, 1) // down,)
    return replace(picture, tags=tags)


def to_pixels(units: NDArray[Any], picture: Directory, block: tuple[int, int]) -> U8:
    """Return YCbCr, uint8 [H, W, 3], from rows of units."""
    across, down = block
    rows, columns = len(units), units.shape[1] // (across * down + 2)
    units = units.reshape(rows, columns, across * down + 2)
    size = picture.size
    pixels = np.empty((rows * down, columns * across, 3), np.uint8)
    brightness = units[..., : across * down].reshape(rows, columns, down, across)
    pixels[..., 0] = brightness.transpose(0, 2, 1, 3).reshape(rows * down, columns * across)
    for channel in (1, 2):
        colour = units[..., across * down + channel - 1]
        pixels[..., channel] = colour.repeat(down, axis=0).repeat(across, axis=1)
    return pixels[: size.height, : size.width]
