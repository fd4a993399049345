"""An index of whole descriptors, as the database stores them: a probe is compared with every one."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from index.arrays import scaled
from index.values import F16, I64, Descriptors, Flags, Neighbor, StoredDescriptors
from index.vectors.faiss_index import FaissIndex, Selector, neighbors, similarities_to
from index.vectors.nearest import QUERIES, blocks_of, in_threads, near_rows
from index.vectors.vector_store import DescriptorSource
from pipeline.platform_support import filled_memory
from pipeline.values import F32

_SPARE = 32
"""Rows compared exactly beyond those wanted: FAISS compares descriptors that are not scaled to unit norm."""

_ROUNDING = np.float32(2e-6)
"""Largest difference of two sums of the same products in float32."""

_SCANNED = 64
"""Probes up to which each is compared with stored descriptors, in 8 ms for a million of 128 elements. More
are multiplied with decoded ones: 0.2 s for decoding, and 2.5 ms each."""

_FEW = 16
"""Faces of which each is sought alone: decoding all rows for one product of matrices takes as long."""


class ExactIndex(FaissIndex):
    """Whole descriptors, float16, at 2 D + 12 bytes a face in memory and in the file.

    A row is an id, the norm of the stored descriptor, float32, and the descriptor itself.
    """

    KIND = "exact"

    def __init__(self, dimension: int, source: DescriptorSource) -> None:
        super().__init__(self.KIND, self.KIND, dimension, source)
        self._quantizer: Any = faiss.ScalarQuantizer(dimension, faiss.ScalarQuantizer.QT_fp16)
        self._all_norms: F32 = np.empty(0, np.float32)
        self._all_halves: F16 = np.empty((0, dimension), "<f2")
        self._most_off = np.float32(0.0)

    def reserve(self, count: int) -> None:
        """Make room for rows; see ``FaissIndex``."""
        if count <= len(self._all_ids):
            return
        kept = self.rows(0, self._count)
        self._all_ids = np.empty(count, np.int64)
        self._all_norms = np.empty(count, np.float32)
        halves = filled_memory(2 * count * self.dimension).view("<f2")
        self._all_halves = halves.reshape(count, self.dimension)
        for place, rows in zip(self.rows(0, self._count), kept, strict=True):
            place[:] = rows

    def rows(self, start: int, end: int) -> list[NDArray[Any]]:
        """Return the arrays that have the rows; see ``FaissIndex``."""
        return [each[start:end] for each in (self._all_ids, self._all_norms, self._all_halves)]

    def refresh(self) -> None:
        """Take notice of changed rows; see ``FaissIndex``."""
        super().refresh()
        self._most_off = np.abs(1 / self._all_norms[: self._count] - 1).max(initial=0.0)

    def _encoded(self, chunk: StoredDescriptors) -> list[NDArray[Any]]:
        return [chunk.ids, chunk.norms, chunk.halves]

    def _vectors(self, rows: I64 | slice) -> F32:
        """Return descriptors by row: float32 [M, D]."""
        return scaled(self._all_halves[rows], self._all_norms[rows])

    def _row_blocks(self) -> list[slice]:
        return blocks_of(self._count, self.dimension)

    def fetch(self, face_ids: I64) -> Descriptors:
        """Get descriptors by id; see ``VectorStore``."""
        rows = self._rows_of(face_ids)
        return Descriptors(self._row_ids[rows], self._vectors(rows))

    def blocks(self) -> Iterator[Descriptors]:
        """Get all descriptors; see ``VectorStore``."""
        for block in self._row_blocks():
            rows = block if self._sorted_rows is None else self._sorted_rows[block]
            yield Descriptors(self._row_ids[rows], self._vectors(rows))

    def search(self, probes: F32, k: int, exclude: I64) -> list[list[Neighbor]]:
        """Find the nearest faces of each probe; see ``VectorStore``."""
        if not self._count:
            return [[] for _ in probes]
        selector, count = self._excluding(exclude)
        return list(
            in_threads(lambda probe: self._nearest(probe, min(k, count), selector, count), list(probes))
        )

    def _nearest(self, probe: F32, k: int, selector: Selector | None, count: int) -> list[Neighbor]:
        reach = k + _SPARE
        while k > 0:
            reach = min(reach, count)
            roughly, rows = self._scan(probe, reach, selector)
            similarities = similarities_to(probe, self._vectors(rows))
            # No other face is more similar than this.
            bound = roughly.min() + self._off(roughly.min())
            if reach == count or np.partition(similarities, reach - k)[reach - k] > bound:
                return neighbors(self._row_ids[rows], similarities, k)
            reach *= 4
        return []

    def _off(self, similarity: Any) -> Any:
        """How far a similarity to an unscaled descriptor may be from that to the scaled one."""
        return np.abs(similarity) * self._most_off + _ROUNDING

    def _scanner(self, probe: F32, selector: Selector | None) -> Any:
        chosen = selector.selector if selector else None
        scanner = self._quantizer.select_InvertedListScanner(
            faiss.METRIC_INNER_PRODUCT, None, True, chosen, False
        )
        scanner.set_query(faiss.swig_ptr(probe))
        scanner.set_list(0, 0.0)  # so that it reports rows
        return scanner

    def _scan(self, probe: F32, reach: int, selector: Selector | None) -> tuple[F32, I64]:
        """Find the rows nearest to a probe, unscaled: similarities, float32 [reach], and int64 [reach]."""
        probe = np.ascontiguousarray(probe)
        similarities, rows = np.full(reach, -np.inf, np.float32), np.full(reach, -1, np.int64)
        self._scanner(probe, selector).scan_codes(
            self._count,
            faiss.swig_ptr(self._codes),
            None,
            faiss.swig_ptr(similarities),
            faiss.swig_ptr(rows),
            reach,
        )
        return similarities, rows

    @property
    def _codes(self) -> NDArray[np.uint8]:
        return self._all_halves.view(np.uint8)

    def within(self, probes: F32, least: float | F32) -> I64:
        """Find all faces near any of some probes; see ``VectorStore``."""
        limits = np.broadcast_to(np.asarray(least, np.float32), len(probes))
        found = np.zeros(self._count, bool)
        if not len(probes) or not self._count:
            pass
        elif len(probes) <= _SCANNED:
            for rows in in_threads(lambda each: self._near(*each), list(zip(probes, limits, strict=True))):
                found[rows] = True
        else:
            find = partial(self._any_near, probes, limits)
            for block, near in in_threads(find, self._row_blocks()):
                found[block] = near
        return np.sort(self._row_ids[found])

    def _near(self, probe: F32, least: np.float32) -> I64:
        """Find the rows at least this similar to a probe."""
        probe = np.ascontiguousarray(probe)
        off = self._off(least)
        # FAISS fills what ``result`` owns.
        result = faiss.RangeSearchResult(1)
        part = faiss.RangeSearchPartialResult(result)  # type: ignore[attr-defined]
        self._scanner(probe, None).scan_codes_range(
            self._count, faiss.swig_ptr(self._codes), None, float(least - 2 * off), part.new_result(0)
        )
        part.finalize()
        count = int(faiss.rev_swig_ptr(result.lims, 2)[1])
        rows = faiss.rev_swig_ptr(result.labels, count).copy()
        near = faiss.rev_swig_ptr(result.distances, count) >= least + 2 * off
        doubtful = np.flatnonzero(~near)
        near[doubtful] = similarities_to(probe, self._vectors(rows[doubtful])) >= least
        return np.asarray(rows[near], np.int64)

    def _any_near(self, probes: F32, least: F32, block: slice) -> tuple[slice, Flags]:
        """Tell which rows of a block are near any of the probes: bool [B]."""
        # One more element of each, so that a product is the similarity less the minimum of the probe.
        rows = np.ones((block.stop - block.start, self.dimension + 1), np.float32)
        vectors = rows[:, :-1]
        np.divide(self._all_halves[block], self._all_norms[block, None], out=vectors, dtype=np.float32)
        others = np.append(probes, -least[:, None], axis=1)
        best = faiss.knn(rows, others, 1, metric=faiss.METRIC_INNER_PRODUCT)[0][:, 0]
        near = best >= _ROUNDING
        for row in np.flatnonzero(np.abs(best) < _ROUNDING):
            near[row] = bool(np.any(similarities_to(vectors[row], probes) >= least))
        return block, near

    def near_pairs(self, face_ids: I64, k: int, least: float) -> I64:
        """Find the neighbours of some of its faces; see ``VectorStore``."""
        rows = self._rows_of(face_ids)
        if len(rows) <= _FEW:
            return self._near_few(rows, k, least)
        pairs = [np.empty((0, 2), np.int64)]
        blocks = [(block, partial(self._vectors, block)) for block in self._row_blocks()]
        for start in range(0, len(rows), QUERIES):
            asked = rows[start : start + QUERIES]
            pairs.append(near_rows(self._vectors(asked), asked, k, least, blocks))
        return self._row_ids[np.concatenate(pairs)]

    def _near_few(self, rows: I64, k: int, least: float) -> I64:
        asked = self._row_ids[rows]
        found = self.search(self._vectors(rows), k + 1, asked[:0])
        near = [
            (face_id, other.face_id)
            for face_id, others in zip(asked.tolist(), found, strict=True)
            for other in [each for each in others if each.face_id != face_id][:k]
            if other.similarity >= least
        ]
        return np.array(near, np.int64).reshape(-1, 2)
