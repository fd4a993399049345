"""Writes the clusters of a made library, and who is recognised, from what is known of its persons.

The first clustering and the judging of all faces would give nearly the same, and take much longer.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from benchmarks.made_library.decisions import key_of
from benchmarks.made_library.population import Population
from benchmarks.made_library.rows import fill
from index.recognition.decided_faces import load_confirmed, read_rejections
from index.recognition.gallery import Gallery
from index.recognition.identify import identify
from index.recognition.thresholds import Thresholds
from index.store.schema import cluster, cluster_face, person, recognised, verdict
from index.store.store import Store
from index.values import I64, RELIABLE
from pipeline.values import F32, ModelId

_LEFT_OUT, _DIVIDED = 0.03, 0.02
"""Errors: the share of faces that are in no cluster, and of persons that have two."""

_FEWEST = 2
"""Reliable faces of a cluster, at least."""


def made_clusters(people: Population, rng: np.random.Generator) -> I64:
    """Make the cluster of each face, int64 [N], from 1; 0 for none."""
    is_divided = rng.random(people.whose.max() + 1) < _DIVIDED
    parts = is_divided[people.whose] & (rng.random(len(people)) < 1 / 3)
    labels = 1 + 2 * people.whose + parts
    labels[rng.random(len(people)) < _LEFT_OUT] = 0
    reliable = np.bincount(labels[people.qualities >= RELIABLE], minlength=labels.max() + 1)
    labels[reliable[labels] < _FEWEST] = 0
    clustered = labels > 0
    labels[clustered] = 1 + np.unique(labels[clustered], return_inverse=True)[1]
    return np.asarray(labels, np.int64)


def write_clusters(connection: Connection, clusters: I64, now: str) -> None:
    """Write the clusters of all faces, as ``made_clusters`` makes them."""
    count = int(clusters.max())
    fill(connection, cluster, count, {"id": range(1, count + 1), "made_at": now})
    numbers = [each or None for each in clusters.tolist()]
    ids = range(1, len(numbers) + 1)
    fill(connection, cluster_face, len(numbers), {"face_id": ids, "cluster_id": numbers})


def write_recognised(
    store: Store, people: Population, vectors: NDArray[np.float16], model: ModelId, thresholds: Thresholds
) -> int:
    """Recognise the faces of named persons without a decision, each by its own person; return how many.

    ``vectors`` are the descriptors of all faces, float16 [N, D].
    """
    rows = list(_recognised(store, people, vectors, model, thresholds))
    ids, persons, similarities = (np.concatenate(each) for each in zip(*rows, strict=True))
    order = np.argsort(ids)
    columns = {"face_id": ids[order], "person_id": persons[order], "similarity": similarities[order]}
    with store.write() as connection:
        fill(connection, recognised, len(ids), columns)
    return len(ids)


def _recognised(
    store: Store, people: Population, vectors: NDArray[np.float16], model: ModelId, thresholds: Thresholds
) -> Iterator[tuple[I64, I64, F32]]:
    with store.read() as connection:
        decided = set(connection.scalars(select(verdict.c.face_id)))
        rejected = read_rejections(connection)
        numbers = {row.key: row.id for row in connection.execute(select(person.c.key, person.c.id))}
    pairs = set(zip(rejected.face_ids.tolist(), rejected.person_ids.tolist(), strict=True))
    confirmed = load_confirmed(store, model, least_quality=RELIABLE)
    for rank, rows in enumerate(people.groups()[: people.named]):
        number = numbers[key_of(rank)]
        gallery = Gallery(confirmed.at(confirmed.person_ids == number))
        ids = [each for each in (rows + 1).tolist() if each not in decided and (each, number) not in pairs]
        if not ids or not len(gallery):
            continue
        probes = vectors[np.array(ids) - 1].astype(np.float32)
        probes /= np.linalg.norm(probes, axis=1, keepdims=True)
        found = identify(gallery, probes, thresholds)
        is_sure = found.accepted
        yield np.array(ids)[is_sure], found.person_ids[is_sure], found.similarities[is_sure]
