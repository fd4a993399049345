"""Compares probes with templates of persons, made of confirmed faces; knows only arrays.

A person has a template of all years, and one for each few years with enough faces. Recognised faces are no
evidence: one error would cause the next. docs/identification.md has the figures behind the constants.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from index.values import I64, Flags
from pipeline.values import F32

NO_YEAR = 0
"""The year of a photo without a date."""

ENOUGH = 3
"""Minimum number of faces of a template of some years: with fewer, one wrong face is half of it."""

SPAN = 3
"""Maximum number of years of such a template: children change faster, but few have that many photos."""

NEAREST = 3
"""Nearest faces of a person whose mean similarity counts beside the templates."""

_BASE_WEIGHT = 0.2
"""Added to a face's quality to give its weight in a template: quality 0 has a sixth of the full weight."""

_CHUNK = 256
"""Probes compared at a time, 30 MB with 30,000 confirmed faces."""


@dataclass(frozen=True, slots=True, eq=False)
class ConfirmedFaces:
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

    def __len__(self) -> int:
        return len(self.face_ids)

    def at(self, rows: NDArray[np.intp] | Flags | slice) -> "ConfirmedFaces":
        """Return the faces at some rows, in their order."""
        return ConfirmedFaces(*(getattr(self, each.name)[rows] for each in fields(self)))


@dataclass(frozen=True, slots=True)
class Template:
    """A template's number of faces, and their first and last year; ``None`` for that of all years."""

    person_id: int
    years: tuple[int, int] | None
    faces: int


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


class Gallery:
    """The known persons of a library, to compare probes with; immutable.

    Args:
        faces: Confirmed faces, described by one model.

    Attributes:
        person_ids: int64 [P], rising.
        templates: By person, the one of all years first.
    """

    def __init__(self, faces: ConfirmedFaces) -> None:
        self._faces = faces.at(np.lexsort((faces.face_ids, faces.person_ids)))
        self.person_ids: I64
        self.person_ids, self._first_face = np.unique(self._faces.person_ids, return_index=True)
        self._ends = np.append(self._first_face[1:], len(faces))
        made = list(self._templates())
        self.templates: tuple[Template, ...] = tuple(template for template, _ in made)
        vectors = np.array([vector for _, vector in made], np.float32)
        self._vectors: F32 = vectors.reshape(len(made), self._faces.vectors.shape[1])
        persons = np.array([template.person_id for template in self.templates], dtype=np.int64)
        self._first_template = np.searchsorted(persons, self.person_ids)

    def __len__(self) -> int:
        return len(self.person_ids)

    def without(self, face_ids: Collection[int]) -> "Gallery":
        """Make the gallery without some faces; a probe's own photo must not be in its templates."""
        left_out = np.isin(self._faces.face_ids, np.fromiter(face_ids, np.int64))
        return Gallery(self._faces.at(~left_out)) if left_out.any() else self

    def vectors_of(self, person_id: int) -> F32:
        """Return the templates and faces of a person, float32 [N, D]: what a similar face is similar to.

        N is 0 for somebody who is not in the gallery.
        """
        faces = self._faces.vectors[self._faces.person_ids == person_id]
        chosen = [row for row, each in enumerate(self.templates) if each.person_id == person_id]
        return np.concatenate([self._vectors[chosen], faces])

    def evidence(self, probes: F32) -> Evidence:
        """Compare probes, float32 [N, D] of unit norm, with every person."""
        starts = range(0, max(1, len(probes)), _CHUNK)
        parts = [self._evidence(probes[start : start + _CHUNK]) for start in starts]
        return Evidence(
            *(np.concatenate([getattr(part, each.name) for part in parts]) for each in fields(Evidence))
        )

    def likeness(self, probe: F32, person_id: int) -> Likeness:
        """Compare one probe, float32 [D], with one person of the gallery."""
        faces = self._faces_of(int(np.searchsorted(self.person_ids, person_id)))
        cosines = self._faces.vectors[faces] @ probe
        nearest = np.argsort(-cosines, kind="stable")[:NEAREST]
        ids = self._faces.face_ids[faces]
        return Likeness(
            tuple(
                TemplateLikeness(template, float(vector @ probe))
                for template, vector in zip(self.templates, self._vectors, strict=True)
                if template.person_id == person_id
            ),
            tuple(FaceLikeness(int(ids[each]), float(cosines[each])) for each in nearest),
        )

    def _evidence(self, probes: F32) -> Evidence:
        if not len(self):
            return Evidence(*(np.empty((len(probes), 0), dtype=np.float32) for _ in range(3)))
        cosines = probes @ self._faces.vectors.T
        groups = [_mean_of_best(cosines[:, self._faces_of(column)]) for column in range(len(self))]
        return Evidence(
            template=np.maximum.reduceat(probes @ self._vectors.T, self._first_template, axis=1),
            group=np.stack(groups, axis=1),
            single=np.maximum.reduceat(cosines, self._first_face, axis=1),
        )

    def _templates(self) -> Iterator[tuple[Template, F32]]:
        for column, person_id in enumerate(self.person_ids.tolist()):
            faces = self._faces.at(self._faces_of(column))
            yield Template(person_id, None, len(faces)), _mean(faces)
            spans = list(_spans(faces.years))
            if spans == [(faces.years.min(), faces.years.max())]:
                continue  # the template would be the same
            for first, last in spans:
                some = faces.at((faces.years >= first) & (faces.years <= last))
                yield Template(person_id, (first, last), len(some)), _mean(some)

    def _faces_of(self, column: int) -> slice:
        return slice(self._first_face[column], self._ends[column])


def _mean(faces: ConfirmedFaces) -> F32:
    """Compute the template of some faces, float32 [D]: their mean, weighted by quality, of unit norm."""
    mean = (faces.qualities + np.float32(_BASE_WEIGHT)) @ faces.vectors
    norm = float(np.linalg.norm(mean)) or 1.0
    return np.asarray(mean / norm, dtype=np.float32)


def _spans(years: I64) -> Iterator[tuple[int, int]]:
    """Choose the first and last years of the templates.

    Years are put together, from the earliest on, until they have ``ENOUGH`` faces. The earliest of them is
    left out if that takes more than ``SPAN`` years.
    """
    dated = np.sort(years[years != NO_YEAR])
    start = 0
    for end in range(len(dated)):
        while dated[end] - dated[start] >= SPAN:
            start = int(np.searchsorted(dated, dated[start], side="right"))
        ends_its_year = end + 1 == len(dated) or dated[end + 1] != dated[end]
        if ends_its_year and end + 1 - start >= ENOUGH:
            yield int(dated[start]), int(dated[end])
            start = end + 1


def _mean_of_best(cosines: F32) -> F32:
    """Compute the mean of the ``NEAREST`` greatest, or of all, of each row of [N, F]."""
    if cosines.shape[1] > NEAREST:
        cosines = np.partition(cosines, -NEAREST, axis=1)[:, -NEAREST:]
    return np.asarray(cosines.mean(axis=1), dtype=np.float32)
