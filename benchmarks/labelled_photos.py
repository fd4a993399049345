"""Faces of known people, from a folder of photos for each person, as Labeled Faces in the Wild has.

In each photo the face nearest the middle is taken.
"""

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from pipeline.detection.detector import DetectionOptions, Detector
from pipeline.detection.detectors import load_detector
from pipeline.models.runtime import RuntimeOptions
from pipeline.values import DecodedPhoto, DetectedFace, PhotoFile, Size

PHOTOS = Path(__file__).resolve().parents[2] / "shared" / "photos" / "lfw"
SEED = 20260101

WRONG_LABELS = {
    "Carlos_Ruckauf_0001.jpg",  # Eduardo Duhalde, of whom there are photos too
    "Mahmoud_Abbas_0012.jpg",  # a king in a headdress, and nobody else's photos are like it
    "Michael_Schumacher_0008.jpg",  # Rubens Barrichello
    "Recep_Tayyip_Erdogan_0004.jpg",  # Abdullah Gul, of whom there are photos too
}
"""Photos of Labeled Faces in the Wild that show somebody else than their folder says, seen by eye."""


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One face of a known person."""

    person: str
    photo: DecodedPhoto
    face: DetectedFace


def make_detector(cache: Path) -> Detector:
    """The detector of a new library."""
    return load_detector(DetectionOptions(), RuntimeOptions(cache, threads=0, streams=1))


def read(path: Path) -> DecodedPhoto:
    pixels = np.asarray(Image.open(path).convert("RGB"))
    size = Size(pixels.shape[1], pixels.shape[0])
    return DecodedPhoto(PhotoFile(bytes(path), 0, 0), bytes(32), size, None, pixels, 1.0, bytes(32))


def gather(folder: Path, people: int | None, detector: Detector) -> list[Sample]:
    found = []
    for person in sorted(path for path in folder.iterdir() if path.is_dir())[:people]:
        for path in sorted(person.glob("*.jpg")):
            photo = read(path)
            faces = detector.detect(photo)
            if faces:
                found.append(Sample(person.name, photo, min(faces, key=lambda face: off_centre(photo, face))))
    return found


def off_centre(photo: DecodedPhoto, face: DetectedFace) -> float:
    dx = face.box.x + face.box.w / 2 - photo.size.width / 2
    dy = face.box.y + face.box.h / 2 - photo.size.height / 2
    return math.hypot(dx, dy)


def rightly_labelled(samples: Sequence[Sample]) -> list[Sample]:
    return [each for each in samples if Path(os.fsdecode(each.photo.file.path)).name not in WRONG_LABELS]
