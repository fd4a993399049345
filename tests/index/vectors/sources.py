"""Descriptors that stand for those in a database, read as a ``VectorStore`` reads them."""

from collections.abc import Iterator

import numpy as np

from index.values import F16, I64, Descriptors, StoredDescriptors
from index.vectors.vector_store import DescriptorSource
from pipeline.values import F32

NO_FACES: I64 = np.empty(0, np.int64)


def source_of(ids: I64, vectors: F32) -> DescriptorSource:
    """Reads from these, float32 [N, D] by ``ids``: in chunks, none of them empty, as the catalog does.

    They are rounded to float16, as the catalog's are.
    """
    order = np.argsort(ids)
    held = Descriptors(ids[order], vectors[order])

    def source(wanted: I64) -> Iterator[StoredDescriptors]:
        assert np.all(np.diff(wanted) > 0)
        found = held.only(wanted)
        for chunk in np.array_split(found.ids, 3):
            if len(chunk):
                halves = found.only(chunk).vectors.astype("<f2")
                yield StoredDescriptors(chunk, halves, norms_of(halves))

    return source


def norms_of(halves: F16) -> F32:
    vectors = halves.astype(np.float32)
    return np.asarray(np.sqrt(np.einsum("nd,nd->n", vectors, vectors)), np.float32)
