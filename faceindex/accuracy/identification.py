"""One-to-many comparison: rank-1 and rank-5 of a closed set, and TPIR at an FPIR of an open set.

In a closed set every probe is of an enrolled person; in an open set some are of strangers. FPIR is the part
of these identified as somebody; TPIR is the part of the others whose person comes first and above the
threshold (ISO/IEC 19795-1:2021; 1 - FNIR at rank 1). One face of each person is enrolled, the hardest case.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faceindex.accuracy.verification import Interval, threshold_at
from pipeline.values import F32

FALSE_POSITIVE_RATES = (0.01, 0.1)

DRAWS = 20
"""Random choices of persons and of their enrolled faces; the figures are means over them."""

_SEED = 20260103

_Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class OpenSet:
    """Mean TPIR at an FPIR, and mean threshold, over draws of strangers, with the interval of the TPIR."""

    fpir: float
    threshold: float
    tpir: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class Identification:
    """Results of one-to-many comparison; ``enrolled``, ``probes`` and ranks are of the closed set.

    Attributes:
        rank_1: The part of the probes whose person comes first.
        rank_5: The part whose person is among the first five.
        strangers: Probes of strangers in the open set, mean over the draws.
        open_set: With half of the enrolled persons enrolled, and all others strangers.
    """

    enrolled: int
    probes: int
    rank_1: float
    rank_5: float
    strangers: float
    open_set: tuple[OpenSet, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Ranking:
    """Probes against a gallery.

    Attributes:
        top: Greatest similarity of each probe of an enrolled person, float32 [P].
        right: Whether that is to the probe's person, bool [P].
        rank: Persons who are more similar than the probe's own, intp [P].
        strangers: Greatest similarity of each other face, float32 [S].
    """

    top: F32
    right: NDArray[np.bool_]
    rank: _Rows
    strangers: F32


def identify(vectors: F32, people: Sequence[str]) -> Identification | None:
    """Enrol one face of each person who has more, and probe with the others; see ``compare_all`` for arrays.

    ``None`` where fewer than two persons have two faces.
    """
    generator = np.random.default_rng(_SEED)
    _, persons = np.unique(people, return_inverse=True)
    repeated = np.flatnonzero(np.bincount(persons) > 1)
    if len(repeated) < 2:
        return None
    closed = [_rank(vectors, persons, repeated, generator) for _ in range(DRAWS)]
    half = len(repeated) // 2
    drawn = [_rank(vectors, persons, generator.permutation(repeated)[:half], generator) for _ in range(DRAWS)]
    return Identification(
        enrolled=len(repeated),
        probes=len(closed[0].rank),
        rank_1=float(np.mean([np.mean(ranking.rank < 1) for ranking in closed])),
        rank_5=float(np.mean([np.mean(ranking.rank < 5) for ranking in closed])),
        open_set=tuple(_at(rate, drawn) for rate in FALSE_POSITIVE_RATES),
        strangers=float(np.mean([len(ranking.strangers) for ranking in drawn])),
    )


def _rank(vectors: F32, persons: _Rows, known: _Rows, generator: np.random.Generator) -> _Ranking:
    """Enrol a random face of each known person, and compare all others with it."""
    gallery = np.array([generator.choice(np.flatnonzero(persons == person)) for person in known])
    is_known = np.isin(persons, known)
    probes = np.setdiff1d(np.flatnonzero(is_known), gallery)
    similarity = vectors[probes] @ vectors[gallery].T
    is_true = persons[probes][:, None] == persons[gallery]
    true = similarity[is_true]
    return _Ranking(
        top=similarity.max(axis=1),
        right=is_true[np.arange(len(probes)), similarity.argmax(axis=1)],
        # Others that are exactly as similar come first: a tie is no recognition.
        rank=np.sum((similarity >= true[:, None]) & ~is_true, axis=1),
        strangers=(vectors[~is_known] @ vectors[gallery].T).max(axis=1),
    )


def _at(rate: float, drawn: Sequence[_Ranking]) -> OpenSet:
    thresholds = [threshold_at(np.sort(ranking.strangers)[::-1], rate) for ranking in drawn]
    rates = [
        float(np.mean(ranking.right & (ranking.top > threshold)))
        for ranking, threshold in zip(drawn, thresholds, strict=True)
    ]
    return OpenSet(rate, float(np.mean(thresholds)), float(np.mean(rates)), Interval.of(np.array(rates)))
