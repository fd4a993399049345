"""The common part of the exact and the coded index, and the threads of FAISS; knows no database or path."""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import BinaryIO, TypeVar

import faiss
import numpy as np

from index.values import I64, Descriptors, Neighbor
from index.vectors.vector_store import DescriptorSource, VectorStore
from pipeline.values import F32

_Part = TypeVar("_Part")


class FaissIndex(VectorStore):
    """A ``VectorStore`` in memory that can be saved to a file.

    ``kind`` is how the descriptors are stored, which the database records for each saved file; ``dimension``
    is their length D; ``source`` reads them from the database.
    """

    def __init__(self, kind: str, dimension: int, source: DescriptorSource) -> None:
        self.kind = kind
        self._dimension = dimension
        self._source = source

    def __len__(self) -> int:
        return len(self.ids())

    def sync(self, face_ids: I64) -> bool:
        """Make it hold these faces and no others; see ``VectorStore``."""
        now = self.ids()
        if np.array_equal(now, face_ids):
            return False
        self._replace(
            np.setdiff1d(now, face_ids, assume_unique=True), np.setdiff1d(face_ids, now, assume_unique=True)
        )
        return True

    @abstractmethod
    def _replace(self, removed: I64, new: I64) -> None:
        """Remove faces, and add others."""

    def near_pairs(self, face_ids: I64, k: int, least: float) -> I64:
        """Find the neighbours of some of its faces; see ``VectorStore``."""
        asked, pairs = self.fetch(face_ids), []
        for face_id, vector in zip(asked.ids.tolist(), asked.vectors, strict=True):
            (found,) = self.search(vector[None], k, np.array([face_id]))
            pairs += [(face_id, each.face_id) for each in found if each.similarity >= least]
        return np.array(pairs, np.int64).reshape(-1, 2)

    def fetch(self, face_ids: I64) -> Descriptors:
        """Get descriptors by id; see ``VectorStore``."""
        known = np.intersect1d(face_ids, self.ids(), assume_unique=True)
        return Descriptors.joined(self._source(known), self._dimension)

    @abstractmethod
    def write(self, file: BinaryIO) -> None:
        """Write the index to a file, or raise an ``OSError``."""

    @abstractmethod
    def read(self, file: BinaryIO) -> None:
        """Replace the content by what an index of the same kind and dimension wrote.

        The file is at its start, and unchanged since it was written: FAISS may crash on other bytes.

        Raises:
            ValueError: The file is of another kind, dimension or version of FAISS.
        """

    def _cannot_read(self) -> ValueError:
        return ValueError(f"a library of this size has an index of another kind or version, {self.kind}")


def neighbors(ids: I64, similarities: F32, k: int) -> list[Neighbor]:
    """Return the k best, ordered as ``VectorStore.search`` returns them."""
    best = np.lexsort((ids, -similarities))[:k]
    similarities = np.clip(similarities, -1.0, 1.0)
    return [Neighbor(int(ids[each]), float(similarities[each])) for each in best]


@contextmanager
def threads_for(probes: int) -> Iterator[None]:
    """Let FAISS start no more threads than there are probes.

    A thread without a probe spins until the search ends: on a busy machine, searching one probe then takes 23
    ms instead of 3 ms.
    """
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(min(probes, threads))  # OpenMP sets this for the calling thread alone
    try:
        yield
    finally:
        faiss.omp_set_num_threads(threads)


def pairs_of_parts(pairs: Callable[[_Part], I64], parts: Iterable[_Part]) -> I64:
    """Find the pairs of all parts, with one thread for each core: int64 [E, 2].

    FAISS's own threads would wait for each other at every step, which takes several times as long on a busy
    machine.
    """
    none, cores = np.empty((0, 2), np.int64), faiss.omp_get_max_threads()
    if cores == 1:  # also in the threads that are started here
        return np.concatenate([none, *map(pairs, parts)])
    with ThreadPoolExecutor(cores, initializer=faiss.omp_set_num_threads, initargs=(1,)) as pool:
        return np.concatenate([none, *pool.map(pairs, parts)])
