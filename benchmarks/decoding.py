"""What it costs to decode photos in processes of their own, against decoding them where they are looked at.

    python -m benchmarks.decoding LIBRARY [--photos 60] [--rounds 3]

The same photos are decoded for the detector, one after the other, in this process and in a reader. What
counts is processor time, of this process and of the reader, its start included. Medians of the rounds.
"""

import argparse
import os
import resource
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.process import machine, print_table
from benchmarks.scan import photos_under
from pipeline.decoding.decode import PrivatePixelMemory, decode
from pipeline.decoding.decoders import Decoders
from pipeline.sources.photo_file_access import OpenPhoto
from pipeline.values import PhotoFile

LONG_EDGE = 1600
PIXEL_CAP = 400_000_000


def cpu_seconds() -> float:
    """Of this process and of those that it has started and that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def cost(work: Callable[[], object]) -> float:
    started = cpu_seconds()
    work()
    return cpu_seconds() - started


def here(files: Sequence[PhotoFile]) -> None:
    for file in files:
        with OpenPhoto(file) as photo:
            decode(photo, LONG_EDGE, PIXEL_CAP, PrivatePixelMemory())


def in_a_reader(files: Sequence[PhotoFile]) -> None:
    with Decoders() as decoders:
        for file in files:
            with OpenPhoto(file) as photo, decoders.lend() as decoder:
                decoder.decode(photo, b"", LONG_EDGE)


def start_of_a_reader(file: PhotoFile) -> float:
    """Seconds by the clock until it has decoded its first photo."""
    started = time.perf_counter()
    in_a_reader([file])
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("library", type=Path)
    parser.add_argument("--photos", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    files = []
    for path in photos_under(args.library)[: args.photos]:
        found = path.stat()
        files.append(PhotoFile(os.fsencode(path.resolve()), found.st_size, found.st_mtime_ns))
    own, apart, starts = [], [], []
    for _ in range(args.rounds):
        own.append(cost(lambda: here(files)))
        apart.append(cost(lambda: in_a_reader(files)))
        starts.append(cost(lambda: in_a_reader(files[:1])))
    seconds = statistics.median(start_of_a_reader(files[0]) for _ in range(args.rounds))
    print(f"{len(files)} photos; {machine()}; medians of {args.rounds}\n")
    heading = ["", "processor time, ms a photo"]
    each = 1000 / len(files)
    print_table(
        heading,
        [
            ["in this process", f"{each * statistics.median(own):.1f}"],
            ["in a reader, its start included", f"{each * statistics.median(apart):.1f}"],
        ],
    )
    first = statistics.median(starts)
    print(f"\nA reader for one photo: {first:.2f} s of processor time, {seconds:.2f} s by the clock.")


if __name__ == "__main__":
    main()
