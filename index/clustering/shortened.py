"""Reads the descriptors of a whole library into little memory, for comparison.

Descriptors of a large library are projected to the dimensions in which its faces differ most; the rest is
little more than noise. docs/clustering.md has figures.
"""

from collections.abc import Callable, Iterator

import numpy as np

from index.photos.catalog import Catalog
from index.values import I64, Descriptors
from index.vectors.exact_index import ExactIndex
from index.vectors.saved_index import checked_descriptors
from index.vectors.vector_store import VectorStore
from pipeline.values import F32, ModelId

WHOLE_BYTES = 64 << 20
"""Size of descriptors, as float32, above which they are projected to ``FEW_DIMENSIONS``: 8,192 of 2048
elements."""

FEW_DIMENSIONS = 256

_SAMPLE = 4096
"""Faces, spread evenly over the library, that determine the dimensions."""

_ROUNDS = 2
_SEED = 20261122


def read_shortened(
    catalog: Catalog,
    model: ModelId,
    face_ids: I64,
    on_chunk: Callable[[Descriptors], None],
    whole_bytes: int = WHOLE_BYTES,
) -> VectorStore:
    """Read the descriptors of faces once; projected descriptors have a norm of 1 at most.

    ``face_ids``, int64 [N], rise; faces without a descriptor are left out. ``on_chunk`` gets every chunk of
    whole descriptors. See ``WHOLE_BYTES`` for ``whole_bytes``.
    """
    first = next(catalog.descriptors(model, face_ids), None)
    dimension = 0 if first is None else first.vectors.shape[1]
    is_long = dimension > FEW_DIMENSIONS and 4 * dimension * len(face_ids) > whole_bytes
    axes = _main_axes(catalog, model, face_ids, dimension) if is_long else None

    def source(ids: I64) -> Iterator[Descriptors]:
        for chunk in checked_descriptors(catalog, model, dimension, ids):
            on_chunk(chunk)
            yield chunk if axes is None else Descriptors(chunk.ids, chunk.vectors @ axes)

    store = ExactIndex(dimension if axes is None else FEW_DIMENSIONS, source)
    store.sync(face_ids)
    return store


def _main_axes(catalog: Catalog, model: ModelId, face_ids: I64, dimension: int) -> F32:
    """Compute the dimensions in which faces differ most, float32 [D, ``FEW_DIMENSIONS``], orthonormal.

    By subspace iteration (Halko, Martinsson and Tropp, "Finding structure with randomness", 2011, algorithm
    4.4): a tenth of the work of an exact decomposition.
    """
    sample = face_ids[:: max(1, len(face_ids) // _SAMPLE)]
    faces = Descriptors.joined(catalog.descriptors(model, sample), dimension).vectors
    start = np.random.default_rng(_SEED).standard_normal((dimension, FEW_DIMENSIONS), dtype=np.float32)
    axes: F32 = np.linalg.qr(start)[0]
    for _ in range(_ROUNDS):
        axes = np.linalg.qr(faces.T @ (faces @ axes))[0]
    return axes
