"""An index of codes, which choose the candidates whose descriptors are then fetched and compared exactly.

A code has one to four bits for each element of a descriptor. Similarities are exact, and only which faces are
candidates is estimated. Nothing is learned from the faces in the index, so that faces come and go without
any effect on the others. docs/search.md has the figures.

FAISS runs as many threads as there are cores, or probes if these are fewer; OMP_NUM_THREADS limits it. Where
that leaves a core idle, the codes of a large index are compared in parts, a thread each.
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
"""Part of the format: probes must be turned as the codes in a file were."""

_MIN_CANDIDATES = 200
_CANDIDATES_A_NEIGHBOR = 20
"""How many candidates are compared exactly, at least, and for each face wanted: see docs/search.md."""

_PART = 100_000
"""Codes that are worth a thread of their own: comparing them takes 2 ms or more, starting it 0.1."""


class CodedIndex(FaissIndex):
    """A code of each descriptor, and the descriptors themselves fetched for the few that matter.

    The codes are those of Gao and Long, "RaBitQ" (SIGMOD 2024), and for more than a bit an element Gao
    and others, "Practical and Asymptotically Optimal Quantization" (SIGMOD 2025), around zero instead of
    around a mean. They bound their error for every vector only where it has no preferred axes, so each
    is first turned by one fixed random rotation: descriptors that end in a ReLU are useless without.

    Args:
        dimension: D, the length of the descriptors.
        source: Reads descriptors from the database, for as long as the index is used.
    """

    def __init__(self, dimension: int, source: DescriptorSource) -> None:
        bits = bits_an_element(dimension)
        super().__init__(f"codes of {bits} bits", dimension, source)
        rotation = faiss.HadamardRotation(dimension, ROTATION_SEED)
        codes = faiss.IndexRaBitQ(rotation.d_out, faiss.METRIC_INNER_PRODUCT, bits)
        storage = faiss.IndexPreTransform(rotation, codes)
        storage.train(np.zeros((1, dimension), dtype=np.float32))  # sets the centre, and learns nothing else
        self._index: Any = faiss.IndexIDMap(storage)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def ids(self) -> I64:
        """The faces it holds; see ``VectorStore``."""
        return np.sort(faiss.vector_to_array(self._index.id_map))

    def _replace(self, removed: I64, new: I64) -> None:
        self._index.remove_ids(removed)
        for chunk in self._source(new):
            self._index.add_with_ids(chunk.vectors, chunk.ids)

    def search(self, probes: F32, k: int, exclude: I64) -> list[list[Neighbor]]:
        """The nearest faces of each probe; see ``VectorStore``. It may miss some of the k nearest."""
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
        """The faces whose codes are nearest to each probe, [N, reach], filled up with -1."""
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
        """Estimated similarities and ids, of the codes in the places from ``first`` up to ``end``."""
        # FAISS does not own its selectors: all three must live until the search is over.
        places = faiss.IDSelectorRange(first, end)
        of_codes, parameters = faiss.SearchParameters(), faiss.SearchParametersPreTransform()
        of_codes.sel, parameters.index_params = places, of_codes
        with threads_for(len(probes)):
            similarities, rows = self._index.index.search(probes, min(reach, end - first), params=parameters)
        ids: I64 = faiss.rev_swig_ptr(self._index.id_map.data(), len(self))[rows]
        return similarities, np.where(rows >= 0, ids, -1)

    def _measured(self, probes: F32, ids: I64) -> tuple[I64, F32]:
        """Which of some faces are stored, int64 [M], and how similar to each probe, float32 [N, M]."""
        known, similarities = [ids[:0]], [probes[:, :0]]
        for chunk in self._source(ids):  # one after the other: all candidates' descriptors may be many
            known.append(chunk.ids)
            similarities.append(probes @ chunk.vectors.T)
        return np.concatenate(known), np.concatenate(similarities, axis=1)

    def write(self, file: BinaryIO) -> None:
        """Write the content of a file; see ``FaissIndex``."""
        faiss.write_index(self._index, faiss.PyCallbackIOWriter(file.write))  # type: ignore[attr-defined]

    def read(self, file: BinaryIO) -> None:
        """Become what an index of the same kind and dimension wrote; see ``FaissIndex``."""
        try:
            # Never by name: a name may hold any bytes, and may be another file by now.
            reader = faiss.PyCallbackIOReader(file.read)  # type: ignore[attr-defined]
            index = faiss.read_index(path_of(file) or reader)
        except RuntimeError as error:
            raise self._cannot_read() from error
        if not isinstance(index, faiss.IndexIDMap) or _layout(index) != _layout(self._index):
            raise self._cannot_read()
        self._index = index


def _union(rows: list[I64]) -> I64:
    """All ids of some rows, rising, each once. ``np.unique`` imports more than a search takes time."""
    ids = np.sort(np.concatenate(rows))
    return ids[np.diff(ids, prepend=-1) > 0]


def _layout(index: Any) -> tuple[type, int]:
    """What FAISS keeps the descriptors in, and how long they are."""
    return type(faiss.downcast_index(index.index)), index.d


def bits_an_element(dimension: int) -> int:
    """How many bits a code has for each element: the shorter the descriptor, the more, see docs/search.md."""
    if dimension >= 1024:
        return 1
    return 2 if dimension >= 256 else 4
