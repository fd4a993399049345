"""Makes what a model ships beside its weights: its mean descriptor, and the curve of its similarities.

    python -m benchmarks.centre [--photos FOLDER] [--models sface,facenet] [--cache FOLDER] [--write]

FOLDER holds one folder of photos for each person, as Labeled Faces in the Wild does. With --write, the mean
descriptor, each person counting once, is written to pipeline/models/centres; else it is compared with the
one there. Printed: how many pairs there are, and the numbers of the curve that stand in
index/recognition/thresholds.py: the similarity that each part of the pairs of strangers reaches, and the
logistic regression of the two kinds of pairs, both counting alike.
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.labelled_photos import PHOTOS, Sample, gather, make_detector, rightly_labelled
from benchmarks.recipe import describe, mean_of_people, unit
from faceindex.accuracy.verification import Comparisons, compare_all, threshold_at
from pipeline.description.embedder import CENTRES
from pipeline.models.registry import ModelSpec, spec
from pipeline.values import F32

RATES = (0.5, 0.1, 0.01, 1e-3, 1e-4, 1e-5)
STEPS = 50


def uncentred(model: ModelSpec, samples: Sequence[Sample], cache: Path) -> F32:
    """Mirrored where the model asks for it, not centred."""
    found = describe(model, samples, cache, flip=model.mirrored)
    return found.vectors if found.flipped is None else unit(found.vectors + found.flipped)


def logistic(compared: Comparisons) -> tuple[float, float]:
    """Where the evidence speaks neither way, and its slope, by Newton's method."""
    similarity = np.concatenate([compared.genuine, compared.impostor]).astype(float)
    same = np.arange(len(similarity)) < len(compared.genuine)
    weight = np.where(same, 0.5 / same.sum(), 0.5 / (~same).sum())
    columns = np.stack([np.ones(len(similarity)), similarity], axis=1)
    line = np.array([-5.0, 10.0])
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(-np.clip(columns @ line, -50, 50)))
        gradient = columns.T @ (weight * (same - chance))
        curvature = (columns * (weight * chance * (1 - chance))[:, None]).T @ columns
        line = line + np.linalg.solve(curvature, gradient)
    return float(-line[0] / line[1]), float(line[1])


def print_facts(model: ModelSpec, samples: Sequence[Sample], cache: Path, *, write: bool) -> None:
    people = [sample.person for sample in samples]
    vectors = uncentred(model, samples, cache)
    centre = mean_of_people(vectors, people)
    file = CENTRES / f"{model.model_id}.npy"
    if write:
        np.save(file, centre)
    shipped = np.load(file)
    print(f"{model.model_id}: shipped mean differs by {np.abs(shipped - centre).max():.1e}")
    compared = compare_all(unit(vectors - shipped), people)
    zero, slope = logistic(compared)
    reached = ", ".join(f"{threshold_at(compared.impostor, rate):.3f}" for rate in RATES)
    print(f"  {len(compared.genuine):,} pairs of one person, {len(compared.impostor):,} of two")
    print(f"  _measured(({reached}), zero={zero:.3f}, slope={slope:.1f})", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=Path, default=PHOTOS)
    parser.add_argument("--models", default="sface,facenet")
    parser.add_argument("--cache", type=Path, help="a cache folder of faceindex")
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        cache = arguments.cache or Path(folder)
        samples = rightly_labelled(gather(arguments.photos, None, make_detector(cache)))
        for name in arguments.models.split(","):
            print_facts(spec(name), samples, cache, write=arguments.write)


if __name__ == "__main__":
    main()
