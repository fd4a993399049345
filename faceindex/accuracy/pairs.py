"""Which faces are compared: all of them, or pairs drawn by the protocol of Labeled Faces in the Wild.

That protocol (Huang et al., "Labeled Faces in the Wild", University of Massachusetts technical report
07-49, 2007, section III, View 2) divides the people into ten sets. Of each set, 300 pairs of one person and
300 pairs of different people are drawn: a person, and then two photos of that person; or two persons, and a
photo of each. So no person is in two sets. This module knows names of people, and no similarity.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FOLDS = 10

PAIRS_A_FOLD = 300
"""Of each kind; fewer where the people of a fold have no more photos."""

DRAWS = 10
"""Draws whose accuracies are averaged: which pairs of the photos happen to be drawn moves the accuracy of
one draw by about half of its standard error, see docs/accuracy.md."""

_SEED = 20260101

Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Comparisons.

    Attributes:
        first: Rows of one face, intp [N].
        second: Rows of the other.
        same: Whether both are of one person, bool [N].
        fold: The set that a pair belongs to, intp [N], from 0.
    """

    first: Rows
    second: Rows
    same: NDArray[np.bool_]
    fold: Rows


def draw_pairs(people: Sequence[str], draw: int = 0) -> Pairs:
    """Pairs of faces by the protocol, the same ones each time for the same ``draw``.

    People with one face are in pairs of different people only. In each fold there are as many pairs of
    different people as of one.

    Args:
        people: Who each face is, [N].
        draw: Which of many, from 0.
    """
    generator = np.random.default_rng(_SEED + draw)
    _, persons = np.unique(np.asarray(people), return_inverse=True)
    members = [np.flatnonzero(persons == person) for person in range(persons.max(initial=-1) + 1)]
    parts = np.array_split(generator.permutation(len(members)), FOLDS)
    first: list[int] = []
    second: list[int] = []
    same: list[bool] = []
    fold: list[int] = []
    for number, part in enumerate(parts):
        rows = [members[person] for person in part]
        genuine = _genuine(rows, generator)
        for is_same, drawn in ((True, genuine), (False, _impostor(rows, len(genuine), generator))):
            first += [one for one, _ in drawn]
            second += [two for _, two in drawn]
            same += [is_same] * len(drawn)
            fold += [number] * len(drawn)
    return Pairs(
        np.array(first, np.intp), np.array(second, np.intp), np.array(same, bool), np.array(fold, np.intp)
    )


def _genuine(members: Sequence[Rows], generator: np.random.Generator) -> list[tuple[int, int]]:
    """Pairs of one person, each person as likely as the other as long as it has pairs left."""
    left = [_shuffled_pairs(rows, generator) for rows in members if len(rows) > 1]
    drawn: list[tuple[int, int]] = []
    while left and len(drawn) < PAIRS_A_FOLD:
        person = int(generator.integers(len(left)))
        drawn.append(left[person].pop())
        if not left[person]:
            del left[person]
    return drawn


def _shuffled_pairs(rows: Rows, generator: np.random.Generator) -> list[tuple[int, int]]:
    first, second = np.triu_indices(len(rows), 1)
    order = generator.permutation(len(first))[:PAIRS_A_FOLD]
    return list(zip(rows[first[order]].tolist(), rows[second[order]].tolist(), strict=True))


def _impostor(members: Sequence[Rows], count: int, generator: np.random.Generator) -> list[tuple[int, int]]:
    """Pairs of different people; none twice."""
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
