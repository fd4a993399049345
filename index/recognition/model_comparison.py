"""Compares the identifications by two models of the faces that both have described.

Each uses its own thresholds. Only similarity counts; rejections, and the rule that nobody is twice in one
photo, apply when the library changes its model.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import select

from index.photos.catalog import Catalog
from index.recognition.decided_faces import load_gallery
from index.recognition.identify import identify
from index.recognition.likeness import likenesses_to
from index.recognition.rules import best_candidates
from index.recognition.stored_calibration import thresholds_for
from index.store.schema import face, verdict
from index.store.store import Store
from index.values import I64, NONE
from pipeline.values import ModelId

_FOLDS = 10
"""Parts into which photos of confirmed faces are divided. Each is identified without its own faces: a face is
always similar to a template that contains it."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two models on the same faces.

    Attributes:
        confirmed: Confirmed faces that were compared.
        astray_before: Of them, those that the first model takes for another person; ``astray_after``: the
            second.
        open: Faces without a decision.
        recognised_before: Of them, those that the first model recognises; ``recognised_after``: the second.
        otherwise: Of them, those that both recognise, as different persons.
    """

    confirmed: int
    astray_before: int
    astray_after: int
    open: int
    recognised_before: int
    recognised_after: int
    otherwise: int


def compare(store: Store, first: ModelId, second: ModelId) -> Comparison:
    """Compare a library's own model, the first, with another one that has described its faces."""
    catalog = Catalog(store)
    both = np.intersect1d(catalog.described_faces(first), catalog.described_faces(second))
    with store.read() as connection:
        decided = np.array(connection.scalars(select(verdict.c.face_id)).all(), dtype=np.int64)
        confirmed = connection.execute(
            select(verdict.c.face_id, verdict.c.person_id, face.c.content_id)
            .join(face, face.c.id == verdict.c.face_id)
            .where(verdict.c.person_id.is_not(None))
            .order_by(verdict.c.face_id)
        ).all()
    described = frozenset(both.tolist())
    known = [row for row in confirmed if row.face_id in described]
    undecided = np.setdiff1d(both, decided)
    before, after = (dict(_recognised(store, model, undecided)) for model in (first, second))
    compared = [(before[each], after[each]) for each in before.keys() & after.keys()]
    return Comparison(
        confirmed=len(known),
        astray_before=_misidentified(store, first, known),
        astray_after=_misidentified(store, second, known),
        open=len(compared),
        recognised_before=sum(one != NONE for one, _ in compared),
        recognised_after=sum(other != NONE for _, other in compared),
        otherwise=sum(one != other and NONE not in (one, other) for one, other in compared),
    )


def _recognised(store: Store, model: ModelId, face_ids: I64) -> Iterator[tuple[int, int]]:
    """Yield each face with the person that it is recognised as, or ``NONE``."""
    gallery, thresholds = load_gallery(store, model), thresholds_for(store, model)
    for chunk in Catalog(store).descriptors(model, face_ids):
        candidates = best_candidates(chunk.ids, likenesses_to(gallery, chunk, thresholds), thresholds)
        persons = np.where(candidates.accepted, candidates.persons, NONE)
        yield from zip(chunk.ids.tolist(), persons.tolist(), strict=True)


def _misidentified(store: Store, model: ModelId, confirmed: Sequence[Any]) -> int:
    """Count confirmed faces most similar to another person; persons without another face do not count."""
    gallery, thresholds = load_gallery(store, model), thresholds_for(store, model)
    misidentified = 0
    for fold in range(_FOLDS):
        persons = {row.face_id: row.person_id for row in confirmed if row.content_id % _FOLDS == fold}
        others = gallery.without(persons)
        if not persons or not len(others):
            continue
        left = frozenset(others.person_ids.tolist())
        for chunk in Catalog(store).descriptors(model, np.array(sorted(persons), dtype=np.int64)):
            found = identify(others, chunk.vectors, thresholds).person_ids.tolist()
            true = [persons[face_id] for face_id in chunk.ids.tolist()]
            misidentified += sum(one in left and one != other for one, other in zip(true, found, strict=True))
    return misidentified
