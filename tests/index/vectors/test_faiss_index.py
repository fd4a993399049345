"""The two kinds of index in memory: one is exact, and one finds nearly all, with the exact similarity."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.values import I64, Descriptors, Neighbor
from index.vectors.faiss_index import _PART, CodedIndex, ExactIndex, FaissIndex
from pipeline.values import F32
from tests.index.builders import DIMENSION, units
from tests.made_descriptors import MadePeople

pytestmark = pytest.mark.slow

NONE: I64 = np.empty(0, dtype=np.int64)


def exact(ids: I64, vectors: F32) -> FaissIndex:
    index = ExactIndex(vectors.shape[1])
    index.add(ids, vectors)
    return index


def coded(ids: I64, vectors: F32) -> FaissIndex:
    rising = np.argsort(ids)

    def source(wanted: I64) -> Iterator[Descriptors]:
        for chunk in np.array_split(wanted, 3):  # as the catalog does: in chunks, and none empty
            if len(chunk):
                yield Descriptors(chunk, vectors[rising[np.searchsorted(ids[rising], chunk)]])

    index = CodedIndex(vectors.shape[1], source)
    index.add(ids, vectors)
    return index


Make = Callable[[I64, F32], FaissIndex]
both = pytest.mark.parametrize("make", [exact, coded])


def ids_of(neighbors: list[Neighbor]) -> list[int]:
    return [each.face_id for each in neighbors]


@both
@settings(max_examples=50, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(1, 200),
    dimension=st.sampled_from([2, 16, 37, 128]),
    probes=st.integers(1, 40),
    k=st.integers(1, 220),
    excluded=st.integers(0, 200),
)
def test_neighbours_are_those_of_comparing_with_every_face(
    make: Make, seed: int, count: int, dimension: int, probes: int, k: int, excluded: int
) -> None:
    """Codes choose 200 candidates at least, so that so few faces are all compared."""
    vectors, queries = units(count, seed, dimension), units(probes, seed + 1, dimension)
    ids = np.random.default_rng(seed).permutation(10 * count)[:count].astype(np.int64)
    exclude = ids[:excluded]
    kept = ~np.isin(ids, exclude)
    similarities = queries.astype(np.float64) @ vectors[kept].T.astype(np.float64)
    for found, truth in zip(make(ids, vectors).search(queries, k, exclude), similarities, strict=True):
        assert len(found) == min(k, kept.sum())
        assert set(ids_of(found)) <= set(ids[kept].tolist())
        got = np.array([each.similarity for each in found])
        assert np.allclose(got, np.sort(truth)[::-1][:k], atol=1e-6)
        own = dict(zip(ids[kept].tolist(), truth.tolist(), strict=True))
        assert np.allclose(got, [own[each] for each in ids_of(found)], atol=1e-6)


@both
def test_an_empty_index_finds_nothing(make: Make) -> None:
    empty = np.empty((0, DIMENSION), dtype=np.float32)
    assert make(NONE, empty).search(units(2), 5, NONE) == [[], []]
    assert make(np.arange(3), units(3)).search(empty, 5, NONE) == []


@both
def test_a_face_is_most_similar_to_itself_and_never_more_than_alike(make: Make) -> None:
    vectors = units(100)
    index = make(np.arange(1, 101), vectors)
    for number, found in enumerate(index.search(vectors, 1, NONE), start=1):
        assert ids_of(found) == [number]
        assert 1.0 - 1e-6 < found[0].similarity <= 1.0


@both
def test_faces_that_are_taken_out_are_not_found(make: Make) -> None:
    index = make(np.arange(1, 11) * 3, units(10))
    index.remove(np.array([3, 9, 999]))
    assert index.ids().tolist() == [6, 12, 15, 18, 21, 24, 27, 30]
    assert len(index) == 8
    (found,) = index.search(units(1), 10, NONE)
    assert set(ids_of(found)) == set(index.ids().tolist())


FACES, PROBES, K = 5000, 50, 10


def recall(index: FaissIndex, vectors: F32, probes: F32, exclude: I64 = NONE) -> float:
    """The share of the ten nearest that is found; what is found must have its exact similarity."""
    similarities = probes @ vectors.T
    similarities[:, np.isin(np.arange(len(vectors)), exclude)] = -2.0
    nearest = np.argsort(-similarities, axis=1)[:, :K]
    hits = 0
    for row, found in enumerate(index.search(probes, K, exclude)):
        assert np.allclose([each.similarity for each in found], similarities[row][ids_of(found)], atol=1e-6)
        hits += len(set(ids_of(found)) & set(nearest[row].tolist()))
    return hits / (PROBES * K)


@pytest.mark.parametrize("dimension", [128, 200, 512, 2048])
def test_codes_find_nearly_all_of_the_nearest(dimension: int) -> None:
    people = MadePeople(dimension)
    (vectors,), probes = people.gallery(0, FACES), people.probes(PROBES, FACES)
    index = coded(np.arange(FACES), vectors)
    assert recall(index, vectors, probes) >= 0.99
    removed = np.arange(0, FACES, 2)
    assert recall(index, vectors, probes, exclude=removed[:300]) >= 0.99
    index.remove(removed)
    assert recall(index, vectors, probes, exclude=removed) >= 0.99


def test_codes_find_nearly_all_of_heavy_tailed_descriptors_with_many_zeros() -> None:
    """Networks that end in a ReLU and average pooling give such; without a rotation a quarter is found."""
    people = MadePeople(2048)
    scales = np.exp(np.random.default_rng(3).standard_normal(2048, dtype=np.float32))

    def rectified(vectors: F32) -> F32:
        active = scales * np.maximum(np.expm1(1.5 * np.float32(2048**0.5) * vectors), 0.0)
        return np.asarray(active / np.linalg.norm(active, axis=1, keepdims=True), dtype=np.float32)

    vectors, probes = rectified(next(people.gallery(0, FACES))), rectified(people.probes(PROBES, FACES))
    assert 0.4 < np.mean(vectors == 0.0) < 0.6
    assert recall(coded(np.arange(FACES), vectors), vectors, probes) >= 0.99


def test_what_is_found_does_not_depend_on_how_many_cores_there_are() -> None:
    """One probe leaves cores idle, which then take a part each; as many probes as cores do not."""
    count, dimension = 2 * _PART + 3, 16
    vectors, queries = units(count, 1, dimension), units(64, 2, dimension)
    index = coded(np.arange(count, dtype=np.int64) * 2 + 5, vectors)
    excluded = index.ids()[[0, _PART, count - 1]]
    together = index.search(queries, 10, excluded)
    apart = [index.search(query[None], 10, excluded)[0] for query in queries[:8]]
    for one, other in zip(apart, together, strict=False):
        assert ids_of(one) == ids_of(other)
        assert len(one) == 10
        assert not set(ids_of(one)) & set(excluded.tolist())
    index.remove(index.ids()[1:])
    assert ids_of(index.search(queries[:1], 10, NONE)[0]) == [5]
