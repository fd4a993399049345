"""Descriptors in memory, whole or shortened."""

import numpy as np

from index.clustering.shortened import FEW_DIMENSIONS, shortened
from index.values import I64, Descriptors
from index.vectors.exact_index import ExactIndex
from pipeline.values import F32

PEOPLE, EACH, LONG = 40, 5, 600
IDS: I64 = 1 + np.arange(PEOPLE * EACH)


def faces() -> F32:
    rng = np.random.default_rng(5)
    people = np.repeat(rng.standard_normal((PEOPLE, LONG)), EACH, axis=0)
    vectors = people + 0.7 * rng.standard_normal(people.shape)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def test_few_are_fetched_as_they_are() -> None:
    store = ExactIndex.of(Descriptors(IDS, faces()))
    read = shortened(store, np.append(IDS[::2], 1000))
    assert np.array_equal(read.ids, IDS[::2])
    assert np.array_equal(read.vectors, faces()[::2])


def test_many_are_shortened_and_keep_their_neighbours() -> None:
    short = shortened(ExactIndex.of(Descriptors(IDS, faces())), IDS, whole_bytes=0)
    assert short.vectors.shape == (PEOPLE * EACH, FEW_DIMENSIONS)
    whole = faces()
    assert np.abs(short.vectors @ short.vectors.T - whole @ whole.T)[np.triu_indices(len(IDS), 1)].max() < 0.1
    people = dict(zip(IDS.tolist(), np.repeat(np.arange(PEOPLE), EACH), strict=True))
    assert {tuple(pair) for pair in ExactIndex.of(short).near_pairs(IDS, EACH - 1, 0.4).tolist()} == {
        (one, other) for one in people for other in people if one != other and people[one] == people[other]
    }


def test_none_are_none() -> None:
    assert len(shortened(ExactIndex.of(Descriptors(IDS, faces())), np.empty(0, np.int64))) == 0
