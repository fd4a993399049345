"""Finds the neighbours of many faces by inverted lists: not every face is compared with every other one.

Jegou, Douze and Schmid, "Product quantization for nearest neighbor search" (2011), section IV, with whole
descriptors: the faces lie in lists around centres, and each is compared with those of the nearest lists.
docs/clustering.md has the loss.
"""

from typing import Any

import faiss
import numpy as np

from index.values import I64, OnStep
from index.vectors.nearest import in_threads, pairs_of_found
from pipeline.values import F32

PROBED = 16
"""Each face is compared with those of one list in so many. Of the near faces of one person this finds 97 % in
100,000 made faces, where B-cubed F is that of comparing all, and 95 % in a million; half as many lists find
94 % and 90 %, and lose 0.0005 of F in the 100,000."""

_LISTS_AT_MOST = 4096
_SAMPLE_A_LIST = 40
"""Faces that determine the centres: FAISS asks for 39 or more of each list."""

_ROUNDS = 8
_PART = 1024
"""Faces that one thread compares at a time, and that are added at a time."""


class InvertedLists:
    """The lists of N faces.

    Args:
        vectors: float32 [N, D], kept as float16, as the database has them.
    """

    def __init__(self, vectors: F32) -> None:
        self._vectors = vectors
        count, dimension = vectors.shape
        lists = min(_LISTS_AT_MOST, int(4 * count**0.5), max(1, count // _SAMPLE_A_LIST))
        self._centres = faiss.IndexFlatIP(dimension)  # FAISS does not own it
        self._index: Any = faiss.IndexIVFScalarQuantizer(
            self._centres, dimension, lists, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT, False
        )
        self._index.nprobe = max(1, lists // PROBED)
        self._index.cp.niter = _ROUNDS
        self._index.train(vectors[:: max(1, count // (lists * _SAMPLE_A_LIST))])
        for start in range(0, count, _PART):
            self._index.add(vectors[start : start + _PART])

    def near_pairs(self, rows: I64, k: int, least: float, on_step: OnStep) -> I64:
        """Find at most k neighbours of each of some rows, int64 [M], at least ``least`` similar.

        Returns:
            int64 [E, 2]: one of ``rows``, and another row.
        """

        def near(part: I64) -> I64:
            # Where fewer are found, FAISS fills up with similarities that no face has.
            similarities, found = self._index.search(self._vectors[part], k + 1)
            return pairs_of_found(part, similarities, found, k, least)

        parts = [rows[start : start + _PART] for start in range(0, len(rows), _PART)]
        found, done = [np.empty((0, 2), np.int64)], 0
        for part, pairs in zip(parts, in_threads(near, parts), strict=True):
            found.append(pairs)
            done += len(part)
            on_step("compared", done, len(rows))
        return np.concatenate(found)
