"""Make a whole library of made faces, as large as is asked for, to measure and try commands on.

    python -m benchmarks.made_library FILE --faces 1000000 [--dimension 128] [--photos FOLDER]
    python -m benchmarks.made_library FILE --faces 100000 --names 1300 --share 0.5 --largest 11000

Photos with dates, 2.5 faces in each on average; faces of persons of very different sizes, of whom the first
has 1.1 % of a million, and of strangers seen once; a named person for each 500 faces; decisions, one for each
ten faces; clusters as the first clustering would find them; the saved index; all faces judged. The same
arguments make the same library. With ``--photos`` its photos' files are there too: of zeros, but of the sizes
and times that the library knows, so that a scan finds them unchanged.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from benchmarks.made_library.decisions import made_decisions
from benchmarks.made_library.faces import (
    made_boxes,
    made_descriptors,
    made_persons,
    write_descriptors,
    write_faces,
)
from benchmarks.made_library.groups import made_clusters, write_clusters
from benchmarks.made_library.journal import write_journal
from benchmarks.made_library.photos import MadePhotos, made_photos, make_files, write_photos
from benchmarks.made_library.population import OF_NAMED, Names, made_population
from index.clustering.cluster_tables import GroupingInputs, count_reliable, write_inputs
from index.clustering.regroup import regroup
from index.photos.catalog import Catalog
from index.recognition.stored_calibration import thresholds_for
from index.store.opening import create_store
from index.vectors.saved_index import load_index, save_index
from pipeline.models.registry import spec

MODELS = {128: "sface", 2048: "vggface2-resnet50", 512: "facenet"}
"""The model that a library claims, by the length of its descriptors."""
FACES = 1000
"""Fewest faces."""
_CLUSTERED = "2022-01-01T07:00:00+00:00"


@contextmanager
def _step(name: str) -> Iterator[None]:
    began, used = time.perf_counter(), time.process_time()
    yield
    seconds, used = time.perf_counter() - began, time.process_time() - used
    print(f"{name}: {seconds:.1f} s, processor {used:.1f} s", file=sys.stderr, flush=True)


def make(
    path: Path, faces: int, names: Names, dimension: int, folder: Path, decisions: int, seed: int
) -> MadePhotos:
    """Make a library in a file that does not exist; return its photos, whose files are not made."""
    rng = np.random.default_rng((seed, faces))
    model = spec(MODELS[dimension]).model_id
    people = made_population(faces, names, rng)
    boxes = made_boxes(people, rng)
    made = made_photos(people.photos, os.fsencode(folder), rng)
    with create_store(path) as store:
        catalog = Catalog(store)
        catalog.choose_model(model)
        with _step("photos and faces"), store.write() as connection:
            digests = write_photos(connection, made, os.fsencode(folder), seed, str(catalog.detector()))
            write_faces(connection, people, boxes, rng)
        with _step("descriptors"), store.write() as connection:
            start = 0
            for chunk in made_descriptors(people, made_persons(dimension, seed)):
                write_descriptors(connection, model, start, chunk)
                start += len(chunk)
        with _step("clusters"), store.write() as connection:
            write_clusters(connection, made_clusters(people, rng), _CLUSTERED)
        with _step("decisions"):
            write_journal(store, made_decisions(people, decisions, rng), people, boxes, digests, seed)
        with _step("index"):
            loaded = load_index(catalog, model, dimension)
            save_index(loaded.index, catalog, model)
        with _step("judging"):
            thresholds = thresholds_for(store, model)
            with store.write() as connection:
                reliable = count_reliable(connection, model)
                write_inputs(
                    connection, GroupingInputs(model, thresholds.accept, thresholds.review, reliable)
                )
            regroup(store, thresholds, loaded.index, everything=True)
    return made


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("library", type=Path, metavar="FILE")
    parser.add_argument("--faces", type=int, default=10_000)
    parser.add_argument("--dimension", type=int, default=128, choices=sorted(MODELS))
    parser.add_argument("--decisions", type=int, help="one for each ten faces by default")
    parser.add_argument("--names", type=int, help="persons with a name, one for each 500 faces by default")
    parser.add_argument("--share", type=float, default=OF_NAMED, help="of all faces that are theirs, 0 to 1")
    parser.add_argument("--largest", type=int, help="faces of the person who has most")
    parser.add_argument("--photos", type=Path, metavar="FOLDER", help="make the photos' files here")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    if asked.faces < FACES:
        parser.error(f"a made library has {FACES:,} faces or more")
    library = asked.library.absolute()
    if library.exists():
        parser.error(f"{library} is there already")
    folder = (asked.photos or library.with_suffix(".photos")).absolute()
    decisions = asked.faces // 10 if asked.decisions is None else asked.decisions
    usual = Names.usual(asked.faces)
    names = Names(asked.names or usual.persons, asked.share, asked.largest)
    made = make(library, asked.faces, names, asked.dimension, folder, decisions, asked.seed)
    if asked.photos:
        with _step("files"):
            make_files(made)


if __name__ == "__main__":
    main()
