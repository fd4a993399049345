"""Cuts a face out of a photo by one model's crop protocol, with one affine transform from photo to crop.

A face that is upside down, on its side or between is cut upright, as its landmarks say: by their own angle
where the protocol aligns them, else by eighths of a turn, so that its crop is nearly the one that the upright
photo would give, and by quarters exactly that one.
Sampling is bilinear where the crop is as fine as the photo or finer, and averages areas where it is coarser,
against aliasing. This module must not know which model the crop is for, nor how the face was found.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.geometry import eighth_turns
from pipeline.models.registry import AlignedCrop, BoxCrop, CropProtocol, StretchedCrop
from pipeline.values import F32, U8, DecodedPhoto, DetectedFace, Size

Affine = NDArray[np.float64]
"""[2, 3], applied to column vectors (x, y, 1); both frames begin at the corner of the top left pixel."""

_LARGE_FACE = 150
"""Shorter side of a box, photo pixels; few faces of a snapshot are more than twice as large."""

_SHAPE = np.array([0.86, 1.12])
"""Width and height of a face, in sides of its box where it is tilted by 45 degrees: a face is about 1.3 times
as high as wide, and its box that of an ellipse."""

_HALF = 0.5
"""From the corner of a pixel, this project's origin, to its centre, OpenCV's origin."""


def cut(photo: DecodedPhoto, face: DetectedFace, protocol: CropProtocol) -> U8:
    """Return the pixels of ``face``: uint8 [size, size, 3] RGB, contiguous, no view of the photo."""
    to_crop = placement(face, protocol, photo.size)
    to_crop[:, :2] /= photo.scale
    return _sample(photo.pixels, to_crop, protocol.size)


def scale_needed(face: DetectedFace, protocol: CropProtocol) -> float:
    """Return the smallest scale of the photo, at most 1, at which the crop is as fine as at full size.

    Where the photo's edge clips a widened box, the scale is too small by the part cut off.
    """
    if isinstance(protocol, AlignedCrop):
        return min(1.0, float(_magnification(_aligned_placement(face.landmarks, protocol)).max()))
    sides = _own_sides(face, np.array([face.box.w, face.box.h]))
    return min(1.0, _full_side(protocol) / float(sides.min()))


def wants_full_size(protocol: CropProtocol) -> bool:
    """Return whether most faces need the full-size photo.

    It depends on the protocol alone, so that one photo always gives the same descriptors.
    """
    return not isinstance(protocol, AlignedCrop) and _full_side(protocol) >= _LARGE_FACE


def _full_side(protocol: BoxCrop | StretchedCrop) -> float:
    """Return the shorter side of a box, in photo pixels, at which the crop is as fine as the photo."""
    target = protocol.short_side if isinstance(protocol, BoxCrop) else protocol.size
    return target / (1 + protocol.widen)


def placement(face: DetectedFace, protocol: CropProtocol, size: Size) -> Affine:
    """Return the transform from the full-size photo, of ``size``, to the crop."""
    if isinstance(protocol, AlignedCrop):
        return _aligned_placement(face.landmarks, protocol)
    left, right = _widened(face.box.x, face.box.w, protocol.widen, size.width)
    top, bottom = _widened(face.box.y, face.box.h, protocol.widen, size.height)
    sides = _own_sides(face, np.array([right - left, bottom - top]))
    if isinstance(protocol, StretchedCrop):
        scale = protocol.size / sides
    else:
        scale = np.full(2, protocol.short_side / sides.min())
    angle = math.radians(45 * eighth_turns(face.landmarks))
    cos, sin = math.cos(angle), math.sin(angle)
    linear = np.array([(cos, sin), (-sin, cos)]) * scale[:, None]
    centre = np.array([left + right, top + bottom]) / 2
    return np.column_stack([linear, protocol.size / 2 - linear @ centre])


def _aligned_placement(landmarks: F32, protocol: AlignedCrop) -> Affine:
    """Return the least-squares rotation, scale and shift from the landmarks to the template.

    Umeyama, "Least-squares estimation of transformation parameters between two point patterns", IEEE PAMI
    13(4), 1991, in the plane, without reflection. With points as complex numbers it is one projection.
    """
    source, target = landmarks.astype(np.float64), np.array(protocol.template) + _HALF
    source_mean, target_mean = source.mean(axis=0), target.mean(axis=0)
    p, q = (points @ (1, 1j) for points in (source - source_mean, target - target_mean))
    turn = np.vdot(p, q) / np.vdot(p, p).real
    linear = np.array([[turn.real, -turn.imag], [turn.imag, turn.real]])
    return np.column_stack([linear, target_mean - linear @ source_mean])


def _own_sides(face: DetectedFace, sides: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return width and height, [2], of a face that has a box of these sides, as it stands upright."""
    turns = eighth_turns(face.landmarks)
    if turns % 2:
        return np.asarray(sides.mean() * _SHAPE)
    return sides[::-1] if turns in (2, 6) else sides


def _widened(start: float, length: float, widen: float, limit: int) -> tuple[float, float]:
    """Return start and end of a side, widened about its middle, clipped to the photo, at least one pixel."""
    grow = length * widen / 2
    first = min(max(start - grow, 0.0), limit - 1.0)
    return first, max(min(start + length + grow, float(limit)), first + 1.0)


def _magnification(transform: Affine) -> NDArray[np.float64]:
    """Return crop pixels per photo pixel, along the photo's x and y, [2]."""
    return np.asarray(np.linalg.norm(transform[:, :2], axis=0), np.float64)


def _sample(pixels: U8, to_crop: Affine, size: int) -> U8:
    """Return the crop; beyond the border, it repeats the edges of the photo.

    A coarser crop is drawn at twice its size from a photo shrunk by whole factors, then halved: bilinear
    sampling then skips no pixel, and the work does not grow with the face.
    """
    window, to_crop = _shrunk(*_window(pixels, to_crop, size))
    fine = 1 if _magnification(to_crop).min() >= 1 else 2
    to_drawn = to_crop * fine
    to_drawn[:, 2] += to_drawn[:, :2] @ (_HALF, _HALF) - _HALF
    drawn = cv2.warpAffine(
        window, to_drawn, (size * fine, size * fine), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    if fine > 1:
        drawn = cv2.resize(drawn, (size, size), interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(drawn, np.uint8)


def _window(pixels: U8, to_crop: Affine, size: int) -> tuple[U8, Affine]:
    """Return the part of the photo in the crop, and its transform: OpenCV cannot warp huge photos."""
    corners = np.array([(0, 0), (size, 0), (0, size), (size, size)], np.float64)
    seen = (corners - to_crop[:, 2]) @ np.linalg.inv(to_crop[:, :2]).T
    limits = np.array(pixels.shape[1::-1])
    first = np.clip(np.floor(seen.min(axis=0)) - 1, 0, limits - 1).astype(int)
    last = np.clip(np.ceil(seen.max(axis=0)) + 1, first + 1, limits).astype(int)
    moved = to_crop.copy()
    moved[:, 2] += to_crop[:, :2] @ first
    return pixels[first[1] : last[1], first[0] : last[0]], moved


def _shrunk(window: U8, to_crop: Affine) -> tuple[U8, Affine]:
    """Average the window down to less than twice the fineness of the crop; return it and its transform."""
    sides = np.array(window.shape[1::-1])
    factors = np.maximum(1 / _magnification(to_crop), 1).astype(int)
    if factors.max() == 1:
        return window, to_crop
    smaller = np.maximum(np.round(sides / factors), 1).astype(int)
    scaled = to_crop.copy()
    scaled[:, :2] *= sides / smaller
    shrunk = cv2.resize(window, (int(smaller[0]), int(smaller[1])), interpolation=cv2.INTER_AREA)
    return np.asarray(shrunk, np.uint8), scaled
