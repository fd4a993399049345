"""Records photos with made faces, in batches as a scan does, and says how many in a second.

    python -m benchmarks.scale.recording LIBRARY PHOTOS PART

Each photo has two or three faces, of persons of the library and of strangers; each ``PART`` has photos of its
own.
"""

import json
import os
import sys
import time
from datetime import datetime
from pathlib import Path

import numpy as np
from blake3 import blake3

from benchmarks.made_library.faces import made_persons
from benchmarks.made_library.population import FACES_A_PHOTO
from faceindex.scanning.recording import BATCH_PHOTOS
from index.photos.catalog import Catalog
from index.store.opening import create_store
from pipeline.decoding.formats import Format
from pipeline.decoding.readers import decoder_of
from pipeline.models.registry import spec
from pipeline.values import (
    F32,
    Box,
    Descriptor,
    DetectedFace,
    ModelId,
    PhotoFile,
    PhotoIndexed,
    Quality,
    Size,
)

_STRANGERS = 0.3
_PERSONS = 10_000
"""The faces are of the first so many persons of a made library."""


def photo(number: int, part: int, model: ModelId, vectors: F32) -> PhotoIndexed:
    digest = blake3(b"recorded %d %d" % (part, number)).digest()
    file = PhotoFile(os.fsencode(f"/recorded/{part}/{number:06}.jpg"), 1 << 20, 1_700_000_000_000_000_000)
    landmarks = np.array([[30, 40], [70, 40], [50, 60], [35, 80], [65, 80]], np.float32)
    faces = tuple(
        Descriptor(
            DetectedFace(Box(300.0 * place, 10.0, 100.0, 125.0), landmarks, 0.99),
            Quality(0.8, ()),
            model,
            vector,
        )
        for place, vector in enumerate(vectors)
    )
    return PhotoIndexed(
        file, digest, Size(4000, 3000), datetime(2025, 1, 1), faces, decoder_of(Format.JPEG), "mtcnn", digest
    )


def main() -> None:
    library, photos, part = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    with create_store(library) as store:
        catalog = Catalog(store)
        model = catalog.model()
        if model is None:
            raise SystemExit(f"{library} holds nothing")
        rng = np.random.default_rng(part)
        count = round(FACES_A_PHOTO * photos)
        whose = rng.integers(0, _PERSONS, count)
        is_stranger = rng.random(count) < _STRANGERS
        whose[is_stranger] = -1 - rng.integers(0, 1 << 40, int(is_stranger.sum()))
        vectors = made_persons(spec(model).dimension, 1).faces(whose, 10**9 + part)
        ends = np.linspace(0, count, photos + 1).round().astype(int)
        made = [photo(n, part, model, vectors[ends[n] : ends[n + 1]]) for n in range(photos)]
        began = time.perf_counter()
        for start in range(0, photos, BATCH_PHOTOS):
            catalog.record(made[start : start + BATCH_PHOTOS])
        seconds = time.perf_counter() - began
    print(json.dumps({"photos": photos, "faces": count, "seconds": seconds}))


if __name__ == "__main__":
    main()
