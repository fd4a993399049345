"""An index of codes, of one to four bits an element, that selects candidates for an exact comparison.

Nothing is learned from the faces, so adding or removing some does not affect the others. docs/search.md has
the figures.
"""

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any, BinaryIO

import faiss
import numpy as np

from index.values import I64, Neighbor
from index.vectors.faiss_index import FaissIndex, neighbors, threads_for
from index.vectors.vector_store import DescriptorSource
from pipeline.platform_support import path_of
from pipeline.values import F32

ROTATION_SEED = 20240607
"""Part of the file format: probes must be rotated as the codes in the file were."""

_MIN_CANDIDATES = 200
_CANDIDATES_A_NEIGHBOR = 20
"""Candidates compared exactly: at least, and for each face wanted. docs/search.md has the figures."""

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
        super().__init__(f"codes of {bits} bits", dimension, source)
        rotation = faiss.HadamardRotation(dimension, ROTATION_SEED)
        codes = faiss.IndexRaBitQ(rotation.d_out, faiss.METRIC_INNER_PRODUCT, bits)
        storage = faiss.IndexPreTransform(rotation, codes)
        storage.train(np.zeros((1, dimension), dtype=np.float32))  # sets the centre, and learns nothing else
        self._index: Any = faiss.IndexIDMap(storage)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def ids(self) -> I64:
        """Return the faces it holds; see ``VectorStore``."""
        return np.sort(faiss.vector_to_array(self._index.id_map))

    def _replace(self, removed: I64, new: I64) -> None:
        self._index.remove_ids(removed)
        for chunk in self._source(new):
            self._index.add_with_ids(chunk.vectors, chunk.ids)

    def search(self, probes: F32, k: int, exclude: I64) -> list[list[Neighbor]]:
        """Find the nearest faces of each probe; see ``VectorStore``. It may miss some."""
        if not len(self) or not len(probes):
            return [[] for _ in probes]
        reach = max(_MIN_CANDIDATES, k * _CANDIDATES_A_NEIGHBOR) + len(exclude)
        rows = self._candidates(np.ascontiguousarray(probes), min(reach, len(self)))
        candidates = [row[(row >= 0) & ~np.isin(row, exclude)] for row in rows]
        ids, similarities = self._measured(probes, _union(candidates))
        found = []
        for row, ids_of_probe in zip(similarities, candidates, strict=True):
            chosen = np.isin(ids, ids_of_probe, assume_unique=True)
            found.append(neighbors(ids[chosen], row[chosen], k))
        return found

    def _candidates(self, probes: F32, reach: int) -> I64:
        """Find the faces whose codes are nearest to each probe, int64 [N, reach], padded with -1.

        FAISS runs one thread for each probe. If that leaves cores idle (OMP_NUM_THREADS limits them), the
        codes of a large index are compared in parts, one thread each.
        """
        parts = min(faiss.omp_get_max_threads() // len(probes), len(self) // _PART)
        if parts < 2:
            with threads_for(len(probes)):
                found: I64 = self._index.search(probes, reach)[1]
                return found
        bounds = [len(self) * part // parts for part in range(parts + 1)]
        with ThreadPoolExecutor(parts) as pool:
            searched = list(pool.map(lambda ends: self._part(probes, reach, *ends), pairwise(bounds)))
        similarities, ids = (np.concatenate(each, axis=1) for each in zip(*searched, strict=True))
        best = np.argsort(-similarities, axis=1, kind="stable")[:, :reach]
        return np.take_along_axis(ids, best, axis=1)

    def _part(self, probes: F32, reach: int, first: int, end: int) -> tuple[F32, I64]:
        """Estimate similarities for the codes at positions ``first`` up to ``end``; also return their ids."""
        # FAISS does not own its selectors: all three must live until the search is over.
        places = faiss.IDSelectorRange(first, end)
        of_codes, parameters = faiss.SearchParameters(), faiss.SearchParametersPreTransform()
        of_codes.sel, parameters.index_params = places, of_codes
        with threads_for(len(probes)):
            similarities, rows = self._index.index.search(probes, min(reach, end - first), params=parameters)
        ids: I64 = faiss.rev_swig_ptr(self._index.id_map.data(), len(self))[rows]
        return similarities, np.where(rows >= 0, ids, -1)

    def _measured(self, probes: F32, ids: I64) -> tuple[I64, F32]:
        """Return the stored faces, int64 [M], and their similarities to the probes, float32 [N, M]."""
        known, similarities = [ids[:0]], [probes[:, :0]]
        for chunk in self._source(ids):  # all candidates' descriptors may not fit in memory
            known.append(chunk.ids)
            similarities.append(probes @ chunk.vectors.T)
        return np.concatenate(known), np.concatenate(similarities, axis=1)

    def write(self, file: BinaryIO) -> None:
        """Write it to a file; see ``FaissIndex``."""
        faiss.write_index(self._index, faiss.PyCallbackIOWriter(file.write))  # type: ignore[attr-defined]

    def read(self, file: BinaryIO) -> None:
        """Read what an index of the same kind wrote; see ``FaissIndex``."""
        try:
            # Never by its own name, which may hold any bytes, and may name another file by now.
            reader = faiss.PyCallbackIOReader(file.read)  # type: ignore[attr-defined]
            index = faiss.read_index(path_of(file) or reader)
        except RuntimeError as error:
            raise self._cannot_read() from error
        if not isinstance(index, faiss.IndexIDMap) or _layout(index) != _layout(self._index):
            raise self._cannot_read()
        self._index = index


def _union(rows: list[I64]) -> I64:
    """Return all ids of some rows, rising, each once. Importing ``np.unique`` takes longer than a search."""
    ids = np.sort(np.concatenate(rows))
    return ids[np.diff(ids, prepend=-1) > 0]


def _layout(index: Any) -> tuple[type, int]:
    return type(faiss.downcast_index(index.index)), index.d
