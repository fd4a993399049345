"""How far the detector ``mtcnn`` agrees with the mtcnn package on the same pixels, in f32 and in bf16.

    python -m benchmarks.mtcnn_package FOLDER...

Each photo is shrunk to a long edge of 1,600 pixels and given to ``mtcnn.MTCNN().detect_faces`` and to our
cascade, both with their defaults. A face of the package counts as matched where one of ours overlaps it by
0.85 (IoU), and its landmarks as near where none is off by more than 3 % of the longer side of the box.
"""

import argparse
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from benchmarks.found_faces import corners, photos_under
from benchmarks.process import machine, print_table
from faceindex import Settings
from pipeline.detection.mtcnn_detector import MtcnnDetector
from pipeline.detection.mtcnn_networks import Mtcnn
from pipeline.detection.shrinking import shrunk
from pipeline.geometry import overlap
from pipeline.models.runtime import Precision, RuntimeOptions
from pipeline.values import U8

POINTS = ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right")
PRECISIONS: tuple[Precision, ...] = ("f32", "bf16")


@dataclass(slots=True)
class Tally:
    """What one detector found, against the package."""

    detector: MtcnnDetector
    faces: int = 0
    matched: int = 0
    near: int = 0
    seconds: list[float] = field(default_factory=list)

    def add(self, pixels: U8, theirs: list[dict[str, Any]]) -> None:
        """Look at one photo of which the package's faces are known."""
        started = time.perf_counter()
        found = self.detector.find(pixels)
        self.seconds.append(time.perf_counter() - started)
        self.faces += len(found.boxes)
        both = overlap(corners([face["box"] for face in theirs]), found.boxes)
        for face, overlaps in zip(theirs, both, strict=True):
            if overlaps.max(initial=0) < 0.85:
                continue
            self.matched += 1
            expected = np.array([face["keypoints"][name] for name in POINTS])
            distance = np.linalg.norm(found.landmarks[overlaps.argmax()] - expected, axis=1).max()
            self.near += bool(distance <= 0.03 * max(face["box"][2:]))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", type=Path, nargs="+")
    photos = [path for folder in parser.parse_args().folders for path in photos_under(folder)]
    import mtcnn

    package, cache = mtcnn.MTCNN(), Settings.load().cache_dir
    tallies = {
        precision: Tally(MtcnnDetector(Mtcnn(RuntimeOptions(cache, 0, 1, precision))))
        for precision in PRECISIONS
    }
    total, seconds = 0, []
    for path in photos:
        with Image.open(path) as image:
            pixels = shrunk(np.asarray(ImageOps.exif_transpose(image).convert("RGB")), 1600)
        started = time.perf_counter()
        theirs = package.detect_faces(pixels)
        seconds.append(time.perf_counter() - started)
        total += len(theirs)
        for tally in tallies.values():
            tally.add(pixels, theirs)
    print(f"{len(photos)} photos; {machine()}\n")
    lines = [["mtcnn 1.0.0", str(total), "", "", f"{1000 * float(np.median(seconds)):.0f}"]]
    for precision, tally in tallies.items():
        near = f"{tally.near} of {tally.matched}"
        milliseconds = f"{1000 * float(np.median(tally.seconds)):.0f}"
        lines.append(
            [f"ours, {precision}", str(tally.faces), f"{tally.matched} of {total}", near, milliseconds]
        )
    print_table(["detector", "faces", "matched", "landmarks near", "median ms a photo"], lines)


if __name__ == "__main__":
    main()
