"""How well the descriptors of each stack tell people apart: its own detector, crop and network.

In each photo the face nearest the middle counts, and a photo without a face is an error. Descriptors are
compared by their cosine, which orders pairs of unit vectors as their distance does. Groups are those of
average linkage; the distance up to which groups are joined is the best for one half of the people, drawn at
random, and the other half is measured. That is the same rule for all, and not how faceindex groups.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.cluster.hierarchy import fcluster, linkage

from benchmarks.found_faces import photos_under
from benchmarks.labelled_photos import SEED
from benchmarks.peers.stacks import Run, Stack
from faceindex.accuracy.cluster_agreement import agree
from faceindex.accuracy.identification import identify
from pipeline.values import F32

DRAWS = 20
"""Random halves of the people."""


@dataclass(frozen=True, slots=True)
class Accuracy:
    """What one stack reaches.

    Attributes:
        found: Photos in which a face was found.
        rank_1: Photos whose person comes first, of people known by one photo.
        b_cubed: B-cubed F of groups.
    """

    photos: int
    found: int
    rank_1: float
    b_cubed: float


def measure(stack: Stack, folder: Path) -> Accuracy:
    """Measure on a folder of photos for each person."""
    photos = photos_under(folder)
    people = [photo.parent.name for photo in photos]
    faces = middle_faces(stack.look(folder, photos, vectors=True), photos)
    identified = identify(faces, people)
    if identified is None:
        raise SystemExit(f"{folder} has no two people with two photos")
    found = int(has_face(faces).sum())
    return Accuracy(len(photos), found, identified.rank_1, mean_b_cubed(faces, people))


def middle_faces(run: Run, photos: Sequence[Path]) -> F32:
    """Unit descriptors of the faces nearest the middle, float32 [N, D]; zeros where there is none."""
    dimension = max(run.vectors[photo].shape[-1] for photo in photos)
    vectors = np.zeros((len(photos), dimension), np.float32)
    for row, photo in enumerate(photos):
        if boxes := run.boxes[photo]:
            with Image.open(photo) as image:
                middle = (image.width / 2, image.height / 2)
            distances = [math.dist(middle, (x + w / 2, y + h / 2)) for x, y, w, h in boxes]
            vectors[row] = run.vectors[photo][int(np.argmin(distances))]
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return vectors


def has_face(faces: F32) -> NDArray[np.bool_]:
    return np.asarray(faces.any(axis=1))


def mean_b_cubed(faces: F32, people: Sequence[str]) -> float:
    generator = np.random.default_rng(SEED)
    measured = []
    for _ in range(DRAWS):
        names = generator.permutation(sorted(set(people)))
        first = np.isin(people, names[: len(names) // 2])
        chosen, other = (Half.of(faces[half], np.array(people)[half].tolist()) for half in (first, ~first))
        measured.append(other.b_cubed(chosen.best_distance()))
    return float(np.mean(measured))


@dataclass(frozen=True, slots=True, eq=False)
class Half:
    """Half of the people, and the tree of average linkage of their faces; ``rows`` are photos with a face."""

    people: Sequence[str]
    rows: NDArray[np.intp]
    tree: NDArray[np.float64]

    @classmethod
    def of(cls, faces: F32, people: Sequence[str]) -> Self:
        """Link the faces, float32 [N, D]; zeros are no face."""
        rows = np.flatnonzero(has_face(faces))
        return cls(people, rows, linkage(faces[rows], "average", metric="cosine"))

    def b_cubed(self, distance: float) -> float:
        """The F of groups joined up to a distance; a photo without a face is in no group."""
        labels = -np.arange(1, len(self.people) + 1)
        labels[self.rows] = fcluster(self.tree, distance, "distance")
        agreement = agree(labels.tolist(), self.people)
        return agreement.b_cubed.f if agreement else 0.0

    def best_distance(self) -> float:
        """The distance of greatest F, in the middle between two joins of the tree."""
        heights = self.tree[:, 2]
        between = (heights[1:] + heights[:-1]) / 2
        return float(max(between, key=self.b_cubed))
