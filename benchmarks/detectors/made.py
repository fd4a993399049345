"""The conditions of made photos: sizes of faces, tilts, faces at the border, covered and degraded ones."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial

import cv2
import numpy as np

from benchmarks.detectors import degradation
from benchmarks.detectors.case import (
    Case,
    Condition,
    KnownFace,
    after,
    as_photo,
    clipped_box,
    moved_box,
    read_pixels,
    shifted_scaled,
    turned,
)
from benchmarks.detectors.labelled import turned_heads
from benchmarks.detectors.scenes import LFW_FACE, Scene, all_sources, make
from pipeline.values import Size

HEIGHTS_OF_LARGE = (12, 16, 20, 30, 40, 60, 100, 200, 400)
"""Heights of faces in photos of 4,000 x 3,000 pixels."""
HEIGHTS_OF_SMALL = (12, 16, 20, 30, 40, 60)
"""The same in photos of 1,000 x 750 pixels."""

TILTS = (15, 30, 45, 60, 90, 180, 270)

_LARGE = Scene(width=4000, scale=0.5)
_USUAL = Scene(heights=(80, 120, 180))
_DEGRADED_PHOTOS = {
    "dark": degradation.exposure(2.5, 6),
    "very dark": degradation.exposure(4, 6),
    "noise of 25 grey levels": degradation.exposure(1, 25),
    "a fifth of the contrast": degradation.contrast(0.2),
    "JPEG quality 20": degradation.as_jpeg(20),
    "JPEG quality 8": degradation.as_jpeg(8),
    "grey": degradation.GREY,
}
_DEGRADED_FACES = {
    "eyes covered": degradation.EYES,
    "nose, mouth and chin covered": degradation.MOUTH,
    "half of the face covered": degradation.HALF,
    "blurred by 3 % of its height": degradation.blurred(0.03),
    "blurred by 6 % of its height": degradation.blurred(0.06),
    "blurred by 10 % of its height": degradation.blurred(0.10),
    "shaken by 10 % of its height": degradation.shaken(0.10),
    "shaken by 20 % of its height": degradation.shaken(0.20),
}
_FRAMES = {
    "80 to 100 % of the height": (0.0, 0.0),
    "a quarter cut by the side": (0.25, 0.0),
    "a third cut by the side": (1 / 3, 0.0),
    "a quarter cut by the top": (0.0, -0.25),
    "a third cut by the top": (0.0, -1 / 3),
    "a quarter cut by the bottom": (0.0, 0.25),
    "a third cut by the bottom": (0.0, 1 / 3),
}
"""Shares of the face's width and height beyond the border."""


def size_conditions(photos: int) -> Iterator[Condition]:
    """Faces by size; of sparse photos, of crowds, and small ones beside a large one."""
    for height in HEIGHTS_OF_LARGE:
        counts = (1, 2, 4, 12) if height <= 200 else (1, 2, 3)
        scene = replace(_LARGE, heights=(height,), counts=counts)
        yield _made("size", f"{height} of 4,000 ({height / 40:.1f} %)", scene, photos)
    for height in HEIGHTS_OF_SMALL:
        scene = Scene(width=1000, heights=(height,), counts=(1, 2, 4, 12))
        yield _made("size", f"{height} of 1,000 ({height / 10:.1f} %)", scene, photos)
    for height in (20, 30, 60):
        scene = Scene(width=1000, heights=(height,), counts=(1, 2, 4, 12), sources=turned_heads())
        yield _made("size", f"turned heads, {height} of 1,000", scene, photos)
    mixed = replace(_LARGE, heights=(40, 50, 60, 400, 500), counts=(4, 8))
    yield _made("size", "40 to 60 beside 400 to 500 of 4,000", mixed, photos)
    crowd = replace(_LARGE, heights=range(20, 41), counts=(300,))
    yield _made("size", "300 of 20 to 40 of 4,000", crowd, max(photos // 4, 1))
    crowd = replace(_LARGE, heights=range(40, 81), counts=(300,))
    yield _made("size", "300 of 40 to 80 of 4,000", crowd, max(photos // 4, 1))


def tilt_conditions(photos: int) -> Iterator[Condition]:
    """Whole photos turned to the right, and single faces in upright ones."""
    for tilt in TILTS:
        yield Condition("photo turned by", f"{tilt}°", partial(_turned, _USUAL, photos, tilt))
    for tilt in TILTS:
        scene = replace(_USUAL, tilts=(0, tilt), counts=(2, 4, 6))
        yield _made("some faces turned by", f"{tilt}°", scene, photos)


def degraded_conditions(photos: int) -> Iterator[Condition]:
    """Photos and faces that are covered, dark, blurred and so on."""
    yield _made("degraded", "not at all", _USUAL, photos)
    for name, change in _DEGRADED_FACES.items():
        yield _made("degraded", name, replace(_USUAL, degrade_face=change), photos)
    for name, change in _DEGRADED_PHOTOS.items():
        yield _made("degraded", name, replace(_USUAL, degrade_photo=change), photos)


def frame_conditions(photos: int) -> Iterator[Condition]:
    """One face that fills the photo, whole or cut by the border."""
    for name, beyond in _FRAMES.items():
        yield Condition("fills the frame", name, partial(_filling, beyond, 3 * photos))


def _made(group: str, name: str, scene: Scene, photos: int) -> Condition:
    return Condition(group, name, partial(make, scene, photos, seed=len(group)))


def _turned(scene: Scene, photos: int, tilt: float) -> Iterator[Case]:
    return (turned(case, tilt) for case in make(scene, photos, seed=1))


def _filling(beyond: tuple[float, float], photos: int) -> Iterable[Case]:
    """Cut photos of Labeled Faces in the Wild so that the face fills them, and enlarge them to 800 pixels."""
    sources = all_sources()
    for number in range(photos):
        generator = np.random.default_rng((7, number))
        source = sources[int(generator.integers(len(sources)))]
        side = LFW_FACE.h / generator.uniform(0.8, 1.0)
        x = LFW_FACE.x + LFW_FACE.w / 2 - side / 2
        y = LFW_FACE.y + LFW_FACE.h / 2 - side / 2
        # The border is moved into the face by its share, at whichever side the sign says.
        if beyond[0]:
            x = LFW_FACE.x + beyond[0] * LFW_FACE.w
        if beyond[1] < 0:
            y = LFW_FACE.y - beyond[1] * LFW_FACE.h
        elif beyond[1] > 0:
            y = LFW_FACE.y + (1 - beyond[1]) * LFW_FACE.h - side
        placed = after(shifted_scaled(0, 0, 800 / side), shifted_scaled(-x, -y, 1))
        window = after(shifted_scaled(-0.5, -0.5, 1), after(placed, shifted_scaled(0.5, 0.5, 1)))
        pixels = cv2.warpAffine(
            read_pixels(source), window, (800, 800), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT
        )
        box = clipped_box(moved_box(LFW_FACE, placed), Size(800, 800))
        face = KnownFace(box, source=source, placed=placed)
        yield Case(f"{number:03d}", as_photo(np.asarray(pixels)), (face,), complete=False)
