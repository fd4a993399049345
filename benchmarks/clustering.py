"""How well faces are grouped, by this and by other methods, at once and scan after scan.

    python -m benchmarks.clustering [--photos FOLDER] [--made FOLDER] [--models sface,facenet] [--keep FOLDER]

The first folder holds a folder of photos for each person, as Labeled Faces in the Wild does; the second, if
named, ``photos`` and ``truth.csv`` as shared/tools/make_library.py makes them. Printed for each collection
and model, all B-cubed but for the last column:

- each method, with the setting that is best on these very faces; and with the one that is best on one half
  of the people, tried on the other half: the mean F of both directions;
- this project's ("evidence") with the threshold that it takes by rule, with nothing tuned;
- the same in a real library, with its rules for poor faces and for two faces of one photo, after one scan of
  all photos and after many of some;
- every group of two people there, and every person in two groups.

With --keep, descriptors stay in that folder and are taken from there the next time.
"""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.clustering_methods import METHODS, Method, evidence
from benchmarks.crops import PHOTOS
from benchmarks.growth import grow
from benchmarks.labelled_faces import LabelledFaces, by_folders, of_made_library
from benchmarks.process import print_table
from faceindex.accuracy.cluster_agreement import Clustering, agree
from index.clustering.regroup import same_person
from index.recognition.thresholds import shipped
from index.values import I64
from pipeline.models.registry import ModelSpec, spec

SCANS = (1, 5, 20, 100)
SEEDS = (0, 1)
HEADING = ("method", "setting", "precision", "recall", "F", "F, tuned on the other half", "pairwise F")


def judge(faces: LabelledFaces, labels: I64) -> Clustering:
    """How groups and people agree, over the faces of whom it is known who they are."""
    known = np.flatnonzero(faces.people != "")
    found = agree(labels[known].tolist(), faces.people[known].tolist())
    if found is None:
        raise SystemExit("of none of the faces it is known whose they are")
    return found


@dataclass(frozen=True, slots=True)
class Tried:
    """A method at one setting."""

    setting: float
    found: Clustering


def best(faces: LabelledFaces, method: Method) -> Tried:
    grouped = method.group(faces.vectors)
    tried = [Tried(each, judge(faces, grouped(each))) for each in method.settings]
    return max(tried, key=lambda each: each.found.b_cubed.f)


def halves(faces: LabelledFaces) -> Iterator[LabelledFaces]:
    """By people, every other one."""
    names, person = np.unique(faces.people, return_inverse=True)
    for half in (0, 1):
        yield faces.at((person % 2 == half) & (names[person] != ""))


def crosswise(faces: LabelledFaces, method: Method) -> float:
    """F on each half of the people with the setting that is best on the other, and the mean."""
    one, other = halves(faces)
    return float(
        np.mean(
            [
                judge(tried, method.group(tried.vectors)(best(tuned, method).setting)).b_cubed.f
                for tuned, tried in ((one, other), (other, one))
            ]
        )
    )


def row(name: str, setting: str, found: Clustering, across: str) -> Sequence[str]:
    scores = found.b_cubed
    return (
        name, setting, f"{scores.precision:.4f}", f"{scores.recall:.4f}", f"{scores.f:.4f}",
        across, f"{found.pairwise.f:.4f}",
    )  # fmt: skip


def compared(faces: LabelledFaces, model: ModelSpec) -> Iterator[Sequence[str]]:
    """A row for each method, and the last for the one that is tuned to nothing."""
    for method in METHODS:
        tried = best(faces, method)
        yield row(method.name, f"{tried.setting:g}", tried.found, f"{crosswise(faces, method):.4f}")
    same = same_person(shipped(model.model_id), len(faces))
    yield row("evidence, by rule", f"{same:.3f}", judge(faces, evidence(faces.vectors)(same)), "none tuned")


def grown(faces: LabelledFaces, model: ModelSpec) -> Iterator[Sequence[str]]:
    """A row for each number of scans."""
    for scans in SCANS:
        runs = [grow(faces, model, scans, seed) for seed in (SEEDS if scans > 1 else SEEDS[:1])]
        scores = [judge(faces, each.labels).b_cubed for each in runs]
        yield (
            str(scans),
            *(
                f"{np.mean([getattr(each, name) for each in scores]):.4f}"
                for name in ("precision", "recall", "f")
            ),
            " / ".join(str(each.moved) for each in runs),
        )


def print_errors(faces: LabelledFaces, labels: I64) -> None:
    known = faces.people != ""
    for group in np.unique(labels[known]):
        inside = known & (labels == group)
        if len(np.unique(faces.people[inside])) > 1:
            print(f"- together: {', '.join(sorted(faces.names[inside]))}")
    for person in np.unique(faces.people[known]):
        rows = np.flatnonzero(faces.people == person)
        groups, sizes = np.unique(labels[rows], return_counts=True)
        apart = rows[labels[rows] != groups[sizes.argmax()]]
        if len(apart):
            print(f"- apart from the other {sizes.max()}: {', '.join(sorted(faces.names[apart]))}")


def report(name: str, faces: LabelledFaces, model: ModelSpec) -> None:
    people = len(np.unique(faces.people[faces.people != ""]))
    print(f"\n## {name}, {model.model_id}: {len(faces):,} faces, {people} people\n")
    print_table(HEADING, compared(faces, model))
    right = faces.rightly_labelled()
    same = same_person(shipped(model.model_id), len(faces))
    if (right.people != faces.people).any():
        print("\nWith the four wrong labels put right:\n")
        found = judge(right, evidence(right.vectors)(same))
        print_table(HEADING, [row("evidence, by rule", f"{same:.3f}", found, "none tuned")])
    print("\nIn a library, scan after scan:\n")
    print_table(("scans", "precision", "recall", "F", "faces moved"), grown(right, model))
    print("\nErrors of one scan, with the right labels:\n")
    print_errors(right, grow(right, model, 1, 0).labels)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=Path, default=PHOTOS)
    parser.add_argument("--made", type=Path)
    parser.add_argument("--models", default="sface,facenet")
    parser.add_argument("--keep", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        kept = arguments.keep or Path(folder)
        for model in map(spec, arguments.models.split(",")):
            report("one folder a person", by_folders(arguments.photos, model, Path(folder), kept), model)
            if arguments.made:
                report("made library", of_made_library(arguments.made, model, kept), model)


if __name__ == "__main__":
    main()
