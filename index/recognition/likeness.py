"""The table of whom faces are like: its rows as arrays, and the rows that decisions changed."""

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np
from sqlalchemy import ColumnElement, Connection, bindparam, delete, func, insert, select

from index.columns import Columns
from index.id_arrays import are_among, columns_of, pair_keys
from index.recognition.gallery import Gallery
from index.recognition.thresholds import Thresholds
from index.store.schema import changed, face, likeness
from index.store.statements import is_one_of
from index.store.store import Store
from index.values import I64, Descriptors
from pipeline.values import F32

STRANGERS = 0
"""Stands for a person in ``changed`` where a face was or is ignored."""

ITSELF = 1 << 62
"""The same where a face was or is no face: nobody but the face is concerned. It stands beside the person
where the photo of a confirmed face turned out to be of another year."""

EQUAL = 1e-5
"""Similarities that differ by less are equal: a sum depends on how many faces are compared at once."""


@dataclass(frozen=True, slots=True, eq=False)
class Likenesses(Columns):
    """K rows of the table, by rising face id, then person id: int64 [K] and float32 [K].

    Attributes:
        similarities: To the person's nearest template, or the mean to the nearest faces: the greater.
        nearest: To the nearest confirmed face.
    """

    face_ids: I64
    person_ids: I64
    similarities: F32
    nearest: F32

    def without(self, face_ids: I64, person_ids: I64) -> "Likenesses":
        """Return the rows without those of some pairs, int64 [M] both."""
        left_out = np.isin(pair_keys(self.face_ids, self.person_ids), pair_keys(face_ids, person_ids))
        return self.at(~left_out) if left_out.any() else self


def likenesses_to(gallery: Gallery, faces: Descriptors, thresholds: Thresholds) -> Likenesses:
    """Compare faces with all persons of a gallery, and return whom they are like, as far as it may matter."""
    found = gallery.likely(faces.vectors, thresholds.least(gallery.person_ids), thresholds.accept)
    return Likenesses(faces.ids[found.rows], found.person_ids, found.similarity, found.nearest)


def read_likenesses(connection: Connection, condition: ColumnElement[bool]) -> Likenesses:
    """Read the rows that meet a condition on ``likeness``."""
    columns = likeness.c
    query = select(columns.face_id, columns.person_id, columns.similarity, columns.nearest).where(condition)
    rows = connection.execute(query).all()
    read = list(zip(*rows, strict=True)) or [()] * 4
    face_ids, person_ids = (np.array(each, np.int64) for each in read[:2])
    similarities, nearest = (np.array(each, np.float32) for each in read[2:])
    order = np.lexsort((person_ids, face_ids))
    return Likenesses(face_ids[order], person_ids[order], similarities[order], nearest[order])


def last_judged(store: Store) -> int:
    """Return the last face that is like a person, 0 if there is none."""
    with store.read() as connection:
        return connection.scalar(select(func.max(likeness.c.face_id))) or 0


@dataclass(frozen=True, slots=True, eq=False)
class Replaced:
    """Faces of which a stored row was replaced: int64 [M] both, rising.

    Attributes:
        differ: Those with a new, another or a missing row.
        unlike: Those that are like a person no more.
    """

    differ: I64
    unlike: I64

    @classmethod
    def nothing(cls) -> "Replaced":
        """Return no faces."""
        return cls(np.empty(0, np.int64), np.empty(0, np.int64))


def replace_likenesses(connection: Connection, old: Likenesses, new: Likenesses) -> Replaced:
    """Replace stored rows by others, except equal ones and those of faces that are gone or hidden."""
    old_keys, new_keys = (pair_keys(each.face_ids, each.person_ids) for each in (old, new))
    places = np.searchsorted(old_keys, new_keys)
    stored = np.append(old_keys, -1)[places] == new_keys
    differs = ~stored
    for before, now in ((old.similarities, new.similarities), (old.nearest, new.nearest)):
        differs[stored] |= np.abs(before[places[stored]] - now[stored]) > EQUAL
    gone = old.at(~np.isin(old_keys, new_keys))
    changed_rows = old.at(np.isin(old_keys, new_keys[differs]))
    _delete(connection, Likenesses.joined([gone, changed_rows]))
    added = new.at(differs)
    added = added.at(are_among(added.face_ids, shown(connection, np.unique(added.face_ids))))
    if len(added):
        connection.execute(insert(likeness), list(_rows(added)))
    return Replaced(np.union1d(gone.face_ids, added.face_ids), np.unique(gone.face_ids))


def _delete(connection: Connection, rows: Likenesses) -> None:
    if len(rows):
        is_row = (likeness.c.face_id == bindparam("face"), likeness.c.person_id == bindparam("person"))
        pairs = zip(rows.face_ids.tolist(), rows.person_ids.tolist(), strict=True)
        statement = delete(likeness).where(*is_row)
        connection.execute(statement, [{"face": face_id, "person": person} for face_id, person in pairs])


def _rows(likenesses: Likenesses) -> Iterator[dict[str, float]]:
    columns = (getattr(likenesses, each.name).tolist() for each in fields(likenesses))
    for face_id, person_id, similarity, nearest in zip(*columns, strict=True):
        yield {"face_id": face_id, "person_id": person_id, "similarity": similarity, "nearest": nearest}


def shown(connection: Connection, face_ids: I64) -> I64:
    """Return those of some faces, int64 [M], that the library shows: rising."""
    wanted = is_one_of(face.c.id, face_ids.tolist())
    ids = connection.scalars(select(face.c.id).where(wanted).order_by(face.c.id))
    return np.array(ids.all(), np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Changes:
    """What decisions changed since faces were last judged: int64 [K] both, as in the table ``changed``."""

    face_ids: I64
    person_ids: I64

    def __len__(self) -> int:
        return len(self.face_ids)

    @property
    def persons(self) -> I64:
        """The persons that may have gained or lost a confirmed face, int64 [P], rising."""
        return np.unique(self.person_ids[(self.person_ids > STRANGERS) & (self.person_ids < ITSELF)])

    @property
    def dated(self) -> I64:
        """The faces that are none, or whose photo turned out to be of another year: int64 [M]."""
        dated: I64 = self.face_ids[self.person_ids == ITSELF]
        return dated

    @property
    def rejected(self) -> tuple[I64, I64]:
        """The faces that were or are rejected, and for whom: int64 [R] both."""
        chosen = self.person_ids < STRANGERS
        return self.face_ids[chosen], -self.person_ids[chosen]


def read_changes(connection: Connection) -> Changes:
    """Read all changes."""
    return Changes(*columns_of(connection.execute(select(changed.c.face_id, changed.c.person_id))))


def drop_changes(connection: Connection, kept: I64) -> None:
    """Delete all changes, except those of the faces ``kept``, int64 [M]."""
    statement = delete(changed)
    if len(kept):
        statement = statement.where(~is_one_of(changed.c.face_id, kept.tolist()))
    connection.execute(statement)
