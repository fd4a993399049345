"""Compares probes with persons: with templates and single faces of each; knows only arrays.

Only confirmed faces are evidence. Recognised faces are none: one error would cause the next.
docs/identification.md has the figures behind the constants.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from index.recognition.templates import ConfirmedFaces, Template, Templates
from index.values import I64, NONE
from pipeline.values import F32

NEAREST = 3
"""Nearest faces of a person whose mean similarity counts beside the templates."""

_CHUNK = 1024
"""Probes compared at a time."""

_COSINES = 1 << 21
"""Cosines computed at a time, 8 MB: of more, some leave the processor's cache before they are compared."""

_SLACK = np.float32(1e-4)
"""Allowed error of a cosine in float32 where persons are selected; a hundredth of it occurs."""


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """Cosine similarities of N probes to P persons, float32 [N, P], in the order of ``Gallery.person_ids``.

    Attributes:
        template: To the person's nearest template.
        group: The mean to the ``NEAREST`` nearest of its faces, or to all.
        single: To the nearest of its faces.
    """

    template: F32
    group: F32
    single: F32

    @property
    def sure(self) -> F32:
        """The greater of ``template`` and ``group``: they say more than one face alone does."""
        return np.maximum(self.template, self.group)


@dataclass(frozen=True, slots=True, eq=False)
class LikelyPersons:
    """Pairs of a probe and a person who are alike, by rising row, then person; arrays [K].

    Attributes:
        rows: int64, of the probes; ``person_ids`` are int64 too.
        similarity: float32, as ``Evidence.sure``.
        nearest: float32, as ``Evidence.single``.
    """

    rows: I64
    person_ids: I64
    similarity: F32
    nearest: F32

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, slots=True)
class TemplateLikeness:
    """The similarity of a probe to a template, -1 to 1."""

    template: Template
    similarity: float


@dataclass(frozen=True, slots=True)
class FaceLikeness:
    """The similarity of a probe to a confirmed face, -1 to 1."""

    face_id: int
    similarity: float


@dataclass(frozen=True, slots=True)
class Likeness:
    """The similarity of a probe to one person's templates, that of all years first, and ``NEAREST`` faces."""

    templates: tuple[TemplateLikeness, ...]
    nearest: tuple[FaceLikeness, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _PersonVectors:
    """Vectors, float32 [R, D], by person: those in column c have the rows ``first[c]`` up to ``ends[c]``.

    The rows ``left_out``, int64 [L], rising, are not compared.
    """

    vectors: F32
    first: I64
    ends: I64
    left_out: I64

    @classmethod
    def of(cls, persons: I64, person_ids: I64, vectors: F32, left_out: I64) -> Self:
        """Find the rows of ``persons``, one column each, by the person of each row; both rise."""
        first = np.searchsorted(person_ids, persons)
        return cls(vectors, first, np.searchsorted(person_ids, persons, "right"), left_out)

    def rows_of(self, column: int) -> I64:
        """Return the rows of a person."""
        return np.setdiff1d(np.arange(self.first[column], self.ends[column]), self.left_out)

    def greatest(self, probes: F32, count: int) -> Iterator[tuple[slice, F32]]:
        """Find the greatest cosines of each person's vectors and each of N probes.

        Yields some columns, and float32 [count, columns, N], falling, then minus infinity.
        """
        at_a_time, start = _COSINES // max(1, len(probes)), 0
        while start < len(self.first):
            low = self.first[start]
            stop = max(start + 1, int(np.searchsorted(self.ends, low + at_a_time, "right")))
            high, columns = self.ends[stop - 1], slice(start, stop)
            cosines = self.vectors[low:high] @ probes.T
            left_out = slice(*np.searchsorted(self.left_out, (low, high)))
            cosines[self.left_out[left_out] - low] = -np.inf
            yield columns, _greatest(cosines, self.first[columns] - low, self.ends[columns] - low, count)
            start = stop


class Gallery:
    """The known persons of a library, to compare probes with; immutable.

    Args:
        faces: Confirmed faces, described by one model.

    Attributes:
        person_ids: int64 [P], rising.
    """

    def __init__(self, faces: ConfirmedFaces) -> None:
        faces = faces.by_person()
        self._set(faces, Templates.of(faces), np.empty(0, np.int64))

    @classmethod
    def _made(cls, faces: ConfirmedFaces, templates: Templates, left_out: I64) -> "Gallery":
        made = cls.__new__(cls)
        made._set(faces, templates, left_out)
        return made

    def _set(self, faces: ConfirmedFaces, templates: Templates, left_out: I64) -> None:
        self._faces, self._templates, self._left_out = faces, templates, left_out
        self.person_ids: I64 = np.unique(templates.person_ids)
        self._face_vectors = _PersonVectors.of(self.person_ids, faces.person_ids, faces.vectors, left_out)
        self._template_vectors = _PersonVectors.of(
            self.person_ids, templates.person_ids, templates.vectors, np.empty(0, np.int64)
        )

    def __len__(self) -> int:
        return len(self.person_ids)

    @property
    def templates(self) -> tuple[Template, ...]:
        """By person, the one of all years first."""
        return self._templates.described()

    @property
    def faces(self) -> ConfirmedFaces:
        """Its faces, by person, then year."""
        shown = np.setdiff1d(np.arange(len(self._faces)), self._left_out)
        return self._faces if len(shown) == len(self._faces) else self._faces.at(shown)

    def replaced(self, person_ids: I64, faces: ConfirmedFaces) -> "Gallery":
        """Make the gallery in which some persons have these faces; one without a face is not in it.

        Only their templates are made anew.
        """
        others, theirs = self.faces, faces.by_person()
        parts, end = [], 0
        for person_id in np.unique(person_ids).tolist():
            rows = others.of_person(person_id)
            parts += [others.at(slice(end, rows.start)), theirs.at(theirs.of_person(person_id))]
            end = rows.stop
        joined = ConfirmedFaces.joined([*parts, others.at(slice(end, None))])
        templates = self._templates.replaced(person_ids, Templates.of(theirs))
        return self._made(joined, templates, np.empty(0, np.int64))

    @property
    def overall_templates(self) -> F32:
        """The template of all years of each person, float32 [P, D]."""
        return self._templates.vectors[self._template_vectors.first]

    def without(self, face_ids: Collection[int]) -> "Gallery":
        """Make the gallery without some faces; a probe's own photo must not be in its templates.

        Descriptors are not copied, and only the templates of these faces' persons are made anew.
        """
        rows = np.flatnonzero(np.isin(self._faces.face_ids, np.fromiter(face_ids, np.int64)))
        left_out = np.union1d(self._left_out, rows)
        if len(left_out) == len(self._left_out):
            return self
        persons = np.unique(self._faces.person_ids[rows])
        theirs = np.setdiff1d(np.flatnonzero(np.isin(self._faces.person_ids, persons)), left_out)
        templates = self._templates.replaced(persons, Templates.of(self._faces.at(theirs)))
        return self._made(self._faces, templates, left_out)

    def faces_of(self, person_id: int) -> ConfirmedFaces:
        """Return the faces of a person, none for somebody who is not in the gallery."""
        return self.of(person_id)[1]

    def evidence(self, probes: F32) -> Evidence:
        """Compare probes, float32 [N, D] of unit norm, with every person."""
        group, single = np.empty((2, len(probes), len(self)), np.float32)
        for rows in _chunks(probes):
            for columns, nearest in self._face_vectors.greatest(probes[rows], NEAREST):
                group[rows, columns], single[rows, columns] = _mean(nearest).T, nearest[0].T
        return Evidence(self.to_templates(probes), group, single)

    def to_templates(self, probes: F32) -> F32:
        """Compare probes with the templates alone: ``Evidence.template``."""
        found = np.empty((len(probes), len(self)), np.float32)
        for rows in _chunks(probes):
            for columns, (best,) in self._template_vectors.greatest(probes[rows], 1):
                found[rows, columns] = best.T
        return found

    def likely(self, probes: F32, least: F32 | float, single: float) -> LikelyPersons:
        """Find the persons that each probe is like; quick for one probe, and for a million.

        What is found for a probe does not depend on the other probes.

        Args:
            probes: float32 [N, D], of unit norm.
            least: Minimum ``similarity``; float32 [P], in the order of ``person_ids``, or one for all.
            single: A person whose ``nearest`` is at least this is found too.
        """
        bounds = np.broadcast_to(np.asarray(least, np.float32), len(self))
        if len(self) == 1:  # selecting takes as long as comparing
            columns, rows = np.zeros(len(probes), np.int64), np.arange(len(probes))
        else:
            columns, rows = self._possible(probes, bounds, np.float32(single))
        starts = np.flatnonzero(np.diff(columns, prepend=NONE))
        similarity, nearest = np.empty((2, len(rows)), np.float32)
        for start, end in zip(starts, np.append(starts, len(rows))[1:], strict=True):
            theirs = slice(start, end)
            similarity[theirs], nearest[theirs] = self._compared(columns[start], probes[rows[theirs]])
        found = np.flatnonzero((similarity >= bounds[columns]) | (nearest >= np.float32(single)))
        found = found[np.argsort(rows[found], kind="stable")]
        return LikelyPersons(rows[found], self.person_ids[columns[found]], similarity[found], nearest[found])

    def likeness(self, probe: F32, person_id: int) -> Likeness:
        """Compare one probe, float32 [D], with one person of the gallery."""
        templates, faces = self.of(person_id)
        cosines = faces.vectors @ probe
        nearest = np.lexsort((faces.face_ids, -cosines))[:NEAREST]
        return Likeness(
            tuple(map(TemplateLikeness, templates.described(), (templates.vectors @ probe).tolist())),
            tuple(FaceLikeness(int(faces.face_ids[each]), float(cosines[each])) for each in nearest),
        )

    def of(self, person_id: int) -> tuple[Templates, ConfirmedFaces]:
        """Return the templates and faces of a person, none of somebody unknown."""
        columns = np.flatnonzero(self.person_ids == person_id).tolist()
        templates, faces = (
            np.concatenate([np.empty(0, np.int64), *(part.rows_of(column) for column in columns)])
            for part in (self._template_vectors, self._face_vectors)
        )
        return self._templates.at(templates), self._faces.at(faces)

    def _possible(self, probes: F32, least: F32, single: np.float32) -> tuple[I64, I64]:
        """Find what may be likely: columns and rows, int64 [K] both, by column, then row.

        The nearest face stands for the mean to several, which takes longer, and is never greater.
        """
        found = [np.empty(0, np.int64)]
        for rows in _chunks(probes):
            for part, bounds in (
                (self._template_vectors, least),
                (self._face_vectors, np.minimum(least, single)),
            ):
                for columns, (best,) in part.greatest(probes[rows], 1):
                    column, row = np.nonzero(best >= bounds[columns, None] - _SLACK)
                    found.append((column + columns.start) * len(probes) + row + rows.start)
        return np.divmod(np.unique(np.concatenate(found)), max(1, len(probes)))

    def _compared(self, column: int, probes: F32) -> tuple[F32, F32]:
        """Compare probes, [N, D], with one person: ``similarity`` and ``nearest``, float32 [N].

        The products are in float64, as the last digits of those in float32 depend on the other probes.
        """
        templates, faces = (
            part.vectors[part.rows_of(column)] @ probes.T.astype(np.float64)
            for part in (self._template_vectors, self._face_vectors)
        )
        nearest = _greatest(faces, np.array([0]), np.array([len(faces)]), NEAREST)[:, 0]
        similarity = np.maximum(templates.max(axis=0), _mean(nearest))
        return similarity.astype(np.float32), nearest[0].astype(np.float32)


def _chunks(probes: F32) -> Iterator[slice]:
    return (slice(start, start + _CHUNK) for start in range(0, len(probes), _CHUNK))


def _greatest(values: NDArray[Any], first: I64, ends: I64, count: int) -> NDArray[Any]:
    """Find the greatest values in some ranges of the rows of [R, N].

    Returns [count, ranges, N], falling, then minus infinity where a range has fewer rows.
    """
    order = np.argsort(first - ends, kind="stable")  # the longest first
    first, lengths = first[order], (ends - first)[order]
    found = np.full((count, len(order), values.shape[1]), -np.inf, values.dtype)
    for step in range(lengths[0]):
        longer = np.count_nonzero(lengths > step)
        new = values[first[:longer] + step]
        *upper, last = found[:, :longer]
        for known in upper:
            new, known[:] = np.minimum(known, new), np.maximum(known, new)
        np.maximum(last, new, out=last)
    ranked = np.empty_like(found)
    ranked[:, order] = found
    return ranked


def _mean(nearest: NDArray[Any]) -> NDArray[Any]:
    """Compute the mean of the finite values along the first axis."""
    is_known = np.isfinite(nearest)
    return np.asarray(np.where(is_known, nearest, 0).sum(axis=0) / is_known.sum(axis=0))
