"""The two kinds of index by FAISS, exact and coded: what they share, and how FAISS shares out its work.

This module knows descriptors and ids; it knows neither the database nor where the file is.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import BinaryIO, TypeVar

import faiss
import numpy as np

from index.values import I64, Descriptors, Neighbor
from index.vectors.vector_store import DescriptorSource
from pipeline.values import F32

_Part = TypeVar("_Part")


class FaissIndex(ABC):
    """A ``VectorStore`` in memory that can be saved: the part that both kinds share.

    Args:
        kind: How the descriptors are arranged; kept in the database for each saved file.
        dimension: D, the length of the descriptors.
        source: Reads descriptors from the database.
    """

    def __init__(self, kind: str, dimension: int, source: DescriptorSource) -> None:
        self.kind = kind
        self._dimension = dimension
        self._source = source

    def __len__(self) -> int:
        return len(self.ids())

    @abstractmethod
    def ids(self) -> I64:
        """The faces it holds; see ``VectorStore``."""

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
        """Take faces out, and put others in."""

    @abstractmethod
    def search(self, probes: F32, k: int, exclude: I64) -> list[list[Neighbor]]:
        """The nearest faces of each probe; see ``VectorStore``."""

    def near_pairs(self, face_ids: I64, k: int, least: float) -> I64:
        """The neighbours of faces that it holds; see ``VectorStore``."""
        known = np.intersect1d(face_ids, self.ids(), assume_unique=True)
        pairs = []
        for chunk in self._source(known):
            for face_id, vector in zip(chunk.ids.tolist(), chunk.vectors, strict=True):
                (found,) = self.search(vector[None], k, np.array([face_id]))
                pairs += [(face_id, each.face_id) for each in found if each.similarity >= least]
        return np.array(pairs, np.int64).reshape(-1, 2)

    def fetch(self, face_ids: I64) -> Descriptors:
        """Descriptors by id; see ``VectorStore``."""
        known = np.intersect1d(face_ids, self.ids(), assume_unique=True)
        return Descriptors.joined(self._source(known), self._dimension)

    @abstractmethod
    def write(self, file: BinaryIO) -> None:
        """Write the content of a file.

        Raises:
            OSError: It cannot be written.
        """

    @abstractmethod
    def read(self, file: BinaryIO) -> None:
        """Become what an index of the same kind and dimension wrote.

        Args:
            file: Real, at its start, and unchanged since it was written: FAISS may crash on other bytes.

        Raises:
            ValueError: It is of another kind, dimension or version of FAISS.
        """

    def _cannot_read(self) -> ValueError:
        return ValueError(f"a library of this size has an index of another kind or version, {self.kind}")


def neighbors(ids: I64, similarities: F32, k: int) -> list[Neighbor]:
    """The k best, by falling similarity; of equal ones the face with the lower id comes first."""
    best = np.lexsort((ids, -similarities))[:k]
    similarities = np.clip(similarities, -1.0, 1.0)
    return [Neighbor(int(ids[each]), float(similarities[each])) for each in best]


@contextmanager
def threads_for(probes: int) -> Iterator[None]:
    """Let FAISS start no more threads than there are probes.

    It gives each thread probes of its own. One without any would spin until the search is over, and keep
    a core from who needs it: the search of one probe takes 3 ms without, and 23 beside other work with.
    """
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(min(probes, threads))  # of this thread alone, as OpenMP has it
    try:
        yield
    finally:
        faiss.omp_set_num_threads(threads)


def pairs_of_parts(pairs: Callable[[_Part], I64], parts: Iterable[_Part]) -> I64:
    """Find the pairs of each part, with a thread for each core; all of them together, int64 [E, 2].

    FAISS would share every single part among its own threads, which wait for each other at every step: on
    a machine with other work to do that takes several times as long.
    """
    none, cores = np.empty((0, 2), np.int64), faiss.omp_get_max_threads()
    if cores == 1:  # as in the threads that are started here
        return np.concatenate([none, *map(pairs, parts)])
    with ThreadPoolExecutor(cores, initializer=faiss.omp_set_num_threads, initargs=(1,)) as pool:
        return np.concatenate([none, *pool.map(pairs, parts)])
