"""Writes the clusters of a made library, from what is known of its persons.

The first clustering would give nearly the same, and take much longer.
"""

import numpy as np
from sqlalchemy import Connection

from benchmarks.made_library.population import Population
from benchmarks.made_library.rows import fill
from index.store.schema import cluster, cluster_face
from index.values import I64, RELIABLE

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
