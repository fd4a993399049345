"""What blur and distance do to recognition by sface, and whether the quality of a face foretells it.

    python -m benchmarks.quality [--photos FOLDER] [--people N]

One photo of each of N people is spoilt, and compared with one other photo of every one of them. Printed
for each way to spoil it, and then for faces spoilt at random, by their quality: the mean similarity to
the same person's photo, and how often that photo is the most similar.
"""

import argparse
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby, pairwise
from pathlib import Path

import cv2
import numpy as np

from benchmarks.crops import PHOTOS, SEED, Sample, gather, make_detector
from pipeline.description.crop import cut
from pipeline.description.embedder import Embedder, load_embedder
from pipeline.description.quality import assess
from pipeline.models.registry import SFACE
from pipeline.models.runtime import RuntimeOptions
from pipeline.models.weights import WeightsStore
from pipeline.values import F32, Box, DetectedFace, Size

BLURS = (0, 2, 3, 4, 7)  # standard deviation, per cent of the width of the box
SIDES = (40, 30, 20, 12, 8)  # shorter side of the box, pixels
EACH = 4
BANDS = (0, 0.05, 0.2, 0.4, 0.6, 0.8, 1.01)


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """One photo of each person to be spoilt, and the descriptors of one other, in the same order."""

    probes: Sequence[Sample]
    gallery: F32


@dataclass(frozen=True, slots=True, eq=False)
class Recognition:
    """For each of N probes: quality, similarity to the same person, and 1 where nobody is more similar."""

    quality: F32
    similarity: F32
    first: F32

    def show(self, name: str) -> None:
        """Print one line of the table."""
        mean = (
            f"{self.similarity.mean():.2f}  {self.first.mean():4.0%}  quality {np.median(self.quality):.2f}"
        )
        print(f"{name:24}{len(self.first):4} faces  {mean}", flush=True)


def blurred(sample: Sample, percent: float) -> Sample:
    if not percent:
        return sample
    pixels = cv2.GaussianBlur(sample.photo.pixels, (0, 0), percent / 100 * sample.face.box.w)
    return replace(sample, photo=replace(sample.photo, pixels=np.asarray(pixels, np.uint8)))


def shrunk(sample: Sample, side: float) -> Sample:
    """As if the photo had been taken from further away."""
    box, size = sample.face.box, sample.photo.size
    width = max(1, round(size.width * side / min(box.w, box.h)))
    scale = width / size.width
    height = max(1, round(size.height * scale))
    pixels = np.asarray(
        cv2.resize(sample.photo.pixels, (width, height), interpolation=cv2.INTER_AREA), np.uint8
    )
    smaller = Box(box.x * scale, box.y * scale, box.w * scale, box.h * scale)
    face = DetectedFace(smaller, sample.face.landmarks * np.float32(scale), sample.face.confidence)
    return replace(sample, photo=replace(sample.photo, size=Size(width, height), pixels=pixels), face=face)


def spoilt_at_random(generator: np.random.Generator, sample: Sample) -> Sample:
    if generator.random() < 0.5:
        return blurred(sample, generator.uniform(0.3, 7))
    return shrunk(sample, generator.uniform(8, 60))


def recognise(people: People, spoil: Callable[[Sample], Sample], embedder: Embedder) -> Recognition:
    spoilt = [spoil(probe) for probe in people.probes]
    crops = np.stack([cut(sample.photo, sample.face, embedder.protocol) for sample in spoilt])
    similarity = embedder.embed(crops) @ people.gallery.T
    own = np.arange(len(spoilt))
    quality = np.array([assess(sample.photo, sample.face).score for sample in spoilt], np.float32)
    first = (similarity.argmax(axis=1) == own).astype(np.float32)
    return Recognition(quality, similarity[own, own], first)


def by_quality(found: Sequence[Recognition]) -> None:
    quality, similarity, first = (
        np.concatenate([getattr(one, name) for one in found]) for name in ("quality", "similarity", "first")
    )
    for low, high in pairwise(BANDS):
        inside = (quality >= low) & (quality < high)
        if inside.any():
            Recognition(quality[inside], similarity[inside], first[inside]).show(f"quality {low} to {high}")


def choose_people(samples: Sequence[Sample], count: int, embedder: Embedder) -> People:
    """The first people with three photos or more."""
    groups = [list(group) for _, group in groupby(samples, key=lambda sample: sample.person)]
    chosen = [group for group in groups if len(group) >= 3][:count]
    crops = np.stack([cut(group[1].photo, group[1].face, embedder.protocol) for group in chosen])
    return People([group[0] for group in chosen], embedder.embed(crops))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=Path, default=PHOTOS)
    parser.add_argument("--people", type=int, default=150)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder)
        embedder = load_embedder(SFACE, WeightsStore(cache), RuntimeOptions(cache, threads=0, streams=1))
        samples = gather(arguments.photos, None, make_detector(cache))
        people = choose_people(samples, arguments.people, embedder)
        for percent in BLURS:
            recognise(people, partial(blurred, percent=percent), embedder).show(f"blurred by {percent}%")
        for side in SIDES:
            recognise(people, partial(shrunk, side=side), embedder).show(f"{side} pixels")
        spoil = partial(spoilt_at_random, np.random.default_rng(SEED))
        by_quality([recognise(people, spoil, embedder) for _ in range(EACH)])


if __name__ == "__main__":
    main()
