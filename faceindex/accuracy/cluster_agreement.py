"""Measures how groups of faces agree with persons: B-cubed and pairwise.

B-cubed (Bagga and Baldwin, "Entity-based cross-document coreferencing using the vector space model", ACL
1998) averages over faces the part of a face's group that is its person (precision), and the part of its
person that is in its group (recall). Pairwise: the same of pairs. A face in no group is a group of one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Agreement:
    """Precision, recall, and their harmonic mean ``f``, 0 where both are 0."""

    precision: float
    recall: float
    f: float


@dataclass(frozen=True, slots=True)
class Clustering:
    """Numbers of faces, persons and groups (with those of one face), and how they agree."""

    faces: int
    people: int
    groups: int
    b_cubed: Agreement
    pairwise: Agreement


def agree(groups: Sequence[int], people: Sequence[str]) -> Clustering | None:
    """Compare the group of each face, [N], with its person, [N]; ``None`` without a face."""
    if not len(groups):
        return None
    names, person = np.unique(people, return_inverse=True)
    numbers, group = np.unique(groups, return_inverse=True)
    _, cell = np.unique(group * len(names) + person, return_inverse=True)
    together = np.bincount(cell)
    of_group, of_person = np.bincount(group), np.bincount(person)
    shared = together[cell]
    return Clustering(
        faces=len(group),
        people=len(names),
        groups=len(numbers),
        b_cubed=_agreement(
            float(np.mean(shared / of_group[group])), float(np.mean(shared / of_person[person]))
        ),
        pairwise=_agreement(
            _ratio(_pairs(together), _pairs(of_group)), _ratio(_pairs(together), _pairs(of_person))
        ),
    )


def _agreement(precision: float, recall: float) -> Agreement:
    both = precision + recall
    return Agreement(precision, recall, 2 * precision * recall / both if both else 0.0)


def _pairs(sizes: NDArray[np.intp]) -> int:
    return int((sizes * (sizes - 1) // 2).sum())


def _ratio(part: int, whole: int) -> float:
    """Return 1 without a pair: none was put together wrongly, or left apart."""
    return part / whole if whole else 1.0
