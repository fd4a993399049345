"""Finds persons who are easily taken for one another, as siblings are, by their own confirmed faces.

Each face is left out in turn and compared with its person and with each other one, as
``index.recognition.identify`` would. How far its own person is ahead varies from face to face; where it must
be expected to fall behind so far as to be named wrongly, more often than is borne, the margin between the two
is made as wide as it takes.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.recognition.gallery import ConfirmedFaces
from index.recognition.thresholds import MIN_MARGIN, ClosePair
from pipeline.values import F32

ENOUGH = 3
"""Confirmed faces of both persons, to say anything of the two."""

_BORNE = 2.33
"""Standard deviations beyond which one face in a hundred lies, of a normal distribution."""

_USUAL = 5.0
"""Faces that what is usual between persons counts for, in how much the lead varies."""

_NEAREST = 3

F64 = NDArray[np.float64]
Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class _Leads:
    """By how much faces of a person (row) are more like it than like another (column): float64 [P, P]."""

    mean: F64
    spread: F64


def close_pairs(faces: ConfirmedFaces) -> tuple[ClosePair, ...]:
    """The persons between whom the usual margin is too narrow, the most confusable first.

    Args:
        faces: Confirmed ones; of persons with fewer than ``ENOUGH`` nothing is said.
    """
    persons, owner, counts = np.unique(faces.person_ids, return_inverse=True, return_counts=True)
    known = np.flatnonzero(counts >= ENOUGH)
    if len(known) < 2:
        return ()
    rows = np.flatnonzero(np.isin(owner, known))
    order = rows[np.argsort(owner[rows], kind="stable")]
    starts = np.concatenate([[0], np.cumsum(counts[known])[:-1]])
    leads = _leads(faces.vectors[order], starts, counts[known])
    needed = -leads.mean + _BORNE * leads.spread
    margins = np.maximum(needed, needed.T)
    first, second = np.nonzero(np.triu(margins > MIN_MARGIN, 1))
    found = [
        ClosePair(int(persons[known[one]]), int(persons[known[two]]), round(float(margins[one, two]), 3))
        for one, two in zip(first, second, strict=True)
    ]
    return tuple(sorted(found, key=lambda pair: -pair.margin))


def _leads(vectors: F32, starts: Rows, counts: Rows) -> _Leads:
    """How far faces are ahead; their persons stand together, from ``starts`` on."""
    scores = _scores(vectors, starts, counts)
    own = np.repeat(np.arange(len(counts)), counts)
    lead = scores[np.arange(len(own)), own][:, None] - scores
    mean = np.add.reduceat(lead, starts, axis=0) / counts[:, None]
    squares = np.add.reduceat((lead - mean[own]) ** 2, starts, axis=0)
    others = ~np.eye(len(counts), dtype=bool)
    usual = squares[others].sum() / max(1, ((counts - 1)[:, None] * others).sum())
    variance = (squares + _USUAL * usual) / (counts - 1 + _USUAL)[:, None]
    mean[~others] = np.inf  # nobody is confused with itself
    return _Leads(mean, np.sqrt(variance))


def _scores(vectors: F32, starts: Rows, counts: Rows) -> F64:
    """How like each face is to each person, without itself: float64 [N, P]."""
    cosines = (vectors @ vectors.T).astype(np.float64)
    np.fill_diagonal(cosines, -np.inf)
    groups = []
    for start, count in zip(starts, counts, strict=True):
        best = np.sort(cosines[:, start : start + count], axis=1)[:, ::-1][:, :_NEAREST]
        counted = np.isfinite(best)
        groups.append(np.where(counted, best, 0.0).sum(axis=1) / counted.sum(axis=1))
    templates = _templates(vectors, starts, counts)
    return np.asarray(np.maximum(np.stack(groups, axis=1), templates), np.float64)


def _templates(vectors: F32, starts: Rows, counts: Rows) -> F64:
    """Cosines with the mean of each person's faces, the face itself left out of its own: float64 [N, P]."""
    sums = np.add.reduceat(vectors.astype(np.float64), starts, axis=0)
    cosines = vectors @ (sums / np.linalg.norm(sums, axis=1, keepdims=True)).T
    own = np.repeat(np.arange(len(counts)), counts)
    rest = sums[own] - vectors
    rest /= np.maximum(np.linalg.norm(rest, axis=1, keepdims=True), 1e-9)
    cosines[np.arange(len(own)), own] = np.einsum("nd,nd->n", vectors, rest)
    return np.asarray(cosines, np.float64)
