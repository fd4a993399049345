"""Descriptors that stand for those in a database, read as a ``VectorStore`` reads them."""

from collections.abc import Iterator

import numpy as np

from index.values import I64, Descriptors
from index.vectors.vector_store import DescriptorSource
from pipeline.values import F32

NO_FACES: I64 = np.empty(0, np.int64)


def source_of(ids: I64, vectors: F32) -> DescriptorSource:
    """Reads from these, float32 [N, D] by ``ids``: in chunks, none of them empty, as the catalog does."""
    order = np.argsort(ids)
    held = Descriptors(ids[order], vectors[order])

    def source(wanted: I64) -> Iterator[Descriptors]:
        assert np.all(np.diff(wanted) > 0)
        found = held.only(wanted)
        for chunk in np.array_split(found.ids, 3):
            if len(chunk):
                yield found.only(chunk)

    return source
