"""Writes the faces of a made library, and their descriptors."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from benchmarks.made_library.photos import HEIGHT, WIDTH
from benchmarks.made_library.population import Population
from benchmarks.made_library.rows import blobs, fill
from index.store.schema import descriptor, stored_face
from index.values import RELIABLE
from pipeline.values import F32
from tests.made_descriptors import CHUNK, MadePeople

_STEP = 380
"""Pixels from one face of a photo to the next: less than any side, so that no two meet."""
_SHARES = np.array([[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.35, 0.8], [0.65, 0.8]], np.float32)
"""Where the five landmarks are in a box."""


def made_persons(dimension: int, seed: int) -> MadePeople:
    """Make the persons of a library: two of them are as alike as sface's false match rates say."""
    return MadePeople(dimension, seed, strangers=0.0, fall=0.25, rank=min(256, dimension))


def made_boxes(people: Population, rng: np.random.Generator) -> F32:
    """Make the box of each face, float32 [N, 4]: x, y, w, h. Those of a photo stand in rows."""
    across, down = WIDTH // _STEP, HEIGHT // _STEP
    places = people.places() % (across * down)
    w = rng.uniform(40, 280, len(people))
    corners = np.stack([places % across, places // across], axis=1) * _STEP + rng.uniform(
        0, 8, (len(people), 2)
    )
    return np.concatenate([corners, np.stack([w, 1.25 * w], axis=1)], axis=1).astype(np.float32)


def write_faces(connection: Connection, people: Population, boxes: F32, rng: np.random.Generator) -> None:
    """Write the faces; their ids are their rows, from 1."""
    landmarks = boxes[:, None, :2] + _SHARES * boxes[:, None, 2:]
    x, y, w, h = boxes.T
    columns = {
        "id": range(1, len(people) + 1),
        "content_id": people.contents,
        "x": x,
        "y": y,
        "w": w,
        "h": h,
        "landmarks": blobs(landmarks.astype("<f4")),
        "confidence": rng.uniform(0.9, 1.0, len(people)).astype(np.float32),
        "quality": people.qualities,
        "quality_reasons": ["" if each >= RELIABLE else "small" for each in people.qualities.tolist()],
    }
    fill(connection, stored_face, len(people), columns)


def made_descriptors(people: Population, made: MadePeople) -> Iterator[NDArray[np.float16]]:
    """Make the descriptors of all faces, in chunks, float16 [<= ``CHUNK``, D], of unit norm."""
    for start in range(0, len(people), CHUNK):
        yield made.faces(people.whose[start : start + CHUNK], start).astype("<f2")


def write_descriptors(connection: Connection, model: str, first: int, vectors: NDArray[np.float16]) -> None:
    """Write descriptors of successive faces; ``first`` is the row of the first one."""
    ids = range(first + 1, first + 1 + len(vectors))
    fill(connection, descriptor, len(vectors), {"face_id": ids, "model": model, "vector": blobs(vectors)})
