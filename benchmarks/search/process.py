"""One process of the search benchmark: loads a library's index as ``faceindex who`` does, and asks it.

Run by ``benchmarks.search``, which also times it from outside: from a new process everything counts.
"""

import argparse
import json
import re
import time
from pathlib import Path

import numpy as np

from index.photos.catalog import Catalog
from index.store.opening import open_store
from index.store.store import Access
from index.values import I64
from index.vectors.saved_index import load_index, save_index
from pipeline.values import ModelId

MODEL = ModelId("made")
NEIGHBORS = 10
_NONE: I64 = np.empty(0, dtype=np.int64)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("library", type=Path)
    parser.add_argument("probes", type=Path)
    parser.add_argument("--exact-bytes", type=int, required=True)
    parser.add_argument("--first", type=int, default=0, help="the probe to begin with")
    parser.add_argument("--count", type=int, default=0, help="how many probes")
    parser.add_argument("--save", action="store_true", help="save the index first")
    asked = parser.parse_args()
    probes = np.load(asked.probes, mmap_mode="r")
    started = time.perf_counter()
    with open_store(asked.library, Access.WRITE if asked.save else Access.READ) as database:
        catalog = Catalog(database)
        index = load_index(catalog, MODEL, probes.shape[1], asked.exact_bytes).index
        load = time.perf_counter() - started
        if asked.save:
            save_index(index, catalog, MODEL)
        seconds, found = [], []
        for probe in probes[asked.first : asked.first + asked.count]:
            began = time.perf_counter()
            (near,) = index.search(probe[None], NEIGHBORS, _NONE)
            seconds.append(time.perf_counter() - began)
            found.append([each.face_id for each in near])
    print(json.dumps({"load": load, "seconds": seconds, "found": found, "peak": peak_memory()}))


def peak_memory() -> int:
    """The most bytes of memory that this process has held. What getrusage says begins with its parent's."""
    found = re.search(r"^VmHWM:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    return 1024 * int(found[1]) if found else 0


if __name__ == "__main__":
    main()
