"""An index of codes, of one to four bits an element, that selects candidates for an exact comparison.

Nothing is learned from the faces, so adding or removing some does not affect the others. docs/search.md has
the figures.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from index.arrays import scaled
from index.values import I64, Descriptors, Neighbor, StoredDescriptors
from index.vectors.faiss_index import FaissIndex, Selector, neighbors
from index.vectors.nearest import threads_for
from index.vectors.vector_store import DescriptorSource
from pipeline.values import F32

ROTATION_SEED = 20240607
"""Part of the file format: probes must be rotated as the codes in the file were."""

_MIN_CANDIDATES = 200
_CANDIDATES_A_NEIGHBOR = 20
"""Candidates compared exactly: at least, and for each face wanted. docs/search.md has the figures."""

_ERROR = {1: 0.77, 2: 0.38, 4: 0.114}
"""Standard deviation of an estimate by codes of so many bits, times the square root of the dimension."""

_SLACK = 5.0
"""Standard deviations by which an estimate may be too low: less happens once in three million."""

_PROBES = 256
"""Probes whose candidates are collected at a time."""

_PART = 100_000
"""Minimum number of codes for each thread: comparing them takes 2 ms, starting a thread 0.1 ms."""


class CodedIndex(FaissIndex):
    """A code of each descriptor; the source must stay usable while the index is searched.

    The codes are those of Gao and Long, "RaBitQ" (SIGMOD 2024), above one bit an element those of Gao and
    others, "Practical and Asymptotically Optimal Quantization" (SIGMOD 2025), centred at zero. Their error is
    bounded only for vectors without preferred axes, so a fixed random rotation comes first; without it,
    descriptors that end in a ReLU are useless.
    """

    def __init__(self, dimension: int, source: DescriptorSource) -> None:
        bits = 1 if dimension >= 1024 else 2 if dimension >= 256 else 4  # docs/search.md
        kind = f"codes of {bits} bits"
        version = ".".join(faiss.__version__.split(".")[:2])  # FAISS may change the codes
        super().__init__(kind, f"{kind} by FAISS {version}", dimension, source)
        self._rotation = faiss.HadamardRotation(dimension, ROTATION_SEED)
        self._slack = np.float32(_SLACK * _ERROR[bits] / self._rotation.d_out**0.5)
        self._flat: Any = faiss.IndexRaBitQ(self._rotation.d_out, faiss.METRIC_INNER_PRODUCT, bits)
        self._index: Any = faiss.IndexPreTransform(self._rotation, self._flat)
        self._index.train(np.zeros((1, dimension), np.float32))  # sets the centre, and learns nothing else

    def reserve(self, count: int) -> None:
        """Make room for rows; see ``FaissIndex``."""
        if count <= len(self._all_ids):
            return
        kept = self._row_ids
        self._all_ids = np.empty(count, np.int64)
        self._all_ids[: self._count] = kept
        self._flat.codes.resize(count * self._flat.code_size)

    def rows(self, start: int, end: int) -> list[NDArray[Any]]:
        """Return the arrays that have the rows; see ``FaissIndex``."""
        codes = np.empty((0, self._flat.code_size), np.uint8)
        if len(self._all_ids):
            size = len(self._all_ids) * self._flat.code_size
            codes = faiss.rev_swig_ptr(self._flat.codes.data(), size).reshape(-1, self._flat.code_size)
        return [self._all_ids[start:end], codes[start:end]]

    def refresh(self) -> None:
        """Take notice of changed rows; see ``FaissIndex``."""
        super().refresh()
        self._flat.ntotal = self._index.ntotal = self._count

    def _encoded(self, chunk: StoredDescriptors) -> list[NDArray[Any]]:
        return [chunk.ids, self._index.sa_encode(scaled(chunk.halves, chunk.norms))]

    def search(self, probes: F32, k: int, exclude: I64) -> list[list[Neighbor]]:
        """Find the nearest faces of each probe; see ``VectorStore``. It may miss some."""
        selector, count = self._excluding(exclude)
        reach = min(max(_MIN_CANDIDATES, k * _CANDIDATES_A_NEIGHBOR), count)
        if not reach or not len(probes):
            return [[] for _ in probes]
        candidates = self._candidates(np.ascontiguousarray(probes), reach, selector)
        ids, similarities = self._measured(probes, _union(candidates))
        found = []
        for row, ids_of_probe in zip(similarities, candidates, strict=True):
            chosen = np.isin(ids, ids_of_probe, assume_unique=True)
            found.append(neighbors(ids[chosen], row[chosen], k))
        return found

    def _candidates(self, probes: F32, reach: int, selector: Selector | None) -> list[I64]:
        """Find the faces whose codes are nearest to each probe: for each, int64 [<= reach].

        FAISS runs one thread for each probe. If that leaves cores idle (OMP_NUM_THREADS limits them), the
        codes of a large index are compared in parts, one thread each.
        """
        parts = max(1, min(faiss.omp_get_max_threads() // len(probes), len(self) // _PART))
        bounds = [len(self) * part // parts for part in range(parts + 1)]
        with ThreadPoolExecutor(parts) as pool:
            searched = list(
                pool.map(lambda ends: self._part(probes, reach, selector, *ends), pairwise(bounds))
            )
        similarities, rows = (np.concatenate(each, axis=1) for each in zip(*searched, strict=True))
        best = np.argsort(-similarities, axis=1, kind="stable")[:, :reach]
        found = np.take_along_axis(rows, best, axis=1)
        return [self._row_ids[rows[rows >= 0]] for rows in found]

    def _part(
        self, probes: F32, reach: int, selector: Selector | None, first: int, end: int
    ) -> tuple[F32, I64]:
        """Estimate similarities for the codes in the rows ``first`` up to ``end``; also return the rows."""
        # FAISS does not own its selectors: all must live until the search is over.
        part = faiss.IDSelectorRange(first, end)
        chosen: Any = faiss.IDSelectorAnd(part, selector.selector) if selector else part
        of_codes = faiss.SearchParameters(sel=chosen)  # type: ignore[call-arg]
        parameters = faiss.SearchParametersPreTransform(index_params=of_codes)  # type: ignore[call-arg]
        with threads_for(len(probes)):
            found: tuple[F32, I64] = self._index.search(probes, min(reach, end - first), params=parameters)
        return found

    def _measured(self, probes: F32, ids: I64) -> tuple[I64, F32]:
        """Return the stored faces, int64 [M], and their similarities to the probes, float32 [N, M]."""
        known, similarities = [ids[:0]], [probes[:, :0]]
        for chunk in self._read(ids):  # all candidates' descriptors may not fit in memory
            known.append(chunk.ids)
            similarities.append(probes @ chunk.vectors.T)
        return np.concatenate(known), np.concatenate(similarities, axis=1)

    def _read(self, ids: I64) -> Iterator[Descriptors]:
        for chunk in self._source(ids):
            yield Descriptors(chunk.ids, scaled(chunk.halves, chunk.norms))

    def within(self, probes: F32, least: float | F32) -> I64:
        """Find all faces near any of some probes; see ``VectorStore``. It may miss some."""
        probes, near = np.ascontiguousarray(probes), [np.empty(0, np.int64)]
        limits = np.broadcast_to(np.asarray(least, np.float32), len(probes))
        for chunk in self._read(self._perhaps_within(probes, limits - self._slack)):
            products = probes @ chunk.vectors.T
            near.append(chunk.ids[np.any(products >= limits[:, None], axis=0)])
        return np.concatenate(near)

    def _perhaps_within(self, probes: F32, least: F32) -> I64:
        """Find the faces whose estimate reaches the minimum of any probe: ids, rising."""
        chosen = np.zeros(self._count, bool)
        for start in range(0, len(probes) if self._count else 0, _PROBES):
            asked, limits = probes[start : start + _PROBES], least[start : start + _PROBES]
            with threads_for(len(asked)):
                ends, estimates, rows = self._index.range_search(asked, float(limits.min()))
            chosen[rows[estimates >= np.repeat(limits, np.diff(ends.astype(np.int64)))]] = True
        return np.sort(self._row_ids[chosen])

    def near_pairs(self, face_ids: I64, k: int, least: float) -> I64:
        """Find the neighbours of some of its faces; see ``VectorStore``. It may miss some."""
        asked, pairs = self.fetch(face_ids), [np.empty((0, 2), np.int64)]
        for start in range(0, len(asked), _PROBES):
            part = slice(start, start + _PROBES)
            pairs.append(self._near_pairs(asked.ids[part], asked.vectors[part], k, least))
        return np.concatenate(pairs)

    def _near_pairs(self, face_ids: I64, vectors: F32, k: int, least: float) -> I64:
        reach = min(max(_MIN_CANDIDATES, k * _CANDIDATES_A_NEIGHBOR), self._count)
        with threads_for(len(vectors)):
            estimates, rows = self._index.search(vectors, reach)
        # What may be among the k nearest: all of them are at least as similar as the k-th estimate says.
        kth = np.full(len(vectors), -np.inf, np.float32) if reach <= k else estimates[:, k]
        limits = np.maximum(np.float32(least) - self._slack, kth - 2 * self._slack)
        chosen = (rows >= 0) & (estimates >= limits[:, None])
        queries, others = np.nonzero(chosen)[0], self._row_ids[rows[chosen]]
        queries, others = (each[others != face_ids[queries]] for each in (queries, others))
        similarities = np.full(len(others), -np.inf, np.float32)
        for chunk in self._read(_union([others])):
            places = np.minimum(np.searchsorted(chunk.ids, others), len(chunk) - 1)
            here = np.flatnonzero(chunk.ids[places] == others)
            similarities[here] = np.einsum("nd,nd->n", vectors[queries[here]], chunk.vectors[places[here]])
        order = np.lexsort((others, -similarities, queries))
        first = np.searchsorted(queries[order], queries[order])
        nearest = order[(np.arange(len(order)) - first < k) & (similarities[order] >= least)]
        return np.stack([face_ids[queries[nearest]], others[nearest]], axis=1)

    def fetch(self, face_ids: I64) -> Descriptors:
        """Get descriptors by id; see ``VectorStore``."""
        known = np.sort(self._row_ids[self._rows_of(face_ids)])
        return Descriptors.joined(self._read(known), self.dimension)

    def blocks(self) -> Iterator[Descriptors]:
        """Get all descriptors; see ``VectorStore``."""
        return self._read(self.ids())


def _union(rows: list[I64]) -> I64:
    """Return all ids of some rows, rising, each once. Importing ``np.unique`` takes longer than a search."""
    ids = np.sort(np.concatenate(rows))
    return ids[np.diff(ids, prepend=-1) > 0]
