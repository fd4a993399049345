"""Shrinks an image to the size at which a detector takes it."""

import cv2
import numpy as np

from pipeline.values import U8


def shrunk(pixels: U8, long_edge: int) -> U8:
    """Shrink the image to ``long_edge`` pixels along its long edge; return itself if it has no more."""
    height, width = pixels.shape[:2]
    scale = long_edge / max(height, width)
    if scale >= 1:
        return pixels
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    # Halving averages pixels quickly; down to a half, bilinear sampling then skips none.
    while width >= 2 * size[0] and height >= 2 * size[1]:
        width, height = width // 2, height // 2
        pixels = np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR))
