"""What persons look like: templates of confirmed faces, and how similar a probe is to each person.

A person's template is the mean of its confirmed descriptors, brought back to unit norm. There is one of all
years together, and one of each few years that have enough faces, so that a child is found at three and at
thirteen. A probe is compared with the faces themselves too, for photos without a date.

Only confirmed faces are evidence. A recognised face would make faces like it recognised too, and one error
would draw the next. docs/identification.md has the figures behind every number here. This module knows
arrays, and neither the tables nor which similarity is enough.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from index.values import I64
from pipeline.values import F32

_Rows: TypeAlias = NDArray[np.intp]

NO_YEAR = 0
"""The year of a photo that does not say when it was taken."""

ENOUGH = 3
"""Faces that a template of some years has at least: with fewer, one wrong face would be half of it."""

SPAN = 3
"""Years that such a template covers, at most: children change faster, but few have that many photos."""

NEAREST = 3
"""How many of a person's faces must be near to a probe together, where no template is."""

_BASE_WEIGHT = 0.2
"""Added to a face's quality, it is the face's weight in a template: a sixth of the full one for quality 0."""

_CHUNK = 256
"""Probes compared at a time: with 30,000 confirmed faces they take 30 MB."""


@dataclass(frozen=True, slots=True, eq=False)
class ConfirmedFaces:
    """Confirmed faces, in any order.

    Attributes:
        face_ids: int64 [F].
        person_ids: int64 [F], rows of the table ``person``.
        years: int64 [F], when the photo was taken; ``NO_YEAR`` where it does not say.
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

    def at(self, rows: _Rows) -> "ConfirmedFaces":
        """Some of them, in the order of ``rows``."""
        return ConfirmedFaces(
            self.face_ids[rows],
            self.person_ids[rows],
            self.years[rows],
            self.qualities[rows],
            self.vectors[rows],
        )


@dataclass(frozen=True, slots=True)
class Template:
    """What a template is made of.

    Attributes:
        person_id: The person.
        years: First and last year of its faces; ``None`` for the template of all years together.
        faces: How many.
    """

    person_id: int
    years: tuple[int, int] | None
    faces: int


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """How similar N probes are to P persons: cosines, float32 [N, P], by ``Gallery.person_ids``.

    Attributes:
        template: To the person's nearest template.
        group: To the ``NEAREST`` nearest of its faces, or to all if it has fewer: the mean.
        single: To the nearest of its faces.
    """

    template: F32
    group: F32
    single: F32


@dataclass(frozen=True, slots=True)
class TemplateLikeness:
    """How similar a probe is to a template, -1 to 1."""

    template: Template
    similarity: float


@dataclass(frozen=True, slots=True)
class FaceLikeness:
    """How similar a probe is to a confirmed face, -1 to 1."""

    face_id: int
    similarity: float


@dataclass(frozen=True, slots=True)
class Likeness:
    """How similar a probe is to one person, in parts.

    Attributes:
        templates: All the person's templates, the one of all years first.
        nearest: The ``NEAREST`` most similar confirmed faces, the most similar first.
    """

    templates: tuple[TemplateLikeness, ...]
    nearest: tuple[FaceLikeness, ...]


class Gallery:
    """The persons that a library knows, to compare probes with. Its content never changes.

    Args:
        faces: Confirmed faces, described by one model.
    """

    def __init__(self, faces: ConfirmedFaces) -> None:
        self._faces = faces.at(np.lexsort((faces.face_ids, faces.person_ids)))
        self.person_ids: I64
        self.person_ids, self._first_face = np.unique(self._faces.person_ids, return_index=True)
        self._ends = np.append(self._first_face[1:], len(faces))
        made = list(self._templates())
        self.templates: tuple[Template, ...] = tuple(template for template, _ in made)
        """Those of one person stand together, the one of all years first; persons by rising id."""
        self._vectors: F32 = _stacked([vector for _, vector in made], self._faces.vectors.shape[1])
        persons = np.array([template.person_id for template in self.templates], dtype=np.int64)
        self._first_template = np.searchsorted(persons, self.person_ids)

    def __len__(self) -> int:
        """How many persons."""
        return len(self.person_ids)

    @property
    def face_ids(self) -> I64:
        """The confirmed faces, int64 [F], by person."""
        return self._faces.face_ids

    def without(self, face_ids: Collection[int]) -> "Gallery":
        """Make the gallery as if some faces were not confirmed, as for those of the photo in question.

        A face is always similar to a template of which it is a part.
        """
        left_out = np.isin(self._faces.face_ids, np.fromiter(face_ids, np.int64))
        return Gallery(self._faces.at(np.flatnonzero(~left_out))) if left_out.any() else self

    def evidence(self, probes: F32) -> Evidence:
        """Compare probes, float32 [N, D] of unit norm, with every person."""
        parts = [self._evidence(probes[start : start + _CHUNK]) for start in range(0, len(probes), _CHUNK)]
        empty = np.empty((0, len(self)), dtype=np.float32)
        return Evidence(
            *(
                np.concatenate([empty, *(getattr(part, name) for part in parts)])
                for name in ("template", "group", "single")
            )
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
            faces = self._faces.at(np.arange(self._first_face[column], self._ends[column]))
            yield Template(person_id, None, len(faces)), _mean(faces)
            spans = list(_spans(faces.years))
            if spans == [(faces.years.min(), faces.years.max())]:
                continue  # it would be the same one again
            for first, last in spans:
                some = faces.at(np.flatnonzero((faces.years >= first) & (faces.years <= last)))
                yield Template(person_id, (first, last), len(some)), _mean(some)

    def _faces_of(self, column: int) -> slice:
        return slice(self._first_face[column], self._ends[column])


def _mean(faces: ConfirmedFaces) -> F32:
    """The template of some faces, float32 [D], of unit norm: their mean, weighted by quality."""
    mean = (faces.qualities + np.float32(_BASE_WEIGHT)) @ faces.vectors
    norm = float(np.linalg.norm(mean)) or 1.0
    return np.asarray(mean / norm, dtype=np.float32)


def _spans(years: I64) -> Iterator[tuple[int, int]]:
    """First and last years of the templates: of each year with ``ENOUGH`` faces, else of a few together.

    From the earliest on, years are put together until they have enough faces. Where that would take more
    than ``SPAN`` years, the earliest of them is left out.
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
    """Of each row of [N, F], the mean of the ``NEAREST`` greatest, or of all."""
    if cosines.shape[1] > NEAREST:
        cosines = np.partition(cosines, -NEAREST, axis=1)[:, -NEAREST:]
    return np.asarray(cosines.mean(axis=1), dtype=np.float32)


def _stacked(vectors: list[F32], dimension: int) -> F32:
    return np.stack(vectors) if vectors else np.empty((0, dimension), dtype=np.float32)
