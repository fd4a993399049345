"""Scales samples of any type and depth to 8 bits. It knows no image library."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.values import U8

DEEPEST_TABLE = 16
"""Bits up to which black is 0 and white all bits; deeper samples have more range than pictures use."""

_WHITES: tuple[float, ...] = (1.0, 255.0, 65535.0)
"""The value of white in samples of more range than pictures use is the first of these that they stay below:
programs store 0 to 1, or what they had in 8 or 16 bits."""
_SIGNED_WHITES: tuple[float, ...] = (127.0, 255.0, 32767.0, 65535.0)
_GLINTS = 1.5
"""How far nearly all pixels may exceed white where samples are floats: lossy codecs overshoot, and lights are
brighter than white paper."""
_NEARLY_ALL = 0.995
_DARKEST = 1 / 16
"""Share of the whole range that the brightest sample of a picture has at least that uses this range."""
_SAMPLED = 1 << 20

_BAND_PIXELS = 1 << 18
"""Pixels converted at a time, some of them to 8 bytes a sample."""


def to_8_bits(samples: NDArray[Any], bits: int | None = None) -> U8:
    """Scale samples [H, W, S] so that black is 0 and white 255.

    ``bits`` is their depth, if it is not that of their type.
    """
    depth = bits or 8 * samples.dtype.itemsize
    if samples.dtype.kind == "u" and depth <= DEEPEST_TABLE:
        return _by_table(samples, (1 << depth) - 1)
    pixels = np.empty(samples.shape, np.uint8)
    black, white = _range(samples)
    factor = 255 / (white - black) if white > black else 0.0
    for rows in bands(samples):
        values = np.nan_to_num(samples[rows].astype(np.float64), nan=black, posinf=white, neginf=black)
        pixels[rows] = np.rint(np.clip((values - black) * factor, 0, 255))
    return pixels


def bands(samples: NDArray[Any]) -> Iterator[slice]:
    """Yield the rows of an array, some at a time."""
    rows = max(1, _BAND_PIXELS // samples.shape[1])
    return (slice(top, top + rows) for top in range(0, len(samples), rows))


def _by_table(samples: NDArray[Any], white: int) -> U8:
    if white == 255 and samples.dtype == np.uint8:
        return samples
    pixels = np.empty(samples.shape, np.uint8)
    table = np.rint(np.arange(white + 1) * (255 / white)).astype(np.uint8)
    for rows in bands(samples):
        pixels[rows] = table[np.minimum(samples[rows], white)]
    return pixels


def _range(samples: NDArray[Any]) -> tuple[float, float]:
    """Return the values of black and white in samples whose type does not tell."""
    flat = samples.reshape(-1)
    some = flat[:: max(1, len(flat) // _SAMPLED)].astype(np.float64)
    some = some[np.isfinite(some)]
    if not len(some):
        return 0.0, 1.0
    if samples.dtype.kind == "f":
        return _float_range(some)
    limits = np.iinfo(samples.dtype)
    lowest, highest = float(some.min()), float(some.max())
    if lowest < 0:
        return (float(limits.min), float(limits.max)) if limits.bits <= DEEPEST_TABLE else (lowest, highest)
    if highest > limits.max * _DARKEST:
        return 0.0, float(limits.max)
    whites = _SIGNED_WHITES if samples.dtype.kind == "i" else _WHITES[1:]
    return 0.0, next((white for white in whites if highest <= white), highest)


def _float_range(some: NDArray[np.float64]) -> tuple[float, float]:
    low, high = (float(each) for each in np.quantile(some, (1 - _NEARLY_ALL, _NEARLY_ALL)))
    for white in _WHITES:
        if high <= _GLINTS * white and low >= (1 - _GLINTS) * white / 2:
            return 0.0, white
    return min(0.0, low), high
