"""Cuts a small picture of a face out of a photo, for people to look at; no network sees it.

It is a JPEG: libjpeg-turbo writes it in a tenth of the time that libwebp takes, at half as much again in
size. This module must not know where thumbnails are kept.
"""

from collections.abc import Iterable
from dataclasses import replace

import cv2
import numpy as np
import simplejpeg

from pipeline.geometry import eighth_turns
from pipeline.values import U8, Box, DecodedPhoto, DetectedFace, FaceCrop

LONG_EDGE = 320
"""Pixels of the longer side, at most: a face is not enlarged."""

MARGIN = 0.4
"""Shown around the box on each side, as a part of its longer side: hair, chin and ears."""

_QUALITY = 80


def with_thumbnails(photo: DecodedPhoto, crops: Iterable[FaceCrop]) -> list[FaceCrop]:
    """Return crops of a photo, each with its thumbnail."""
    return [replace(each, thumbnail=cut_thumbnail(photo, each.face)) for each in crops]


def cut_thumbnail(photo: DecodedPhoto, face: DetectedFace) -> bytes:
    """Return the JPEG of a face and what is around it, square where the photo has room, turned upright.

    Its finest detail is that of the photo as it is decoded.
    """
    around = _around(photo.pixels, face.box, photo.scale)
    return encode_jpeg(np.rot90(shrink(around, LONG_EDGE), _quarter_turns(face)))


def shown_side(box: Box) -> float:
    """Return the side of the square that a thumbnail shows, in pixels of the photo."""
    return max(box.w, box.h) * (1 + 2 * MARGIN)


def shrink(pixels: U8, long_edge: int) -> U8:
    """Return a picture, uint8 [H, W, 3], of which the longer side has at most ``long_edge`` pixels."""
    height, width = pixels.shape[:2]
    ratio = long_edge / max(height, width)
    if ratio >= 1:
        return pixels
    size = max(1, round(width * ratio)), max(1, round(height * ratio))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def encode_jpeg(pixels: U8, quality: int = _QUALITY) -> bytes:
    """Return the JPEG of an RGB picture, uint8 [H, W, 3]."""
    whole = np.ascontiguousarray(pixels)
    return bytes(simplejpeg.encode_jpeg(whole, quality=quality, colorsubsampling="420"))


def _around(pixels: U8, box: Box, scale: float) -> U8:
    """Return the square around a box, moved into the photo, and cut where the photo is smaller."""
    side = shown_side(box) * scale
    rows = _span((box.y + box.h / 2) * scale, side, pixels.shape[0])
    columns = _span((box.x + box.w / 2) * scale, side, pixels.shape[1])
    return pixels[rows, columns]


def _span(middle: float, length: float, limit: int) -> slice:
    whole = min(max(1, round(length)), limit)
    start = min(max(0, round(middle - length / 2)), limit - whole)
    return slice(start, start + whole)


def _quarter_turns(face: DetectedFace) -> int:
    """Return how many quarter turns, counterclockwise, set a face upright; a tilted head stays tilted."""
    if not face.landmarks.size:
        return 0
    return (0, 0, 1, 2, 2, 2, 3, 0)[eighth_turns(face.landmarks)]
