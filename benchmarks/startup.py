"""How long a question and a small scan take: from the start of the process to its end.

    python -m benchmarks.startup PHOTO [--faces 10000] [--model sface vggface2-resnet50]

Makes a library of that many faces with made descriptors, asks `faceindex who PHOTO` some times, also in a
process that stays open, and `faceindex --help`. Then ten small copies of PHOTO are scanned into a new
library; their own time is what ten more photos take. The networks' graphs are in the cache, as after any
scan; in the last row there is no cache, as on a new machine.
"""

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance

from benchmarks.process import CACHE, machine, print_table, run
from benchmarks.random_weights import ensure_weights
from faceindex import Library, PhotoFailed, Settings
from index.photos.catalog import Catalog
from index.store.opening import create_store
from index.vectors.saved_index import load_index, save_index
from pipeline.models.registry import ModelSpec, spec
from pipeline.values import Box, Descriptor, DetectedFace, PhotoFile, PhotoIndexed, Quality, Size

REPEATS = 7
BATCH = 500
FEW, SMALL = 10, 500
"""Photos of a small scan, and their longest side in pixels."""
FIRST_REPEATS = 3


def make_library(path: Path, model: ModelSpec, faces: int) -> None:
    rng = np.random.default_rng(0)
    with create_store(path) as database:
        catalog = Catalog(database)
        catalog.choose_model(model.model_id)
        for start in range(0, faces, BATCH):
            vectors = rng.standard_normal((BATCH, model.dimension), np.float32)
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            catalog.record([photo(start + i, model, vectors[i]) for i in range(min(BATCH, faces - start))])
        loaded = load_index(catalog, model.model_id, model.dimension)
        save_index(loaded.index, catalog, model.model_id)


def photo(
    number: int, model: ModelSpec, vector: np.ndarray[tuple[int], np.dtype[np.float32]]
) -> PhotoIndexed:
    face = DetectedFace(Box(10, 10, 80, 100), np.zeros((5, 2), np.float32), 0.99)
    described = Descriptor(face, Quality(1.0, ()), model.model_id, vector)
    file = PhotoFile(os.fsencode(f"/photos/{number:06}.jpg"), 1, 1)
    digest = number.to_bytes(32)
    return PhotoIndexed(
        file, digest, Size(100, 120), None, (described,), "png pillow 12.0.0", "mtcnn", digest
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photo", type=Path)
    parser.add_argument("--faces", type=int, default=10_000)
    parser.add_argument("--model", nargs="+", default=["sface", "vggface2-resnet50"])
    args = parser.parse_args()
    os.environ["FACEINDEX_CACHE_DIR"] = str(CACHE)
    lines = [["--help", timed([sys.executable, "-m", "faceindex", "--help"])]]
    for name in args.model:
        ensure_weights(name, CACHE)
        with tempfile.TemporaryDirectory() as place:
            library = Path(place) / "library.db"
            make_library(library, spec(name), args.faces)
            command = [sys.executable, "-m", "faceindex", "--library", str(library), "who", str(args.photo)]
            run(command)  # compiles the networks
            lines.append([f"who, {name}, {args.faces:,} faces", timed(command)])
            lines.append(["  a further question in one process", asked_again(library, args.photo)])
            lines += scans(Path(place), args.photo, name)
    print(f"{machine()}; medians of {REPEATS}\n")
    print_table(["command", "seconds"], lines)


def scans(place: Path, photo: Path, model: str) -> list[list[str]]:
    """Rows for scans of a few small photos into new libraries."""
    folders = {count: place / str(count) for count in (FEW, 2 * FEW)}
    for count, folder in folders.items():
        folder.mkdir()
        make_photos(folder, photo, count)
    few, more = (
        statistics.median(scanned(place, folder, model) for _ in range(REPEATS))
        for folder in folders.values()
    )
    ensured = CACHE / "weights"
    first = []
    for number in range(FIRST_REPEATS):
        cache = place / f"cache{number}"
        if ensured.exists():
            shutil.copytree(ensured, cache / "weights")
        first.append(scanned(place, folders[FEW], model, cache))
    own = more - few
    return [
        [f"scan of {FEW} photos, {model}, new library", f"{few:.2f}"],
        ["  beyond the photos' own time", f"{few - own:.2f}"],
        ["  beyond it, on a new machine", f"{statistics.median(first) - own:.2f}"],
    ]


def make_photos(folder: Path, photo: Path, count: int) -> None:
    """Small copies of a photo, each a little darker than the one before it."""
    with Image.open(photo) as image:
        small = image.convert("RGB")
        small.thumbnail((SMALL, SMALL))
    for number in range(count):
        ImageEnhance.Brightness(small).enhance(1 - number / 100).save(folder / f"{number}.jpg", quality=90)


def scanned(place: Path, folder: Path, model: str, cache: Path = CACHE) -> float:
    """Seconds of a scan into a new library."""
    library = place / "new.db"
    command = [sys.executable, "-m", "faceindex", "--quiet", "--library", str(library)]
    seconds = run(
        [*command, "scan", "--model", model, str(folder)], {"FACEINDEX_CACHE_DIR": str(cache)}
    ).seconds
    for file in place.glob("new.*"):
        shutil.rmtree(file) if file.is_dir() else file.unlink()
    return seconds


def asked_again(path: Path, photo: Path) -> str:
    """Seconds of a question to a library that has answered one."""
    seconds = []
    with Library(Settings.load(library=path)) as library:
        for _ in range(1 + REPEATS):
            started = time.perf_counter()
            (answer,) = library.who([photo])
            seconds.append(time.perf_counter() - started)
            if isinstance(answer, PhotoFailed):
                raise SystemExit(f"{photo}: {answer.message}")
    return f"{statistics.median(seconds[1:]):.3f}"


def timed(command: list[str]) -> str:
    return f"{statistics.median(run(command).seconds for _ in range(REPEATS)):.2f}"


if __name__ == "__main__":
    main()
