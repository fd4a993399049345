"""How fast a scan is against the tutorials' stack, on the same photos, in one run.

    python -m benchmarks.scan LIBRARY [--model sface vggface2-resnet50] [--rounds 3]

Each round runs the yardstick on its share of the photos, and then a scan of all of them into a new
library with each model; so a machine whose speed drifts slows both. Medians of the rounds are printed.
The yardstick's script leaves the loading of its models out of its time; ours is left out of the first
ratio too, and the second is between whole processes. Where there is a truth.csv beside the library, the
faces found by both are held against it.

The weights of vggface2-resnet50, if they are not on this machine, are drawn at random: the time is the same.
"""

import argparse
import csv
import hashlib
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.process import Finished, machine, print_table, run
from pipeline.geometry import overlap

SEED_STACK = Path(__file__).resolve().parents[2] / "shared" / "tools" / "seed_stack.py"
SUFFIXES = {".jpg", ".jpeg", ".png"}
FOUND = 0.3
"""Overlap (IoU) with a true box, which is only about right, from which on a face counts as found."""

Boxes = dict[Path, list[list[float]]]


@dataclass(frozen=True, slots=True)
class Round:
    """One run of one stack.

    Attributes:
        photos: How many.
        faces: How many were found.
        seconds: Without loading models.
        whole: Seconds of the whole process.
        peak_bytes: The most memory that its processes held together.
        stages: Seconds of each stage.
        boxes: What was found, by photo, as x, y, w, h in the upright photo.
    """

    photos: int
    faces: int
    seconds: float
    whole: float
    peak_bytes: int
    stages: dict[str, float]
    boxes: Boxes


def photos_under(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)


def yardstick(script: Path, photos: Sequence[Path]) -> Round:
    with tempfile.NamedTemporaryFile("r", suffix=".jsonl") as file:
        command = [sys.executable, "-m", "benchmarks.yardstick", str(script), file.name, *map(str, photos)]
        finished = run(command, {"TF_CPP_MIN_LOG_LEVEL": "3"})
        found = [json.loads(line) for line in file][-len(photos) :]  # its warm-up comes first
    said = json.loads(finished.output.strip().splitlines()[-1])
    boxes = {path: [upright(path, box) for box in each] for path, each in zip(photos, found, strict=True)}
    return Round(
        said["photos"],
        said["faces"],
        said["seconds"],
        finished.seconds,
        finished.peak_bytes,
        said["steps"],
        boxes,
    )


def upright(path: Path, box: Sequence[float]) -> list[float]:
    """A box of the photo as stored, in the photo turned upright."""
    x, y, w, h = box
    with Image.open(path) as image:
        width, height, turned = image.width, image.height, image.getexif().get(0x0112, 1)
    return {
        3: [width - x - w, height - y - h, w, h],
        6: [height - y - h, x, h, w],
        8: [y, width - x - w, h, w],
    }.get(turned, [x, y, w, h])


def scan(folder: Path, model: str, cache: Path) -> Round:
    with tempfile.TemporaryDirectory() as place:
        environment = {"FACEINDEX_LIBRARY": f"{place}/library.db", "FACEINDEX_CACHE_DIR": str(cache)}
        command = [sys.executable, "-m", "faceindex", "--quiet"]
        finished = run([*command, "scan", "--json", "--model", model, str(folder)], environment)
        exported = run([*command, "export"], environment)
    summary = json.loads(finished.output.strip().splitlines()[-1])
    stages: dict[str, float] = summary["stages"]
    return Round(
        summary["photos"]["seen"],
        summary["faces"],
        summary["seconds"] - stages["load"],
        finished.seconds,
        finished.peak_bytes,
        stages,
        with_copies(exported_boxes(exported), photos_under(folder)),
    )


def exported_boxes(exported: Finished) -> Boxes:
    boxes: Boxes = {}
    for line in exported.output.splitlines():
        face: dict[str, Any] = json.loads(line)
        boxes.setdefault(Path(face["photo"]), []).append(face["box"])
    return boxes


def with_copies(found: Boxes, photos: Sequence[Path]) -> Boxes:
    """The boxes of all photos: the export names one of several files with the same content."""
    contents = {path: hashlib.sha256(path.read_bytes()).digest() for path in photos}
    boxes = {contents[path]: each for path, each in found.items()}
    return {path: boxes.get(content, []) for path, content in contents.items()}


def truth_beside(folder: Path) -> Boxes:
    path = folder.parent / "truth.csv"
    boxes: Boxes = {}
    if path.exists():
        with path.open(newline="") as file:
            for row in csv.DictReader(file):
                box = [float(row[side]) for side in "xywh"]
                boxes.setdefault((folder / row["photo"]).resolve(), []).append(box)
    return boxes


def recall(found: Boxes, truth: Boxes, photos: Sequence[Path]) -> tuple[int, int]:
    """How many of the true faces of these photos were found, and how many there are."""
    hits = total = 0
    for photo in photos:
        true = corners(truth.get(photo.resolve(), []))
        total += len(true)
        hits += int((overlap(true, corners(found.get(photo, []))).max(axis=1, initial=0) >= FOUND).sum())
    return hits, total


def corners(boxes: Sequence[Sequence[float]]) -> np.ndarray[Any, np.dtype[np.float32]]:
    out = np.array(boxes, np.float32).reshape(-1, 4)
    out[:, 2:] += out[:, :2]
    return out


def ensure_weights(model: str, cache: Path) -> None:
    """Put random weights where those of a downloaded model are missing."""
    from pipeline.models.registry import DownloadedWeights, spec
    from pipeline.models.weights import Availability, WeightsStore

    store = WeightsStore(cache)
    if isinstance(spec(model).weights, DownloadedWeights) and store.status(spec(model)) is not (
        Availability.INSTALLED
    ):
        with tempfile.TemporaryDirectory() as place:
            weights = Path(place) / "random.h5"
            run([sys.executable, "-m", "benchmarks.random_weights", str(weights)])
            store.install(spec(model), weights)
        print(f"(the weights of {model} are drawn at random)\n")


def rows(rounds: dict[str, list[Round]], truth: Boxes, photos: Sequence[Path]) -> Iterator[list[str]]:
    base = rounds["yardstick"]
    for name, each in rounds.items():
        speeds = [one.photos / one.seconds for one in each]
        ratios = [b.seconds / b.photos * one.photos / one.seconds for b, one in zip(base, each, strict=True)]
        wholes = [b.whole / b.photos * one.photos / one.whole for b, one in zip(base, each, strict=True)]
        found = {path: boxes for one in each for path, boxes in one.boxes.items()}
        hits, total = recall(found, truth, photos)
        yield [
            name,
            f"{statistics.median(speeds):.2f}",
            f"{statistics.median(one.faces / one.seconds for one in each):.2f}",
            f"{statistics.median(ratios):.1f}",
            f"{statistics.median(wholes):.1f}",
            f"{max(one.peak_bytes for one in each) / 2**20:,.0f}",
            f"{sum(map(len, found.values()))}",
            f"{hits} of {total}" if total else "no truth",
        ]


def print_stages(rounds: dict[str, list[Round]]) -> None:
    for name, each in rounds.items():
        stages = {stage: statistics.median(one.stages[stage] for one in each) for stage in each[0].stages}
        photos = each[0].photos
        print(
            f"- {name}: "
            + ", ".join(f"{stage} {1000 * s / photos:.1f}" for stage, s in stages.items())
            + " ms a photo, all threads together"
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("library", type=Path)
    parser.add_argument("--model", nargs="+", default=["sface", "vggface2-resnet50"])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--yardstick", type=Path, default=SEED_STACK, help="the script of the tutorials' stack"
    )
    parser.add_argument("--cache", type=Path, help="compiled networks and weights; by default the user's")
    args = parser.parse_args()
    folder = args.library.resolve()
    photos = photos_under(folder)
    if args.cache is None:
        from faceindex import Settings

        args.cache = Settings.load().cache_dir
    rounds: dict[str, list[Round]] = {name: [] for name in ("yardstick", *args.model)}
    for model in args.model:
        ensure_weights(model, args.cache)
        scan(folder, model, args.cache)  # compiles the networks, once for this machine
    for number in range(args.rounds):
        share = photos[number :: args.rounds]
        print(f"round {number + 1} of {args.rounds}", file=sys.stderr)
        rounds["yardstick"].append(yardstick(args.yardstick, share))
        for model in args.model:
            rounds[model].append(scan(folder, model, args.cache))
    print(f"{len(photos)} photos under {os.path.relpath(folder)}; {machine()}; medians of {args.rounds}\n")
    heading = ["", "photos/s", "faces/s", "ratio", "whole process", "peak MB", "faces", "of the true faces"]
    print_table(heading, rows(rounds, truth_beside(folder), photos))
    print()
    print_stages(rounds)


if __name__ == "__main__":
    main()
