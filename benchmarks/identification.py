"""How well persons are named from one, two or more confirmed faces, and strangers are not.

    python -m benchmarks.identification [--photos FOLDER] [--model sface]

FOLDER holds one folder of photos for each person, as Labeled Faces in the Wild does. Half of the people who
have enough photos are enrolled with n faces each, drawn at random, and their other faces are probes;
everybody else is a stranger. Printed, as means over twenty such draws, for each way to make one score of
the evidence: how often an enrolled person is the most similar (rank 1); how often it is so and above the
score that one stranger's face in a hundred reaches (TPIR at FPIR 1 %), and that score; and both rates at
the thresholds as they are; and how many of the names, right and wrong, the least margin takes away. Then
the same where a person is two: half the faces are of another one, as a child's are, of another year. Then
how often a stranger is named where one of n confirmed faces is the stranger's.
"""

import argparse
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from benchmarks.labelled_photos import PHOTOS, Sample, gather, make_detector, rightly_labelled
from index.recognition.gallery import Evidence, Gallery
from index.recognition.identify import similarities
from index.recognition.templates import NO_YEAR, ConfirmedFaces
from index.recognition.thresholds import MIN_MARGIN, Thresholds, shipped
from pipeline.description.crop import cut
from pipeline.description.embedder import Embedder, load_embedder
from pipeline.description.quality import crop_and_assess
from pipeline.models.registry import SFACE, spec
from pipeline.models.runtime import RuntimeOptions
from pipeline.models.weights import WeightsStore
from pipeline.values import F32

DRAWS = 20
ENROLLED = (1, 2, 3, 5)
STRANGERS = 0.01

Form: TypeAlias = Callable[[Evidence], F32]


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """Descriptors float32 [N, D], whose they are int64 [N], and qualities float32 [N]."""

    vectors: F32
    persons: NDArray[np.int64]
    qualities: F32

    def of(self, person: int, generator: np.random.Generator) -> NDArray[np.intp]:
        """The rows of one person, in any order."""
        return generator.permutation(np.flatnonzero(self.persons == person))

    def confirmed(self, rows: NDArray[np.intp], owners: Sequence[int], year: Sequence[int]) -> ConfirmedFaces:
        """Some faces, as those of persons, of years."""
        return ConfirmedFaces(
            rows.astype(np.int64),
            np.array(owners, np.int64),
            np.array(year, np.int64),
            self.qualities[rows],
            self.vectors[rows],
        )


@dataclass(frozen=True, slots=True, eq=False)
class Draw:
    """The enrolled faces, the rows of the probes, and who each of these is; 0 for a stranger."""

    enrolled: ConfirmedFaces
    gallery: Gallery
    probes: NDArray[np.intp]
    owners: NDArray[np.int64]


def collect(photos: Path, model: str) -> Faces:
    """The faces of all people."""
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder)
        options = RuntimeOptions(cache, threads=0, streams=1)
        embedder = load_embedder(spec(model), WeightsStore(cache), options)
        return described(rightly_labelled(gather(photos, None, make_detector(cache))), embedder)


def described(samples: Sequence[Sample], embedder: Embedder) -> Faces:
    crops = np.stack([cut(sample.photo, sample.face, embedder.protocol) for sample in samples])
    _, persons = np.unique([sample.person for sample in samples], return_inverse=True)
    assessed = (crop_and_assess(sample.photo, sample.face, SFACE.crop) for sample in samples)
    qualities = [crop.quality.score for crop in assessed]
    return Faces(embedder.embed(crops), persons.astype(np.int64), np.array(qualities, np.float32))


def forms(thresholds: Thresholds) -> dict[str, Form]:
    return {
        "template": lambda parts: parts.template,
        "nearest face": lambda parts: parts.single,
        "three nearest faces": lambda parts: parts.group,
        "template and nearest face, mean": lambda parts: (parts.template + parts.single) / 2,
        "template and three nearest, mean": lambda parts: (parts.template + parts.group) / 2,
        "template or three nearest, as built": lambda parts: similarities(parts, thresholds),
    }


def draw(
    faces: Faces, groups: Sequence[Sequence[int]], each: Sequence[int], seed: int, *, dated: bool
) -> Draw:
    """Enrol groups of people, each group as one person, with ``each[i]`` faces of its i-th member."""
    generator = np.random.default_rng(seed)
    rows, owners, years, probes, whose = [], [], [], [], []
    for number, group in enumerate(groups, 1):
        for place, (person, count) in enumerate(zip(group, each, strict=True)):
            own = faces.of(person, generator)
            rows.append(own[:count])
            owners += [number] * count
            years += [2000 + 10 * place if dated else NO_YEAR] * count
            probes.append(own[count:])
            whose += [number] * (len(own) - count)
    strangers = np.flatnonzero(~np.isin(faces.persons, [person for group in groups for person in group]))
    enrolled = faces.confirmed(np.concatenate(rows), owners, years)
    return Draw(
        enrolled,
        Gallery(enrolled),
        np.concatenate([*probes, strangers]),
        np.array(whose + [0] * len(strangers), np.int64),
    )


def draws(faces: Faces, each: Sequence[int], *, dated: bool = False) -> Iterator[Draw]:
    counts = np.bincount(faces.persons)
    for seed in range(DRAWS):
        able = np.random.default_rng(seed).permutation(np.flatnonzero(counts > max(each)))
        half = able[: len(able) // 2 // len(each) * len(each)].reshape(-1, len(each))
        yield draw(faces, half.tolist(), each, seed, dated=dated)


def rates(one: Draw, scores: F32, accept: float) -> list[float]:
    """Rank 1, TPIR at the FPIR that is sought and the score there, FPIR and TPIR at ``accept``."""
    known = one.owners > 0
    right = one.gallery.person_ids[scores.argmax(axis=1)] == one.owners
    top = scores.max(axis=1)
    strangers = np.sort(top[~known])[::-1]
    reached = float(strangers[int(STRANGERS * len(strangers))])
    return [
        float(right[known].mean()),
        float((right & (top > reached))[known].mean()),
        reached,
        float((top[~known] >= accept).mean()),
        float((right & (top >= accept))[known].mean()),
    ]


def compare(title: str, faces: Faces, drawn: Sequence[Draw], thresholds: Thresholds) -> None:
    print(f"\n{title}: {np.mean([len(one.gallery) for one in drawn]):.0f} persons enrolled")
    print(f"{'':38}rank 1   TPIR at FPIR 1 %   at {thresholds.accept:.3f}: FPIR    TPIR")
    evidence = [one.gallery.evidence(faces.vectors[one.probes]) for one in drawn]
    for name, form in forms(thresholds).items():
        found = [
            rates(one, form(parts), thresholds.accept) for one, parts in zip(drawn, evidence, strict=True)
        ]
        first, tpir, reached, fpir, at = np.mean(found, axis=0)
        print(f"{name:38}{first:.4f}   {tpir:.4f} at {reached:.3f}   {fpir:20.4f}  {at:.4f}", flush=True)
    lost = [margins(one, parts, thresholds) for one, parts in zip(drawn, evidence, strict=True)]
    named, right, wrong, taken = np.sum(lost, axis=0)
    print(f"the least margin takes away {right} of {named} right names, and {taken} of {wrong} wrong ones")


def margins(one: Draw, evidence: Evidence, thresholds: Thresholds) -> list[int]:
    """Right names, those of them that are too close to call, wrong names, and those of them."""
    scores = similarities(evidence, thresholds)
    falling = np.sort(scores, axis=1)[:, ::-1]
    accepted = (falling[:, 0] >= thresholds.accept) & (one.owners > 0)
    close = falling[:, 0] - np.maximum(falling[:, 1], 0) < MIN_MARGIN
    right = one.gallery.person_ids[scores.argmax(axis=1)] == one.owners
    return [int(np.sum(accepted & each)) for each in (right, right & close, ~right, ~right & close)]


def one_wrong(faces: Faces, count: int, thresholds: Thresholds) -> None:
    """Confirm one face of a stranger, and ask about the stranger's others."""
    counts = np.bincount(faces.persons)
    named: dict[str, list[bool]] = {name: [] for name in forms(thresholds)}
    for seed in range(DRAWS):
        generator = np.random.default_rng(seed)
        order = generator.permutation(np.flatnonzero(counts >= max(count, 3)))
        for person, stranger in order[: len(order) // 2 * 2].reshape(-1, 2):
            others = faces.of(stranger, generator)
            rows = np.concatenate([faces.of(person, generator)[: count - 1], others[:1]])
            gallery = Gallery(faces.confirmed(rows, [1] * count, [NO_YEAR] * count))
            evidence = gallery.evidence(faces.vectors[others[1:]])
            for name, form in forms(thresholds).items():
                named[name] += (form(evidence)[:, 0] >= thresholds.accept).tolist()
    print(f"\none of {count} confirmed faces is a stranger's: how often the stranger is named")
    for name, each in named.items():
        print(f"{name:38}{np.mean(each):.3f}", flush=True)


def report(faces: Faces, thresholds: Thresholds) -> None:
    for count in ENROLLED:
        compare(f"{count} faces each", faces, list(draws(faces, [count])), thresholds)
    for each in ((3, 3), (5, 3), (5, 2)):
        for dated in (False, True):
            title = f"two in one, {each[0]} and {each[1]} faces, {'dated' if dated else 'not dated'}"
            compare(title, faces, list(draws(faces, each, dated=dated)), thresholds)
    for count in (3, 5, 9):
        one_wrong(faces, count, thresholds)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=Path, default=PHOTOS)
    parser.add_argument("--model", default="sface")
    arguments = parser.parse_args()
    report(collect(arguments.photos, arguments.model), shipped(spec(arguments.model).model_id))


if __name__ == "__main__":
    main()
