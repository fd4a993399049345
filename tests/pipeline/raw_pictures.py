"""DNG files that tests make: pixels behind a colour filter or of three colours, perhaps with a preview."""

import io
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image

from pipeline.values import U8
from tests.pipeline.pictures import encoded

# Tags of TIFF 6.0, of TIFF/EP and of the DNG specification.
_ORIENTATION, _DATE_TIME, _MAKE, _MODEL = 274, 306, 271, 272
_CFA_SIZE, _CFA_PATTERN = 33421, 33422
_DNG_VERSION, _UNIQUE_MODEL, _COLOUR_MATRIX, _AS_SHOT_NEUTRAL, _ILLUMINANT = 50706, 50708, 50721, 50728, 50778
_SRGB_FROM_XYZ = (3.2405, -1.5371, -0.4985, -0.9693, 1.876, 0.0416, 0.0556, -0.204, 1.0572)  # IEC 61966-2-1
_D65 = 21


def dng(
    pixels: U8, *, orientation: int = 1, preview: bytes | U8 | None = None, linear: bool = False
) -> bytes:
    """Return a DNG of stored pixels, uint8 [H, W, 3] of even sides, and of a preview: a JPEG, or its pixels.

    The camera is one whose colours are those of sRGB.
    """
    matrix = tuple(part for each in _SRGB_FROM_XYZ for part in (round(each * 10_000), 10_000))
    camera = [
        (_ORIENTATION, "H", 1, orientation, True),
        (_MAKE, "s", 0, "Test", True),
        (_MODEL, "s", 0, "Camera", True),
        (_DATE_TIME, "s", 0, "2019:07:04 12:30:45", True),
        (_DNG_VERSION, "B", 4, (1, 4, 0, 0), True),
        (_UNIQUE_MODEL, "s", 0, "Test Camera", True),
        (_COLOUR_MATRIX, "2i", 9, matrix, True),
        (_AS_SHOT_NEUTRAL, "2I", 3, (1, 1, 1, 1, 1, 1), True),
        (_ILLUMINANT, "H", 1, _D65, True),
    ]
    bayer = [(_CFA_SIZE, "H", 2, (2, 2), True), (_CFA_PATTERN, "B", 4, (0, 1, 1, 2), True)]
    plain: dict[str, Any] = {"software": False, "metadata": None}
    raw: dict[str, Any] = {"photometric": "linear_raw" if linear else "cfa", **plain}
    light = np.rint((pixels / 255.0) ** 2.2 * 65_000).astype(np.uint16)
    light = light if linear else _filtered(light)
    own = [] if linear else bayer
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream) as writer:
        if preview is None:
            writer.write(light, extratags=[*camera, *own], **raw)
            return stream.getvalue()
        first: dict[str, Any] = {"subfiletype": 1, "subifds": 1, "extratags": camera, **plain}
        if isinstance(preview, bytes):
            width, height = Image.open(io.BytesIO(preview)).size
            shape: dict[str, Any] = {"shape": (height, width, 3), "dtype": np.uint8, "rowsperstrip": height}
            writer.write(iter([preview]), photometric="ycbcr", compression="jpeg", **shape, **first)
        else:
            writer.write(preview, photometric="rgb", **first)
        writer.write(light, extratags=own, **raw)
    return stream.getvalue()


def _filtered(light: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """Return what sensors behind a Bayer filter see: red first, blue last in each block of four."""
    seen = light[..., 1].copy()
    seen[::2, ::2], seen[1::2, 1::2] = light[::2, ::2, 0], light[1::2, 1::2, 2]
    return seen


def jpeg(pixels: U8, orientation: int | None = None) -> bytes:
    """Return a JPEG with EXIF of this orientation, or without EXIF."""
    if orientation is None:
        return encoded(Image.fromarray(pixels), "JPEG", quality=92)
    exif = Image.Exif()
    exif[_ORIENTATION] = orientation
    return encoded(Image.fromarray(pixels), "JPEG", quality=92, exif=exif.tobytes())
