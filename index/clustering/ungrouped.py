"""Finds out why open faces are in no cluster.

Of many faces that are good enough, only some, evenly spread, are compared with all others.
"""

from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection

from index.clustering.affected_region import NEIGHBORS
from index.clustering.cluster_tables import (
    count_reliable,
    read_beside,
    read_faces,
    read_last_inputs,
    read_never_compared,
    read_without_cluster,
)
from index.clustering.cluster_threshold import cluster_threshold
from index.id_arrays import pair_keys
from index.recognition.decided_faces import rejections_of
from index.recognition.thresholds import Thresholds
from index.spans import seen_at_once
from index.values import I64, NONE, RELIABLE
from index.vectors.vector_store import VectorStore
from pipeline.values import ModelId

MOST_COMPARED = 2000
"""Faces that are compared with all others: some seconds in a library of a million."""


@dataclass(frozen=True, slots=True)
class Ungrouped:
    """Open faces in no cluster, each in one of the counts from ``undescribed`` on.

    Attributes:
        similarity: At which two single faces form a cluster, in a library of ``reliable`` good faces.
        undescribed: In a present photo, and not described by the library's model yet.
        uncompared: Described, and not compared with the others yet.
        poor: Of a quality below ``least_quality``: they join clusters, and found none.
        strangers: Similar to an ignored stranger.
        conflicting: Similar to others, and kept apart by a decision or by a face in the same photo.
        probable: Similar to a person with a name, and not surely that person.
        alone: Similar to no other.
        compared: Number of faces by which the last four are estimated; all, if there are not more.
    """

    similarity: float
    reliable: int
    least_quality: float
    undescribed: int
    uncompared: int
    poor: int
    strangers: int
    conflicting: int
    probable: int
    alone: int
    compared: int


def why_ungrouped(
    connection: Connection, model: ModelId, thresholds: Thresholds, vectors: VectorStore, undescribed: int
) -> Ungrouped:
    """Count the open faces in no cluster by what keeps them out; ``undescribed`` ones are known."""
    last = read_last_inputs(connection)
    reliable = count_reliable(connection, model) if last is None else last.reliable
    same = cluster_threshold(thresholds, reliable)
    uncompared = read_never_compared(connection)
    waiting = len(read_faces(connection, model, uncompared).ids) if len(uncompared) else 0
    good, poor = read_without_cluster(connection, model)
    number = min(len(good), MOST_COMPARED)
    some = good[np.arange(number) * len(good) // max(1, number)]
    kinds = _kinds(connection, model, same, vectors, some)
    counts = np.bincount(kinds, minlength=4) * (len(good) / max(1, len(some)))
    strangers, conflicting, probable = (round(each) for each in counts[:3].tolist())
    return Ungrouped(
        similarity=same,
        reliable=reliable,
        least_quality=RELIABLE,
        undescribed=undescribed,
        uncompared=waiting,
        poor=len(poor),
        strangers=strangers,
        conflicting=conflicting,
        probable=probable,
        alone=len(good) - strangers - conflicting - probable,
        compared=len(some),
    )


def _kinds(connection: Connection, model: ModelId, same: float, vectors: VectorStore, some: I64) -> I64:
    """Tell what keeps each face out, int64 [N]: 0 a stranger, 1 a conflict, 2 a person, 3 nothing."""
    pairs = vectors.near_pairs(some, NEIGHBORS, same)
    near = np.union1d(some, pairs.ravel())
    faces = read_faces(connection, model, np.union1d(near, read_beside(connection, some)))
    one, other = np.searchsorted(faces.ids, pairs[np.isin(pairs, faces.ids).all(axis=1)]).T
    persons = faces.persons
    contents = np.where(faces.spans[:, 0] < 0, faces.contents, NONE - faces.ids)  # films show people again
    groups = np.where(persons != NONE, persons, np.minimum(NONE, NONE - faces.clusters))
    rejections = rejections_of(connection, some)
    is_conflict = seen_at_once(faces.spans[one], faces.spans[other])
    is_conflict &= faces.contents[one] == faces.contents[other]
    is_beside = np.isin(pair_keys(contents[one], groups[other]), pair_keys(contents, groups))
    is_conflict |= is_beside & (groups[other] != NONE)
    is_conflict |= np.isin(
        pair_keys(faces.ids[one], persons[other]), pair_keys(rejections.face_ids, rejections.person_ids)
    )
    is_person = persons[other] != NONE
    is_evidence = (faces.qualities[other] >= RELIABLE) | is_person
    kinds = np.full(len(faces.ids), 3)
    for kind, holds in ((2, is_person), (1, is_conflict), (0, faces.ignored[other])):
        kinds[one[holds & is_evidence]] = kind
    return np.asarray(kinds[np.isin(faces.ids, some)], np.int64)
