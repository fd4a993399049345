"""The interface for comparing descriptors, with a probe and with each other.

``who``, recognition and clustering use it. The database holds the descriptors; a store is made from it, and
``sync`` brings it up to date.
"""

from collections.abc import Callable, Iterator
from typing import Protocol, TypeAlias

from index.values import I64, Descriptors, Neighbor
from pipeline.values import F32

DescriptorSource: TypeAlias = Callable[[I64], Iterator[Descriptors]]
"""Reads the descriptors of faces, int64 [M], rising, in chunks by rising id; unknown faces are left out."""


class VectorStore(Protocol):
    """Descriptors of faces by one model, all of one length D and of unit norm, by face id.

    Several threads may read at a time, while none calls ``sync``. A method that reads from the database may
    raise a ``LibraryError``. Face ids that are not in the store are ignored.
    """

    def __len__(self) -> int:
        """How many faces it holds."""

    def ids(self) -> I64:
        """The faces it holds, int64 [N], rising."""

    def sync(self, face_ids: I64) -> bool:
        """Make it hold these faces, int64 [M], rising, and no others; return whether it held others.

        The descriptor of a face never changes, so faces that it holds already are not read again. Faces
        that are no longer in the database are left out.
        """

    def search(self, probes: F32, k: int, exclude: I64) -> list[list[Neighbor]]:
        """Find the nearest faces of each probe.

        Args:
            probes: float32 [N, D], of unit norm.
            k: How many faces, at most.
            exclude: int64 [M], faces to skip.

        Returns:
            For each probe its neighbours, by falling similarity, then rising id. The similarities are exact;
            an approximate store may miss a neighbour.
        """

    def near_pairs(self, face_ids: I64, k: int, least: float) -> I64:
        """Find the neighbours of some of its faces among all of them.

        Args:
            face_ids: int64 [M], rising.
            k: How many neighbours of each face, at most.
            least: The lowest similarity of a pair.

        Returns:
            int64 [E, 2], in no order: one of ``face_ids``, and another face.
        """

    def fetch(self, face_ids: I64) -> Descriptors:
        """Get descriptors by id, int64 [M], rising."""
