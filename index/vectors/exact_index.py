"""An index of whole descriptors: FAISS compares a probe with every one of them."""

from itertools import chain
from typing import BinaryIO

import faiss
import numpy as np

from index.values import I64, Descriptors, Neighbor
from index.vectors.faiss_index import FaissIndex, neighbors, pairs_of_parts, threads_for
from index.vectors.vector_store import DescriptorSource
from pipeline.values import F32

_QUERIES = 1024
"""Faces that one thread compares with all at a time. Below about 900 FAISS uses no matrix products, and takes
four times as long for each."""


class ExactIndex(FaissIndex):
    """Whole descriptors, at 4 D + 8 bytes a face in memory and in the file.

    The file holds the ids, int64 [N], and the descriptors, float32 [N, D], as NumPy writes arrays.
    """

    def __init__(self, dimension: int, source: DescriptorSource) -> None:
        super().__init__("exact", dimension, source)
        self._faces = Descriptors.joined((), dimension)

    @classmethod
    def of(cls, descriptors: Descriptors) -> "ExactIndex":
        """Make an index of these descriptors without copying them."""
        index = cls(descriptors.vectors.shape[1], lambda ids: iter(()))
        index._faces = descriptors
        return index

    def ids(self) -> I64:
        """Return the faces it holds; see ``VectorStore``."""
        return self._faces.ids

    def _replace(self, removed: I64, new: I64) -> None:
        kept = self._faces.without(removed)
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

    def write(self, file: BinaryIO) -> None:
        """Write it to a file; see ``FaissIndex``."""
        for array in (self._faces.ids, self._faces.vectors):
            np.lib.format.write_array(file, array, allow_pickle=False)

    def read(self, file: BinaryIO) -> None:
        """Read what an exact index wrote; see ``FaissIndex``."""
        try:
            ids, vectors = (np.lib.format.read_array(file, allow_pickle=False) for _ in range(2))
        except ValueError as error:
            raise self._cannot_read() from error
        if vectors.shape != (len(ids), self._dimension):
            raise self._cannot_read()
        self._faces = Descriptors(ids, vectors)
