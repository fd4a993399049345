"""How fast a scan of an unchanged library is, in files a second, from a warm directory cache.

    python -m benchmarks.rescan [--photos 20000]

Makes a folder of tiny photos of different content, a hundred to a folder, scans it once into a new library,
and then times the scan again: as the scan itself says, and as a whole process.
"""

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path

from PIL import Image

from benchmarks.process import machine, run

TO_A_FOLDER = 100
REPEATS = 5


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
    count = parser.parse_args().photos
    with tempfile.TemporaryDirectory() as place:
        photos = Path(place) / "photos"
        make_photos(photos, count)
        command = [sys.executable, "-m", "faceindex", "--library", f"{place}/library.db", "--quiet"]
        command += ["scan", "--json", "--model", "sface", str(photos)]
        first = run(command)
        again = [run(command) for _ in range(REPEATS)]
    summaries = [json.loads(each.output.splitlines()[-1]) for each in again]
    if any(each["photos"]["unchanged"] != count for each in summaries):
        raise SystemExit(f"not all photos were unchanged: {summaries[0]}")
    scan = statistics.median(each["seconds"] for each in summaries)
    whole = statistics.median(each.seconds for each in again)
    print(f"{count:,} photos; {machine()}; medians of {REPEATS}\n")
    print(f"- first scan: {json.loads(first.output.splitlines()[-1])['seconds']:.1f} s")
    print(f"- unchanged: {scan:.3f} s, {count / scan:,.0f} files a second")
    print(f"- unchanged, whole process: {whole:.2f} s, {count / whole:,.0f} files a second")


if __name__ == "__main__":
    main()
