"""How long a search takes, in libraries of made descriptors, and how many of the nearest faces it finds.

Run as ``python -m benchmarks.search``; the tables it prints stand in docs/search.md. A real library, in a
folder that is removed afterwards, grows from size to size; its kind of index is built, saved, loaded and
asked, each in processes of their own, whose memory is reported. ``--sizes 1000000`` needs 6 GB of
disk, and 15 minutes on two cores. What is expected is computed with NumPy, face by face.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sqlalchemy import insert

from benchmarks.process import installed, machine
from benchmarks.search.process import MODEL, NEIGHBORS, peak_memory
from index.arrays import descriptors_from_blobs
from index.photos.catalog import Catalog
from index.store.opening import create_store
from index.store.schema import content, descriptor, stored_face
from index.store.store import Store
from index.values import I64
from index.vectors.saved_index import EXACT_BYTES, index_path
from pipeline.values import F32
from tests.made_descriptors import CHUNK, MadePeople

PROBES = 200
COLD = 20
"""Processes that are started one after the other; the slowest of them stands for the 99th percentile."""
WORK = {
    "search": "one search",
    "excluding": "without 10,000",
    "within": "within 0.4 of one",
    "within any": "of 1,000",
    "pairs": "16 nearest of 1,000",
    "fetch": "fetch 1,000",
    "append": "append 1,000",
}
"""Columns of processor time."""
_NO_BYTES, _ALL_BYTES = 0, 1 << 62
_FACE = {
    "content_id": 1, "x": 0.0, "y": 0.0, "w": 1.0, "h": 1.0, "landmarks": bytes(40), "confidence": 1.0,
    "quality": 1.0, "quality_reasons": "",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Process:
    """What a process did and took.

    Attributes:
        wall: Seconds, from outside.
        load: Seconds until the index was in memory.
        seconds: For each probe.
        found: Face ids for each probe.
        peak: Bytes of memory, at most.
        work: Seconds of processor time for other work than searches.
    """

    wall: float
    load: float
    seconds: tuple[float, ...]
    found: tuple[tuple[int, ...], ...]
    peak: int
    work: dict[str, float]


class Truth:
    """The nearest faces of each probe, brought up to date as the gallery grows.

    Args:
        probes: float32 [P, D].
    """

    def __init__(self, probes: F32) -> None:
        self._probes = probes
        self._similarities: F32 = np.empty((len(probes), 0), dtype=np.float32)
        self._ids: I64 = np.empty((len(probes), 0), dtype=np.int64)

    def add(self, ids: I64, vectors: F32) -> None:
        """Take in more faces, int64 [N] and float32 [N, D]."""
        similarities = np.concatenate([self._similarities, self._probes @ vectors.T], axis=1)
        known = np.concatenate([self._ids, np.broadcast_to(ids, (len(self._probes), len(ids)))], axis=1)
        best = np.argsort(-similarities, axis=1)[:, :NEIGHBORS]
        self._similarities = np.take_along_axis(similarities, best, axis=1)
        self._ids = np.take_along_axis(known, best, axis=1)

    def recall(self, found: tuple[tuple[int, ...], ...]) -> float:
        """The share of the nearest faces that was found."""
        shares = [len(set(near) & set(ids)) / NEIGHBORS for near, ids in zip(found, self._ids, strict=True)]
        return float(np.mean(shares))


def grow(database: Store, people: MadePeople, truth: Truth, start: int, stop: int) -> None:
    """Put made faces into a library; their ids are their places in the gallery, from 1."""
    last = start
    for made in people.gallery(start, stop):
        ids = np.arange(last + 1, last + len(made) + 1)
        blobs = [row.tobytes() for row in made.astype("<f2")]
        with database.write() as connection:
            connection.execute(insert(stored_face), [{"id": each, **_FACE} for each in ids.tolist()])
            rows = zip(ids.tolist(), blobs, strict=True)
            connection.execute(
                insert(descriptor), [{"face_id": each, "model": MODEL, "vector": blob} for each, blob in rows]
            )
        truth.add(ids, descriptors_from_blobs(blobs))
        last += len(made)


def run(library: Path, probes: Path, exact_bytes: int, *more: str) -> Process:
    """Run ``benchmarks.search.process``."""
    command = [sys.executable, "-m", "benchmarks.search.process", str(library), str(probes)]
    began = time.perf_counter()
    done = subprocess.run(
        [*command, "--exact-bytes", str(exact_bytes), *more],
        check=True,
        capture_output=True,
        text=True,
        env=installed(),
    )
    wall = time.perf_counter() - began
    said = json.loads(done.stdout)
    found = tuple(tuple(each) for each in said["found"])
    return Process(wall, said["load"], tuple(said["seconds"]), found, said["peak"], said["work"])


def measure(library: Path, probes: Path, truth: Truth, size: int, exact_bytes: int) -> str:
    """Build, save, load and ask one kind of index; a row of the table."""
    file = index_path(library, MODEL)
    file.unlink(missing_ok=True)
    built = run(library, probes, exact_bytes, "--save")
    cold = [run(library, probes, exact_bytes, "--first", str(each), "--count", "1") for each in range(COLD)]
    warm = run(library, probes, exact_bytes, "--count", str(PROBES))
    work = run(library, probes, exact_bytes, "--work").work
    whole = [each.wall for each in cold]
    asked = [each.load + each.seconds[0] for each in cold]
    kind = "exact" if exact_bytes else "codes"
    return (
        f"| {size:,} | {kind} | {built.wall:.1f} s | {file.stat().st_size / 1e6:,.1f} MB "
        f"| {built.peak / 1e6:,.0f} / {warm.peak / 1e6:,.0f} MB "
        f"| {np.median(whole):.2f} / {max(whole):.2f} s "
        f"| {np.median(asked) * 1e3:.0f} / {max(asked) * 1e3:.0f} ms "
        f"| {_percentiles(warm.seconds)} | {truth.recall(warm.found):.4f} "
        + "".join(f"| {work[each] * 1e3:,.0f} ms " for each in WORK)
        + "|"
    )


def _percentiles(seconds: tuple[float, ...]) -> str:
    middle, high = np.percentile(seconds, [50, 99]) * 1e3
    return f"{middle:.1f} / {high:.1f} ms"


def rows(sizes: list[int], dimension: int, codes: bool, folder: Path) -> Iterator[str]:
    """A row for each size: of the exact kind up to the limit, of codes above, or if they are wanted."""
    people = MadePeople(dimension)
    probes = people.probes(PROBES, min(sizes))
    np.save(folder / "probes.npy", probes)
    truth = Truth(probes)
    library = folder / "library.sqlite3"
    with create_store(library) as database:
        Catalog(database).choose_model(MODEL)
        with database.write() as connection:
            connection.execute(insert(content).values(id=1, digest=bytes(32), width=1, height=1))
        for start, stop in zip([0, *sizes], sizes, strict=False):
            grow(database, people, truth, start, stop)
            is_exact = 2 * dimension * stop <= EXACT_BYTES
            if is_exact:
                yield measure(library, folder / "probes.npy", truth, stop, _ALL_BYTES)
            if codes or not is_exact:
                yield measure(library, folder / "probes.npy", truth, stop, _NO_BYTES)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--dimension", type=int, default=2048)
    parser.add_argument("--codes", action="store_true", help="measure codes of small libraries too")
    asked = parser.parse_args()
    sizes = sorted(asked.sizes)
    if any(size % CHUNK for size in sizes):
        parser.error(f"sizes are multiples of {CHUNK}")
    print(
        f"{machine()}; {asked.dimension} elements; exact up to {EXACT_BYTES // 2 // asked.dimension:,} faces"
    )
    print()
    print(
        "| faces | kind | build and save | file | memory, building / asking | new process, p50 / p99 "
        f"| load and search in it | warm search, p50 / p99 | recall@{NEIGHBORS} "
        f"| {' | '.join(WORK.values())} |"
    )
    print(f"| ---: | --- {'| ---: ' * (7 + len(WORK))}|", flush=True)
    with tempfile.TemporaryDirectory(prefix="faceindex-benchmark-") as folder:
        for row in rows(sizes, asked.dimension, asked.codes, Path(folder)):
            print(row, flush=True)
    print(f"\nPeak memory of the benchmark itself: {peak_memory() / 1e6:,.0f} MB")


if __name__ == "__main__":
    main()
