"""What other kinds of index FAISS offers would give: time, bytes, and what they miss.

Run as ``python -m benchmarks.index_kinds``; the table it prints stands in docs/search.md. Made
descriptors in memory, and one probe at a time on one thread. Where candidates are chosen, they are
measured by their descriptors afterwards, so that recall is the share of the ten nearest among them.
"""

import argparse
import time
from typing import Any

import faiss
import numpy as np

from benchmarks.process import machine
from index.values import I64
from pipeline.values import F32
from tests.made_descriptors import MadePeople

PROBES = 100
NEIGHBORS = 10
KINDS = (
    ("Flat", (10,), 1),
    ("SQfp16", (10,), 1),
    ("SQ8", (10, 50), 1),
    ("SQ4", (10, 50), 1),
    ("RaBitQ", (100, 200, 400), 1),
    ("HR,RaBitQ", (100, 200, 400), 1),
    ("HR,RaBitQ2", (50, 100, 200), 1),
    ("RaBitQfs", (100, 200, 400), 1),
    ("IVF512,SQ8", (50,), 16),
    ("IVF512,SQ8", (50,), 64),
    ("IVF512,SQfp16", (10,), 64),
    ("IVF512,RaBitQ", (200,), 16),
    ("IVF512,RaBitQ", (200,), 64),
    ("HNSW32,SQ8", (50,), 1),
)
"""The name FAISS has for it, how many candidates it chooses, and how many lists it looks into."""


def make(name: str, dimension: int) -> Any:
    """An empty index for inner products; ``HR`` is the rotation that our codes have."""
    if name.startswith("HR,RaBitQ"):
        rotation = faiss.HadamardRotation(dimension, 1)
        bits = int(name.removeprefix("HR,RaBitQ") or 1)
        codes = faiss.IndexRaBitQ(rotation.d_out, faiss.METRIC_INNER_PRODUCT, bits)
        return faiss.IndexPreTransform(rotation, codes)
    return faiss.index_factory(dimension, name, faiss.METRIC_INNER_PRODUCT)


def build(name: str, gallery: F32) -> tuple[Any, float]:
    """An index that holds a gallery, and the seconds it took."""
    began = time.perf_counter()
    index = make(name, gallery.shape[1])
    index.train(gallery[:: max(1, len(gallery) // 20_000)])
    index.add(gallery)
    return index, time.perf_counter() - began


def ask(index: Any, probes: F32, candidates: int) -> tuple[F32, I64]:
    """Milliseconds for each probe, float32 [P], and the candidates, int64 [P, candidates]."""
    found, times = [], []
    for probe in probes:
        began = time.perf_counter()
        found.append(index.search(probe[None], candidates)[1][0])
        times.append(1e3 * (time.perf_counter() - began))
    return np.array(times, dtype=np.float32), np.array(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--size", type=int, default=100_000)
    parser.add_argument("--dimension", type=int, default=2048)
    parser.add_argument("--kinds", nargs="+", default=[])
    asked = parser.parse_args()
    people = MadePeople(asked.dimension)
    gallery = np.concatenate(list(people.gallery(0, asked.size)))
    probes = people.probes(PROBES, asked.size)
    truth = np.argsort(-(probes @ gallery.T), axis=1)[:, :NEIGHBORS]
    print(f"{machine()}; {asked.size:,} faces of {asked.dimension} elements\n")
    print("| kind | lists | train and add | bytes a face | candidates | p50 / p99 | recall@10 |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |", flush=True)
    cores = faiss.omp_get_max_threads()
    for name, reaches, lists in KINDS:
        if asked.kinds and name not in asked.kinds:
            continue
        index, seconds = build(name, gallery)
        if name.startswith("IVF"):
            faiss.extract_index_ivf(index).nprobe = lists
        size = len(faiss.serialize_index(index)) / asked.size
        faiss.omp_set_num_threads(1)
        for reach in reaches:
            times, found = ask(index, probes, reach)
            hits = [
                len(set(near) & set(ids)) for near, ids in zip(truth.tolist(), found.tolist(), strict=True)
            ]
            middle, high = np.percentile(times, [50, 99])
            probed = str(lists) if name.startswith("IVF") else ""
            print(
                f"| {name} | {probed} | {seconds:.1f} s | {size:,.0f} | {reach} "
                f"| {middle:.1f} / {high:.1f} ms | {np.mean(hits) / NEIGHBORS:.4f} |",
                flush=True,
            )
        faiss.omp_set_num_threads(cores)


if __name__ == "__main__":
    main()
