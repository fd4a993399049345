"""Finds the nearest of many descriptors for many, block by block, and the threads for that."""

from collections.abc import Callable, Iterable, Iterator, Sized
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import TypeAlias, TypeVar

import faiss
import numpy as np

from index.values import I64
from pipeline.values import F32

_Part = TypeVar("_Part")
_Found = TypeVar("_Found")

Block: TypeAlias = tuple[slice, Callable[[], F32]]
"""Some rows, and what decodes them: float32 [B, D]."""

BLOCK_BYTES = 8 << 20
"""Size of the descriptors, as float32, that are decoded at a time."""

QUERIES = 4096
"""Faces that are compared with all at a time. Below about 900 FAISS takes four times as long for each."""


def blocks_of(count: int, dimension: int) -> list[slice]:
    """Divide rows into blocks of ``BLOCK_BYTES``."""
    step = max(1, BLOCK_BYTES // (4 * dimension))
    return [slice(start, min(start + step, count)) for start in range(0, count, step)]


def near_pairs_among(vectors: F32, asked: I64, k: int, least: float) -> I64:
    """Find at most k neighbours of some descriptors among all, float32 [N, D].

    ``asked``, int64 [M], are their rows; ``least`` is the minimum similarity. Returns int64 [E, 2]: a row of
    ``asked``, and another row.
    """
    blocks = [(block, partial(vectors.__getitem__, block)) for block in blocks_of(*vectors.shape)]
    parts = (asked[start : start + QUERIES] for start in range(0, len(asked), QUERIES))
    pairs = [near_rows(vectors[part], part, k, least, blocks) for part in parts]
    return np.concatenate([np.empty((0, 2), np.int64), *pairs])


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


def in_threads(find: Callable[[_Part], _Found], parts: Iterable[_Part]) -> Iterator[_Found]:
    """Call a function for all parts, with one thread for each core; yield in their order.

    FAISS's own threads would wait for each other at every step, which takes several times as long on a busy
    machine.
    """
    cores = faiss.omp_get_max_threads()
    if cores == 1 or (isinstance(parts, Sized) and len(parts) == 1):  # also in the threads started here
        yield from map(find, parts)
        return
    with ThreadPoolExecutor(cores, initializer=faiss.omp_set_num_threads, initargs=(1,)) as pool:
        yield from pool.map(find, parts)


def pairs_of_parts(pairs: Callable[[_Part], I64], parts: Iterable[_Part]) -> I64:
    """Find the pairs of all parts, as ``in_threads`` does: int64 [E, 2]."""
    return np.concatenate([np.empty((0, 2), np.int64), *in_threads(pairs, parts)])


def near_rows(queries: F32, own_rows: I64, k: int, least: float, blocks: Iterable[Block]) -> I64:
    """Find the nearest of all rows for each query, which is one of them.

    Args:
        queries: float32 [Q, D].
        own_rows: int64 [Q], where each query is itself; that row is left out.
        k: Rows for each query, at most.
        least: Minimum similarity.
        blocks: Of all rows.

    Returns:
        int64 [E, 2]: rows of queries, and rows near them.
    """

    def nearest(block: Block) -> tuple[F32, I64]:
        rows, decode = block
        with threads_for(1):
            found, places = faiss.knn(
                queries, decode(), min(k + 1, rows.stop - rows.start), metric=faiss.METRIC_INNER_PRODUCT
            )
        return found, places + rows.start

    similarities = np.empty((len(queries), 0), np.float32)
    near = np.empty((len(queries), 0), np.int64)
    for more, rows in in_threads(nearest, blocks):
        similarities, near = np.append(similarities, more, axis=1), np.append(near, rows, axis=1)
        best = np.argsort(-similarities, axis=1, kind="stable")[:, : k + 1]
        similarities = np.take_along_axis(similarities, best, axis=1)
        near = np.take_along_axis(near, best, axis=1)
    return pairs_of_found(own_rows, similarities, near, k, least)


def pairs_of_found(own_rows: I64, similarities: F32, near: I64, k: int, least: float) -> I64:
    """Return each of some rows, int64 [Q], with at most k of the others found near it: int64 [E, 2].

    What was found, float32 and int64 [Q, k + 1], is by falling similarity.
    """
    others = near != own_rows[:, None]
    others &= others.cumsum(axis=1) <= k  # of many equal ones, the face itself may not be among them
    chosen = others & (similarities >= least)
    own = np.broadcast_to(own_rows[:, None], near.shape)
    return np.stack([own[chosen], near[chosen]], axis=1)
