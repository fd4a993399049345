"""Makes templates of persons, of confirmed faces: one of all years, and one for each few years with enough.

docs/identification.md has the figures behind the constants.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Self

import numpy as np

from index.columns import Columns
from index.values import I64, NONE
from pipeline.values import F32

NO_YEAR = 0
"""The year of a photo without a date."""

ENOUGH = 3
"""Minimum number of faces of a template of some years: with fewer, one wrong face is half of it."""

SPAN = 3
"""Maximum number of years of such a template: children change faster, but few have that many photos."""

_BASE_WEIGHT = 0.2
"""Added to a face's quality to give its weight in a template: quality 0 has a sixth of the full weight."""


@dataclass(frozen=True, slots=True, eq=False)
class ConfirmedFaces(Columns):
    """F confirmed faces, in any order.

    Attributes:
        years: int64 [F], of the photos, or ``NO_YEAR``; ``face_ids`` and ``person_ids`` are int64 [F] too.
        qualities: float32 [F], 0 to 1.
        vectors: float32 [F, D], of unit norm.
    """

    face_ids: I64
    person_ids: I64
    years: I64
    qualities: F32
    vectors: F32

    def of_person(self, person_id: int) -> slice:
        """Find the rows of a person among faces by person."""
        start, end = (np.searchsorted(self.person_ids, person_id, side) for side in ("left", "right"))
        return slice(int(start), int(end))

    def by_person(self) -> "ConfirmedFaces":
        """Return the faces in the order of person, then year, then id."""
        order = np.lexsort((self.face_ids, self.years, self.person_ids))
        return self if np.array_equal(order, np.arange(len(self))) else self.at(order)


@dataclass(frozen=True, slots=True)
class Template:
    """A template's number of faces, and their first and last year; ``None`` for that of all years."""

    person_id: int
    years: tuple[int, int] | None
    faces: int


@dataclass(frozen=True, slots=True, eq=False)
class Templates(Columns):
    """T templates by person, that of all years first; int64 [T], and float32 [T, D] of unit norm.

    ``first`` and ``last`` are years, both ``NO_YEAR`` for all years.
    """

    person_ids: I64
    first: I64
    last: I64
    faces: I64
    vectors: F32

    @classmethod
    def of(cls, faces: ConfirmedFaces) -> Self:
        """Make the templates of faces in the order of person, then year."""
        ranges = list(_ranges(faces))
        starts, ends = np.array(ranges, np.int64).reshape(-1, 2).T
        weights = faces.qualities + np.float32(_BASE_WEIGHT)
        vectors = np.empty((len(ranges), faces.vectors.shape[1]), np.float32)
        for row, (start, end) in enumerate(ranges):
            np.dot(weights[start:end], faces.vectors[start:end], out=vectors[row])
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        vectors /= np.where(norms, norms, 1.0)
        person_ids = faces.person_ids[starts]
        of_all = np.diff(person_ids, prepend=NONE) != 0
        first, last = (np.where(of_all, NO_YEAR, faces.years[each]) for each in (starts, ends - 1))
        return cls(person_ids, first, last, ends - starts, vectors)

    def replaced(self, person_ids: I64, others: Self) -> Self:
        """Return these templates with ``others`` in place of those of some persons."""
        joined = self.joined([self.at(~np.isin(self.person_ids, person_ids)), others])
        return joined.at(np.argsort(joined.person_ids, kind="stable"))

    def described(self) -> tuple[Template, ...]:
        """Describe each template."""
        columns = (each.tolist() for each in (self.person_ids, self.first, self.last, self.faces))
        return tuple(
            Template(person_id, None if last == NO_YEAR else (first, last), faces)
            for person_id, first, last, faces in zip(*columns, strict=True)
        )


@dataclass(frozen=True, slots=True)
class _Year:
    """The rows of a person's faces of one year."""

    person_id: int
    year: int
    start: int
    end: int


def _ranges(faces: ConfirmedFaces) -> Iterator[tuple[int, int]]:
    """Choose the faces of each template: the first row, and the one after the last."""
    persons, years = faces.person_ids, faces.years
    is_next = (np.diff(persons, prepend=NONE) != 0) | (np.diff(years, prepend=NONE) != 0)
    starts = np.flatnonzero(is_next)
    columns = (persons[starts], years[starts], starts, np.append(starts, len(faces))[1:])
    rows = zip(*(each.tolist() for each in columns), strict=True)
    for _, same in groupby(rows, key=itemgetter(0)):
        theirs = [_Year(*each) for each in same]
        all_years = theirs[0].start, theirs[-1].end
        yield all_years
        dated = [each for each in theirs if each.year != NO_YEAR]
        yield from (each for each in _spans(dated) if each != all_years)


def _spans(years: Sequence[_Year]) -> Iterator[tuple[int, int]]:
    """Choose the years of the other templates of one person: the rows of their faces.

    Years are put together, from the earliest on, until they have ``ENOUGH`` faces. The earliest of them is
    left out if that takes more than ``SPAN`` years.
    """
    first = 0
    for place, last in enumerate(years):
        while last.year - years[first].year >= SPAN:
            first += 1
        if last.end - years[first].start >= ENOUGH:
            yield years[first].start, last.end
            first = place + 1
