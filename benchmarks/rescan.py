"""How fast a scan of an unchanged library is, in files a second, from a warm directory cache.

    python -m benchmarks.rescan [--photos 20000] [--sidecars 0]

Makes a folder of tiny photos of different content, a hundred to a folder, and of files beside them that are
no photos, scans it once into a new library, and then times the scan again: as the scan itself says, and as a
whole process.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

from benchmarks.process import machine, run

TO_A_FOLDER = 100
REPEATS = 5

RACY_SECONDS = 3
"""A scan opens files again that changed so shortly before it."""


def make_sidecars(folder: Path, count: int) -> None:
    for number in range(count):
        place = folder / f"{number // TO_A_FOLDER:04}"
        place.mkdir(parents=True, exist_ok=True)
        (place / f"IMG_{number:06}.xmp").write_text(f"<x>{number}</x>")


def make_photos(folder: Path, count: int) -> None:
    for number in range(count):
        place = folder / f"{number // TO_A_FOLDER:04}"
        place.mkdir(parents=True, exist_ok=True)
        colour = (number % 256, number // 256 % 256, number // 65536)
        Image.new("RGB", (8, 8), colour).save(place / f"IMG_{number:06}.png")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=int, default=20_000)
    parser.add_argument("--sidecars", type=int, default=0)
    asked = parser.parse_args()
    count, sidecars = asked.photos, asked.sidecars
    with tempfile.TemporaryDirectory() as place:
        photos = Path(place) / "photos"
        make_photos(photos, count)
        make_sidecars(photos, sidecars)
        time.sleep(RACY_SECONDS)
        command = [sys.executable, "-m", "faceindex", "--library", f"{place}/library.db", "--quiet"]
        command += ["scan", "--json", "--model", "sface", str(photos)]
        first = run(command)
        again = [run(command) for _ in range(REPEATS)]
    summaries = [json.loads(each.output.splitlines()[-1]) for each in again]
    if any(each["photos"]["unchanged"] != count for each in summaries):
        raise SystemExit(f"not all photos were unchanged: {summaries[0]}")
    scan = statistics.median(each["seconds"] for each in summaries)
    whole = statistics.median(each.seconds for each in again)
    print(f"{count:,} photos and {sidecars:,} sidecars; {machine()}; medians of {REPEATS}\n")
    print(f"- first scan: {json.loads(first.output.splitlines()[-1])['seconds']:.1f} s")
    print(f"- unchanged: {scan:.3f} s, {(count + sidecars) / scan:,.0f} files a second")
    print(f"- unchanged, whole process: {whole:.2f} s, {(count + sidecars) / whole:,.0f} files a second")


if __name__ == "__main__":
    main()
