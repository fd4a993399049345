"""A photo whose faces are known, and the conditions that such photos are gathered under."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from pipeline.values import U8, Box, DecodedPhoto, PhotoFile, Size

F64: TypeAlias = NDArray[np.float64]
"""Transforms are float64 [2, 3]: (x, y, 1) of one image to (x, y) of another."""

SHARED = Path(__file__).resolve().parents[3] / "shared"


@dataclass(frozen=True, slots=True, eq=False)
class KnownFace:
    """A true face, in pixels of the full-size photo.

    Attributes:
        box: From the eyebrows or the forehead to the chin, clipped to the photo.
        counted: Whether it must be found; else it is neither a hit nor a false face.
        source: The file of the photo that it was taken from, if the photo is made.
        placed: Transform from pixels of that photo to pixels of this one.
    """

    box: Box
    counted: bool = True
    source: Path | None = None
    placed: F64 | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """A photo and its faces. If they are not ``complete``, a further one is not counted as false."""

    name: str
    photo: DecodedPhoto
    faces: tuple[KnownFace, ...]
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Condition:
    """A row of the table: ``cases`` reads or makes its photos, the same ones each time."""

    group: str
    name: str
    cases: Callable[[], Iterable[Case]]


def as_photo(pixels: U8, scale: float = 1.0, name: str = "") -> DecodedPhoto:
    """Take pixels, uint8 [H, W, 3], for those of a photo decoded at ``scale``."""
    size = Size(round(pixels.shape[1] / scale), round(pixels.shape[0] / scale))
    return DecodedPhoto(PhotoFile(name.encode(), 0, 0), bytes(32), size, None, pixels, scale, bytes(32))


def read_pixels(path: Path) -> U8:
    """Read a photo upright, as uint8 [H, W, 3]."""
    with Image.open(path) as image:
        return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))


def shifted_scaled(x: float, y: float, scale: float) -> F64:
    """Return the transform that scales, then moves by (x, y)."""
    return np.array([[scale, 0, x], [0, scale, y]], np.float64)


def turn_about(x: float, y: float, degrees: float) -> F64:
    """Return the transform that turns to the right about a point."""
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    turn = np.array([[cosine, -sine, 0], [sine, cosine, 0]])
    turn[:, 2] = (x, y) - turn[:, :2] @ (x, y)
    return turn


def after(second: F64, first: F64) -> F64:
    """Return the transform that does ``first``, then ``second``."""
    return np.asarray(second @ np.vstack([first, [0, 0, 1]]), np.float64)


def moved(points: NDArray[np.floating], transform: F64) -> F64:
    """Move points [..., 2] by a transform."""
    return np.asarray(points @ transform[:, :2].T + transform[:, 2], np.float64)


def moved_box(box: Box, transform: F64) -> Box:
    """Return the upright box around a face's box after a transform.

    A face is an ellipse in its box, and so is what is left of it when it is turned.
    """
    centre = moved(np.array([box.x + box.w / 2, box.y + box.h / 2]), transform)
    half = np.sqrt((transform[:, :2] ** 2) @ np.array([(box.w / 2) ** 2, (box.h / 2) ** 2]))
    return Box(*(centre - half).tolist(), *(2 * half).tolist())


def clipped_box(box: Box, size: Size) -> Box:
    """Return the part of a box that is in a photo."""
    left, top = max(box.x, 0.0), max(box.y, 0.0)
    return Box(left, top, min(box.x + box.w, size.width) - left, min(box.y + box.h, size.height) - top)


def turned(case: Case, degrees: float) -> Case:
    """Turn a whole photo to the right: by quarter turns exactly, else on black, as a crooked scan."""
    photo, size = case.photo, case.photo.size
    height, width = photo.pixels.shape[:2]
    cosine, sine = abs(math.cos(math.radians(degrees))), abs(math.sin(math.radians(degrees)))
    if degrees % 90:
        out = (round(width * cosine + height * sine), round(width * sine + height * cosine))
    else:
        out = (height, width) if degrees % 180 else (width, height)

    def turn(wide: float, high: float, scale: float) -> F64:
        about = turn_about(wide / 2, high / 2, degrees)
        about[:, 2] += (out[0] / scale - wide) / 2, (out[1] / scale - high) / 2
        return about

    if degrees % 90:
        pixels = np.asarray(cv2.warpAffine(photo.pixels, turn(width, height, 1), out, flags=cv2.INTER_CUBIC))
    else:
        pixels = np.ascontiguousarray(np.rot90(photo.pixels, -round(degrees / 90)))
    transform = turn(size.width, size.height, photo.scale)
    faces = tuple(
        replace(
            face,
            box=moved_box(face.box, transform),
            placed=None if face.placed is None else after(transform, face.placed),
        )
        for face in case.faces
    )
    return Case(case.name, as_photo(pixels, photo.scale, case.name), faces, case.complete)
