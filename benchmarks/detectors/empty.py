"""Photos without any face, to count false ones: what packages ship, patterns and noise."""

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from benchmarks.detectors.case import Case, Condition, as_photo, read_pixels
from benchmarks.detectors.labelled import PHOTOS, labelled_cases
from benchmarks.detectors.scenes import photos_without_people, texture
from pipeline.values import U8

EDGES = (640, 1600)
"""Long edges that each real photo is brought to."""

ANIMALS = {"chelsea.png"}

LEAST_HEIGHT = 150
"""Least height of a photo of people's bodies, pixels."""


def empty_conditions(photos: int) -> Iterator[Condition]:
    """Real photos at several sizes and upside down, bodies without their heads, animals, and made photos."""
    animals = [path for path in photos_without_people() if path.name in ANIMALS]
    others = [path for path in photos_without_people() if path.name not in ANIMALS]
    yield Condition("no face", "real photos", partial(_real, others))
    yield Condition("no face", "photos of people, below their faces", _bodies)
    yield Condition(
        "no face", "cats and dogs", partial(_real, [*animals, PHOTOS / "dlib-faces" / "dogs.jpg"])
    )
    yield Condition("no face", "noise, textures, patterns", partial(_made, max(photos // 4, 1)))


def _bodies() -> Iterator[Case]:
    """Cut off all that is above the chin of the lowest face, and some more."""
    for case in labelled_cases():
        faces = [face.box for face in case.faces]
        top = round(max(face.y + 1.3 * face.h for face in faces) * case.photo.scale)
        if case.photo.pixels.shape[0] - top > LEAST_HEIGHT:
            yield Case(case.name, as_photo(np.ascontiguousarray(case.photo.pixels[top:])), ())


def _real(paths: Iterable[Path]) -> Iterator[Case]:
    for path in (path for path in paths if path.exists()):
        pixels = read_pixels(path)
        for edge in EDGES:
            scale = edge / max(pixels.shape[:2])
            method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
            copy = np.asarray(cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=method))
            yield Case(f"{path.stem}-{edge}", as_photo(copy), ())
        yield Case(f"{path.stem}-mirrored", as_photo(np.ascontiguousarray(pixels[:, ::-1])), ())
        yield Case(f"{path.stem}-upside-down", as_photo(np.ascontiguousarray(pixels[::-1])), ())


def _made(photos: int) -> Iterator[Case]:
    for number in range(photos):
        generator = np.random.default_rng((11, number))
        for name, pixels in _patterns(generator).items():
            yield Case(f"{name}-{number}", as_photo(pixels), ())


def _patterns(generator: np.random.Generator) -> dict[str, U8]:
    fine = generator.integers(0, 256, (750, 1000, 3), dtype=np.uint8)
    coarse = generator.integers(0, 256, (38, 50, 3), dtype=np.uint8)
    blots = cv2.GaussianBlur(generator.normal(128, 400, (750, 1000)).astype(np.float32), (0, 0), 9)
    circles = np.full((750, 1000, 3), 200, np.uint8)
    for _ in range(120):
        x, y, radius, *colour = generator.integers(0, (1000, 750, 60, 256, 256, 256)).tolist()
        cv2.circle(circles, (x, y), radius, colour, -1 if radius % 2 else 3)
    return {
        "noise": fine,
        "coarse": np.asarray(cv2.resize(coarse, (1000, 750), interpolation=cv2.INTER_CUBIC)),
        "blots": np.repeat(blots.clip(0, 255).astype(np.uint8)[..., None], 3, axis=2),
        "circles": circles,
        "texture": texture(1000, 750, generator),
    }
