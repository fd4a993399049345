"""One-to-many comparison: whose face is it, and is it anybody's that is known?

Rank-1 and rank-5 are closed-set: every probe is of somebody enrolled. TPIR at an FPIR is open-set: there
are strangers among the probes, FPIR is the part of them who are taken for somebody, and TPIR the part of
the known who come first and above the threshold (ISO/IEC 19795-1:2021; TPIR there is 1 - FNIR at rank 1).
One face a person is enrolled, which is the hardest case. Everything is NumPy; nothing here knows a photo.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faceindex.accuracy.verification import Interval
from pipeline.values import F32

FALSE_POSITIVE_RATES = (0.01, 0.1)

DRAWS = 20
"""Times that people, and the face of each that is enrolled, are drawn anew; figures are means over them."""

_SEED = 20260103

_Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class OpenSet:
    """What is recognised where strangers are asked about too.

    Attributes:
        fpir: The part of the strangers' faces that is taken for somebody.
        threshold: The similarity that it takes, mean over the draws.
        tpir: The part of the known faces that comes first and above the threshold, mean over the draws.
        interval: Of ``tpir``: between the draws 95 per cent lie so.
    """

    fpir: float
    threshold: float
    tpir: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class Identification:
    """What one-to-many comparison comes to.

    Attributes:
        enrolled: Persons in the closed set, with one face each.
        probes: Faces that were asked about in it.
        rank_1: The part of the probes whose person comes first.
        rank_5: The part whose person is among the first five.
        strangers: Faces of strangers that were asked about, mean over the draws.
        open_set: With half of these persons enrolled, and all others strangers.
    """

    enrolled: int
    probes: int
    rank_1: float
    rank_5: float
    strangers: float
    open_set: tuple[OpenSet, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Ranking:
    """Probes against a gallery: who comes first, whether that is right, and how far down the right one is."""

    top: F32
    right: NDArray[np.bool_]
    rank: _Rows


def identify(vectors: F32, people: Sequence[str]) -> Identification | None:
    """Enrol one face of each person who has more, and ask about the others.

    Args:
        vectors: float32 [N, D], of unit norm.
        people: Who each is, [N].

    Returns:
        ``None`` where fewer than two persons have two faces.
    """
    generator = np.random.default_rng(_SEED)
    _, persons = np.unique(np.asarray(people), return_inverse=True)
    repeated = np.flatnonzero(np.bincount(persons) > 1)
    if len(repeated) < 2:
        return None
    closed = [_closed(vectors, persons, repeated, generator) for _ in range(DRAWS)]
    drawn = [_open(vectors, persons, repeated, generator) for _ in range(DRAWS)]
    return Identification(
        enrolled=len(repeated),
        probes=len(closed[0].rank),
        rank_1=float(np.mean([np.mean(ranking.rank < 1) for ranking in closed])),
        rank_5=float(np.mean([np.mean(ranking.rank < 5) for ranking in closed])),
        open_set=tuple(_at(rate, drawn) for rate in FALSE_POSITIVE_RATES),
        strangers=float(np.mean([len(strangers) for _, strangers in drawn])),
    )


def _closed(vectors: F32, persons: _Rows, known: _Rows, generator: np.random.Generator) -> _Ranking:
    gallery = np.array([generator.choice(np.flatnonzero(persons == person)) for person in known])
    probes = np.setdiff1d(np.flatnonzero(np.isin(persons, known)), gallery)
    return _rank(vectors, persons, gallery, probes)


def _open(
    vectors: F32, persons: _Rows, repeated: _Rows, generator: np.random.Generator
) -> tuple[_Ranking, F32]:
    """The known against half of the persons, and the greatest similarity of each face of a stranger."""
    known = generator.permutation(repeated)[: max(1, len(repeated) // 2)]
    gallery = np.array([generator.choice(np.flatnonzero(persons == person)) for person in known])
    probes = np.setdiff1d(np.flatnonzero(np.isin(persons, known)), gallery)
    strangers = vectors[~np.isin(persons, known)] @ vectors[gallery].T
    return _rank(vectors, persons, gallery, probes), np.asarray(strangers.max(axis=1), np.float32)


def _rank(vectors: F32, persons: _Rows, gallery: _Rows, probes: _Rows) -> _Ranking:
    similarity = vectors[probes] @ vectors[gallery].T
    is_true = persons[probes][:, None] == persons[gallery]
    true = similarity[is_true]
    return _Ranking(
        top=similarity.max(axis=1),
        right=is_true[np.arange(len(probes)), similarity.argmax(axis=1)],
        # Others that are exactly as similar come first: a tie is no recognition.
        rank=np.sum((similarity >= true[:, None]) & ~is_true, axis=1),
    )


def _at(rate: float, drawn: Sequence[tuple[_Ranking, F32]]) -> OpenSet:
    rates, thresholds = [], []
    for ranking, strangers in drawn:
        falling = np.sort(strangers)[::-1]
        threshold = float(falling[min(int(rate * len(falling)), len(falling) - 1)])
        rates.append(float(np.mean(ranking.right & (ranking.top > threshold))))
        thresholds.append(threshold)
    low, high = np.quantile(rates, (0.025, 0.975))
    return OpenSet(rate, float(np.mean(thresholds)), float(np.mean(rates)), Interval(float(low), float(high)))
