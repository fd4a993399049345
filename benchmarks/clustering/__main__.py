"""How long it takes to group a large library, and for new faces to join it; on made descriptors.

    python -m benchmarks.clustering [--faces 100000] [--dimensions 128 2048] [--new 1000]

A real library in a folder that is removed afterwards. Each run is a process of its own, whose memory is
reported. "Processor" are the seconds of both cores together: where other programs run beside, they say more
than the clock. Printed are also B-cubed precision, recall and F of all faces after the first run.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import insert, select

from benchmarks.process import machine, print_table, run
from faceindex.accuracy.cluster_agreement import agree
from index.photos.catalog import Catalog
from index.store.opening import create_store
from index.store.schema import cluster_face, content, descriptor, photo, stored_face
from index.store.store import Store
from pipeline.values import F32, ModelId
from tests.made_descriptors import CHUNK, MadePeople

MODEL = ModelId("made")
ACCEPT = 0.45
"""Of a hundred made strangers' nearest faces in 100,000, five are as alike as the rule then asks for."""

_FACE = {
    "x": 0.0, "y": 0.0, "w": 60.0, "h": 80.0, "landmarks": bytes(40), "confidence": 1.0, "quality": 1.0,
    "quality_reasons": "",
}  # fmt: skip
HEADING = ("elements", "run", "seconds", "processor", "memory", "founded", "joined", "in clusters")


def put(database: Store, vectors: F32, first: int) -> None:
    """Add faces, each in a photo of its own; their ids begin at ``first``."""
    ids = list(range(first, first + len(vectors)))
    contents = [{"id": each, "digest": each.to_bytes(32), "width": 100, "height": 100} for each in ids]
    photos = [
        {"id": each, "path": b"/%d.jpg" % each, "size": 1, "mtime_ns": 1, "content_id": each} for each in ids
    ]
    blobs = [row.tobytes() for row in vectors.astype("<f2")]
    with database.write() as connection:
        connection.execute(insert(content), contents)
        connection.execute(insert(photo), photos)
        connection.execute(insert(stored_face), [{"id": each, "content_id": each, **_FACE} for each in ids])
        connection.execute(
            insert(descriptor),
            [
                {"face_id": each, "model": MODEL, "vector": blob}
                for each, blob in zip(ids, blobs, strict=True)
            ],
        )


def grouped(library: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.clustering.process", str(library), "--accept", str(ACCEPT)]
    found: dict[str, Any] = json.loads(run(command).output)
    return found


def row(dimension: int, name: str, found: dict[str, Any]) -> Sequence[str]:
    counts = (f"{found[each]:,}" for each in ("founded", "joined", "clustered"))
    times = (f"{found[each]:.1f}" for each in ("seconds", "processor_seconds"))
    return (str(dimension), name, *times, f"{found['peak'] / 1e6:,.0f} MB", *counts)


def scores(database: Store, people: MadePeople, faces: int) -> str:
    with database.read() as connection:
        rows = connection.execute(select(cluster_face.c.face_id, cluster_face.c.cluster_id)).all()
    labels = -np.arange(faces)
    for face_id, cluster in rows:
        if cluster is not None and face_id <= faces:
            labels[face_id - 1] = cluster
    names = [str(each) for place in range(0, faces, CHUNK) for each in people.names(place)]
    found = agree(labels.tolist(), names[:faces])
    if found is None:
        return "no faces"
    each = found.b_cubed
    return f"precision {each.precision:.4f}, recall {each.recall:.4f}, F {each.f:.4f}"


def measured(dimension: int, faces: int, new: int, folder: Path) -> Iterator[Sequence[str]]:
    people = MadePeople(dimension)
    library = folder / f"{dimension}.db"
    with create_store(library) as database:
        Catalog(database).choose_model(MODEL)
        for place, vectors in enumerate(people.gallery(0, faces)):
            put(database, vectors, 1 + place * CHUNK)
        yield row(dimension, f"first, {faces:,} faces", grouped(library))
        print(f"{dimension} elements: {scores(database, people, faces)}", file=sys.stderr, flush=True)
        put(database, people.probes(new, faces), faces + 1)
        yield row(dimension, f"{new:,} new", grouped(library))
        yield row(dimension, "nothing new", grouped(library))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--faces", type=int, default=100_000)
    parser.add_argument("--dimensions", type=int, nargs="+", default=[128, 2048])
    parser.add_argument("--new", type=int, default=1000)
    asked = parser.parse_args()
    if asked.faces % CHUNK:
        parser.error(f"the number of faces must be a multiple of {CHUNK}")
    print(f"{machine()}\n")
    with tempfile.TemporaryDirectory(prefix="faceindex-benchmark-") as folder:
        print_table(
            HEADING,
            (
                line
                for dimension in asked.dimensions
                for line in measured(dimension, asked.faces, asked.new, Path(folder))
            ),
        )


if __name__ == "__main__":
    main()
