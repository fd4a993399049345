"""Whether some are recognised worse than others: the rates of each group at one threshold for all.

A group is whatever the data shows: the quality of the faces, their size, or what a list says of the people.
Nothing is guessed from a face: neither sex, nor age, nor origin. A comparison belongs to a group if both
faces are of people in it; by quality and size, if the worse of the two faces is. Differences between groups
at one threshold are what ISO/IEC 19795-10:2024 calls demographic differentials, where the groups are
demographic.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faceindex.accuracy.verification import threshold_at
from pipeline.values import F32

RATE = 1e-3
"""The false accept rate, over all comparisons, that sets the threshold."""

QUALITIES = (0.0, 0.5, 0.8)
SIDES = (0, 40, 80, 160)

_Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class GroupRates:
    """How one group fares at the threshold of all.

    Attributes:
        group: Its name.
        genuine: Comparisons of one person.
        tar: The part of them above the threshold; ``None`` where there are none.
        impostor: Comparisons of two people.
        far: The part of them above the threshold; ``None`` where there are none.
    """

    group: str
    genuine: int
    tar: float | None
    impostor: int
    far: float | None


@dataclass(frozen=True, slots=True, eq=False)
class MeasuredFaces:
    """Faces with what groups them.

    Attributes:
        vectors: float32 [N, D], of unit norm.
        people: Who each is.
        qualities: float32 [N], 0 to 1.
        sides: float32 [N], the shorter side of each box in photo pixels.
    """

    vectors: F32
    people: Sequence[str]
    qualities: F32
    sides: F32


def group_rates(faces: MeasuredFaces, groups: Mapping[str, str]) -> tuple[GroupRates, ...]:
    """The rates by quality, by size and by the groups of people that are named.

    Args:
        faces: All of them.
        groups: The group of each person; who is in none counts in none.
    """
    _, persons = np.unique(np.asarray(faces.people), return_inverse=True)
    first, second = np.triu_indices(len(persons), 1)
    similarity = (faces.vectors @ faces.vectors.T)[first, second]
    same = persons[first] == persons[second]
    if same.all() or not same.any():
        return ()
    passed = similarity > threshold_at(np.sort(similarity[~same])[::-1], RATE)

    def rates(name: str, inside: _Flags) -> GroupRates:
        genuine, impostor = same & inside, ~same & inside
        return GroupRates(
            name, int(genuine.sum()), _part(passed, genuine), int(impostor.sum()), _part(passed, impostor)
        )

    worse_quality = np.minimum(faces.qualities[first], faces.qualities[second])
    worse_side = np.minimum(faces.sides[first], faces.sides[second])
    found = [rates(f"quality {band}", inside) for band, inside in _bands(worse_quality, QUALITIES)]
    found += [rates(f"{band} pixels", inside) for band, inside in _bands(worse_side, SIDES)]
    label = np.array([groups.get(person, "") for person in faces.people])
    found += [
        rates(name, (label[first] == name) & (label[second] == name)) for name in sorted({*groups.values()})
    ]
    return tuple(each for each in found if each.genuine or each.impostor)


def _bands(values: F32, edges: Sequence[float]) -> list[tuple[str, _Flags]]:
    """Values between each edge and the next, and from the last on."""
    ends = [*edges[1:], np.inf]
    return [
        (f"{low:g} to {high:g}" if high < np.inf else f"{low:g} and more", (values >= low) & (values < high))
        for low, high in zip(edges, ends, strict=True)
    ]


def _part(passed: _Flags, chosen: _Flags) -> float | None:
    return float(passed[chosen].mean()) if chosen.any() else None
