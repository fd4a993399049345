"""One process of benchmarks.clustering: groups a library, and says how long it took."""

import argparse
import json
import time
from pathlib import Path

from benchmarks.search.process import peak_memory
from index.clustering.regroup import regroup
from index.photos.catalog import Catalog
from index.recognition.thresholds import Thresholds
from index.store.opening import open_store
from index.store.store import Access
from index.vectors.saved_index import load_index
from pipeline.values import ModelId

MODEL = ModelId("made")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("library", type=Path)
    parser.add_argument("--accept", type=float, required=True)
    asked = parser.parse_args()
    thresholds = Thresholds(asked.accept, asked.accept - 0.05, "for made descriptors")
    with open_store(asked.library, Access.WRITE) as database:
        began, used = time.perf_counter(), time.process_time()
        catalog = Catalog(database)
        (first,) = catalog.descriptors(MODEL, [1])
        vectors = load_index(catalog, MODEL, first.vectors.shape[1]).index
        done = regroup(database, thresholds, vectors)
        seconds, used = time.perf_counter() - began, time.process_time() - used
    print(
        json.dumps(
            {
                "seconds": seconds,
                "processor_seconds": used,
                "peak": peak_memory(),
                "founded": done.founded,
                "joined": done.joined,
                "clustered": done.clustered,
            }
        )
    )


if __name__ == "__main__":
    main()
