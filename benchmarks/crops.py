"""How well each model tells people apart, under its own crop protocol and under others.

    python -m benchmarks.crops [--photos FOLDER] [--models sface,facenet] [--people N] [--cache FOLDER]

FOLDER holds one folder of photos for each person, as Labeled Faces in the Wild does. In each photo the
face nearest the centre is taken. All pairs of photos of one person are compared, and as many pairs of
different people, drawn with a fixed seed. Printed for each way to cut: the accuracy of the best
threshold, found on nine tenths of the pairs and tried on the tenth, ten times; and how many pairs of
one person pass the threshold that one in a thousand pairs of different people pass, and that threshold.
Descriptors are those of the network alone: benchmarks.recipe has what is made of them.
"""

import argparse
import math
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.description.crop import cut, placement
from pipeline.description.embedder import load_embedder
from pipeline.detection.cascade import MtcnnDetector
from pipeline.detection.mtcnn_networks import Mtcnn
from pipeline.models.registry import AlignedCrop, BoxCrop, CropProtocol, ModelSpec, StretchedCrop, spec
from pipeline.models.runtime import RuntimeOptions
from pipeline.models.weights import WeightsStore
from pipeline.values import F32, U8, DecodedPhoto, DetectedFace, PhotoFile, Size

PHOTOS = Path(__file__).resolve().parents[2] / "shared" / "photos" / "lfw"
SEED = 20260101
FOLDS = 10


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One face of a known person."""

    person: str
    photo: DecodedPhoto
    face: DetectedFace


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to cut a face."""

    name: str
    cut: Callable[[Sample], U8]


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Which samples are compared, [N, 2], and which of the pairs show one person, [N]."""

    samples: NDArray[np.intp]
    same: NDArray[np.bool_]


def make_detector(cache: Path) -> MtcnnDetector:
    return MtcnnDetector(Mtcnn(RuntimeOptions(cache, threads=0, streams=1)))


def read(path: Path) -> DecodedPhoto:
    pixels = np.asarray(Image.open(path).convert("RGB"))
    size = Size(pixels.shape[1], pixels.shape[0])
    return DecodedPhoto(PhotoFile(bytes(path), 0, 0), bytes(32), size, None, pixels, 1.0)


def gather(folder: Path, people: int | None, detector: MtcnnDetector) -> list[Sample]:
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


def make_pairs(samples: Sequence[Sample]) -> Pairs:
    generator = np.random.default_rng(SEED)
    people = np.array([sample.person for sample in samples])
    by_person = [np.flatnonzero(people == person) for person in np.unique(people)]
    same = [pair for members in by_person for pair in combinations(members, 2)]
    different: list[tuple[int, int]] = []
    while len(different) < len(same):
        first, second = generator.integers(len(samples), size=2)
        if people[first] != people[second]:
            different.append((first, second))
    order = generator.permutation(2 * len(same))
    return Pairs(np.array(same + different)[order], (np.arange(2 * len(same)) < len(same))[order])


def accuracy(similarity: F32, same: NDArray[np.bool_]) -> float:
    """Mean over the folds, each judged by the threshold that is best on the others."""
    fold = np.arange(len(same)) % FOLDS
    right = [
        np.mean(
            (similarity[fold == k] >= best_threshold(similarity[fold != k], same[fold != k]))
            == same[fold == k]
        )
        for k in range(FOLDS)
    ]
    return float(np.mean(right))


def best_threshold(similarity: F32, same: NDArray[np.bool_]) -> float:
    order = np.argsort(similarity)
    # If the threshold is the i-th value, the same-person pairs below it and the others from it on are wrong.
    wrong = np.concatenate([[0], np.cumsum(same[order])[:-1]]) + np.cumsum(~same[order][::-1])[::-1]
    return float(similarity[order][wrong.argmin()])


def reached_by_one_in_a_thousand(similarity: F32, same: NDArray[np.bool_]) -> float:
    """The similarity that one in a thousand pairs of different people reaches."""
    return float(np.quantile(similarity[~same], 0.999))


def passing(similarity: F32, same: NDArray[np.bool_]) -> float:
    """The part of same-person pairs at or above what one in a thousand of the others reaches."""
    return float(np.mean(similarity[same] >= reached_by_one_in_a_thousand(similarity, same)))


def by_protocol(name: str, protocol: CropProtocol) -> Variant:
    return Variant(name, lambda sample: cut(sample.photo, sample.face, protocol))


def by_nearest(protocol: CropProtocol) -> Variant:
    """The nearest pixel, with nothing between pixels and no averaging."""

    def sample_nearest(sample: Sample) -> U8:
        to_crop = placement(sample.face, protocol, sample.photo.size)
        to_crop[:, 2] += to_crop[:, :2] @ (0.5, 0.5) - 0.5
        side = (protocol.size, protocol.size)
        crop = cv2.warpAffine(
            sample.photo.pixels, to_crop, side, flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE
        )
        return np.asarray(crop, np.uint8)

    return Variant("documented, nearest pixel", sample_nearest)


def variants(model: ModelSpec) -> list[Variant]:
    documented, side = model.crop, model.crop.size
    others = [protocol for protocol in alternatives(documented, side) if protocol != documented]
    return [
        by_protocol("documented", documented),
        by_nearest(documented),
        *(by_protocol(str(protocol), protocol) for protocol in others),
    ]


def alternatives(documented: CropProtocol, side: int) -> list[CropProtocol]:
    if isinstance(documented, AlignedCrop):
        return [BoxCrop(widen=0.0, short_side=side, size=side)]
    widened = (0.2, 0.3, 0.4, 0.5)
    return [
        *(StretchedCrop(widen, side) for widen in widened),
        *(BoxCrop(widen, side, side) for widen in widened),
    ]


def print_scores(model: ModelSpec, samples: Sequence[Sample], pairs: Pairs, cache: Path) -> None:
    options = RuntimeOptions(cache, threads=0, streams=1)
    plain = replace(model, centred=False, mirrored=False)
    embedder = load_embedder(plain, WeightsStore(cache), options)
    for variant in variants(model):
        descriptors = embedder.embed(np.stack([variant.cut(sample) for sample in samples]))
        left, right = descriptors[pairs.samples[:, 0]], descriptors[pairs.samples[:, 1]]
        similarity = np.asarray((left * right).sum(axis=1), np.float32)
        reached = reached_by_one_in_a_thousand(similarity, pairs.same)
        scores = (
            f"{accuracy(similarity, pairs.same):.4f}  {passing(similarity, pairs.same):.4f}  {reached:.3f}"
        )
        print(f"{model.model_id:20}{variant.name:48}{scores}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=Path, default=PHOTOS)
    parser.add_argument("--models", default="sface,facenet")
    parser.add_argument("--people", type=int)
    parser.add_argument(
        "--cache", type=Path, help="a cache folder of faceindex, with weights that were fetched"
    )
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        cache = arguments.cache or Path(folder)
        samples = gather(arguments.photos, arguments.people, make_detector(cache))
        pairs = make_pairs(samples)
        print(f"{len(samples)} faces, {pairs.same.sum()} pairs of one person and as many of two")
        for name in arguments.models.split(","):
            print_scores(spec(name), samples, pairs, cache)


if __name__ == "__main__":
    main()
