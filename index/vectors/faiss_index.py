"""The common part of the exact and the coded index; knows no database or path."""

from abc import abstractmethod
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from index.values import I64, Flags, Neighbor
from index.vectors.index_file import FileEnd
from index.vectors.nearest import BLOCK_BYTES
from index.vectors.vector_store import DescriptorSource, VectorStore
from pipeline.values import F32


class FaissIndex(VectorStore):
    """Rows of an id and a code of each face, in memory, in the order in which they were added.

    ``kind`` is how the descriptors are stored, which the database records for each saved file, and ``format``
    names it exactly; ``dimension`` is their length D; ``source`` reads them from the database.

    Attributes:
        file_end: Of the file that has the first ``rows_in_file`` rows too; ``None`` without one.
        gone_from_file: Rows of that file that were removed here.
    """

    def __init__(self, kind: str, format: str, dimension: int, source: DescriptorSource) -> None:  # noqa: A002
        self.kind, self.format, self.dimension = kind, format, dimension
        self.file_end: FileEnd | None = None
        self.rows_in_file = self.gone_from_file = 0
        self._source = source
        self._count = 0
        self._all_ids: I64 = np.empty(0, np.int64)
        self._sorted_rows: I64 | None = None

    def __len__(self) -> int:
        return self._count

    def ids(self) -> I64:
        """Return the faces it holds; see ``VectorStore``."""
        ids = self._row_ids
        return ids if self._sorted_rows is None else ids[self._sorted_rows]

    @property
    def _row_ids(self) -> I64:
        return self._all_ids[: self._count]

    def _rows_of(self, face_ids: I64) -> I64:
        """Return the rows of those of some faces, int64 [M], that it holds, in their order."""
        if not self._count:
            return np.empty(0, np.int64)
        places = np.searchsorted(self._row_ids, face_ids, sorter=self._sorted_rows)
        places = np.minimum(places, self._count - 1)
        rows = places if self._sorted_rows is None else self._sorted_rows[places]
        return np.asarray(rows[self._row_ids[rows] == face_ids], np.int64)

    def sync(self, face_ids: I64) -> bool:
        """Make it hold these faces and no others; see ``VectorStore``."""
        now = self.ids()
        if np.array_equal(now, face_ids):
            return False
        self._remove(np.setdiff1d(now, face_ids, assume_unique=True))
        new = np.setdiff1d(face_ids, now, assume_unique=True)
        self.reserve(self._count + len(new))
        for chunk in self._source(new):
            encoded = self._encoded(chunk)
            for place, rows in zip(self.extend(len(chunk)), encoded, strict=True):
                place[:] = rows
        self.refresh()
        return True

    def _remove(self, face_ids: I64) -> None:
        if not len(face_ids):
            return
        kept = np.ones(self._count, bool)
        kept[self._rows_of(face_ids)] = False
        in_file = int(np.count_nonzero(kept[: self.rows_in_file]))
        self.gone_from_file += self.rows_in_file - in_file
        self.rows_in_file = in_file
        count = 0
        for array in self.rows(0, self._count):
            count = _compact(array, kept)
        self.truncate(count)

    # What the file is read into, and written from.

    @abstractmethod
    def reserve(self, count: int) -> None:
        """Make room for so many rows in all."""

    @abstractmethod
    def rows(self, start: int, end: int) -> list[NDArray[Any]]:
        """Return the arrays that have the rows, without copying: ids, int64 [N], first."""

    def extend(self, count: int) -> list[NDArray[Any]]:
        """Add rows, and return the arrays to fill with them. ``refresh`` must follow."""
        start = self._count
        self.reserve(start + count)
        self._count += count
        return self.rows(start, self._count)

    def truncate(self, count: int) -> None:
        """Drop all but the first rows."""
        self._count = count
        self.refresh()

    def refresh(self) -> None:
        """Take notice of changed rows."""
        ids = self._row_ids
        is_rising = bool(np.all(ids[1:] > ids[:-1]))
        self._sorted_rows = None if is_rising else np.argsort(ids, kind="stable")

    @abstractmethod
    def _encoded(self, chunk: Any) -> list[NDArray[Any]]:
        """Return the rows of some ``StoredDescriptors``."""

    def _excluding(self, exclude: I64) -> tuple[Any, int]:
        """Return a selector of the other faces' rows, ``None`` of all, and how many these are.

        FAISS does not own the selector: it must live until the search is over.
        """
        rows = self._rows_of(np.sort(exclude))
        if not len(rows):
            return None, self._count
        others = np.ones(self._count, bool)
        others[rows] = False
        return Selector(others), int(np.count_nonzero(others))


class Selector:
    """Rows for FAISS to look at, bool [N]; keeps alive what FAISS does not own."""

    def __init__(self, chosen: Flags) -> None:
        self._bits = np.packbits(chosen, bitorder="little")
        self.selector = faiss.IDSelectorBitmap(len(chosen), faiss.swig_ptr(self._bits))


def _compact(array: NDArray[Any], kept: Flags) -> int:
    """Move the kept rows to the front, in place; return how many they are."""
    first = int(np.argmin(kept))
    step = max(1, BLOCK_BYTES // (array.strides[0] or 1))
    end = first
    for start in range(first, len(kept), step):
        chosen = array[start : start + step][kept[start : start + step]]
        array[end : end + len(chosen)] = chosen
        end += len(chosen)
    return end


def neighbors(ids: I64, similarities: F32, k: int) -> list[Neighbor]:
    """Return the k best, ordered as ``VectorStore.search`` returns them."""
    best = np.lexsort((ids, -similarities))[:k]
    similarities = np.clip(similarities, -1.0, 1.0)
    return [Neighbor(int(ids[each]), float(similarities[each])) for each in best]


def similarities_to(probe: F32, vectors: F32) -> F32:
    """Multiply a probe, float32 [D], with descriptors, float32 [N, D], each alike for any N: float32 [N]."""
    return np.asarray(np.einsum("d,nd->n", probe, vectors), np.float32)
