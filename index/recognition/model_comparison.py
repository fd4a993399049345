"""How identities would change if a library had another model.

Both models identify the same faces, those that both have described, each by its own thresholds. Nothing is
written here. A face counts as recognised by its similarity alone; rejections, and the rule that nobody is
twice in one photo, apply only when the library really changes.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np
from sqlalchemy import select

from index.photos.catalog import Catalog
from index.recognition.decided_faces import load_gallery
from index.recognition.identify import identify
from index.recognition.stored_calibration import thresholds_for
from index.store.schema import face, verdict
from index.store.store import Store
from index.values import I64, NONE
from pipeline.values import ModelId

_FOLDS = 10
"""Confirmed faces are identified without a tenth of the photos that have any, their own among them: a face
is always similar to a template of which it is a part."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two models make of the same faces.

    Attributes:
        confirmed: Confirmed faces that were compared.
        astray_before: Of them, those that the first model misidentifies as another person.
        astray_after: Of them, those that the second model misidentifies.
        open: Faces of which nothing was decided.
        recognised_before: Of them, those that the first model recognises as somebody.
        recognised_after: Of them, those that the second model recognises.
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
    """Compare two models on one library.

    Args:
        store: The library.
        first: The library's own model.
        second: Another one, that has described its faces.

    Raises:
        LibraryError: The library cannot be read, or a descriptor in it.
    """
    catalog = Catalog(store)
    both = np.intersect1d(catalog.described_faces(first), catalog.described_faces(second))
    with store.read() as connection:
        decided = np.array(connection.scalars(select(verdict.c.face_id)).all(), dtype=np.int64)
        confirmed = connection.execute(
            select(verdict.c.face_id, verdict.c.person_id, face.c.content_id)
            .join(face, face.c.id == verdict.c.face_id)
            .where(verdict.c.status == "confirmed")
            .order_by(verdict.c.face_id)
        ).all()
    described = frozenset(both.tolist())
    known = [_Confirmed(*row) for row in confirmed if row.face_id in described]
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


@dataclass(frozen=True, slots=True)
class _Confirmed:
    face_id: int
    person_id: int
    content_id: int


def _recognised(store: Store, model: ModelId, face_ids: I64) -> Iterator[tuple[int, int]]:
    """Faces, each with the person that it is recognised as, or ``NONE``."""
    gallery, thresholds = load_gallery(store, model), thresholds_for(store, model)
    for chunk in Catalog(store).descriptors(model, face_ids):
        found = identify(gallery, chunk.vectors, thresholds)
        persons = np.where(found.accepted, found.person_ids, NONE)
        yield from zip(chunk.ids.tolist(), persons.tolist(), strict=True)


def _misidentified(store: Store, model: ModelId, confirmed: Collection[_Confirmed]) -> int:
    """How many confirmed faces are most like another person; persons without another face do not count."""
    gallery, thresholds = load_gallery(store, model), thresholds_for(store, model)
    folds: list[list[_Confirmed]] = [[] for _ in range(_FOLDS)]
    for each in confirmed:
        folds[each.content_id % _FOLDS].append(each)
    misidentified = 0
    for fold in filter(None, folds):
        persons = {each.face_id: each.person_id for each in fold}
        others = gallery.without(persons)
        if not len(others):
            continue
        left = frozenset(others.person_ids.tolist())
        for chunk in Catalog(store).descriptors(model, np.array(sorted(persons), dtype=np.int64)):
            found = identify(others, chunk.vectors, thresholds).person_ids.tolist()
            true = [persons[face_id] for face_id in chunk.ids.tolist()]
            misidentified += sum(one in left and one != other for one, other in zip(true, found, strict=True))
    return misidentified
