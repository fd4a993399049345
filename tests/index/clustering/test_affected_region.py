"""Which part of a library is looked at again for new faces, and what is compared there."""

from collections.abc import Sequence

import numpy as np

from index.clustering.affected_region import (
    NEAR_SHARE,
    NEIGHBORS,
    AffectedRegion,
    NearbyFaces,
    find_region,
)
from index.clustering.cluster_tables import FaceTable
from index.recognition.decided_faces import Rejections
from index.values import NONE
from index.vectors.nearest import near_pairs_among
from pipeline.values import F32

SAME = 0.5
"""Single faces are neighbours from 0.375 on."""


def face(own: int, *shares: float) -> F32:
    """A descriptor with a share in each person, and the rest in a direction of its own."""
    vector = np.zeros(64, np.float32)
    vector[: len(shares)] = shares
    vector[16 + own] = np.sqrt(1.0 - vector @ vector)
    return vector


def region(clusters: Sequence[int], vectors: Sequence[F32], fresh: Sequence[int]) -> AffectedRegion:
    """Of good faces, each in a photo of its own, of which nothing was decided."""
    number = len(vectors)
    nobody = np.full(number, NONE)
    known = FaceTable(
        ids=np.arange(1, number + 1),
        contents=np.arange(1, number + 1),
        qualities=np.ones(number, np.float32),
        confirmed=nobody,
        ignored=np.zeros(number, bool),
        recognised=nobody,
        similarities=np.zeros(number, np.float32),
        clusters=np.array(clusters),
        seen=~np.isin(np.arange(number), fresh),
        spans=np.full((number, 2), -1, np.float32),
    )
    nobodys, new = np.empty(0, np.int64), np.isin(np.arange(number), fresh)
    near = near_pairs_among(np.stack(vectors), np.flatnonzero(new), NEIGHBORS, NEAR_SHARE * SAME)
    nearby = NearbyFaces(
        known, np.stack(vectors), Rejections(nobodys, nobodys), new, near, np.zeros(number, bool)
    )
    return find_region(nearby, SAME)


def compared(found: AffectedRegion) -> set[frozenset[int]]:
    return {frozenset(pair) for pair in found.rows[found.faces.near].tolist()}


def test_a_cluster_that_a_new_face_cannot_come_to_is_left_alone() -> None:
    crowd = [face(number, 0.8) for number in range(8)]  # at 0.64 from one another
    like_one = face(9, 0.1)
    like_one[16] = 0.6  # what crowd[0] has for itself
    like_one /= np.linalg.norm(like_one)
    like_all = face(9, 0.5)
    assert 0.375 < like_one @ crowd[0] < SAME
    assert all(0.375 < like_all @ each < SAME for each in crowd)
    assert region([1] * 8 + [NONE], [*crowd, like_one], [8]).rows.tolist() == [8]
    assert region([1] * 8 + [NONE], [*crowd, like_all], [8]).rows.tolist() == list(range(9))


def test_one_face_of_a_cluster_that_is_like_a_new_one_opens_it() -> None:
    """It may be there by mistake, and found the cluster of the new one."""
    crowd = [face(number, 0.8) for number in range(8)]
    astray = face(8, 0.6, 0.7)
    twin = face(9, 0.0, 0.75)
    assert astray @ twin > SAME
    assert max(each @ twin for each in crowd) < 0.1
    found = region([1] * 9 + [NONE], [*crowd, astray, twin], [9])
    assert found.rows.tolist() == list(range(10))


def test_clusters_that_meet_at_a_new_face_are_compared_and_others_are_not() -> None:
    first, second = ([face(2 * part + each, 0.7) for each in range(2)] for part in range(2))
    elsewhere = [face(4 + each, 0.0, 0.7) for each in range(2)]
    fresh = [face(8, 0.7), face(9, 0.0, 0.7)]
    found = region([1, 1, 2, 2, 3, 3, NONE, NONE], [*first, *second, *elsewhere, *fresh], [6, 7])
    assert found.rows.tolist() == list(range(8))
    assert frozenset((0, 2)) in compared(found)
    assert frozenset((4, 5)) in compared(found)
    assert not any(pair & {0, 1, 2, 3, 6} and pair & {4, 5, 7} for pair in compared(found))
