"""Prepares a made library for its first clustering, and says how well that finds its persons."""

from pathlib import Path

import numpy as np
from sqlalchemy import Connection, Table, delete, select

from benchmarks.made_library.population import Names, made_population
from faceindex.accuracy.cluster_agreement import agree
from index.store import schema
from index.store.opening import create_store, open_store
from index.store.schema import cluster_face
from index.store.store import Access

SEED = 1
"""Of the library, as it is made by default."""

_DERIVED: tuple[Table, ...] = (
    schema.recognised,
    schema.likeness,
    schema.verdict,
    schema.rejection,
    schema.apart,
    schema.person,
    schema.decision_face,
    schema.decision,
    schema.cluster_face,
    schema.cluster,
    schema.grouping,
    schema.changed,
)
"""What is there only once faces were grouped or named; the marks that triggers make come last."""


def forget_names_and_groups(library: Path) -> None:
    """Leave a library as it is after its first scan, before faces are grouped."""
    with create_store(library) as store, store.write() as connection:
        for table in _DERIVED:
            connection.execute(delete(table))


def agreement(library: Path, faces: int) -> str:
    """Measure how the clusters of a made library agree with its persons, in a few words.

    ``faces`` is the number with which it was made; later ones do not count.
    """
    with open_store(library, Access.READ) as store, store.read() as connection:
        groups = _groups(connection, faces)
    population = made_population(faces, Names.usual(faces), np.random.default_rng((SEED, faces)))
    found = agree(groups.tolist(), population.whose.tolist())
    if found is None:
        return "no faces"
    each = found.b_cubed
    return f"B-cubed precision {each.precision:.4f}, recall {each.recall:.4f}, F {each.f:.4f}"


def _groups(connection: Connection, faces: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Read the cluster of each face, by its number from 1; those of none have groups of their own."""
    groups = -1 - np.arange(faces)
    columns = cluster_face.c
    clustered = select(columns.face_id, columns.cluster_id).where(columns.cluster_id.is_not(None))
    for face_id, number in connection.execute(clustered.where(columns.face_id <= faces)):
        groups[face_id - 1] = number
    return groups
