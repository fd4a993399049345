"""Processor time of decoding JPEGs: by Pillow, by libjpeg-turbo alone, and by a request to a reader.

    python -m benchmarks.decoding FOLDER... [--photos 20] [--repeats 5]

Milliseconds a photo, medians of the repeats; the three take turns. Pillow gives an RGB array, libjpeg-turbo
writes into memory that it is given, a request covers both processes: header, EXIF, digest of the picture,
colours, turning upright, and messages. Linux.
"""

import argparse
import io
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import simplejpeg
from PIL import Image

from benchmarks.process import machine, print_table
from pipeline.decoding.decoders import Decoder, Decoders
from pipeline.sources.photo_file_access import OpenPhoto
from pipeline.values import U8, PhotoFile

AS_IN_A_READER = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": str(1 << 30),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 30),
}
"""Keep memory for the next photo, so that Pillow has what a reader would give it."""

SCALES = (1, 2, 4, 8)


def by_pillow(content: bytes, scale: int, pixels: U8) -> None:
    with Image.open(io.BytesIO(content), formats=["JPEG"]) as image:
        if scale > 1:
            image.draft(None, (image.width // scale, image.height // scale))
        rgb = image.convert("RGB")
    pixels[: 3 * rgb.height * rgb.width] = np.asarray(rgb).reshape(-1)


def by_libjpeg_turbo(content: bytes, scale: int, pixels: U8) -> None:
    height, width, *_ = simplejpeg.decode_jpeg_header(content)
    least = {"min_height": -(-height // scale), "min_width": -(-width // scale)} if scale > 1 else {}
    simplejpeg.decode_jpeg(content, "RGB", buffer=pixels, strict=False, **least)


def reader_seconds(process: int) -> float:
    """Processor time of a process (proc(5), schedstat), which is finer than in /proc/PID/stat."""
    return int(Path(f"/proc/{process}/schedstat").read_text().split()[0]) / 1e9


def of_requests(decoder: Decoder, process: int, photos: Sequence[Path], scale: int) -> float:
    """Seconds of both processes for all photos; reading the files is not counted."""
    spent = -reader_seconds(process)
    for path in photos:
        stat = path.stat()
        with OpenPhoto(PhotoFile(os.fsencode(path), stat.st_size, stat.st_mtime_ns)) as photo:
            photo.digest()
            with Image.open(path) as image:
                long_edge = -(-max(image.size) // scale)
            started = time.process_time()
            decoder.decode(photo, long_edge)
            spent += time.process_time() - started
    return spent + reader_seconds(process)


def of_library(
    decode: Callable[[bytes, int, U8], None], contents: Sequence[bytes], pixels: U8, scale: int
) -> float:
    """Seconds for all photos."""
    started = time.process_time()
    for content in contents:
        decode(content, scale, pixels)
    return time.process_time() - started


def children() -> list[int]:
    tasks = Path("/proc/self/task").iterdir()
    return [int(pid) for task in tasks for pid in (task / "children").read_text().split()]


def measure(photos: Sequence[Path], repeats: int) -> list[list[str]]:
    """A line for each scale."""
    contents = [path.read_bytes() for path in photos]
    most = max(height * width for height, width, *_ in map(simplejpeg.decode_jpeg_header, contents))
    pixels = np.empty(3 * most, np.uint8)
    with Decoders() as decoders, decoders.lend() as decoder:
        of_requests(decoder, children()[0], photos, 1)  # it starts, and makes its memory
        ways = (
            partial(of_library, by_pillow, contents, pixels),
            partial(of_library, by_libjpeg_turbo, contents, pixels),
            partial(of_requests, decoder, children()[0], photos),
        )
        lines = []
        for scale in SCALES:
            runs = [[way(scale) for way in ways] for _ in range(repeats)]
            spent = [1000 * statistics.median(each) / len(photos) for each in zip(*runs, strict=True)]
            lines.append([f"1/{scale}", *(f"{each:.2f}" for each in spent)])
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--photos", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=5)
    args = parser.parse_args()
    if not AS_IN_A_READER.items() <= os.environ.items():  # the C library reads them once, at the start
        os.execve(  # noqa: S606 -- this command itself
            sys.executable,
            [sys.executable, "-m", "benchmarks.decoding", *sys.argv[1:]],
            {**os.environ, **AS_IN_A_READER},
        )
    print(f"{machine()}\n")
    lines = []
    for folder in args.folders:
        photos = sorted(path for path in folder.rglob("*") if path.suffix.lower() in {".jpg", ".jpeg"})
        some = photos[:: max(1, len(photos) // args.photos)][: args.photos]
        lines += [[f"{folder.name}, {len(some)} photos", *line] for line in measure(some, args.repeats)]
    print_table(["", "scale", "Pillow", "libjpeg-turbo", "request to a reader"], lines)


if __name__ == "__main__":
    main()
