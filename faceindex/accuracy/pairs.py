"""Draws pairs of faces by the protocol of Labeled Faces in the Wild.

The protocol (Huang et al., "Labeled Faces in the Wild", University of Massachusetts technical report 07-49,
2007, section III, View 2) divides the people into ten sets. In each, 300 pairs of one person (a person, then
two photos) and 300 of different people (two persons, then a photo of each) are drawn.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FOLDS = 10

PAIRS_A_FOLD = 300
"""Pairs of each kind; fewer where the people of a fold have no more photos."""

DRAWS = 10
"""Draws whose accuracies are averaged: the accuracy of a single draw varies by about half of its standard
error, see docs/accuracy.md."""

_SEED = 20260101

Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Pairs of rows of faces, whether both are of one person, and the set of each pair, from 0: all [N]."""

    first: Rows
    second: Rows
    same: NDArray[np.bool_]
    fold: Rows


def draw_pairs(people: Sequence[str], draw: int = 0) -> Pairs:
    """Draw pairs of faces, given the person of each, [N]; the same ``draw`` gives the same pairs.

    Each fold has as many pairs of different people as of one person.
    """
    generator = np.random.default_rng(_SEED + draw)
    _, persons = np.unique(people, return_inverse=True)
    members = [np.flatnonzero(persons == person) for person in range(persons.max(initial=-1) + 1)]
    parts = np.array_split(generator.permutation(len(members)), FOLDS)
    drawn: list[tuple[int, int, bool, int]] = []
    for fold, part in enumerate(parts):
        rows = [members[person] for person in part]
        genuine = _genuine(rows, generator)
        impostor = _impostor(rows, len(genuine), generator)
        drawn += [(*pair, True, fold) for pair in genuine] + [(*pair, False, fold) for pair in impostor]
    first, second, same, folds = np.array(drawn, np.intp).reshape(-1, 4).T
    return Pairs(first, second, same.astype(bool), folds)


def _genuine(members: Sequence[Rows], generator: np.random.Generator) -> list[tuple[int, int]]:
    """Draw pairs of one person; all persons with pairs left are equally likely."""
    left = []
    for rows in (rows for rows in members if len(rows) > 1):
        first, second = np.triu_indices(len(rows), 1)
        order = generator.permutation(len(first))[:PAIRS_A_FOLD]
        left.append([*zip(rows[first[order]].tolist(), rows[second[order]].tolist(), strict=True)])
    drawn: list[tuple[int, int]] = []
    while left and len(drawn) < PAIRS_A_FOLD:
        person = int(generator.integers(len(left)))
        drawn.append(left[person].pop())
        if not left[person]:
            del left[person]
    return drawn


def _impostor(members: Sequence[Rows], count: int, generator: np.random.Generator) -> list[tuple[int, int]]:
    """Draw pairs of different people; none twice."""
    if len(members) < 2:
        return []
    sizes = np.array([len(rows) for rows in members])
    possible = int(sizes.sum() ** 2 - (sizes**2).sum()) // 2
    drawn: dict[tuple[int, int], None] = {}
    while len(drawn) < min(count, possible):
        one, two = generator.choice(len(members), 2, replace=False)
        pair = int(generator.choice(members[one])), int(generator.choice(members[two]))
        drawn[min(pair), max(pair)] = None
    return list(drawn)
