"""Descriptors in memory, whole or shortened."""

import numpy as np

from index.clustering.shortened import FEW_DIMENSIONS, shortened
from index.values import I64
from index.vectors.exact_index import ExactIndex
from index.vectors.nearest import near_pairs_among
from pipeline.values import F32
from tests.index.builders import stored
from tests.index.vectors.sources import source_of

PEOPLE, EACH, LONG = 40, 5, 600
IDS: I64 = 1 + np.arange(PEOPLE * EACH)


def faces() -> F32:
    rng = np.random.default_rng(5)
    people = np.repeat(rng.standard_normal((PEOPLE, LONG)), EACH, axis=0)
    vectors = people + 0.7 * rng.standard_normal(people.shape)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def library() -> ExactIndex:
    index = ExactIndex(LONG, source_of(IDS, faces()))
    index.sync(IDS)
    return index


def test_few_are_fetched_as_they_are() -> None:
    read = shortened(library(), np.append(IDS[::2], 1000))
    assert np.array_equal(read.ids, IDS[::2])
    assert np.allclose(read.vectors, stored(faces())[::2], atol=1e-6)


def test_many_are_shortened_and_keep_their_neighbours() -> None:
    short = shortened(library(), IDS, whole_bytes=0)
    assert short.vectors.shape == (PEOPLE * EACH, FEW_DIMENSIONS)
    whole = stored(faces())
    assert np.abs(short.vectors @ short.vectors.T - whole @ whole.T)[np.triu_indices(len(IDS), 1)].max() < 0.1
    rows = np.arange(PEOPLE * EACH)
    assert {tuple(pair) for pair in near_pairs_among(short.vectors, rows, EACH - 1, 0.4).tolist()} == {
        (one, other) for one in rows for other in rows if one != other and one // EACH == other // EACH
    }


def test_none_are_none() -> None:
    assert len(shortened(library(), np.empty(0, np.int64))) == 0
