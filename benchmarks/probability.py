"""Whether the probability beside a name holds, for faces of any quality.

    python -m benchmarks.probability [--photos FOLDER] [--model sface] [--people N]

FOLDER holds one folder of photos for each person, as Labeled Faces in the Wild does. Each photo is taken as
it is, and blurred, shaken, shrunk or turned by a random amount, and its face is found anew. Half of the
people who have enough photos are enrolled with one face or three, good enough for a template, into libraries
of one person, of ten and of a hundred; their other photos and everybody else's are probes. Half of the
probes, by weight, are of strangers, as the probability supposes. Printed, over ten such draws, for each
quality of the probe and each stated probability: how many faces are named so, and how many of those names
are wrong.
"""

import argparse
import math
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, product
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.labelled_photos import PHOTOS, Sample, gather, make_detector, rightly_labelled
from index.recognition.gallery import Gallery
from index.recognition.identify import identify
from index.recognition.templates import NO_YEAR, ConfirmedFaces
from index.recognition.thresholds import Thresholds, shipped
from index.values import RELIABLE
from pipeline.description.embedder import Embedder, load_embedder
from pipeline.description.quality import crop_and_assess
from pipeline.detection.detector import Detector
from pipeline.models.registry import spec
from pipeline.models.runtime import RuntimeOptions
from pipeline.models.weights import WeightsStore
from pipeline.values import F32, U8, DecodedPhoto, DetectedFace, Size

DRAWS = 10
PERSONS = (1, 10, 100)
ENROLLED = (1, 3)
QUALITIES = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1.01)
STATED = (0.0, 0.9, 0.99, 0.999, 1.01)


@dataclass(frozen=True, slots=True, eq=False)
class Probes:
    """Faces: descriptors float32 [N, D], persons and photos int64 [N], qualities float32 [N]."""

    vectors: F32
    persons: NDArray[np.int64]
    photos: NDArray[np.int64]
    qualities: F32


def harmed(sample: Sample, generator: np.random.Generator) -> Iterator[tuple[U8, tuple[float, float]]]:
    """Yield harmed copies of a photo, each with the place of the face's middle."""
    pixels, box = sample.photo.pixels, sample.face.box
    middle = (box.x + box.w / 2, box.y + box.h / 2)
    blur = box.w * generator.uniform(0.01, 0.1)
    yield np.asarray(cv2.GaussianBlur(pixels, (0, 0), blur), np.uint8), middle
    shaken = np.zeros((round(box.w * generator.uniform(0.1, 0.3)) or 1,) * 2, np.float32)
    shaken[len(shaken) // 2] = 1 / len(shaken)
    yield np.asarray(cv2.filter2D(pixels, -1, shaken), np.uint8), middle
    scale = generator.uniform(14, 40) / box.w
    small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    yield np.asarray(small, np.uint8), (middle[0] * scale, middle[1] * scale)
    turn = cv2.getRotationMatrix2D(middle, generator.uniform(0, 360), 1.0)
    size = pixels.shape[1::-1]
    turned = cv2.warpAffine(pixels, turn, size, borderMode=cv2.BORDER_REPLICATE)
    yield np.asarray(turned, np.uint8), middle


def found_at(detector: Detector, photo: DecodedPhoto, middle: tuple[float, float]) -> DetectedFace | None:
    """The face found in this place, if any is."""

    def distance(face: DetectedFace) -> float:
        box = face.box
        return math.hypot(box.x + box.w / 2 - middle[0], box.y + box.h / 2 - middle[1])

    nearest = min(detector.detect(photo), key=distance, default=None)
    return nearest if nearest and distance(nearest) < nearest.box.w / 2 else None


def collect(photos: Path, model: str, people: int | None) -> Probes:
    """Find and describe the faces of all people, as they are and harmed."""
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder)
        detector = make_detector(cache)
        embedder = load_embedder(
            spec(model), WeightsStore(cache), RuntimeOptions(cache, threads=0, streams=1)
        )
        samples = rightly_labelled(gather(photos, people, detector))
        return described(list(with_harmed(samples, detector)), embedder)


def with_harmed(samples: Sequence[Sample], detector: Detector) -> Iterator[tuple[int, Sample]]:
    """Yield each photo with its number, as it is and harmed."""
    generator = np.random.default_rng(0)
    for number, sample in enumerate(samples):
        yield number, sample
        for pixels, middle in harmed(sample, generator):
            size = Size(pixels.shape[1], pixels.shape[0])
            photo = replace(sample.photo, pixels=pixels, size=size)
            if face := found_at(detector, photo, middle):
                yield number, Sample(sample.person, photo, face)


def described(samples: Sequence[tuple[int, Sample]], embedder: Embedder) -> Probes:
    crops = [crop_and_assess(each.photo, each.face, embedder.protocol) for _, each in samples]
    _, persons = np.unique([each.person for _, each in samples], return_inverse=True)
    return Probes(
        embedder.embed(np.stack([crop.pixels for crop in crops])),
        persons.astype(np.int64),
        np.array([number for number, _ in samples], np.int64),
        np.array([crop.quality.score for crop in crops], np.float32),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Named:
    """Probes that were named: stated probability, whether it is right, quality and weight; arrays [N]."""

    stated: NDArray[np.float64]
    right: NDArray[np.bool_]
    qualities: F32
    weights: NDArray[np.float64]


def enrolled(faces: Probes, count: int, generator: np.random.Generator) -> dict[int, list[int]]:
    """Choose ``count`` faces good enough for a template, of as many photos, for half of the people."""
    everybody = generator.permutation(faces.persons.max() + 1).tolist()
    able = [each for each in everybody if len(np.unique(faces.photos[faces.persons == each])) > count]
    chosen = {}
    for person in able[: len(able) // 2]:
        own = generator.permutation(np.flatnonzero((faces.persons == person) & (faces.qualities >= RELIABLE)))
        _, first = np.unique(faces.photos[own], return_index=True)
        if len(first) >= count:
            chosen[person] = own[np.sort(first)][:count].tolist()
    return chosen


def ask(faces: Probes, chosen: dict[int, list[int]], thresholds: Thresholds) -> Named:
    """Ask who the faces of all other photos are, of the people who are enrolled with the chosen faces."""
    rows = np.array([row for own in chosen.values() for row in own])
    owners = np.repeat(list(chosen), [len(own) for own in chosen.values()])
    years = np.full(len(rows), NO_YEAR)
    confirmed = ConfirmedFaces(rows, owners, years, faces.qualities[rows], faces.vectors[rows])
    probes = np.flatnonzero(~np.isin(faces.photos, faces.photos[rows]))
    found = identify(Gallery(confirmed), faces.vectors[probes], thresholds)
    known = np.isin(faces.persons[probes], owners)
    weights = np.where(known, 1 / max(known.sum(), 1), 1 / (~known).sum())
    named = found.accepted
    stated = [thresholds.probability(float(each), len(chosen)) for each in found.similarities[named]]
    return Named(
        np.array(stated, np.float64),
        (found.person_ids == faces.persons[probes])[named],
        faces.qualities[probes][named],
        weights[named],
    )


def report(faces: Probes, thresholds: Thresholds) -> None:
    for among, count in product(PERSONS, ENROLLED):
        asked = []
        for seed in range(DRAWS):
            chosen = list(enrolled(faces, count, np.random.default_rng(seed)).items())
            groups = [dict(chosen[start : start + among]) for start in range(0, len(chosen), among)]
            asked += [ask(faces, group, thresholds) for group in groups if len(group) == among]
        if not asked:  # too few people for it
            continue
        print(f"\n{among} persons, {count} confirmed faces each: names of 100,000 faces, wrong ones of them")
        print(f"{'quality from':14}" + "".join(f"{f'{low:.1%} and more':>26}" for low in STATED[:-1]))
        stated, right, qualities, weights = (
            np.concatenate([getattr(each, name) for each in asked])
            for name in ("stated", "right", "qualities", "weights")
        )
        weights *= 50_000 / len(asked)
        for low, high in pairwise(QUALITIES):
            line = f"{low:<14}"
            for least, most in pairwise(STATED):
                inside = (qualities >= low) & (qualities < high) & (stated >= least) & (stated < most)
                number, wrong = weights[inside].sum(), weights[inside & ~right].sum()
                share = f"{wrong / number:.2%}" if number else "-"
                line += f"{number:>14,.0f}: {share:>10}"
            print(line, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=Path, default=PHOTOS)
    parser.add_argument("--model", default="sface")
    parser.add_argument("--people", type=int)
    arguments = parser.parse_args()
    faces = collect(arguments.photos, arguments.model, arguments.people)
    report(faces, shipped(spec(arguments.model).model_id))


if __name__ == "__main__":
    main()
