"""The two kinds of index in memory, by FAISS: every descriptor whole, or a code of it for a first choice.

``ExactIndex`` holds the descriptors and compares a probe with each. ``CodedIndex`` holds one to four bits
of each element, compares the probe with all codes, and then measures the best candidates by their
descriptors, which it fetches from where they are stored: what it returns has the exact similarity, and
only which faces are candidates is estimated. Neither kind learns anything from the faces in it, so that
faces come and go without any effect on the others. docs/search.md has the figures.

FAISS runs as many threads as there are cores, or probes if these are fewer; OMP_NUM_THREADS limits it. Where
that leaves a core idle, the codes of a large index are compared in parts, a thread each.
This module knows descriptors and ids; it knows neither the database nor where the file is.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from io import BufferedIOBase
from itertools import pairwise
from typing import Any, TypeAlias

import faiss
import numpy as np

from index.values import I64, Descriptors, Neighbor
from pipeline.values import F32

DescriptorSource: TypeAlias = Callable[[I64], Iterator[Descriptors]]
"""Gives the descriptors of some faces, whose ids rise, in chunks by rising id; unknown ones are left out."""

ROTATION_SEED = 20240607
"""Part of the format: probes must be turned as the codes in a file were."""

_MIN_CANDIDATES = 200
_CANDIDATES_A_NEIGHBOR = 20
"""Faces measured by their descriptors for each that is wanted, and at least: see docs/search.md."""

_PART = 100_000
"""Codes that are worth a thread of their own: comparing them takes 2 ms or more, starting it 0.1."""


class FaissIndex(ABC):
    """Descriptors by face id; the part that both kinds share.

    Args:
        kind: How the descriptors are arranged, for the manifest.
        storage: What FAISS keeps them in; empty, and needing no training.
    """

    def __init__(self, kind: str, storage: Any) -> None:
        self.kind = kind
        self._index: Any = faiss.IndexIDMap(storage)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def ids(self) -> I64:
        """The faces it holds, int64 [N], rising."""
        return np.sort(faiss.vector_to_array(self._index.id_map))

    def add(self, ids: I64, vectors: F32) -> None:
        """Put faces in: int64 [N], none of them in the index, and float32 [N, D], of unit norm."""
        self._index.add_with_ids(np.ascontiguousarray(vectors, np.float32), ids.astype(np.int64))

    def remove(self, ids: I64) -> None:
        """Take faces out, int64 [N]; those that are not in it are passed over."""
        self._index.remove_ids(ids.astype(np.int64))

    @abstractmethod
    def search(self, queries: F32, k: int, exclude: I64) -> list[list[Neighbor]]:
        """The nearest faces of each probe, by falling similarity.

        Args:
            queries: float32 [N, D], of unit norm.
            k: How many; fewer come back where the index holds fewer.
            exclude: int64 [M], faces that are passed over.
        """

    def _found(self, queries: F32, k: int, parameters: Any = None) -> tuple[F32, I64]:
        """What FAISS finds: similarities and ids, [N, min(k, faces)] each, filled up with the id -1."""
        with _threads(len(queries)):
            found: tuple[F32, I64] = self._index.search(
                np.ascontiguousarray(queries, np.float32), min(k, len(self)), params=parameters
            )
        return found

    def write(self, write: Callable[[bytes], object]) -> None:
        """Hand the content of a file to a function, piece by piece; what that raises gets through."""
        faiss.write_index(self._index, faiss.PyCallbackIOWriter(write))  # type: ignore[attr-defined]

    def read(self, file: BufferedIOBase) -> None:
        """Become what an index of the same kind and dimension wrote.

        Args:
            file: Real, and unchanged since it was written: FAISS may crash on other bytes.

        Raises:
            ValueError: It is of another kind or dimension, or of another version of FAISS.
        """
        try:
            # By descriptor, not by name: a name may hold any bytes, and may be another file by now.
            index = faiss.read_index(f"/dev/fd/{file.fileno()}")
        except RuntimeError as error:
            raise ValueError("this version of FAISS cannot read it") from error
        if not isinstance(index, faiss.IndexIDMap) or _layout(index) != _layout(self._index):
            raise ValueError("it is an index of another kind or dimension")
        self._index = index


class ExactIndex(FaissIndex):
    """Every descriptor whole: nothing is estimated, at 4 D bytes a face in memory and in the file.

    Args:
        dimension: D, the length of the descriptors.
    """

    def __init__(self, dimension: int) -> None:
        super().__init__("exact", faiss.IndexFlatIP(dimension))

    def search(self, queries: F32, k: int, exclude: I64) -> list[list[Neighbor]]:
        """The nearest faces of each probe; see ``FaissIndex``."""
        if not len(self) or not len(queries):
            return [[] for _ in queries]
        # FAISS does not own its selectors: all three must live until the search is over.
        excluded = faiss.IDSelectorBatch(exclude.astype(np.int64))
        others = faiss.IDSelectorNot(excluded)
        parameters = faiss.SearchParameters()
        parameters.sel = others if len(exclude) else None
        found = self._found(queries, k, parameters)
        return [_neighbors(ids[ids >= 0], own[ids >= 0], k) for own, ids in zip(*found, strict=True)]


class CodedIndex(FaissIndex):
    """A code of each descriptor, and the descriptors themselves fetched for the few that matter.

    The codes are those of Gao and Long, "RaBitQ" (SIGMOD 2024), and for more than a bit an element Gao
    and others, "Practical and Asymptotically Optimal Quantization" (SIGMOD 2025), around zero instead of
    around a mean. They bound their error for every vector only where it has no preferred axes, so each
    is first turned by one fixed random rotation: descriptors that end in a ReLU are useless without.

    Args:
        dimension: D, the length of the descriptors.
        source: Where the descriptors of the faces in it are.
    """

    def __init__(self, dimension: int, source: DescriptorSource) -> None:
        bits = bits_an_element(dimension)
        rotation = faiss.HadamardRotation(dimension, ROTATION_SEED)
        codes = faiss.IndexRaBitQ(rotation.d_out, faiss.METRIC_INNER_PRODUCT, bits)
        storage = faiss.IndexPreTransform(rotation, codes)
        storage.train(np.zeros((1, dimension), dtype=np.float32))  # sets the centre, and learns nothing else
        super().__init__(f"codes of {bits} bits", storage)
        self._source = source

    def search(self, queries: F32, k: int, exclude: I64) -> list[list[Neighbor]]:
        """The nearest faces of each probe; see ``FaissIndex``.

        Faces whose descriptors are not stored any more are left out. Similarities are those of the stored
        descriptors; a face that is among the k nearest may be missed.

        Raises:
            LibraryError: The descriptors cannot be fetched.
        """
        if not len(self) or not len(queries):
            return [[] for _ in queries]
        reach = max(_MIN_CANDIDATES, k * _CANDIDATES_A_NEIGHBOR) + len(exclude)
        candidates = [row[(row >= 0) & ~np.isin(row, exclude)] for row in self._candidates(queries, reach)]
        ids, similarities = self._measured(queries, _union(candidates))
        found = []
        for row, own in zip(similarities, candidates, strict=True):
            chosen = np.isin(ids, own, assume_unique=True)
            found.append(_neighbors(ids[chosen], row[chosen], k))
        return found

    def _candidates(self, queries: F32, reach: int) -> I64:
        """The faces whose codes are nearest to each probe, [N, min(reach, faces)], filled up with -1."""
        parts = min(faiss.omp_get_max_threads() // len(queries), len(self) // _PART)
        if parts < 2:
            return self._found(queries, reach)[1]
        bounds = [len(self) * part // parts for part in range(parts + 1)]
        with ThreadPoolExecutor(parts) as pool:
            found = list(pool.map(lambda ends: self._part(queries, reach, *ends), pairwise(bounds)))
        similarities, ids = (np.concatenate(each, axis=1) for each in zip(*found, strict=True))
        best = np.argsort(-similarities, axis=1, kind="stable")[:, :reach]
        return np.take_along_axis(ids, best, axis=1)

    def _part(self, queries: F32, reach: int, first: int, end: int) -> tuple[F32, I64]:
        """As ``_found``, of the codes in the places from ``first`` up to ``end``."""
        places = faiss.IDSelectorRange(first, end)
        of_codes, parameters = faiss.SearchParameters(), faiss.SearchParametersPreTransform()
        of_codes.sel, parameters.index_params = places, of_codes
        with _threads(len(queries)):
            similarities, rows = self._index.index.search(
                np.ascontiguousarray(queries, np.float32), min(reach, end - first), params=parameters
            )
        ids: I64 = faiss.rev_swig_ptr(self._index.id_map.data(), len(self))[rows]
        return similarities, np.where(rows >= 0, ids, -1)

    def _measured(self, queries: F32, ids: I64) -> tuple[I64, F32]:
        """Which of some faces are stored, int64 [M], and how similar to each probe, float32 [N, M]."""
        known, similarities = [ids[:0]], [queries[:, :0]]
        for chunk in self._source(ids):  # one after the other: all candidates' descriptors may be many
            known.append(chunk.ids)
            similarities.append(queries @ chunk.vectors.T)
        return np.concatenate(known), np.concatenate(similarities, axis=1)


@contextmanager
def _threads(useful: int) -> Iterator[None]:
    """Let FAISS start no more threads than there are probes.

    It gives each thread probes of its own. One without any would spin until the search is over, and keep
    a core from who needs it: the search of one probe takes 3 ms without, and 23 beside other work with.
    """
    usual = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(min(useful, usual))  # of this thread alone, as OpenMP has it
    try:
        yield
    finally:
        faiss.omp_set_num_threads(usual)


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


def _neighbors(ids: I64, similarities: F32, k: int) -> list[Neighbor]:
    """The k best, by falling similarity; of equal ones the face with the lower id comes first."""
    best = np.lexsort((ids, -similarities))[:k]
    similarities = np.clip(similarities, -1.0, 1.0)
    return [Neighbor(int(ids[each]), float(similarities[each])) for each in best]
