"""What each part of the recipe from a crop to a descriptor gives, and what it costs.

    python -m benchmarks.recipe [--photos FOLDER] [--models sface,facenet] [--cache FOLDER]

FOLDER holds one folder of photos for each person, as Labeled Faces in the Wild does. In each photo the
face nearest the middle is taken. Printed for each recipe: LFW's accuracy over ten folds; the part of all
pairs of one person that is above the similarity which one in a thousand, ten thousand and a hundred thousand
pairs of strangers reaches; and milliseconds a face. Where the mean descriptor is taken away, it is that
of one half of the people, and the pairs are those of the other half, in turn; all figures are means over
both halves of three such divisions. Four photos of the collection that are of somebody else than their folder
says are left out.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.crops import PHOTOS, Sample, gather, make_detector
from faceindex.accuracy.pairs import draw_pairs
from faceindex.accuracy.verification import accuracy_over_folds, compare_all, threshold_at
from pipeline.crop import cut
from pipeline.embed import Embedder, load_embedder
from pipeline.models.registry import FACENET, CropProtocol, ModelSpec, StretchedCrop, spec
from pipeline.models.runtime import RuntimeOptions
from pipeline.models.weights import WeightsStore
from pipeline.values import F32, U8

WRONG_LABELS = {
    "Carlos_Ruckauf_0001.jpg",  # Eduardo Duhalde, of whom there are photos too
    "Mahmoud_Abbas_0012.jpg",  # a king in a headdress, and nobody else's photos are like it
    "Michael_Schumacher_0008.jpg",  # Rubens Barrichello
    "Recep_Tayyip_Erdogan_0004.jpg",  # Abdullah Gul, of whom there are photos too
}
"""Seen by eye, among the pairs of one person that every model finds least alike."""

RATES = (1e-3, 1e-4, 1e-5)
DIVISIONS = (7, 8, 9)
TIMED = 64


@dataclass(frozen=True, slots=True)
class Recipe:
    """One way from a face to a descriptor."""

    name: str
    crop: CropProtocol
    centred: bool
    mirrored: bool


def recipes(model: ModelSpec) -> Iterator[Recipe]:
    for centred in (False, True):
        for mirrored in (False, True):
            name = " + ".join(["plain", *["mirror image"] * mirrored, *["centred"] * centred])
            yield Recipe(name, model.crop, centred, mirrored)
    if model.model_id == FACENET.model_id:
        for widen in (0.1, 0.2, 0.3, 0.4):
            yield Recipe(f"centred, box widened by {widen}", StretchedCrop(widen, 160), True, False)


def rightly_labelled(samples: Sequence[Sample]) -> list[Sample]:
    return [
        sample
        for sample in samples
        if sample.photo.file.path.decode("utf-8", "replace").rpartition("/")[2] not in WRONG_LABELS
    ]


def mean_of_people(vectors: F32, people: Sequence[str]) -> F32:
    """The mean descriptor, each person counting once, however many photos there are."""
    names, person = np.unique(np.asarray(people), return_inverse=True)
    sums = np.zeros((len(names), vectors.shape[1]), np.float64)
    np.add.at(sums, person, vectors)
    return np.asarray((sums / np.bincount(person)[:, None]).mean(axis=0), np.float32)


def unit(vectors: F32) -> F32:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def plain_embedder(model: ModelSpec, crop: CropProtocol, cache: Path) -> Embedder:
    plain = replace(model, crop=crop, centred=False, mirrored=False)
    return load_embedder(plain, WeightsStore(cache), RuntimeOptions(cache, threads=0, streams=1))


def describe(embedder: Embedder, crops: U8, *, mirrored: bool) -> F32:
    vectors = embedder.embed(crops)
    return unit(vectors + embedder.embed(np.ascontiguousarray(crops[:, :, ::-1]))) if mirrored else vectors


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


def milliseconds(embedder: Embedder, crops: U8, *, mirrored: bool) -> float:
    few = crops[:TIMED]
    describe(embedder, few, mirrored=mirrored)
    start = time.perf_counter()
    describe(embedder, few, mirrored=mirrored)
    return (time.perf_counter() - start) * 1000 / len(few)


def print_recipes(model: ModelSpec, samples: Sequence[Sample], cache: Path) -> None:
    people = [sample.person for sample in samples]
    for recipe in recipes(model):
        embedder = plain_embedder(model, recipe.crop, cache)
        crops = np.stack([cut(sample.photo, sample.face, recipe.crop) for sample in samples])
        vectors = describe(embedder, crops, mirrored=recipe.mirrored)
        accuracy, *passing = over_halves(vectors, people, centred=recipe.centred)
        rates = "  ".join(f"{value:.4f}" for value in passing)
        taken = milliseconds(embedder, crops, mirrored=recipe.mirrored)
        print(
            f"{model.model_id:9}{recipe.name:34}{accuracy:.4f}  {rates}  {taken:6.1f} ms a face", flush=True
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=Path, default=PHOTOS)
    parser.add_argument("--models", default="sface,facenet")
    parser.add_argument("--cache", type=Path, help="a cache folder of faceindex")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        cache = arguments.cache or Path(folder)
        samples = rightly_labelled(gather(arguments.photos, None, make_detector(cache)))
        print(f"{len(samples)} faces of {len({sample.person for sample in samples})} people")
        for name in arguments.models.split(","):
            print_recipes(spec(name), samples, cache)


if __name__ == "__main__":
    main()
