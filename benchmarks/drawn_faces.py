"""What is seen in boxes that people draw, if they draw them as roughly as a fifth of the face.

    python -m benchmarks.drawn_faces FOLDER... [--most 60] [--model sface] [--cache FOLDER]

Faces that the detector finds in photos of the folders are taken for missed ones: each gets a box whose sides
are up to a fifth longer or shorter than those of the face, and whose middle is up to a fifth of a side off.
The same faces are made hard to see, and only those that the detector then misses are drawn. Boxes are drawn
where no face is, too. Printed: how many have landmarks, how like the face's descriptor is to that of the face
as it was found, and how many milliseconds a box takes.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageOps

from benchmarks.labelled_photos import SEED, make_detector
from benchmarks.process import print_table
from pipeline.description.crop import cut
from pipeline.description.embedder import Embedder, load_embedder
from pipeline.detection.detectors import load_drawn_box_search
from pipeline.detection.drawn_box import DrawnBoxSearch
from pipeline.models.registry import spec
from pipeline.models.runtime import RuntimeOptions
from pipeline.models.weights import WeightsStore
from pipeline.values import F32, U8, Box, DecodedPhoto, DetectedFace, PhotoFile, Size

ROUGHLY = 0.2
BOXES_WITHOUT = 5
"""Boxes without a face drawn in each photo."""

SAME_FACE = 0.3
"""Overlap from which the detector has found a face again."""


@dataclass(slots=True)
class Score:
    """Boxes drawn, those with landmarks, and the cosines of their descriptors with those of the faces."""

    boxes: int = 0
    found: int = 0
    seconds: float = 0.0
    cosines: list[float] = field(default_factory=list)

    def row(self, name: str) -> list[str]:
        """Say it in the cells of a table."""
        alike = [f"{np.quantile(self.cosines, part):.2f}" for part in (0.5, 0.1) if self.cosines]
        return [
            name,
            f"{self.boxes:,}",
            f"{self.found / max(1, self.boxes):.1%}",
            *(alike or ["", ""]),
            f"{1000 * self.seconds / max(1, self.boxes):.0f}",
        ]


def covered(pixels: U8, face: DetectedFace) -> U8:
    """Cover the eyes by a grey bar."""
    left, right = face.landmarks[:2]
    wide, high = 0.75 * float(np.hypot(*(right - left))), 0.09 * face.box.h
    along = (right - left) / max(1e-6, float(np.hypot(*(right - left))))
    across, middle = np.array([-along[1], along[0]]) * high, (left + right) / 2
    corners = [middle + x * along * wide + y * across for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    return np.asarray(
        cv2.fillPoly(pixels.copy(), [np.rint(corners).astype(np.int32)], (90, 90, 90)), np.uint8
    )


def blurred(pixels: U8, face: DetectedFace) -> U8:
    """Blur the photo by a tenth of the face's height."""
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), max(0.3, face.box.h / 10)), np.uint8)


def half(pixels: U8, face: DetectedFace) -> U8:
    """Cover the left half of the face."""
    x, y, w, h = (round(each) for each in (face.box.x, face.box.y, face.box.w / 2, face.box.h))
    return np.asarray(cv2.rectangle(pixels.copy(), (x, y), (x + w, y + h), (90, 90, 90), -1), np.uint8)


HARMS: dict[str, Callable[[U8, DetectedFace], U8]] = {
    "eyes covered": covered,
    "left half covered": half,
    "blurred by a tenth": blurred,
}


def drawn(box: Box, generator: np.random.Generator) -> Box:
    """Draw a box roughly."""
    sides, middle = 1 + generator.uniform(-ROUGHLY, ROUGHLY, 2), generator.uniform(-ROUGHLY, ROUGHLY, 2)
    w, h = box.w * float(sides[0]), box.h * float(sides[1])
    x, y = box.x + box.w * (0.5 + float(middle[0])), box.y + box.h * (0.5 + float(middle[1]))
    return Box(x - w / 2, y - h / 2, w, h)


def empty_boxes(
    photo: DecodedPhoto, faces: tuple[DetectedFace, ...], generator: np.random.Generator
) -> Iterator[Box]:
    """Yield boxes of a photo that are no nearer to a face than a third of their side."""
    width, height, made = photo.size.width, photo.size.height, 0
    for _ in range(20 * BOXES_WITHOUT):
        side = float(generator.uniform(0.04, 0.3)) * min(width, height)
        x, y = float(generator.uniform(0, width - side)), float(generator.uniform(0, height - 1.2 * side))
        around = Box(x - side / 3, y - side / 3, side * 5 / 3, side * 1.2 + side * 2 / 3)
        if made < BOXES_WITHOUT and all(_shared(around, each.box) == 0 for each in faces):
            made += 1
            yield Box(x, y, side, 1.2 * side)


def _shared(one: Box, other: Box) -> float:
    """Return the intersection over union of two boxes."""
    width = min(one.x + one.w, other.x + other.w) - max(one.x, other.x)
    height = min(one.y + one.h, other.y + other.h) - max(one.y, other.y)
    both = max(0.0, width) * max(0.0, height)
    return both / (one.w * one.h + other.w * other.h - both)


@dataclass(frozen=True, slots=True)
class Looker:
    """Looks into boxes, and describes what is there."""

    search: DrawnBoxSearch
    embedder: Embedder

    def describe(self, photo: DecodedPhoto, face: DetectedFace) -> F32:
        """Describe a face, float32 [D]."""
        (vector,) = self.embedder.embed(cut(photo, face, self.embedder.protocol)[None])
        return np.asarray(vector, np.float32)

    def look(self, photo: DecodedPhoto, box: Box, score: Score, known: F32 | None = None) -> None:
        """Look into a box, and compare the face there with a known one."""
        start = time.perf_counter()
        found = self.search.find(photo.pixels, box)
        score.seconds += time.perf_counter() - start
        score.boxes += 1
        score.found += len(found.boxes)
        if known is not None and len(found.boxes):
            x1, y1, x2, y2 = found.boxes[0].tolist()
            face = DetectedFace(Box(x1, y1, x2 - x1, y2 - y1), found.landmarks[0], 1.0)
            score.cosines.append(float(self.describe(photo, face) @ known))


def photo_of(pixels: U8) -> DecodedPhoto:
    """Make a photo of pixels, uint8 [H, W, 3]."""
    height, width = pixels.shape[:2]
    return DecodedPhoto(PhotoFile(b"", 0, 0), bytes(32), Size(width, height), None, pixels, 1.0, bytes(32))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--most", type=int, default=60, help="photos of each folder")
    parser.add_argument("--model", default="sface")
    parser.add_argument("--cache", type=Path, help="a cache folder of faceindex")
    arguments = parser.parse_args()
    generator = np.random.default_rng(SEED)
    scores = {name: Score() for name in ("as it is", *HARMS, "no face")}
    with tempfile.TemporaryDirectory() as folder:
        cache = arguments.cache or Path(folder)
        runtime = RuntimeOptions(cache, threads=0, streams=1)
        embedder = load_embedder(spec(arguments.model), WeightsStore(cache), runtime)
        detector, looker = make_detector(cache), Looker(load_drawn_box_search(runtime), embedder)
        for path in (path for each in arguments.folders for path in _photos(each)[: arguments.most]):
            with Image.open(path) as picture:
                photo = photo_of(np.asarray(ImageOps.exif_transpose(picture).convert("RGB")))
            faces = detector.detect(photo)
            for face in faces:
                box, known = drawn(face.box, generator), looker.describe(photo, face)
                looker.look(photo, box, scores["as it is"], known)
                for name, harm in HARMS.items():
                    harmed = photo_of(harm(photo.pixels, face))
                    again = detector.detect(harmed)
                    if all(_shared(face.box, each.box) < SAME_FACE for each in again):
                        looker.look(harmed, box, scores[name], known)
            for box in empty_boxes(photo, faces, generator):
                looker.look(photo, box, scores["no face"])
    heads = ["the face", "boxes", "landmarks found", "median cosine", "lowest tenth", "ms a box"]
    print_table(heads, [score.row(name) for name, score in scores.items()], of_numbers=True)


def _photos(folder: Path) -> list[Path]:
    endings = {".jpg", ".jpeg", ".png"}
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in endings)


if __name__ == "__main__":
    main()
