"""Photos for the tests, made from pictures that packages ship, each with its own content."""

import io
import os
import time
from pathlib import Path

import numpy as np
import skimage.data
from PIL import Image, ImageEnhance


def astronaut(variety: int = 0) -> Image.Image:
    """Eileen Collins, one face, 256 x 256 pixels; each variety is another picture of her."""
    left, top = 96 + variety % 8 * 4, variety // 8 % 4 * 3
    picture = Image.fromarray(skimage.data.astronaut()).crop((left, top, left + 256, top + 256))
    return ImageEnhance.Brightness(picture).enhance(1 - variety * 0.01)


def landscape(variety: int = 0, width: int = 320, height: int = 240) -> Image.Image:
    """No face: a soft slope of colours."""
    rows, columns = np.mgrid[0:height, 0:width]
    channels = (columns * 200 // width, rows * 200 // height, np.full_like(rows, variety % 250))
    return Image.fromarray(np.stack(channels, axis=2).astype(np.uint8))


def jpeg(picture: Image.Image) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=90)
    return stream.getvalue()


def save(picture: Image.Image, path: Path, *, age: float = 3600) -> Path:
    """Write a photo, as if so many seconds ago: a scan reads one that is quite new once more."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(jpeg(picture))
    written = time.time_ns() - round(age * 1e9)
    os.utime(path, ns=(written, written))
    return path
