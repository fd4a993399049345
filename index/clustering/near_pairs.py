"""The descriptors of a whole library at once, in little memory, and which of them are near to which.

A library whose descriptors are many is brought into fewer dimensions, those in which its faces differ most:
what is left out is hardly more than noise, and memory and time no longer depend on the model. Which pairs
are near is then found by comparing all with all, by FAISS. docs/clustering.md has the figures.

This module knows descriptors and ids; it knows neither groups nor persons.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import faiss
import numpy as np

from index.errors import LibraryDamaged
from index.photos.catalog import Catalog
from index.values import I64, Descriptors, Flags
from pipeline.values import F32, ModelId

WHOLE_BYTES = 64 << 20
"""Descriptors that take more, as float32, are brought into ``FEW_DIMENSIONS``: 8,192 of 2048 elements."""

FEW_DIMENSIONS = 256

_SAMPLE = 4096
"""Faces from which the dimensions are found, spread evenly over the library."""

_ROUNDS = 2
_SEED = 20261122
_QUERIES = 1024
"""Faces compared with all at a time, by one thread. For fewer than about 900 FAISS does without products of
matrices, and takes four times as long for each."""


@dataclass(frozen=True, slots=True, eq=False)
class DescribedFaces:
    """Faces and their descriptors.

    Attributes:
        ids: int64 [N], face ids, rising.
        vectors: float32 [N, D]: the descriptors, of unit norm, or what is left of them.
    """

    ids: I64
    vectors: F32


def read_described(
    catalog: Catalog,
    model: ModelId,
    face_ids: I64,
    see: Callable[[Descriptors], None],
    whole_bytes: int = WHOLE_BYTES,
) -> DescribedFaces:
    """Read the descriptors of faces, once, and keep them as far as memory allows.

    Args:
        catalog: The library.
        model: Whose descriptors.
        face_ids: int64 [N], rising; faces that the model has not described are left out.
        see: Called with every chunk, whole.
        whole_bytes: See ``WHOLE_BYTES``.

    Raises:
        LibraryError: The library cannot be read, or its descriptors differ in length.
    """
    first = next(catalog.descriptors(model, face_ids), None)
    dimension = 0 if first is None else first.vectors.shape[1]
    is_long = dimension > FEW_DIMENSIONS and 4 * dimension * len(face_ids) > whole_bytes
    axes = _main_axes(catalog, model, face_ids, dimension) if is_long else None
    ids = np.empty(len(face_ids), np.int64)
    vectors = np.empty((len(face_ids), dimension if axes is None else FEW_DIMENSIONS), np.float32)
    end = 0
    for chunk in catalog.descriptors(model, face_ids):
        _check_dimension(catalog, chunk, dimension)
        see(chunk)
        start, end = end, end + len(chunk.ids)
        ids[start:end] = chunk.ids
        vectors[start:end] = chunk.vectors if axes is None else chunk.vectors @ axes
    return DescribedFaces(ids[:end], vectors[:end])


def near_pairs(vectors: F32, queries: I64, k: int, least: float) -> I64:
    """For some faces, the pairs with those that are nearest among all.

    Args:
        vectors: float32 [N, D].
        queries: int64 [Q], rows.
        k: How many neighbours of each, at most.
        least: Pairs that are less similar are left out.

    Returns:
        int64 [E, 2], rows: a query, and one of its neighbours.
    """
    parts = (queries[start : start + _QUERIES] for start in range(0, len(queries), _QUERIES))
    return _gathered(lambda rows: _near(vectors, rows, k, least), parts)


def near_within(
    vectors: F32, parts: Iterable[I64], rows_of: Callable[[I64], I64], asked: Flags, k: int, least: float
) -> I64:
    """The pairs of faces that are nearest among those of a part, for many small parts.

    Args:
        vectors: float32 [N, D].
        parts: Whatever stands for each.
        rows_of: The rows of a part, int64 [M].
        asked: bool [N], the faces whose neighbours are sought.
        k: How many neighbours of each, at most.
        least: Pairs that are less similar are left out.

    Returns:
        int64 [E, 2], rows: one that was asked for, and one of its neighbours in a part.
    """

    def near(part: I64) -> I64:
        rows = rows_of(part)
        return np.asarray(rows[_near(vectors[rows], np.flatnonzero(asked[rows]), k, least)])

    return _gathered(near, parts)


def _near(vectors: F32, rows: I64, k: int, least: float) -> I64:
    similarities, found = faiss.knn(
        vectors[rows], vectors, min(k + 1, len(vectors)), metric=faiss.METRIC_INNER_PRODUCT
    )
    pairs = np.stack([np.broadcast_to(rows[:, None], found.shape), found], axis=-1)
    return np.asarray(pairs[(similarities >= least) & (found != rows[:, None])])


def _gathered(near: Callable[[I64], I64], parts: Iterable[I64]) -> I64:
    """What is near in each part, int64 [E, 2], a thread for each core.

    FAISS would share every single part among its own threads, which wait for each other at every step: on
    a machine with other work to do that takes several times as long.
    """
    with ThreadPoolExecutor(
        faiss.omp_get_max_threads(), initializer=faiss.omp_set_num_threads, initargs=(1,)
    ) as pool:
        return np.concatenate([np.empty((0, 2), np.int64), *pool.map(near, parts)])


def _main_axes(catalog: Catalog, model: ModelId, face_ids: I64, dimension: int) -> F32:
    """The dimensions in which faces differ most, float32 [D, ``FEW_DIMENSIONS``], orthonormal.

    By subspace iteration (Halko, Martinsson and Tropp, "Finding structure with randomness", 2011, algorithm
    4.4): a tenth of the work of an exact decomposition, and as good where the rest is noise.
    """
    sample = face_ids[:: max(1, len(face_ids) // _SAMPLE)]
    faces = np.concatenate([chunk.vectors for chunk in catalog.descriptors(model, sample)])
    start = np.random.default_rng(_SEED).standard_normal((dimension, FEW_DIMENSIONS), dtype=np.float32)
    axes: F32 = np.linalg.qr(start)[0]
    for _ in range(_ROUNDS):
        axes = np.linalg.qr(faces.T @ (faces @ axes))[0]
    return axes


def _check_dimension(catalog: Catalog, chunk: Descriptors, dimension: int) -> None:
    found = chunk.vectors.shape[1]
    if found != dimension:
        reason = f"descriptors have {dimension} elements, and that of face {chunk.ids[0]} has {found}"
        raise LibraryDamaged(catalog.path, reason)
