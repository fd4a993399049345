"""Makes photos with known faces: heads of Labeled Faces in the Wild on photos without people.

The same seed makes the same photos. Sizes are given in pixels of the full-size photo; the pixels made are
those of the photo decoded at ``scale``, as a large JPEG is decoded for a detector.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np

from benchmarks.detectors.case import (
    SHARED,
    Case,
    KnownFace,
    after,
    as_photo,
    clipped_box,
    moved_box,
    read_pixels,
    shifted_scaled,
    turn_about,
)
from pipeline.values import U8, Box

LFW = SHARED / "photos" / "lfw"
LFW_FACE = Box(75, 65, 100, 120)
"""The face in a photo of 250 x 250 pixels of Labeled Faces in the Wild, which are aligned by a funnel."""

_HEAD_CENTRE, _HEAD_AXES = (125.0, 122.0), (70.0, 98.0)
"""The ellipse around a head that is pasted, in such a photo."""

Degrade: TypeAlias = Callable[[U8, np.random.Generator], U8]
"""Changes pixels, uint8 [H, W, 3]: of a source photo of 250 x 250, or of a whole photo."""

_DATA = {
    "skimage": "brick.png cell.png chelsea.png coffee.png coins.png grass.png gravel.png "
    "hubble_deep_field.jpg ihc.png moon.png motorcycle_left.png page.png retina.jpg rocket.jpg",
    "sklearn": "china.jpg flower.jpg",
}
_FOLDERS = {"skimage": "data", "sklearn": "datasets/images"}


def photos_without_people() -> list[Path]:
    """Photos that packages ship, without people, seen by eye."""
    found = []
    for package, names in _DATA.items():
        spec = find_spec(package)
        if spec is None or spec.origin is None:
            continue
        folder = Path(spec.origin).parent / _FOLDERS[package]
        found += [folder / name for name in names.split() if (folder / name).exists()]
    return found


@dataclass(frozen=True, slots=True)
class Scene:
    """How photos of a condition are made.

    Attributes:
        width: Of the photo, pixels; it is 4:3.
        heights: Heights of the faces, pixels of the photo, from which each photo's are drawn.
        counts: Numbers of faces, from which each photo's is drawn.
        tilts: Degrees to the right, from which each face's tilt is drawn. If any is not 0, upright faces are
            not counted.
        scale: Decoded pixels per pixel of the photo.
        degrade_face: What is done to each face.
        degrade_photo: What is done to the photo.
        sources: Photos that faces are taken from, instead of all.
    """

    width: int = 1600
    heights: Sequence[int] = (120,)
    counts: Sequence[int] = (1, 2, 3, 4, 6, 12)
    tilts: Sequence[float] = (0.0,)
    scale: float = 1.0
    degrade_face: Degrade | None = None
    degrade_photo: Degrade | None = None
    sources: Sequence[Path] = field(default=())


def make(scene: Scene, photos: int, seed: int) -> Iterator[Case]:
    """Make the photos of a scene."""
    for number in range(photos):
        yield make_photo(scene, number, np.random.default_rng((seed, number)))


def make_photo(scene: Scene, number: int, generator: np.random.Generator) -> Case:
    """Make one photo; faces lie on a grid, so that none covers another."""
    width, height = round(scene.width * scene.scale), round(scene.width * scene.scale * 3 / 4)
    pixels = background(width, height, number, generator)
    sources = scene.sources or all_sources()
    count = scene.counts[number % len(scene.counts)]
    faces = []
    for left, top, cell in _cells(width, height, count, generator):
        source = sources[int(generator.integers(len(sources)))]
        size = scene.heights[int(generator.integers(len(scene.heights)))] * scene.scale / LFW_FACE.h
        room = max(cell - 250 * size, 0)
        x, y = left + generator.uniform(0, room), top + generator.uniform(0, room)
        tilt = float(scene.tilts[int(generator.integers(len(scene.tilts)))])
        placed = after(shifted_scaled(x, y, size), turn_about(125, 125, tilt))
        face = read_pixels(source)
        if scene.degrade_face is not None:
            face = scene.degrade_face(face, generator)
        paste(pixels, face, placed, generator)
        counted = bool(tilt) or not any(scene.tilts)
        faces.append((source, counted, after(shifted_scaled(0, 0, 1 / scene.scale), placed)))
    if scene.degrade_photo is not None:
        pixels = scene.degrade_photo(pixels, generator)
    photo = as_photo(pixels, scene.scale)
    known = tuple(
        KnownFace(clipped_box(moved_box(LFW_FACE, placed), photo.size), counted, source, placed)
        for source, counted, placed in faces
    )
    return Case(f"{number:03d}", photo, known)


def _cells(
    width: int, height: int, count: int, generator: np.random.Generator
) -> Iterator[tuple[float, float, float]]:
    """Choose ``count`` squares of a grid: left, top and side of each."""
    rows = 1
    while rows * int(rows * width / height) < count:
        rows += 1
    columns, side = int(rows * width / height), height / rows
    for cell in generator.permutation(rows * columns)[:count].tolist():
        yield cell % columns * width / columns, cell // columns * side, side


def paste(pixels: U8, face: U8, placed: np.ndarray, generator: np.random.Generator) -> None:
    """Paste a head, with a soft edge, so that pixels of its photo go where the transform says."""
    size = float(np.sqrt(abs(np.linalg.det(placed[:, :2]))))
    if size < 1:  # averaged before it is sampled, as a camera does
        side = max(round(250 * size), 1)
        face = np.asarray(cv2.resize(face, (side, side), interpolation=cv2.INTER_AREA))
        placed = after(placed, shifted_scaled(0, 0, 250 / side))
    centre = np.array(_HEAD_CENTRE) * face.shape[0] / 250
    axes = np.array(_HEAD_AXES) * face.shape[0] / 250
    rows, columns = np.mgrid[0 : face.shape[0], 0 : face.shape[1]]
    radius = np.hypot((columns - centre[0]) / axes[0], (rows - centre[1]) / axes[1])
    mask = np.clip((1 - radius) / 0.08, 0, 1).astype(np.float32)
    corners = np.array([[0, 0], [face.shape[1], 0], [0, face.shape[0]], face.shape[1::-1]])
    reach = corners @ placed[:, :2].T + placed[:, 2]
    left, top = np.maximum(np.floor(reach.min(axis=0)).astype(int) - 1, 0)
    right, bottom = np.minimum(np.ceil(reach.max(axis=0)).astype(int) + 2, pixels.shape[1::-1])
    # Pixels are squares with a centre: OpenCV counts from the centre of the first, boxes from its corner.
    window = after(shifted_scaled(-left - 0.5, -top - 0.5, 1), after(placed, shifted_scaled(0.5, 0.5, 1)))
    shape = (int(right - left), int(bottom - top))
    flags = cv2.INTER_CUBIC if size > 1 else cv2.INTER_LINEAR
    head = cv2.warpAffine(face, window, shape, flags=flags, borderMode=cv2.BORDER_REPLICATE).astype(
        np.float32
    )
    alpha = cv2.warpAffine(mask, window, shape)[..., None]
    part = pixels[top:bottom, left:right]
    part[:] = (head * alpha + part * (1 - alpha)).clip(0, 255).astype(np.uint8)


def background(width: int, height: int, number: int, generator: np.random.Generator) -> U8:
    """Return one of the photos without people, cut to size, or (one in four) a smooth texture."""
    photos = [path for path in photos_without_people() if path.name != "chelsea.png"]  # a cat's face
    if number % 4 == 3 or not photos:
        return texture(width, height, generator)
    pixels = _read_once(photos[int(generator.integers(len(photos)))])
    scale = max(width / pixels.shape[1], height / pixels.shape[0])
    size = (max(round(pixels.shape[1] * scale), width), max(round(pixels.shape[0] * scale), height))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    whole = cv2.resize(pixels, size, interpolation=method)
    x, y = (size[0] - width) // 2, (size[1] - height) // 2
    return np.ascontiguousarray(whole[y : y + height, x : x + width])


@lru_cache(maxsize=32)
def _read_once(path: Path) -> U8:
    return read_pixels(path)


def texture(width: int, height: int, generator: np.random.Generator) -> U8:
    """A smooth coloured texture with some grain."""
    small = generator.integers(50, 210, (5, 7, 3), dtype=np.uint8)
    smooth = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC).astype(np.float32)
    grain = cv2.resize(generator.normal(0, 6, (height // 2, width // 2)).astype(np.float32), (width, height))
    return np.asarray((smooth + grain[..., None]).clip(0, 255), np.uint8)


@lru_cache(maxsize=1)
def all_sources() -> tuple[Path, ...]:
    """One photo of each person."""
    return tuple(sorted(folder.glob("*.jpg"))[0] for folder in sorted(LFW.iterdir()) if folder.is_dir())
