"""What ``faceindex adapt`` is worth for people it never saw.

    python -m benchmarks.adapt [--photos FOLDER] [--models sface,facenet] [--dimension N] [--plain]
                               [--people N] [--cache FOLDER]

FOLDER holds one folder of photos for each person, as Labeled Faces in the Wild does. People with three photos
or more are split into five parts. Four parts are what a library's owner has confirmed: from them is learned,
and decided whether that is kept, as the command does. The fifth part, and everybody with one photo, are
compared with each other before and after; what is not kept changes nothing. ``--plain`` leaves the model's
mean descriptor in, as for a model of which none was ever measured. ``--people`` has only so many of those
four parts confirmed.
"""

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.labelled_photos import PHOTOS, SEED, gather, make_detector
from faceindex.accuracy.verification import VerificationRates, compare_all, verify
from faceindex.adapt.adaptation import FEWEST_FACES
from faceindex.adapt.cross_validation import cross_validate
from faceindex.adapt.triplet_loss import LabelledDescriptors, identity_map, learn
from pipeline.description.crop import cut
from pipeline.description.embedder import load_embedder
from pipeline.description.projection import project
from pipeline.models.registry import ModelSpec, spec
from pipeline.models.runtime import RuntimeOptions
from pipeline.models.weights import WeightsStore
from pipeline.values import F32

PARTS = 5
RATES = (1e-2, 1e-3, 1e-4)


@dataclass(frozen=True, slots=True)
class Part:
    """What came of one part: whether the map was kept, and the figures before and after."""

    kept: bool
    before: tuple[float, ...]
    after: tuple[float, ...]


def describe(model: ModelSpec, photos: Path, cache: Path) -> tuple[F32, list[str]]:
    samples = gather(photos, None, make_detector(cache))
    embedder = load_embedder(model, WeightsStore(cache), RuntimeOptions(cache, threads=0, streams=1))
    crops = [cut(sample.photo, sample.face, model.crop) for sample in samples]
    chunks = [np.stack(crops[start : start + 64]) for start in range(0, len(crops), 64)]
    return np.concatenate(list(map(embedder.embed, chunks))), [sample.person for sample in samples]


def figures(people: LabelledDescriptors, vectors: F32) -> tuple[float, ...]:
    found = verify(compare_all(vectors, [str(person) for person in people.persons]))
    if found is None:
        raise SystemExit("there are no two photos of one person among those left out")
    return found.eer, 1 - found.auc, *tars(found)


def tars(found: VerificationRates) -> list[float]:
    by_rate = {each.far: each.tar for each in found.operating}
    return [by_rate.get(rate, float("nan")) for rate in RATES]


def run(faces: LabelledDescriptors, dimension: int, most_people: int | None) -> list[Part]:
    persons, counts = np.unique(faces.persons, return_counts=True)
    known = np.random.default_rng(SEED).permutation(persons[counts >= FEWEST_FACES])
    strangers = persons[counts == 1]
    parts = []
    for held_out in np.array_split(known, PARTS):
        confirmed = faces.of(np.setdiff1d(known, held_out, assume_unique=True)[:most_people])
        tried_on = faces.of(np.concatenate([held_out, strangers]))
        start = identity_map(confirmed.vectors, dimension)
        trial = cross_validate(confirmed, start)
        before = figures(tried_on, tried_on.vectors)
        after = before
        if trial.helps:
            (matrix,) = learn(confirmed, start, [trial.steps])
            after = figures(tried_on, project(tried_on.vectors, matrix))
        parts.append(Part(trial.helps, before, after))
        print(f"  part {len(parts)}: gain in the trial {trial.gain:.4f} ± {trial.deviation:.4f}, ", end="")
        print(f"{trial.steps} steps, {'kept' if trial.helps else 'not kept'}", flush=True)
    return parts


def report(name: str, parts: Sequence[Part]) -> None:
    print(f"{name}: kept in {sum(part.kept for part in parts)} of {len(parts)} parts")
    print(f"{'':10}{'EER':>9}{'1 - AUC':>10}" + "".join(f"{f'TAR@{rate:g}':>12}" for rate in RATES))
    for title, rows in (
        ("before", [part.before for part in parts]),
        ("after", [part.after for part in parts]),
    ):
        eer, wrong, *found = np.mean(rows, axis=0)
        print(f"{title:10}{eer:>9.4f}{wrong:>10.5f}" + "".join(f"{tar:>12.4f}" for tar in found), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=Path, default=PHOTOS)
    parser.add_argument("--models", default="sface,facenet")
    parser.add_argument("--dimension", type=int)
    parser.add_argument("--plain", action="store_true")
    parser.add_argument("--people", type=int)
    parser.add_argument("--cache", type=Path, help="a cache folder of faceindex, with fetched weights")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        cache = arguments.cache or Path(folder)
        for name in arguments.models.split(","):
            model = replace(spec(name), centred=False) if arguments.plain else spec(name)
            vectors, people = describe(model, arguments.photos, cache)
            _, persons = np.unique(people, return_inverse=True)
            faces = LabelledDescriptors(vectors, persons.astype(np.int64))
            dimension = arguments.dimension or model.dimension
            parts = run(faces, dimension, arguments.people)
            report(f"{name}{' plain' if arguments.plain else ''}, {dimension} numbers", parts)


if __name__ == "__main__":
    main()
