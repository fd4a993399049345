"""The interface for comparing descriptors with a probe and with each other; caches of the database."""

from collections.abc import Callable, Iterator
from typing import Protocol, TypeAlias

from index.values import I64, Descriptors, Neighbor, StoredDescriptors
from pipeline.values import F32

DescriptorSource: TypeAlias = Callable[[I64], Iterator[StoredDescriptors]]
"""Reads the descriptors of faces, int64 [M], rising, in chunks by rising id; leaves out unknown faces."""


class VectorStore(Protocol):
    """Descriptors of faces by one model, all of one length D and of unit norm, by face id.

    Similarities are cosines, the products of float32 descriptors that were stored as float16; they are exact
    but for rounding in float32. Several threads may read at a time, while none calls ``sync``. A method that
    reads from the database may raise a ``LibraryError``. Face ids that are not in the store are ignored.
    """

    def __len__(self) -> int:
        """How many faces it holds."""

    def ids(self) -> I64:
        """Return the faces it holds, int64 [N], rising."""

    def sync(self, face_ids: I64) -> bool:
        """Make it hold these faces, int64 [M], rising, and no others; return whether it held others.

        Faces that it holds are not read again, as descriptors never change; faces missing from the database
        are left out.
        """

    def search(self, probes: F32, k: int, exclude: I64) -> list[list[Neighbor]]:
        """Find the nearest faces of each probe, at most k.

        Args:
            probes: float32 [N, D], of unit norm.
            k: How many faces, at most.
            exclude: int64 [M], faces to skip. They cost nothing to speak of.

        Returns:
            For each probe its neighbours, by falling similarity, then rising id. An approximate store may
            miss a neighbour.
        """

    def within(self, probes: F32, least: float | F32) -> I64:
        """Find all faces near any of some probes.

        Args:
            probes: float32 [N, D], of unit norm.
            least: Minimum similarity, of all probes or of each, float32 [N].

        Returns:
            int64 [M], rising: each face at least that similar to one of the probes. An approximate store may
            miss a face.
        """

    def near_pairs(self, face_ids: I64, k: int, least: float) -> I64:
        """Find at most k neighbours of each of some faces, int64 [M], rising, among all faces.

        Returns:
            int64 [E, 2], in no order: one of ``face_ids`` and another face, at least ``least`` similar.
        """

    def fetch(self, face_ids: I64) -> Descriptors:
        """Get descriptors by id, int64 [M], rising."""

    def blocks(self) -> Iterator[Descriptors]:
        """Get all descriptors by rising id, in blocks of a few megabytes."""
