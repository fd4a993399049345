"""Boxes of faces by photo: read from an export, held against the truth of a made library."""

import csv
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
from PIL import Image

from pipeline.geometry import overlap
from pipeline.values import F32

_T = TypeVar("_T")

FOUND = 0.3
"""Overlap (IoU) with a true box, which is only about right, from which on a face counts as found."""

Boxes = dict[Path, list[list[float]]]
"""The faces of each photo as x, y, w, h in the upright photo."""


def photos_under(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in {".jpg", ".jpeg", ".png"})


def upright(path: Path, box: Sequence[float]) -> list[float]:
    """A box of the photo as stored, in the photo turned upright."""
    x, y, w, h = box
    with Image.open(path) as image:
        width, height, turned = image.width, image.height, image.getexif().get(0x0112, 1)
    return {
        3: [width - x - w, height - y - h, w, h],
        6: [height - y - h, x, h, w],
        8: [y, width - x - w, h, w],
    }.get(turned, [x, y, w, h])


def with_copies(found: Mapping[Path, _T], photos: Sequence[Path], nothing: _T) -> dict[Path, _T]:
    """What was found in all photos: an export names one of several files with the same content."""
    contents = {path: hashlib.sha256(path.read_bytes()).digest() for path in photos}
    by_content = {contents[path]: each for path, each in found.items()}
    return {path: by_content.get(content, nothing) for path, content in contents.items()}


def truth_beside(folder: Path) -> Boxes:
    """The true faces of a made library; none where there is no truth.csv beside it."""
    path = folder.parent / "truth.csv"
    boxes: Boxes = {}
    if path.exists():
        with path.open(newline="") as file:
            for row in csv.DictReader(file):
                box = [float(row[side]) for side in "xywh"]
                boxes.setdefault((folder / row["photo"]).resolve(), []).append(box)
    return boxes


def recall(found: Boxes, truth: Boxes) -> tuple[int, int]:
    """How many of the true faces of the photos in ``found`` are there, and how many there should be."""
    hits = total = 0
    for photo, boxes in found.items():
        true = corners(truth.get(photo.resolve(), []))
        total += len(true)
        hits += int((overlap(true, corners(boxes)).max(axis=1, initial=0) >= FOUND).sum())
    return hits, total


def corners(boxes: Sequence[Sequence[float]]) -> F32:
    """Boxes x, y, w, h as left, top, right, bottom: float32 [N, 4]."""
    out = np.array(boxes, np.float32).reshape(-1, 4)
    out[:, 2:] += out[:, :2]
    return out
