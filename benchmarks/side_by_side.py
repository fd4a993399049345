"""Whether the stages of a scan let go of Python's lock: the same work by one thread, and by two at once.

    python -m benchmarks.side_by_side LIBRARY [--photos 24] [--model sface]

A stage that held the lock would take two threads as long as one, and use one core. *Cores used* is the
processor time of this process over time on the wall; photos are decoded in readers, of which it is not the
time. The networks have one thread for each caller, as in a scan.
"""

import argparse
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from benchmarks.process import machine, print_table
from benchmarks.scan import ensure_weights, photos_under
from faceindex import Settings
from pipeline.decoding.decoders import Decoders
from pipeline.description.crop import cut
from pipeline.description.embedder import load_embedder
from pipeline.detection.cascade import MtcnnDetector
from pipeline.detection.mtcnn_networks import Mtcnn
from pipeline.models.registry import spec
from pipeline.models.runtime import RuntimeOptions, has_native_bf16
from pipeline.models.weights import WeightsStore
from pipeline.sources.photo_file_access import OpenPhoto
from pipeline.values import U8, DecodedPhoto, PhotoFile

THREADS = 2
LONG_EDGE = 1600


def run(work: Callable[[int], object], count: int, threads: int) -> tuple[float, float]:
    """Seconds on the wall, and of processors in this process, for all of the work."""
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(threads)))  # a first time for each thread, not counted
        wall, used = time.perf_counter(), time.process_time()
        list(pool.map(work, range(count)))
        return time.perf_counter() - wall, time.process_time() - used


def line(stage: str, work: Callable[[int], object], count: int) -> list[str]:
    alone, _ = run(work, count, 1)
    together, used = run(work, count, THREADS)
    ms = [f"{1000 * seconds / count:.1f}" for seconds in (alone, together)]
    return [stage, *ms, f"{alone / together:.2f}", f"{used / together:.2f}"]


def decoded(decoders: Decoders, path: Path) -> DecodedPhoto:
    """A photo with pixels of its own: a reader uses the same memory for the next one."""
    stat = path.stat()
    file = PhotoFile(os.fsencode(path), stat.st_size, stat.st_mtime_ns)
    with OpenPhoto(file) as photo, decoders.lend() as decoder:
        found = decoder.decode(photo, bytes(32), LONG_EDGE)
        return replace(found, pixels=found.pixels.copy())


def measure(paths: Sequence[Path], model: str) -> list[list[str]]:
    cache = Settings.load().cache_dir
    ensure_weights(model, cache)
    options = RuntimeOptions(
        cache, threads=THREADS, streams=THREADS, precision="bf16" if has_native_bf16() else "f32"
    )
    detector = MtcnnDetector(Mtcnn(options))
    embedder = load_embedder(spec(model), WeightsStore(cache), options)
    with Decoders() as decoders:
        decoders.start(THREADS)
        photos = [decoded(decoders, path) for path in paths]
        faces = [(photo, face) for photo in photos for face in detector.detect(photo)]
        if not faces:
            raise SystemExit("no face in these photos: name others")
        crops: U8 = np.stack([cut(photo, face, embedder.protocol) for photo, face in faces])
        batches = [crops[np.arange(at, at + embedder.batch_size) % len(crops)] for at in range(len(paths))]

        def crop(number: int) -> None:
            for _ in range(8):
                cut(*faces[number % len(faces)], embedder.protocol)

        count = len(paths)
        return [
            line("decode", lambda n: decoded(decoders, paths[n]), count),
            line("detect", lambda n: detector.detect(photos[n]), count),
            line("crop, 8 faces", crop, count),
            line(f"describe, {embedder.batch_size} faces", lambda n: embedder.embed(batches[n]), count),
        ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("library", type=Path)
    parser.add_argument("--photos", type=int, default=24)
    parser.add_argument("--model", default="sface")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    paths = photos_under(args.library)[: args.photos]
    lines = measure(paths, args.model)
    print(f"{len(paths)} photos, {args.model}; {machine()}\n")
    print_table(["stage", "one thread, ms", "two threads, ms", "times as fast", "cores used"], lines)


if __name__ == "__main__":
    main()
