"""From probes to the faces of the library that are nearest to them.

The index knows ids, the catalog knows which of them are in a photo: this module puts the two together.
It knows neither SQL nor FAISS.
"""

from dataclasses import dataclass

import numpy as np

from index.catalog import Catalog
from index.values import NearFace, Neighbor
from index.vectors import VectorIndex
from pipeline.values import F32


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which of the near faces are wanted.

    Attributes:
        k: At most so many for each probe.
        min_similarity: None that is less similar, -1 to 1.
        not_of: Digest of the photo that the probes are from: its own faces are no matches.
    """

    k: int = 10
    min_similarity: float = -1.0
    not_of: bytes | None = None


def nearest(catalog: Catalog, vectors: VectorIndex, queries: F32, wanted: Wanted) -> list[list[NearFace]]:
    """The nearest faces that are in a photo, for each probe, by falling similarity.

    Args:
        catalog: The library.
        vectors: Its index.
        queries: float32 [N, D], of unit norm.
        wanted: Which and how many.

    Returns:
        N lists; one is shorter than ``wanted.k`` only where the library holds no more such faces.

    Raises:
        LibraryError: The library cannot be read.
    """
    own = [] if wanted.not_of is None else catalog.face_ids_of(wanted.not_of)
    exclude = np.array(own, dtype=np.int64)
    reach = wanted.k
    while True:
        found = vectors.search(queries, reach, exclude)
        near = _in_photos(catalog, found, wanted)
        if reach >= len(vectors) or not _may_grow(found, near, wanted):
            return near
        reach *= 4  # some were in no photo: look further


def _in_photos(catalog: Catalog, found: list[list[Neighbor]], wanted: Wanted) -> list[list[NearFace]]:
    faces = catalog.faces(sorted({each.face_id for neighbors in found for each in neighbors}))
    near = [
        [
            NearFace(faces[each.face_id], each.similarity)
            for each in neighbors
            if each.face_id in faces and each.similarity >= wanted.min_similarity
        ]
        for neighbors in found
    ]
    return [each[: wanted.k] for each in near]


def _may_grow(found: list[list[Neighbor]], near: list[list[NearFace]], wanted: Wanted) -> bool:
    """Whether a probe has too few faces, and those further off are not yet too dissimilar."""
    return any(
        len(kept) < wanted.k and neighbors and neighbors[-1].similarity >= wanted.min_similarity
        for neighbors, kept in zip(found, near, strict=True)
    )
