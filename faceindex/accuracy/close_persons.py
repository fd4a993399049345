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

MIN_FACES = 3
"""Confirmed faces of both persons, to say anything of the two."""

_QUANTILE = 2.33
"""Standard deviations beyond which one face in a hundred lies, of a normal distribution."""

_PRIOR_FACES = 5.0
"""Faces that the variance pooled over all pairs of persons counts for."""

_NEAREST = 3

F64 = NDArray[np.float64]
Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class _Margins:
    """How much more similar faces of a person (row) are to it than to another (column): float64 [P, P]."""

    mean: F64
    spread: F64


def close_pairs(faces: ConfirmedFaces) -> tuple[ClosePair, ...]:
    """The persons between whom the usual margin is too narrow, the most confusable first.

    Args:
        faces: Confirmed ones; of persons with fewer than ``MIN_FACES`` nothing is said.
    """
    persons, person, counts = np.unique(faces.person_ids, return_inverse=True, return_counts=True)
    known = np.flatnonzero(counts >= MIN_FACES)
    if len(known) < 2:
        return ()
    rows = np.flatnonzero(np.isin(person, known))
    order = rows[np.argsort(person[rows], kind="stable")]
    starts = np.concatenate([[0], np.cumsum(counts[known])[:-1]])
    observed = _margins(faces.vectors[order], starts, counts[known])
    needed = -observed.mean + _QUANTILE * observed.spread
    margins = np.maximum(needed, needed.T)
    first, second = np.nonzero(np.triu(margins > MIN_MARGIN, 1))
    found = [
        ClosePair(int(persons[known[one]]), int(persons[known[two]]), round(float(margins[one, two]), 3))
        for one, two in zip(first, second, strict=True)
    ]
    return tuple(sorted(found, key=lambda pair: -pair.margin))


def _margins(vectors: F32, starts: Rows, counts: Rows) -> _Margins:
    """Margins of faces that are sorted by person; ``starts`` are the first rows of the persons."""
    scores = _scores(vectors, starts, counts)
    person = np.repeat(np.arange(len(counts)), counts)
    lead = scores[np.arange(len(person)), person][:, None] - scores
    mean = np.add.reduceat(lead, starts, axis=0) / counts[:, None]
    squares = np.add.reduceat((lead - mean[person]) ** 2, starts, axis=0)
    others = ~np.eye(len(counts), dtype=bool)
    pooled = squares[others].sum() / max(1, ((counts - 1)[:, None] * others).sum())
    variance = (squares + _PRIOR_FACES * pooled) / (counts - 1 + _PRIOR_FACES)[:, None]
    mean[~others] = np.inf  # nobody is confused with itself
    return _Margins(mean, np.sqrt(variance))


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
    person = np.repeat(np.arange(len(counts)), counts)
    rest = sums[person] - vectors
    rest /= np.maximum(np.linalg.norm(rest, axis=1, keepdims=True), 1e-9)
    cosines[np.arange(len(person)), person] = np.einsum("nd,nd->n", vectors, rest)
    return np.asarray(cosines, np.float64)
