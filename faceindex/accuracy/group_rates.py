"""Measures verification rates of groups of faces, at one threshold for all.

Groups are by quality, by size, and by a list of people; no sex, age or origin is guessed from a face. A
comparison is in a group of people if both faces are, in one of quality or size if the worse face is.
Differences between people are the demographic differentials of ISO/IEC 19795-10:2024.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

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
    """Numbers of genuine and impostor comparisons, and the part of each above the threshold."""

    group: str
    genuine: int
    tar: float | None
    impostor: int
    far: float | None


@dataclass(frozen=True, slots=True, eq=False)
class MeasuredFaces:
    """N faces: unit ``vectors`` float32 [N, D]; ``qualities`` 0 to 1; shorter ``sides`` in photo pixels."""

    vectors: F32
    people: Sequence[str]
    qualities: F32
    sides: F32


def group_rates(faces: MeasuredFaces, groups: Mapping[str, str]) -> tuple[GroupRates, ...]:
    """Compute the rates by quality, by size, and by ``groups``, the group of each person who is in one."""
    _, persons = np.unique(faces.people, return_inverse=True)
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
    """Select values between each edge and the next, and from the last on."""
    bands = [(f"{low:g} to {high:g}", (values >= low) & (values < high)) for low, high in pairwise(edges)]
    return [*bands, (f"{edges[-1]:g} and more", values >= edges[-1])]


def _part(passed: _Flags, chosen: _Flags) -> float | None:
    return float(passed[chosen].mean()) if chosen.any() else None
