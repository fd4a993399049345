"""What every ``VectorStore`` promises: each implementation runs through the same tests."""

from collections.abc import Iterable, Iterator

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from index.arrays import scaled
from index.values import I64, Descriptors, Neighbor
from index.vectors.coded_index import CodedIndex
from index.vectors.exact_index import ExactIndex
from index.vectors.vector_store import DescriptorSource, VectorStore
from pipeline.values import F32
from tests.index.builders import DIMENSION, stored, units
from tests.index.vectors.sources import NO_FACES, source_of


class VectorStoreTests:
    """The tests. They hold so few faces that an approximate store, too, compares a probe with all of them."""

    def empty(self, source: DescriptorSource, dimension: int) -> VectorStore:
        """A store that holds no face yet."""
        raise NotImplementedError

    def filled(self, ids: I64, vectors: F32) -> VectorStore:
        store = self.empty(source_of(ids, vectors), vectors.shape[1])
        assert store.sync(np.sort(ids)) is bool(len(ids))
        return store

    @settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.differing_executors])
    @given(
        seed=st.integers(0, 2**32 - 1),
        count=st.integers(1, 200),
        dimension=st.sampled_from([2, 16, 37, 128]),
        probes=st.integers(1, 40),
        k=st.integers(1, 220),
        excluded=st.integers(0, 200),
    )
    def test_search_finds_what_comparing_with_every_face_finds(
        self, seed: int, count: int, dimension: int, probes: int, k: int, excluded: int
    ) -> None:
        made, queries = units(count, seed, dimension), units(probes, seed + 1, dimension)
        vectors = stored(made)
        ids = np.random.default_rng(seed).permutation(10 * count)[:count].astype(np.int64)
        exclude = ids[:excluded]
        kept = ~np.isin(ids, exclude)
        similarities = queries.astype(np.float64) @ vectors[kept].T.astype(np.float64)
        found = self.filled(ids, made).search(queries, k, exclude)
        for near, truth in zip(found, similarities, strict=True):
            assert len(near) == min(k, kept.sum())
            assert set(ids_of(near)) <= set(ids[kept].tolist())
            got = np.array([each.similarity for each in near])
            assert np.allclose(got, np.sort(truth)[::-1][:k], atol=1e-6)
            own = dict(zip(ids[kept].tolist(), truth.tolist(), strict=True))
            assert np.allclose(got, [own[each] for each in ids_of(near)], atol=1e-6)

    def test_an_empty_store_finds_nothing(self) -> None:
        store = self.filled(NO_FACES, np.empty((0, DIMENSION), np.float32))
        assert (len(store), store.ids().tolist()) == (0, [])
        assert store.search(units(2), 5, NO_FACES) == [[], []]
        assert store.near_pairs(np.arange(3), 5, -1.0).shape == (0, 2)
        assert store.within(units(2), -1.0).tolist() == []
        assert [len(each) for each in store.blocks() if len(each)] == []
        assert store.fetch(np.arange(3)).vectors.shape == (0, DIMENSION)

    def test_no_probe_finds_nothing(self) -> None:
        assert self.filled(np.arange(3), units(3)).search(units(3)[:0], 5, NO_FACES) == []

    def test_a_face_is_most_similar_to_itself_and_never_more_than_alike(self) -> None:
        vectors = stored(units(100))
        found = self.filled(np.arange(1, 101), vectors).search(vectors, 1, NO_FACES)
        for number, (nearest,) in enumerate(found, start=1):
            assert nearest.face_id == number
            assert 1.0 - 1e-6 < nearest.similarity <= 1.0

    def test_of_equally_similar_faces_the_lower_id_comes_first(self) -> None:
        store = self.filled(np.array([9, 2, 5]), np.repeat(units(1), 3, axis=0))
        assert ids_of(store.search(units(1), 3, NO_FACES)[0]) == [2, 5, 9]

    def test_sync_takes_faces_out_and_puts_others_in(self) -> None:
        ids, vectors = np.arange(1, 21) * 3, stored(units(20))
        store = self.empty(source_of(ids, vectors), DIMENSION)
        assert store.sync(ids[:10])
        assert not store.sync(ids[:10])
        wanted = np.concatenate([ids[:3], ids[5:8], ids[12:]])
        assert store.sync(wanted)
        assert store.ids().tolist() == wanted.tolist()
        assert len(store) == len(wanted)
        found = store.search(vectors, 20, NO_FACES)
        assert {face_id for near in found for face_id in ids_of(near)} == set(wanted.tolist())
        for face_id, near in zip(ids.tolist(), found, strict=True):
            assert (near[0].face_id == face_id) is (face_id in wanted)

    def test_sync_puts_a_lower_id_in_its_place(self) -> None:
        ids, vectors = np.arange(1, 6), stored(units(5))
        store = self.empty(source_of(ids, vectors), DIMENSION)
        store.sync(ids[[0, 3, 4]])
        store.sync(ids)
        assert store.ids().tolist() == [1, 2, 3, 4, 5]
        assert np.allclose(store.fetch(ids).vectors, vectors)

    def test_sync_leaves_out_faces_that_are_in_the_database_no_more(self) -> None:
        ids = np.arange(1, 6)
        store = self.empty(source_of(ids[[0, 2, 4]], units(5)[[0, 2, 4]]), DIMENSION)
        store.sync(ids)
        assert store.ids().tolist() == [1, 3, 5]

    def test_fetch_gives_ids_and_descriptors_in_step(self) -> None:
        ids, vectors = np.arange(1, 11) * 2, stored(units(10))
        store = self.filled(ids, vectors)
        found = store.fetch(np.array([1, 2, 3, 8, 20, 99]))
        assert found.ids.tolist() == [2, 8, 20]
        assert np.allclose(found.vectors, vectors[[0, 3, 9]])

    @pytest.mark.parametrize(("k", "least"), [(3, 0.2), (50, -1.0), (1, 0.0), (4, 2.0)])
    def test_near_pairs_are_those_of_comparing_all_with_all(self, k: int, least: float) -> None:
        ids, vectors = np.arange(1, 41) * 5, stored(units(40))
        asked = ids[::3]
        similarities = vectors @ vectors.T
        np.fill_diagonal(similarities, -2.0)
        expected = {
            (int(ids[row]), int(ids[other]))
            for row in range(0, 40, 3)
            for other in np.argsort(-similarities[row])[:k]
            if similarities[row, other] >= max(least, -1.0)
        }
        found = self.filled(ids, vectors).near_pairs(np.sort(np.append(asked, 999)), k, least)
        assert found.shape == (len(expected), 2)
        assert set(map(tuple, found.tolist())) == expected

    @settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.differing_executors])
    @given(
        seed=st.integers(0, 2**32 - 1),
        count=st.integers(1, 200),
        dimension=st.sampled_from([2, 16, 37, 128]),
        probes=st.integers(0, 40),
        least=st.floats(-1.0, 1.0),
        spread=st.sampled_from([0.0, 0.3]),
    )
    def test_within_finds_what_comparing_with_every_face_finds(
        self, seed: int, count: int, dimension: int, probes: int, least: float, spread: float
    ) -> None:
        made, queries = units(count, seed, dimension), units(probes, seed + 1, dimension)
        vectors = stored(made)
        random = np.random.default_rng(seed)
        ids = random.permutation(10 * count)[:count].astype(np.int64)
        limits = (least + spread * random.random(probes)).astype(np.float32)
        beyond = (queries.astype(np.float64) @ vectors.T.astype(np.float64) - limits[:, None]).max(
            axis=0, initial=-9.0
        )
        found = self.filled(ids, made).within(queries, limits if spread else float(np.float32(least)))
        assert np.all(np.diff(found) > 0)
        assert set(ids[beyond > 1e-6].tolist()) <= set(found.tolist()) <= set(ids[beyond > -1e-6].tolist())

    def test_blocks_have_every_face_once(self) -> None:
        ids, vectors = np.array([9, 2, 5, 7]), stored(units(4))
        blocks = list(self.filled(ids, vectors).blocks())
        assert np.concatenate([each.ids for each in blocks]).tolist() == [2, 5, 7, 9]
        found = np.concatenate([each.vectors for each in blocks])
        assert np.allclose(found, vectors[[1, 2, 3, 0]], atol=1e-6)

    def test_a_face_is_no_neighbour_of_itself_though_others_are_as_similar(self) -> None:
        store = self.filled(np.arange(1, 4), np.repeat(units(1), 3, axis=0))
        found = store.near_pairs(np.array([1, 2, 3]), 2, 0.9)
        assert sorted(map(tuple, found.tolist())) == [(1, 2), (1, 3), (2, 1), (2, 3), (3, 1), (3, 2)]


class TestExactIndex(VectorStoreTests):
    def empty(self, source: DescriptorSource, dimension: int) -> VectorStore:
        return ExactIndex(dimension, source)


class TestCodedIndex(VectorStoreTests):
    def empty(self, source: DescriptorSource, dimension: int) -> VectorStore:
        return CodedIndex(dimension, source)


class NumpyStore:
    """The shortest implementation: it shows that the seam needs nothing of FAISS."""

    def __init__(self, dimension: int, source: DescriptorSource) -> None:
        self._held, self._source = Descriptors.joined((), dimension), source

    def __len__(self) -> int:
        return len(self._held)

    def ids(self) -> I64:
        return self._held.ids

    def sync(self, face_ids: I64) -> bool:
        changed = not np.array_equal(face_ids, self.ids())
        read = (Descriptors(each.ids, scaled(each.halves, each.norms)) for each in self._source(face_ids))
        self._held = Descriptors.joined(read, self._held.vectors.shape[1])
        return changed

    def search(self, probes: F32, k: int, exclude: I64) -> list[list[Neighbor]]:
        others = self._held.without(exclude)
        return [best(row, others.ids, k) for row in probes @ others.vectors.T]

    def near_pairs(self, face_ids: I64, k: int, least: float) -> I64:
        asked = self._held.only(face_ids)
        pairs = [
            (face_id, each.face_id)
            for face_id, vector in zip(asked.ids.tolist(), asked.vectors, strict=True)
            for each in self.search(vector[None], k, np.array([face_id]))[0]
            if each.similarity >= least
        ]
        return np.array(pairs, np.int64).reshape(-1, 2)

    def within(self, probes: F32, least: float | F32) -> I64:
        near = self._held.vectors @ probes.T >= least
        return self.ids()[near.any(axis=1)]

    def fetch(self, face_ids: I64) -> Descriptors:
        return self._held.only(face_ids)

    def blocks(self) -> Iterator[Descriptors]:
        yield self._held


class TestNumpyStore(VectorStoreTests):
    def empty(self, source: DescriptorSource, dimension: int) -> VectorStore:
        return NumpyStore(dimension, source)


def best(similarities: F32, ids: I64, k: int) -> list[Neighbor]:
    similarities = np.clip(similarities, -1.0, 1.0)
    return [Neighbor(int(ids[n]), float(similarities[n])) for n in np.lexsort((ids, -similarities))[:k]]


def ids_of(neighbors: Iterable[Neighbor]) -> list[int]:
    return [each.face_id for each in neighbors]
