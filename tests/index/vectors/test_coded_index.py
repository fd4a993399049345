"""The index of codes finds nearly all of the nearest faces, and gives them their exact similarity."""

from collections.abc import Iterator

import numpy as np
import pytest

from index.values import I64, Neighbor, StoredDescriptors
from index.vectors.coded_index import _MIN_CANDIDATES, _PART, CodedIndex
from pipeline.values import F32
from tests.index.builders import stored, units
from tests.index.vectors.sources import NO_FACES, source_of
from tests.made_descriptors import MadePeople

pytestmark = pytest.mark.slow


def coded(ids: I64, vectors: F32) -> CodedIndex:
    index = CodedIndex(vectors.shape[1], source_of(ids, vectors))
    index.sync(ids)
    return index


def ids_of(neighbors: list[Neighbor]) -> list[int]:
    return [each.face_id for each in neighbors]


FACES, PROBES, K = 5000, 50, 10


def recall(index: CodedIndex, vectors: F32, probes: F32, exclude: I64 = NO_FACES) -> float:
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
    vectors, probes = stored(next(people.gallery(0, FACES))), people.probes(PROBES, FACES)
    index = coded(np.arange(FACES), vectors)
    assert recall(index, vectors, probes) >= 0.99
    removed = np.arange(0, FACES, 2)
    assert recall(index, vectors, probes, exclude=removed[:300]) >= 0.99
    index.sync(np.arange(1, FACES, 2))
    assert recall(index, vectors, probes, exclude=removed) >= 0.99


@pytest.mark.parametrize("dimension", [128, 512, 2048])
def test_all_faces_within_a_similarity_are_found(dimension: int) -> None:
    people = MadePeople(dimension)
    vectors, probes = stored(next(people.gallery(0, FACES))), people.probes(PROBES, FACES)
    index, similarities = coded(np.arange(FACES), vectors), probes @ vectors.T
    limits = np.linspace(0.3, 0.6, PROBES, dtype=np.float32)
    for least, margin in ((0.4, similarities - 0.4), (limits, similarities - limits[:, None])):
        expected = np.flatnonzero(margin.max(axis=0) >= 0)
        assert 50 < len(expected) < FACES - 50
        assert index.within(probes, least).tolist() == expected.tolist()


@pytest.mark.parametrize("dimension", [128, 512, 2048])
def test_nearly_all_near_pairs_are_found(dimension: int) -> None:
    vectors = stored(next(MadePeople(dimension).gallery(0, FACES)))
    asked = np.arange(0, FACES, 10)
    similarities = vectors[asked] @ vectors.T
    similarities[np.arange(len(asked)), asked] = -1.0
    nearest = np.argsort(-similarities, axis=1)[:, :16]
    expected = {
        (face, other)
        for face, row, others in zip(asked.tolist(), similarities, nearest.tolist(), strict=True)
        for other in others
        if row[other] >= 0.4
    }
    found = coded(np.arange(FACES), vectors).near_pairs(asked, 16, 0.4)
    assert len(found) == len(set(map(tuple, found.tolist())))
    assert len(expected & set(map(tuple, found.tolist()))) >= 0.99 * len(expected) > 500
    assert np.all(np.einsum("nd,nd->n", vectors[found[:, 0]], vectors[found[:, 1]]) > 0.4 - 1e-6)


def test_codes_find_nearly_all_of_heavy_tailed_descriptors_with_many_zeros() -> None:
    """Networks that end in a ReLU and average pooling give such; without a rotation a quarter is found."""
    people = MadePeople(2048)
    scales = np.exp(np.random.default_rng(3).standard_normal(2048, dtype=np.float32))

    def rectified(vectors: F32) -> F32:
        active = scales * np.maximum(np.expm1(1.5 * np.float32(2048**0.5) * vectors), 0.0)
        return np.asarray(active / np.linalg.norm(active, axis=1, keepdims=True), dtype=np.float32)

    vectors, probes = rectified(next(people.gallery(0, FACES))), rectified(people.probes(PROBES, FACES))
    assert 0.4 < np.mean(vectors == 0.0) < 0.6
    assert recall(coded(np.arange(FACES), vectors), stored(vectors), probes) >= 0.99


@pytest.mark.parametrize("faces", [1000, FACES])
def test_work_does_not_grow_with_the_number_of_excluded_faces(faces: int) -> None:
    """Descriptors are read from the database: as many as for a search without exclusions."""
    people, asked = MadePeople(128), []
    vectors, probe = stored(next(people.gallery(0, faces))), people.probes(1, faces)
    source = source_of(np.arange(faces), vectors)

    def counting(ids: I64) -> Iterator[StoredDescriptors]:
        asked.append(len(ids))
        return source(ids)

    index = CodedIndex(128, counting)
    index.sync(np.arange(faces))
    nearest = np.argsort(-(vectors @ probe[0]))
    for excluded in (nearest[:0], nearest[:10], nearest[0::2]):
        asked.clear()
        (found,) = index.search(probe, K, excluded)
        assert ids_of(found) == nearest[~np.isin(nearest, excluded)][:K].tolist()
        assert asked == [_MIN_CANDIDATES]


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
    index.sync(index.ids()[:1])
    assert ids_of(index.search(queries[:1], 10, NO_FACES)[0]) == [5]
