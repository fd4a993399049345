"""Whole descriptors in memory, float32, compared with each other."""

from collections.abc import Callable, Iterator
from itertools import chain

import faiss
import numpy as np

from index.values import I64, Descriptors, Neighbor
from index.vectors.faiss_index import neighbors, pairs_of_parts, threads_for
from index.vectors.vector_store import VectorStore
from pipeline.values import F32

_QUERIES = 1024
"""Faces that one thread compares with all at a time. Below about 900 FAISS uses no matrix products, and takes
four times as long for each."""


class ExactIndex(VectorStore):
    """Whole descriptors, at 4 D + 8 bytes a face in memory."""

    def __init__(self, dimension: int, source: Callable[[I64], Iterator[Descriptors]]) -> None:
        self._dimension, self._source = dimension, source
        self._faces = Descriptors.joined((), dimension)

    @classmethod
    def of(cls, descriptors: Descriptors) -> "ExactIndex":
        """Make an index of these descriptors without copying them."""
        index = cls(descriptors.vectors.shape[1], lambda ids: iter(()))
        index._faces = descriptors
        return index

    def __len__(self) -> int:
        return len(self.ids())

    def ids(self) -> I64:
        """Return the faces it holds; see ``VectorStore``."""
        return self._faces.ids

    def sync(self, face_ids: I64) -> bool:
        """Make it hold these faces and no others; see ``VectorStore``."""
        now = self.ids()
        if np.array_equal(now, face_ids):
            return False
        kept = self._faces.only(face_ids)
        new = np.setdiff1d(face_ids, now, assume_unique=True)
        ids = np.empty(len(kept) + len(new), np.int64)
        vectors = np.empty((len(ids), self._dimension), np.float32)
        end = 0
        for chunk in chain([kept], self._source(new)):  # copied into place: in memory only once
            start, end = end, end + len(chunk)
            ids[start:end], vectors[start:end] = chunk.ids, chunk.vectors
        ids, vectors = ids[:end], vectors[:end]
        order = np.argsort(ids, kind="stable")
        is_rising = bool(np.all(order[1:] > order[:-1]))
        self._faces = Descriptors(ids, vectors) if is_rising else Descriptors(ids[order], vectors[order])
        return True

    def search(self, probes: F32, k: int, exclude: I64) -> list[list[Neighbor]]:
        """Find the nearest faces of each probe; see ``VectorStore``."""
        if not len(self) or not len(probes):
            return [[] for _ in probes]
        reach = min(len(self), k + int(np.isin(exclude, self.ids()).sum()))
        with threads_for(len(probes)):
            similarities, rows = faiss.knn(
                np.ascontiguousarray(probes), self._faces.vectors, reach, metric=faiss.METRIC_INNER_PRODUCT
            )
        ids = self.ids()[rows]
        included = ~np.isin(ids, exclude)
        return [
            neighbors(row_ids[chosen], row[chosen], k)
            for row_ids, row, chosen in zip(ids, similarities, included, strict=True)
        ]

    def near_pairs(self, face_ids: I64, k: int, least: float) -> I64:
        """Find the neighbours of some of its faces; see ``VectorStore``."""
        rows = np.flatnonzero(np.isin(self.ids(), face_ids))
        parts = (rows[start : start + _QUERIES] for start in range(0, len(rows), _QUERIES))
        return self.ids()[pairs_of_parts(lambda part: self._near(part, k, least), parts)]

    def _near(self, rows: I64, k: int, least: float) -> I64:
        """Find rows, each with one of its neighbours, int64 [E, 2]."""
        vectors = self._faces.vectors
        similarities, found = faiss.knn(
            vectors[rows], vectors, min(k + 1, len(self)), metric=faiss.METRIC_INNER_PRODUCT
        )
        others = found != rows[:, None]
        others &= others.cumsum(axis=1) <= k  # of many equal ones, the face itself may not be among them
        pairs = np.stack([np.broadcast_to(rows[:, None], found.shape), found], axis=-1)
        return np.asarray(pairs[others & (similarities >= least)])

    def fetch(self, face_ids: I64) -> Descriptors:
        """Get descriptors by id; see ``VectorStore``. All of them are not copied."""
        return self._faces.only(face_ids)

    def within(self, probes: F32, least: float | F32) -> I64:
        """Find all faces near any of some probes; see ``VectorStore``."""
        products = self._faces.vectors @ probes.T
        return self.ids()[np.any(products >= np.asarray(least), axis=1)]

    def blocks(self) -> Iterator[Descriptors]:
        """Get all descriptors; see ``VectorStore``."""
        yield self._faces
