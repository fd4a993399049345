"""The rules by which faces count as a person without a decision; knows only arrays.

The most similar person counts if the similarity and the lead over the next person suffice. But two faces of
one photo are rarely one person, a face more similar to a rejected face than to the person is rejected too,
and one more similar to an ignored stranger is a stranger. ``faceindex.asking.identifier`` has the same rules.
"""

from dataclasses import dataclass

import numpy as np

from index.columns import Columns
from index.recognition.identify import lifted
from index.recognition.likeness import Likenesses
from index.recognition.thresholds import Thresholds
from index.spans import seen_at_once
from index.values import I64, NONE, Flags
from pipeline.values import F32

NEAR_IDENTICAL = 0.9
"""Similarity at which two faces of one photo may be one person (a collage, a mirror). On Labeled Faces in the
Wild two photos of one person reach it once in 250 times."""

_CHUNK = 1024
"""Faces compared with the ignored strangers at a time, 8 MB with 2,000 of those."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidates(Columns):
    """Who each of N faces is most likely, by similarity alone: int64, float32 and bool [N].

    Attributes:
        persons: ``NONE`` for a face that is like nobody.
        accepted: The similarity and the lead over the next person suffice; else a user decides.
    """

    persons: I64
    similarities: F32
    accepted: Flags

    def without(self, refused: Flags) -> "Candidates":
        """Return the same with nobody for some faces."""
        return Candidates(
            np.where(refused, NONE, self.persons),
            np.where(refused, np.float32(0), self.similarities),
            self.accepted & ~refused,
        )


def best_candidates(face_ids: I64, likenesses: Likenesses, thresholds: Thresholds) -> Candidates:
    """Choose the most similar person of each face, int64 [N], rising; of equal ones the lowest id.

    ``likenesses`` hold the persons whom the faces may be; a person without a row is so little alike that it
    makes no other one doubtful.
    """
    scores = lifted(likenesses.similarities, likenesses.nearest, thresholds.accept)
    order = np.lexsort((likenesses.person_ids, -scores, likenesses.face_ids))
    ids = np.append(likenesses.face_ids[order], NONE)
    first = np.searchsorted(ids[:-1], face_ids)
    known = ids[first] == face_ids
    persons, runners_up = (np.full(len(face_ids), NONE, np.int64) for _ in range(2))
    best, next_best = (np.full(len(face_ids), -1.0, np.float32) for _ in range(2))
    rows = order[first[known]]
    persons[known], best[known] = likenesses.person_ids[rows], scores[rows]
    has_next = known.copy()
    has_next[known] = ids[first[known] + 1] == face_ids[known]
    rows = order[first[has_next] + 1]
    runners_up[has_next], next_best[has_next] = likenesses.person_ids[rows], scores[rows]
    clear = best - np.maximum(next_best, 0.0) >= thresholds.margins(persons, runners_up)
    accepted = (best >= thresholds.accept) & clear
    found = Candidates(persons, np.clip(best, -1.0, 1.0), accepted)
    return found.without(~accepted & (best < thresholds.review))


def most_similar(probes: F32, others: F32) -> F32:
    """Return the similarity of probes, [N, D], to the nearest of others, [M, D]: float32 [N], or -1."""
    nearest = np.full(len(probes), -1.0, np.float32)
    if len(others):
        for start in range(0, len(probes), _CHUNK):
            rows = slice(start, start + _CHUNK)
            nearest[rows] = (probes[rows] @ others.T).max(axis=1)
    return nearest


def like_a_stranger(candidates: Candidates, vectors: F32, strangers: F32, accept: float) -> Flags:
    """Find faces that are more similar to an ignored stranger than to their person: bool [N].

    ``vectors``, float32 [N, D], are of the faces, ``strangers``, float32 [S, D], of the ignored ones.
    """
    found = np.zeros(len(vectors), bool)
    rows = np.flatnonzero(candidates.persons != NONE)
    similarity = most_similar(vectors[rows], strangers)
    found[rows] = (similarity >= accept) & (similarity > candidates.similarities[rows])
    return found


def like_the_rejected(candidates: Candidates, vectors: F32, person_ids: I64, rejected: F32) -> Flags:
    """Find faces that are more similar to a face rejected for their person than to the person: bool [N].

    ``rejected``, float32 [R, D], are the descriptors of rejected faces, ``person_ids``, int64 [R], for whom.
    """
    found = np.zeros(len(vectors), bool)
    for person_id in np.intersect1d(person_ids, candidates.persons):
        rows = np.flatnonzero(candidates.persons == person_id)
        nearest = most_similar(vectors[rows], rejected[person_ids == person_id])
        found[rows] = nearest > candidates.similarities[rows]
    return found


def second_in_photo(contents: I64, spans: F32, confirmed: I64, candidates: Candidates, vectors: F32) -> Flags:
    """Find faces whose person is another face of the same photo, certainly or probably: bool [N].

    ``contents`` and ``confirmed``, int64 [N], are the photo of each face and its person by decision, or
    ``NONE``; ``spans``, float32 [N, 2], tell which faces of a film are seen at once (``index.spans``), and
    others count as of two photos; ``vectors`` is float32 [N, D], of unit norm. Confirmed faces come first,
    then the most similar.
    Faces near-identical to all earlier ones of the person in the photo are no second ones.
    """
    persons = np.where(confirmed != NONE, confirmed, candidates.persons)
    rank = np.where(confirmed != NONE, np.inf, candidates.similarities)
    rows = np.flatnonzero(persons != NONE)
    rows = rows[np.lexsort((rows, -rank[rows], persons[rows], contents[rows]))]
    refused = np.zeros(len(contents), bool)
    begins = np.flatnonzero(
        np.append(True, (np.diff(contents[rows]) != 0) | (np.diff(persons[rows]) != 0))[: len(rows)]
    )
    lengths = np.diff(np.append(begins, len(rows)))
    for start, length in zip(begins[lengths > 1].tolist(), lengths[lengths > 1].tolist(), strict=True):
        kept = [int(rows[start])]
        for row in rows[start + 1 : start + length].tolist():
            beside = [each for each in kept if seen_at_once(spans[each], spans[row])]
            is_other = bool((vectors[beside] @ vectors[row] < NEAR_IDENTICAL).any())
            refused[row] = confirmed[row] == NONE and is_other
            if not refused[row]:
                kept.append(row)
    return refused
