"""Finds persons who are easily confused, such as siblings, by their confirmed faces.

Each face is left out and compared with all persons, as in ``index.recognition.identify``. Two persons need a
wider margin than usual if one face in a hundred is expected to exceed the usual one towards the other person.
"""

import numpy as np
from numpy.typing import NDArray

from faceindex.accuracy.verification import F64
from index.recognition.templates import ConfirmedFaces
from index.recognition.thresholds import MIN_MARGIN, ClosePair
from pipeline.values import F32

MIN_FACES = 3
"""Confirmed faces that both persons need."""

_QUANTILE = 2.33
"""One value in a hundred of a normal distribution is more standard deviations above its mean."""

_PRIOR_FACES = 5.0
"""Weight of the variance pooled over all pairs of persons, in faces."""

_NEAREST = 3

Rows = NDArray[np.intp]


def close_pairs(faces: ConfirmedFaces) -> tuple[ClosePair, ...]:
    """Find persons between whom ``MIN_MARGIN`` is too narrow, widest margin first."""
    persons, person, counts = np.unique(faces.person_ids, return_inverse=True, return_counts=True)
    known = np.flatnonzero(counts >= MIN_FACES)
    if len(known) < 2:
        return ()
    rows = np.flatnonzero(np.isin(person, known))
    order = rows[np.argsort(person[rows], kind="stable")]
    starts = np.concatenate([[0], np.cumsum(counts[known])[:-1]])
    needed = _needed_margins(faces.vectors[order], starts, counts[known])
    margins = np.maximum(needed, needed.T)
    first, second = np.nonzero(np.triu(margins > MIN_MARGIN, 1))
    found = [
        ClosePair(int(persons[known[one]]), int(persons[known[two]]), round(float(margins[one, two]), 3))
        for one, two in zip(first, second, strict=True)
    ]
    return tuple(sorted(found, key=lambda pair: -pair.margin))


def _needed_margins(vectors: F32, starts: Rows, counts: Rows) -> F64:
    """Compute the margin that faces of a person (row) need over another (column): float64 [P, P].

    The vectors, [N, D], are sorted by person; ``starts`` are the first rows of the persons, [P].
    """
    scores = _scores(vectors, starts, counts)
    person = np.repeat(np.arange(len(counts)), counts)
    lead = scores[np.arange(len(person)), person][:, None] - scores
    mean = np.add.reduceat(lead, starts, axis=0) / counts[:, None]
    squares = np.add.reduceat((lead - mean[person]) ** 2, starts, axis=0)
    others = ~np.eye(len(counts), dtype=bool)
    pooled = squares[others].sum() / max(1, ((counts - 1)[:, None] * others).sum())
    variance = (squares + _PRIOR_FACES * pooled) / (counts - 1 + _PRIOR_FACES)[:, None]
    mean[~others] = np.inf  # nobody is confused with itself
    return np.asarray(_QUANTILE * np.sqrt(variance) - mean, np.float64)


def _scores(vectors: F32, starts: Rows, counts: Rows) -> F64:
    """Compute the similarity of each face to each person, without the face itself: float64 [N, P]."""
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
    """Compute cosines with the mean of each person's faces, without the face itself: float64 [N, P]."""
    sums = np.add.reduceat(vectors.astype(np.float64), starts, axis=0)
    cosines = vectors @ (sums / np.linalg.norm(sums, axis=1, keepdims=True)).T
    person = np.repeat(np.arange(len(counts)), counts)
    rest = sums[person] - vectors
    rest /= np.maximum(np.linalg.norm(rest, axis=1, keepdims=True), 1e-9)
    cosines[np.arange(len(person)), person] = np.einsum("nd,nd->n", vectors, rest)
    return np.asarray(cosines, np.float64)
