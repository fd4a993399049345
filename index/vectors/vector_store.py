"""The seam behind which descriptors are compared: which faces are near to a probe, and which to one another.

Asking who a face is, recognition and clustering all go through it. The database holds the descriptors; what
is behind the seam is made from it, and is brought up to date by ``sync``.
"""

from collections.abc import Callable, Iterator
from typing import Protocol, TypeAlias

from index.values import I64, Descriptors, Neighbor
from pipeline.values import F32

DescriptorSource: TypeAlias = Callable[[I64], Iterator[Descriptors]]
"""Reads the descriptors of faces, whose ids rise, in chunks by rising id; unknown faces are left out."""


class VectorStore(Protocol):
    """Descriptors of faces by one model, all of one length D and of unit norm, by face id.

    Several threads may read from it at a time, as long as none calls ``sync``. Where it reads from the
    database, a method may raise a ``LibraryError``.
    """

    def __len__(self) -> int:
        """How many faces it holds."""

    def ids(self) -> I64:
        """The faces it holds, int64 [N], rising."""

    def sync(self, face_ids: I64) -> bool:
        """Make it hold these faces and no others.

        The descriptor of a face never changes, so those of faces that it holds already are not read again.
        Faces that are not in the database any more are left out.

        Args:
            face_ids: int64 [M], rising.

        Returns:
            Whether it held others.
        """

    def search(self, probes: F32, k: int, exclude: I64) -> list[list[Neighbor]]:
        """Find the nearest faces of each probe.

        Args:
            probes: float32 [N, D], of unit norm.
            k: How many faces; fewer come back where it holds fewer.
            exclude: int64 [M], faces that are passed over.

        Returns:
            For each probe its neighbours, by falling similarity; of equal ones the lower id comes first.
            The similarities are exact. An approximate store may miss a neighbour.
        """

    def near_pairs(self, face_ids: I64, k: int, least: float) -> I64:
        """Find the neighbours of faces that it holds, among all that it holds.

        Args:
            face_ids: int64 [M], rising; faces that it does not hold are passed over.
            k: How many neighbours of each face, at most.
            least: The lowest similarity of a pair.

        Returns:
            int64 [E, 2], ids in no order: a face that was asked for, and another one.
        """

    def fetch(self, face_ids: I64) -> Descriptors:
        """Get descriptors by id, int64 [M], rising; faces that it does not hold are left out."""
