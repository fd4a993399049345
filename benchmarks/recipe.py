"""What each part of the recipe from a crop to a descriptor gives, and what it costs.

    python -m benchmarks.recipe [--photos FOLDER] [--models sface,facenet] [--cache FOLDER]
                                [--mean-of FOLDER ...]

FOLDER holds one folder of photos for each person, as Labeled Faces in the Wild does. In each photo the
face nearest the middle is taken. Printed for each recipe: LFW's accuracy over ten folds; the part of all
pairs of one person that is above the similarity which one in a thousand, ten thousand and a hundred thousand
pairs of strangers reaches; and milliseconds a face. Where the mean descriptor is taken away, it is that
of one half of the people, and the pairs are those of the other half, in turn; all figures are means over
both halves of three such divisions. Four photos of the collection that are of somebody else than their folder
says are left out. With --mean-of, only one recipe is tried: the mean taken away is that of all faces in
the photos of other folders.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.labelled_photos import PHOTOS, Sample, gather, make_detector, read, rightly_labelled
from faceindex.accuracy.pairs import draw_pairs
from faceindex.accuracy.verification import accuracy_over_folds, compare_all, threshold_at
from pipeline.description.crop import cut
from pipeline.description.embedder import load_embedder
from pipeline.detection.detector import Detector
from pipeline.models.registry import AlignedCrop, CropProtocol, ModelSpec, StretchedCrop, spec
from pipeline.models.runtime import RuntimeOptions
from pipeline.models.weights import WeightsStore
from pipeline.values import F32

USUAL_LANDMARKS = ((50.3, 64.4), (110.7, 63.4), (80.9, 90.4), (55.1, 113.6), (108.4, 112.7))
"""Where landmarks lie in crops of boxes widened by 0.2 and stretched to 160 pixels: their means here."""

RATES = (1e-3, 1e-4, 1e-5)
PHOTO_SUFFIXES = {".jpg", ".jpeg", ".png"}
DIVISIONS = (7, 8, 9)


@dataclass(frozen=True, slots=True, eq=False)
class Described:
    """Faces of one crop as the network gives them, of unit norm, and what that took of each.

    Attributes:
        vectors: float32 [N, D].
        flipped: The same of the mirror images; ``None`` where they were not asked for.
        milliseconds: A face, without its mirror image.
    """

    vectors: F32
    flipped: F32 | None
    milliseconds: float


def mean_of_people(vectors: F32, people: Sequence[str]) -> F32:
    """The mean descriptor, each person counting once, however many photos there are."""
    names, person = np.unique(np.asarray(people), return_inverse=True)
    sums = np.zeros((len(names), vectors.shape[1]), np.float64)
    np.add.at(sums, person, vectors)
    return np.asarray((sums / np.bincount(person)[:, None]).mean(axis=0), np.float32)


def unit(vectors: F32) -> F32:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def describe(model: ModelSpec, samples: Sequence[Sample], cache: Path, *, flip: bool) -> Described:
    """Describe faces by a model's network alone, as its crop protocol cuts them."""
    plain = replace(model, centred=False, mirrored=False)
    embedder = load_embedder(plain, WeightsStore(cache), RuntimeOptions(cache, threads=0, streams=1))
    crops = np.stack([cut(sample.photo, sample.face, model.crop) for sample in samples])
    embedder.embed(crops[:16])  # what is made at the first call is no part of the time
    start = time.perf_counter()
    vectors = embedder.embed(crops)
    taken = (time.perf_counter() - start) * 1000 / len(crops)
    return Described(
        vectors, embedder.embed(np.ascontiguousarray(crops[:, :, ::-1])) if flip else None, taken
    )


def scores(vectors: F32, people: Sequence[str]) -> list[float]:
    """Accuracy over the folds, and the part above what each rate of strangers reaches."""
    compared, pairs = compare_all(vectors, people), draw_pairs(people)
    folds = accuracy_over_folds(np.einsum("nd,nd->n", vectors[pairs.first], vectors[pairs.second]), pairs)
    passing = [float(np.mean(compared.genuine > threshold_at(compared.impostor, rate))) for rate in RATES]
    return [folds.accuracy if folds else 0.0, *passing]


def over_halves(vectors: F32, people: Sequence[str], *, centred: bool) -> list[float]:
    names, person = np.unique(np.asarray(people), return_inverse=True)
    found = []
    for division in DIVISIONS:
        chosen = np.random.default_rng(division).permutation(len(names))[: len(names) // 2]
        inside = np.isin(person, chosen)
        for half in (inside, ~inside):
            own, others = np.flatnonzero(half), np.flatnonzero(~half)
            tried: F32 = vectors[own]
            if centred:
                tried = unit(tried - mean_of_people(vectors[others], names[person[others]].tolist()))
            found.append(scores(tried, names[person[own]].tolist()))
    return [float(value) for value in np.mean(found, axis=0)]


def every_face(folders: Sequence[Path], detector: Detector) -> list[Sample]:
    """All faces in the photos below some folders, of whomever."""
    files = (path for folder in folders for path in folder.rglob("*"))
    photos = sorted(path for path in files if path.suffix.lower() in PHOTO_SUFFIXES)
    return [Sample("", photo, face) for photo in map(read, photos) for face in detector.detect(photo)]


def print_with_mean_of(
    model: ModelSpec, samples: Sequence[Sample], others: Sequence[Sample], cache: Path
) -> None:
    found = describe(model, samples, cache, flip=False).vectors
    mean = describe(model, others, cache, flip=False).vectors.mean(axis=0)
    accuracy, *passing = over_halves(unit(found - mean), [sample.person for sample in samples], centred=False)
    rates = "  ".join(f"{value:.4f}" for value in passing)
    print(f"{model.model_id:9}centred on {len(others)} other faces  {accuracy:.4f}  {rates}", flush=True)


def print_recipes(model: ModelSpec, samples: Sequence[Sample], cache: Path) -> None:
    people = [sample.person for sample in samples]

    def show(name: str, vectors: F32, milliseconds: float, *, centred: bool) -> None:
        accuracy, *passing = over_halves(vectors, people, centred=centred)
        rates = "  ".join(f"{value:.4f}" for value in passing)
        took = f"{milliseconds:6.1f} ms a face"
        print(f"{model.model_id:9}{name:34}{accuracy:.4f}  {rates}  {took}", flush=True)

    found = describe(model, samples, cache, flip=True)
    assert found.flipped is not None  # noqa: S101 -- it was asked for
    both = unit(found.vectors + found.flipped)
    for centred in (False, True):
        name = "centred" if centred else "plain"
        show(name, found.vectors, found.milliseconds, centred=centred)
        show(f"{name} + mirror image", both, 2 * found.milliseconds, centred=centred)
    for crop in other_crops(model):
        found = describe(replace(model, crop=crop), samples, cache, flip=False)
        name = f"widened by {crop.widen}" if isinstance(crop, StretchedCrop) else "aligned"
        show(f"centred, {name}", found.vectors, found.milliseconds, centred=True)


def other_crops(model: ModelSpec) -> Iterator[CropProtocol]:
    if isinstance(model.crop, StretchedCrop):
        yield from (replace(model.crop, widen=widen) for widen in (0.1, 0.3, 0.4))
        yield AlignedCrop(model.crop.size, USUAL_LANDMARKS)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=Path, default=PHOTOS)
    parser.add_argument("--models", default="sface,facenet")
    parser.add_argument("--cache", type=Path, help="a cache folder of faceindex")
    parser.add_argument("--mean-of", type=Path, nargs="+")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        cache = arguments.cache or Path(folder)
        detector = make_detector(cache)
        samples = rightly_labelled(gather(arguments.photos, None, detector))
        print(f"{len(samples)} faces of {len({sample.person for sample in samples})} people")
        for name in arguments.models.split(","):
            if arguments.mean_of:
                others = every_face(arguments.mean_of, detector)
                print_with_mean_of(spec(name), samples, others, cache)
            else:
                print_recipes(spec(name), samples, cache)


if __name__ == "__main__":
    main()
