"""How much of its speed a first scan keeps when each file operation takes 10 ms.

    python -m benchmarks.first_scan [--photos 4000] [--milliseconds 10] [--rounds 2] [--files-alone]

Makes different photos of 250 pixels, a hundred to a folder, of which one in ten shows a face. Then scans them
into new libraries, in turn with and without the latency. The latency is real: a shared library, which gcc
builds at the start, stands between the scan and the C library, and delays each call that concerns the folder.
With ``--files-alone`` a detector that finds nothing takes the place of the networks, which shows what the
reading of files allows.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import skimage.data
from PIL import Image

from benchmarks.process import machine, print_table, run

TO_A_FOLDER = 100
EDGE = 250
WITH_FACES = 10
"""One photo in so many shows a face."""

SEED = 20260101


@dataclass(frozen=True, slots=True)
class Scanned:
    """One scan: files a second, operations of each kind, and milliseconds of each stage for a photo."""

    rate: float
    operations: Counter[str]
    stages: dict[str, float]


def make_photos(folder: Path, count: int) -> None:
    faces, others = [skimage.data.astronaut()], [skimage.data.chelsea(), skimage.data.coffee()]
    random = np.random.default_rng(SEED)
    for number in range(count):
        place = folder / f"{number // TO_A_FOLDER:04}"
        place.mkdir(parents=True, exist_ok=True)
        if number % WITH_FACES == 0:  # around the face
            source, left, top = faces[0], random.integers(80, 120), random.integers(0, 30)
        else:
            source = others[number % len(others)]
            height, width = source.shape[:2]
            left, top = random.integers(width - EDGE), random.integers(height - EDGE)
        pixels = source[top : top + EDGE, left : left + EDGE].copy()
        pixels[-8:, -8:] = random.integers(256, size=(8, 8, 3))  # no two are alike
        Image.fromarray(pixels).save(place / f"IMG_{number:06}.jpg", quality=85)


def build_latency(folder: Path) -> Path:
    """Build what delays file operations."""
    compiler = shutil.which("gcc")
    if compiler is None:
        raise SystemExit("gcc is not installed here: it builds what delays the file operations.")
    library, source = folder / "slow_storage.so", Path(__file__).with_name("slow_storage.c")
    subprocess.run([compiler, "-O2", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    return library


def scan(photos: Path, count: int, latency: Path, milliseconds: float, *, files_alone: bool) -> Scanned:
    with tempfile.TemporaryDirectory() as place:
        counts = Path(place) / "operations"
        environment = {
            "LD_PRELOAD": str(latency),
            "SLOW_FOLDER": str(photos),
            "SLOW_MICROSECONDS": str(round(milliseconds * 1000)),
            "SLOW_COUNTS": str(counts),
        }
        command = ["faceindex", "--library", f"{place}/library.db", "--quiet", "scan", "--json"]
        command = ["benchmarks.first_scan.process"] if files_alone else [*command, "--model", "sface"]
        finished = run([sys.executable, "-m", *command, str(photos)], environment)
        operations = Counter[str]()
        for line in counts.read_text().splitlines():
            words = line.split()
            operations.update(dict(zip(words[::2], map(int, words[1::2]), strict=True)))
    summary = json.loads(finished.output.splitlines()[-1])
    if summary["photos"]["indexed"] != count:
        raise SystemExit(f"not all photos were indexed: {summary['photos']}")
    stages = {stage: 1000 * seconds / count for stage, seconds in summary["stages"].items()}
    return Scanned(count / summary["seconds"], operations, stages)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=int, default=4_000)
    parser.add_argument("--milliseconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--files-alone", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        photos = Path(place).resolve() / "photos"
        make_photos(photos, options.photos)
        latency = build_latency(Path(place))
        scans: dict[float, list[Scanned]] = {0.0: [], options.milliseconds: []}
        for _ in range(options.rounds):
            for milliseconds, done in scans.items():
                files_alone: bool = options.files_alone
                done.append(scan(photos, options.photos, latency, milliseconds, files_alone=files_alone))
    report(options.photos, scans)


def report(count: int, scans: dict[float, list[Scanned]]) -> None:
    rates = {each: statistics.median(scan.rate for scan in done) for each, done in scans.items()}
    print(f"{count:,} photos of {EDGE} pixels; {machine()}; medians of {len(scans[0.0])}\n")
    lines = [
        (f"{each:g} ms", f"{rate:.1f}", f"{rate / rates[0.0]:.0%}", _per_file(scans[each][-1], count))
        for each, rate in rates.items()
    ]
    print_table(("each operation takes", "photos/s", "of the rate without", "operations a file"), lines)
    for each, done in scans.items():
        if not done[-1].stages:
            return
        stages = ", ".join(f"{stage} {spent:.1f}" for stage, spent in done[-1].stages.items())
        print(f"\n- {each:g} ms: {stages} ms a photo, all threads together")


def _per_file(scan: Scanned, count: int) -> str:
    kinds = ", ".join(f"{kind} {number / count:.2f}" for kind, number in scan.operations.items())
    return f"{scan.operations.total() / count:.2f}: {kinds}"


if __name__ == "__main__":
    main()
