"""Finds the faces nearest to probes, and the persons that the probes may be; knows neither SQL nor FAISS."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from index.photos.catalog import Catalog
from index.recognition.gallery import Evidence, Gallery
from index.recognition.thresholds import Thresholds
from index.values import I64, NONE, NearFace
from index.vectors.vector_store import VectorStore
from pipeline.values import F32


@dataclass(frozen=True, slots=True)
class NeighborOptions:
    """Which near faces to find.

    Attributes:
        k: Maximum number for each probe.
        min_similarity: Of a match, -1 to 1.
        not_of: Digest of the photo of the probes: its own faces are no matches.
        not_these: Other faces that are none.
    """

    k: int = 10
    min_similarity: float = -1.0
    not_of: bytes | None = None
    not_these: Collection[int] | I64 = ()


def nearest(
    catalog: Catalog, vectors: VectorStore, probes: F32, options: NeighborOptions
) -> list[list[NearFace]]:
    """Find the nearest faces that are in a photo, by falling similarity.

    A list is shorter than ``options.k`` only if the library has no more such faces. ``probes`` is float32 [N,
    D], of unit norm.
    """
    in_photo = [] if options.not_of is None else catalog.face_ids_of(options.not_of)
    exclude = np.array([*in_photo, *options.not_these], dtype=np.int64)
    reach = options.k
    while True:
        found = vectors.search(probes, reach, exclude)
        faces = catalog.faces(sorted({each.face_id for neighbors in found for each in neighbors}))
        near = [
            [
                NearFace(faces[each.face_id], each.similarity)
                for each in neighbors
                if each.face_id in faces and each.similarity >= options.min_similarity
            ][: options.k]
            for neighbors in found
        ]
        has_more = any(
            len(kept) < options.k and neighbors and neighbors[-1].similarity >= options.min_similarity
            for neighbors, kept in zip(found, near, strict=True)
        )
        if reach >= len(vectors) or not has_more:
            return near
        reach *= 4  # some were in no photo


_JUST_BELOW = 0.001
"""One similar face alone is not sure: it raises the similarity to at most this far below the threshold."""


class LikenessVerdict(StrEnum):
    """Certainty of an identification by similarity alone."""

    ACCEPTED = "accepted"
    PROBABLE = "probable"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Match:
    """The person most similar to a probe and the next one, each ``NONE`` or with its similarity, else -1."""

    person_id: int
    similarity: float
    runner_up_id: int
    runner_up: float
    verdict: LikenessVerdict


@dataclass(frozen=True, slots=True, eq=False)
class Matches:
    """The ``Match`` of each of N probes: int64, float32 and bool [N].

    ``probable`` is false where ``accepted`` is true.
    """

    person_ids: I64
    similarities: F32
    runner_up_ids: I64
    runners_up: F32
    accepted: NDArray[np.bool_]
    probable: NDArray[np.bool_]

    def __getitem__(self, row: int) -> Match:
        unsure = LikenessVerdict.PROBABLE if self.probable[row] else LikenessVerdict.UNKNOWN
        return Match(
            int(self.person_ids[row]),
            float(self.similarities[row]),
            int(self.runner_up_ids[row]),
            float(self.runners_up[row]),
            LikenessVerdict.ACCEPTED if self.accepted[row] else unsure,
        )


def similarities(evidence: Evidence, thresholds: Thresholds) -> F32:
    """Combine the evidence for each probe and person into one similarity, float32 [N, P].

    It is the similarity to the nearest template or the mean similarity to the nearest faces, the greater,
    ``lifted`` by the nearest face.
    """
    return lifted(evidence.sure, evidence.single, thresholds.accept)


def lifted(sure: F32, single: F32, accept: float) -> F32:
    """Lift similarities to just below ``accept`` where a ``single`` face reaches it; float32, of one shape.

    One face alone makes a person probable, and no more.
    """
    just_below = np.float32(accept - _JUST_BELOW)
    return np.where(single >= np.float32(accept), np.maximum(sure, just_below), sure)


def identify(
    gallery: Gallery,
    probes: F32,
    thresholds: Thresholds,
    excluded: Mapping[int, Collection[int]] | None = None,
) -> Matches:
    """Find the person most similar to each probe, float32 [N, D], of unit norm.

    The gallery must not hold faces of the probes' photo; the thresholds are of the model that described both.
    ``excluded`` has, by row of ``probes``, persons that the face is not.
    """
    scores = similarities(gallery.evidence(probes), thresholds)
    return best_matches(scores, gallery.person_ids, thresholds, excluded)


def best_matches(
    scores: F32,
    persons: I64,
    thresholds: Thresholds,
    excluded: Mapping[int, Collection[int]] | None = None,
) -> Matches:
    """Find the person most similar to each probe by ``similarities`` to ``persons``; see ``identify``."""
    # One more column, of nobody.
    scores = np.pad(scores, ((0, 0), (0, 1)), constant_values=-np.inf)
    for row, others in (excluded or {}).items():
        scores[row, np.flatnonzero(np.isin(persons, list(others)))] = -np.inf
    (person_ids, similarity), (runner_up_ids, runner_up) = _two_best(scores, np.append(persons, NONE))
    clear = similarity - np.maximum(runner_up, 0.0) >= thresholds.margins(person_ids, runner_up_ids)
    accepted = (similarity >= thresholds.accept) & clear
    return Matches(
        person_ids=person_ids,
        similarities=np.clip(similarity, -1.0, 1.0),
        runner_up_ids=runner_up_ids,
        runners_up=np.clip(runner_up, -1.0, 1.0),
        accepted=accepted,
        probable=(similarity >= thresholds.review) & ~accepted,
    )


def _two_best(scores: F32, persons: I64) -> Iterator[tuple[I64, F32]]:
    """Take the best person of each row out of ``scores``, then the next; ``NONE`` if nobody is left."""
    rows = np.arange(len(scores))
    for _ in range(2):
        columns = scores.argmax(axis=1)
        best = scores[rows, columns]
        yield np.where(np.isfinite(best), persons[columns], NONE), best
        scores[rows, columns] = -np.inf
