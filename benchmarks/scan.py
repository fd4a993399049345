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
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.found_faces import (
    Boxes,
    exported_boxes,
    photos_under,
    recall,
    truth_beside,
    upright,
    with_copies,
)
from benchmarks.process import CACHE, machine, print_table, run
from benchmarks.random_weights import ensure_weights

SEED_STACK = Path(__file__).resolve().parents[2] / "shared" / "tools" / "seed_stack.py"


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
        with_copies(exported_boxes(exported.output.splitlines()), photos_under(folder)),
    )


def rows(rounds: dict[str, list[Round]], truth: Boxes) -> Iterator[list[str]]:
    base = rounds["yardstick"]
    for name, each in rounds.items():
        speeds = [one.photos / one.seconds for one in each]
        ratios = [b.seconds / b.photos * one.photos / one.seconds for b, one in zip(base, each, strict=True)]
        wholes = [b.whole / b.photos * one.photos / one.whole for b, one in zip(base, each, strict=True)]
        found = {path: boxes for one in each for path, boxes in one.boxes.items()}
        hits, total = recall(found, truth)
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
    args = parser.parse_args()
    folder = args.library.resolve()
    photos = photos_under(folder)
    rounds: dict[str, list[Round]] = {name: [] for name in ("yardstick", *args.model)}
    for model in args.model:
        ensure_weights(model, CACHE)
        scan(folder, model, CACHE)  # compiles the networks, once for this machine
    for number in range(args.rounds):
        share = photos[number :: args.rounds]
        print(f"round {number + 1} of {args.rounds}", file=sys.stderr)
        rounds["yardstick"].append(yardstick(args.yardstick, share))
        for model in args.model:
            rounds[model].append(scan(folder, model, CACHE))
    print(f"{len(photos)} photos under {os.path.relpath(folder)}; {machine()}; medians of {args.rounds}\n")
    heading = ["", "photos/s", "faces/s", "ratio", "whole process", "peak MB", "faces", "of the true faces"]
    print_table(heading, rows(rounds, truth_beside(folder)))
    print()
    print_stages(rounds)


if __name__ == "__main__":
    main()
