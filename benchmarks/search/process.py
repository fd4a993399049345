"""One process of the search benchmark: loads a library's index as ``faceindex who`` does, and asks it.

Run by ``benchmarks.search``, which also times it from outside: from a new process everything counts.
"""

import argparse
import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from index.photos.catalog import Catalog
from index.store.opening import open_store
from index.store.store import Access
from index.values import I64
from index.vectors.faiss_index import FaissIndex
from index.vectors.saved_index import load_index, load_searchable_index, save_index
from pipeline.values import F32, ModelId

MODEL = ModelId("made")
NEIGHBORS = 10
MANY = 1000
"""Faces that are excluded, compared or appended."""
SIMILAR = 0.4
_NONE: I64 = np.empty(0, dtype=np.int64)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("library", type=Path)
    parser.add_argument("probes", type=Path)
    parser.add_argument("--exact-bytes", type=int, required=True)
    parser.add_argument("--first", type=int, default=0, help="the probe to begin with")
    parser.add_argument("--count", type=int, default=0, help="how many probes")
    parser.add_argument("--save", action="store_true", help="make the index anew, and save it")
    parser.add_argument("--work", action="store_true", help="time other work than searches, and append faces")
    asked = parser.parse_args()
    probes = np.load(asked.probes, mmap_mode="r")
    started = time.perf_counter()
    with open_store(asked.library, Access.WRITE if asked.save or asked.work else Access.READ) as database:
        catalog = Catalog(database)
        if asked.save:
            index = load_index(catalog, MODEL, probes.shape[1], asked.exact_bytes).index
            save_index(index, catalog, MODEL)
        else:
            index = load_searchable_index(catalog, MODEL, probes.shape[1]).index
        load = time.perf_counter() - started
        seconds, found = [], []
        for probe in probes[asked.first : asked.first + asked.count]:
            began = time.perf_counter()
            (near,) = index.search(probe[None], NEIGHBORS, _NONE)
            seconds.append(time.perf_counter() - began)
            found.append([each.face_id for each in near])
        peak = peak_memory()
        work = _work(index, probes, catalog) if asked.work else {}
    print(json.dumps({"load": load, "seconds": seconds, "found": found, "peak": peak, "work": work}))


def _work(index: FaissIndex, probes: F32, catalog: Catalog) -> dict[str, float]:
    """Seconds of processor time for what else an index does."""
    seconds: dict[str, float] = {}

    @contextmanager
    def timed(name: str) -> Iterator[None]:
        began = time.process_time()
        yield
        seconds[name] = time.process_time() - began

    ids, one = index.ids(), np.ascontiguousarray(probes[:1])
    some = ids[:: len(ids) // MANY][:MANY]
    with timed("search"):
        index.search(one, NEIGHBORS, _NONE)
    with timed("excluding"):
        index.search(one, NEIGHBORS, ids[:: len(ids) // (10 * MANY)])
    with timed("within"):
        index.within(one, SIMILAR)
    with timed("fetch"):
        vectors = index.fetch(some).vectors
    with timed("within any"):
        index.within(vectors, SIMILAR)
    with timed("pairs"):
        index.near_pairs(some, 16, SIMILAR)
    index.sync(ids[:-MANY])
    save_index(index, catalog, MODEL, whole=True)
    index.sync(ids)
    with timed("append"):
        save_index(index, catalog, MODEL)
    return seconds


def peak_memory() -> int:
    """The most bytes of memory that this process has held. What getrusage says begins with its parent's."""
    found = re.search(r"^VmHWM:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    return 1024 * int(found[1]) if found else 0


if __name__ == "__main__":
    main()
