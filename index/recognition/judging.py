"""Judges who faces are, by decisions and likeness, and keeps the judgement up to date as these change.

After decisions, only what they may have changed is judged again: the likeness of faces to the persons that
gained or lost confirmed faces, and the faces whose likeness or decisions changed, with those beside them in
their photos. The result is that of judging everything anew. docs/identification.md says why this suffices.

Each function works in transactions of its own; the caller has a turn to write.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from sqlalchemy import ColumnElement, Connection, delete, func, select

from index.id_arrays import are_among
from index.recognition.decided_faces import (
    FACES_A_YEAR,
    MOST_STRANGERS,
    load_gallery,
    read_strangers,
    rejections_for,
    rejections_of,
    sample_order,
)
from index.recognition.gallery import NEAREST, Gallery
from index.recognition.identify import lifted
from index.recognition.judged_faces import (
    FacesToJudge,
    compare_again,
    confirmed_pairs,
    count_ignored,
    read_photos,
    read_unjudged,
    without_likeness,
    write_recognised,
    years_of,
)
from index.recognition.likeness import (
    EQUAL,
    STRANGERS,
    Changes,
    Likenesses,
    Replaced,
    drop_changes,
    likenesses_to,
    read_changes,
    read_likenesses,
    replace_likenesses,
    shown,
)
from index.recognition.rules import (
    Candidates,
    best_candidates,
    like_a_stranger,
    like_the_rejected,
    most_similar,
    second_in_photo,
)
from index.recognition.templates import ConfirmedFaces
from index.recognition.thresholds import Thresholds
from index.store.schema import face, likeness
from index.store.statements import is_one_of
from index.store.store import Store
from index.values import I64, NONE, Descriptors, Flags, OnStep
from index.vectors.vector_store import VectorStore
from pipeline.values import F32, ModelId

_ROUNDING = np.float32(1e-4)
"""Similarities may differ by less, depending on how many are computed at once; a hundredth of it occurs."""

_CHUNK = 4096
"""Faces, or contents, judged at a time if all are."""


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """What judging changed.

    Attributes:
        newly_recognised: The number of faces that had no person or another one before.
        no_longer_recognised: The number of those that had a person, and have none or another one now, without
            those that a decision is about.
        differences: The number of faces whose stored likeness or person was another one.
        opened: int64 [M], rising: faces that may be open now, and are to be compared with others again.
    """

    newly_recognised: int = 0
    no_longer_recognised: int = 0
    differences: int = 0
    opened: I64 = field(default_factory=lambda: np.empty(0, np.int64))

    def __add__(self, other: "Judged") -> "Judged":
        return Judged(
            self.newly_recognised + other.newly_recognised,
            self.no_longer_recognised + other.no_longer_recognised,
            self.differences + other.differences,
            np.union1d(self.opened, other.opened),
        )


class Judge:
    """Judges the faces of a library that a model has described, in a transaction of the caller.

    Confirmed faces are read in transactions of the store: they must be committed.
    """

    def __init__(self, store: Store, model: ModelId, thresholds: Thresholds, vectors: VectorStore) -> None:
        self._store = store
        self._model = model
        self.thresholds = thresholds
        self.vectors = vectors

    @cached_property
    def _strangers(self) -> F32:
        """The descriptors of ignored strangers, float32 [S, D]."""
        with self._store.read() as connection:
            return self.vectors.fetch(read_strangers(connection)).vectors

    def judge_changes(self, connection: Connection) -> Judged:
        """Judge what decisions changed since the last time, and note that it is judged."""
        changes = read_changes(connection)
        if not len(changes):
            return Judged()
        replaced = self._compare_with_changed(connection, changes)
        beside = self._beside_strangers(connection, changes)
        near = self._beside_rejected(connection, changes)
        like_strangers = self._perhaps_strangers(connection, changes, beside)
        touched = np.unique(np.concatenate([changes.face_ids, replaced.differ, like_strangers, near]))
        judged = self._judge(connection, is_one_of(face.c.id, touched.tolist()))
        known = self._beside_former_strangers(connection, changes, beside)
        opened = np.unique(np.concatenate([changes.face_ids, replaced.unlike, known]))
        compare_again(connection, opened)
        self._drop(connection, changes)
        return judged + Judged(opened=opened)

    def judge_new(self, connection: Connection, on_step: OnStep) -> Judged:
        """Judge the faces that were never judged: recorded since, or decided before they were judged."""
        decided = without_likeness(connection, np.unique(read_changes(connection).face_ids))
        new = np.union1d(read_unjudged(connection), decided)
        new, judged = new[are_among(new, self.vectors.ids())], Judged()
        if not len(new):
            return judged
        gallery = load_gallery(self._store, self._model)
        for start in range(0, len(new), _CHUNK):
            chunk = new[start : start + _CHUNK]
            self._compare(connection, gallery, chunk)
            judged += self._judge(connection, is_one_of(face.c.id, chunk.tolist()))
            on_step("judged", start + len(chunk), len(new))
        return judged

    def judge_all(self, connection: Connection, on_step: OnStep) -> Judged:
        """Judge every face."""
        gallery, ids = load_gallery(self._store, self._model), self.vectors.ids()
        connection.execute(delete(likeness).where(likeness.c.face_id > (ids[-1] if len(ids) else 0)))
        judged, last = Judged(), 0
        for start in range(0, len(ids), _CHUNK):
            chunk = ids[start : start + _CHUNK]
            stored = likeness.c.face_id.between(last + 1, int(chunk[-1]))
            replaced = self._compare(connection, gallery, chunk, stored)
            judged += Judged(differences=len(replaced.differ))
            last = int(chunk[-1])
            on_step("judged", start + len(chunk), len(ids))
        self._drop(connection, read_changes(connection))
        return judged + self._judge_contents(connection)

    def _drop(self, connection: Connection, changes: Changes) -> None:
        """Delete changes, but those of faces that the vectors lack, because a scan has just recorded them."""
        unknown = changes.face_ids[~are_among(changes.face_ids, self.vectors.ids())]
        drop_changes(connection, kept=shown(connection, unknown))

    def _compare_with_changed(self, connection: Connection, changes: Changes) -> Replaced:
        """Replace the likeness of faces to the persons that changed."""
        if not len(changes.persons):
            return Replaced.nothing()
        stored = is_one_of(likeness.c.person_id, changes.persons.tolist())
        old = read_likenesses(connection, stored)
        gallery = load_gallery(self._store, self._model, changes.persons.tolist())
        probes, least = self._probes(connection, gallery, changes)
        near = self.vectors.within(probes, least) if len(probes) else old.face_ids
        of_persons = changes.face_ids[np.isin(changes.person_ids, changes.persons)]  # or were before
        faces = self.vectors.fetch(np.unique(np.concatenate([old.face_ids, near, of_persons])))
        new = self._likenesses(connection, gallery, faces)
        replaced = replace_likenesses(connection, old, new)
        return replace(
            replaced, differ=self._with_other_candidates(connection, replaced.differ, old, changes)
        )

    def _with_other_candidates(
        self, connection: Connection, face_ids: I64, old: Likenesses, changes: Changes
    ) -> I64:
        """Return which faces are now most like somebody else, or otherwise like the same person: int64 [M].

        ``old`` is the likeness to the persons that changed, before. The others are judged as before.
        """
        now = read_likenesses(connection, is_one_of(likeness.c.face_id, face_ids.tolist()))
        unchanged = now.at(~np.isin(now.person_ids, changes.persons))
        before = Likenesses.joined([unchanged, old.at(np.isin(old.face_ids, face_ids))])
        refused = rejections_of(connection, face_ids)
        was, found = (
            best_candidates(face_ids, each.without(refused.face_ids, refused.person_ids), self.thresholds)
            for each in (before, now)
        )
        is_same = (was.persons == found.persons) & (was.accepted == found.accepted)
        others: I64 = face_ids[~(is_same & (was.similarities == found.similarities))]
        return others

    def _probes(self, connection: Connection, gallery: Gallery, changes: Changes) -> tuple[F32, F32]:
        """Return what faces are near to whose likeness to a changed person may have begun to matter.

        Float32 [N, D], and the least similarity to each, float32 [N]. Who is like a person now, and was not
        before, is near to a template; or to the mean of three faces, of which one is new: if the two others
        are below the threshold, the new one is at least ``bound`` alike.
        """
        accept, probes, least = self.thresholds.accept, [], []
        for person_id, enough in zip(
            gallery.person_ids.tolist(), self.thresholds.least(gallery.person_ids).tolist(), strict=True
        ):
            faces = gallery.faces_of(person_id)
            about = changes.face_ids[changes.person_ids == person_id]
            if len(faces) <= NEAREST:  # the mean of all of them may have grown
                new, bound = faces.vectors, enough
            elif np.isin(about, changes.dated).any():  # other faces of the year that it left may count now
                new, bound = faces.vectors, NEAREST * enough - (NEAREST - 1) * accept
            else:
                years = years_of(connection, about[~np.isin(about, faces.face_ids)])
                new = faces.at(np.isin(faces.face_ids, about) | _may_be_new(faces, years)).vectors
                bound = NEAREST * enough - (NEAREST - 1) * accept
            changed = _changed_templates(gallery, person_id, about, changes.dated)
            probes += [changed, new]
            least += [enough] * len(changed) + [bound] * len(new)
        return (np.concatenate(probes) if probes else np.empty((0, 0), np.float32)), np.array(
            least, np.float32
        )

    def _beside_rejected(self, connection: Connection, changes: Changes) -> I64:
        """Find the faces like a person that are near to a face that was or is rejected for the person."""
        face_ids, persons = changes.rejected
        if not len(face_ids):
            return face_ids
        near = self.vectors.within(self.vectors.fetch(np.unique(face_ids)).vectors, self.thresholds.accept)
        theirs = is_one_of(likeness.c.person_id, np.unique(persons).tolist())
        alike = read_likenesses(connection, is_one_of(likeness.c.face_id, near.tolist()) & theirs)
        scores = lifted(alike.similarities, alike.nearest, self.thresholds.accept)
        found = [face_ids[:0]]
        for person_id in np.unique(alike.person_ids):
            rows = np.flatnonzero(alike.person_ids == person_id)
            rejected = np.unique(face_ids[persons == person_id])
            more = self._near_to(alike.face_ids[rows], rejected) > scores[rows] - _ROUNDING
            found.append(alike.face_ids[rows[more]])
        return np.unique(np.concatenate(found))

    def _near_to(self, face_ids: I64, others: I64) -> F32:
        """Return the similarity of faces, int64 [M], rising, to the nearest of others: float32 [M]."""
        vectors = self._vectors_of(face_ids, np.ones(len(face_ids), bool))
        return most_similar(vectors, self.vectors.fetch(others).vectors)

    def _beside_strangers(self, connection: Connection, changes: Changes) -> I64:
        """Find the faces near to one that was or is an ignored stranger, or came to count as the latest."""
        about: I64 = changes.face_ids[changes.person_ids == STRANGERS]
        if not len(about):
            return about
        probes = self.vectors.fetch(self._changed_strangers(connection, about)).vectors
        return self.vectors.within(probes, self.thresholds.accept)

    def _changed_strangers(self, connection: Connection, about: I64) -> I64:
        """Return the faces that came to count as ignored strangers, or ceased to: int64 [M], rising."""
        # Of more than count, as many came to count, or ceased to, at the end.
        moved = read_strangers(connection, max(0, MOST_STRANGERS - len(about)), MOST_STRANGERS + len(about))
        return np.union1d(about, moved)

    def _perhaps_strangers(self, connection: Connection, changes: Changes, beside: I64) -> I64:
        """Return which faces beside strangers may be judged otherwise: those more like one than like anybody.

        The others are judged as before, whoever is ignored.
        """
        if not len(beside):
            return beside
        beside = beside[are_among(beside, self.vectors.ids())]
        alike = read_likenesses(connection, is_one_of(likeness.c.face_id, beside.tolist()))
        refused = rejections_of(connection, beside)
        found = best_candidates(beside, alike.without(refused.face_ids, refused.person_ids), self.thresholds)
        about = changes.face_ids[changes.person_ids == STRANGERS]
        strangers = self._changed_strangers(connection, about)
        is_like = self._near_to(beside, strangers) > found.similarities - _ROUNDING
        changed: I64 = beside[is_like & (found.persons != NONE)]
        return changed

    def _beside_former_strangers(self, connection: Connection, changes: Changes, beside: I64) -> I64:
        """Return which faces beside strangers are compared again: all, if one is no stranger any more."""
        about: I64 = changes.face_ids[changes.person_ids == STRANGERS]
        return beside if len(about) > count_ignored(connection, about) else about[:0]

    def _compare(
        self,
        connection: Connection,
        gallery: Gallery,
        face_ids: I64,
        stored: ColumnElement[bool] | None = None,
    ) -> Replaced:
        """Replace the likeness of faces to everybody; ``stored`` selects their rows."""
        faces = self.vectors.fetch(face_ids)
        if stored is None:
            stored = is_one_of(likeness.c.face_id, face_ids.tolist())
        old = read_likenesses(connection, stored)
        return replace_likenesses(connection, old, self._likenesses(connection, gallery, faces))

    def _likenesses(self, connection: Connection, gallery: Gallery, faces: Descriptors) -> Likenesses:
        alike = likenesses_to(gallery, faces, self.thresholds)
        return alike.without(*confirmed_pairs(connection, np.unique(alike.face_ids)))

    def _judge_contents(self, connection: Connection) -> Judged:
        last = connection.scalar(select(func.max(face.c.content_id))) or 0
        judged = Judged()
        for start in range(0, last + 1, _CHUNK):
            judged += self._judge(connection, face.c.content_id.between(start, start + _CHUNK - 1))
        return judged

    def _judge(self, connection: Connection, condition: ColumnElement[bool]) -> Judged:
        """Judge the faces of whole photos of which one face meets a condition, and write who they are."""
        faces = read_photos(connection, self._model, condition)
        faces = faces.at(are_among(faces.ids, self.vectors.ids()))
        candidates = self._candidates(connection, faces)
        now = np.where(candidates.accepted, candidates.persons, NONE)
        differs = (now != faces.recognised) | (np.abs(candidates.similarities - faces.similarities) > EQUAL)
        differs &= (now != NONE) | (faces.recognised != NONE)
        write_recognised(connection, faces.ids[differs], now[differs], candidates.similarities[differs])
        changed_person = now != faces.recognised
        lost = (faces.recognised != NONE) & changed_person & faces.undecided
        opened = faces.ids[lost & (now == NONE)]
        compare_again(connection, opened)
        return Judged(
            newly_recognised=int(((now != NONE) & changed_person).sum()),
            no_longer_recognised=int(lost.sum()),
            differences=int(changed_person.sum()),
            opened=opened,
        )

    def _candidates(self, connection: Connection, faces: FacesToJudge) -> Candidates:
        """Find who each face is, if ``accepted``."""
        ids = faces.ids[faces.undecided]
        alike = read_likenesses(connection, is_one_of(likeness.c.face_id, ids.tolist()))
        refused = rejections_of(connection, ids)
        possible = alike.without(refused.face_ids, refused.person_ids)
        found = best_candidates(faces.ids, possible, self.thresholds)
        if not (found.persons != NONE).any():
            return found
        vectors = self._vectors_of(faces.ids, (found.persons != NONE) | (faces.confirmed != NONE))
        found = found.without(like_a_stranger(found, vectors, self._strangers, self.thresholds.accept))
        rejected = self._rejected(connection, np.unique(found.persons[found.persons != NONE]))
        unsure = like_the_rejected(found, vectors, *rejected)
        unsure |= second_in_photo(faces.contents, faces.spans, faces.confirmed, found, vectors)
        return replace(found, accepted=found.accepted & ~unsure)

    def _vectors_of(self, ids: I64, wanted: Flags) -> F32:
        """Return the descriptors of some faces, zero for the others: float32 [N, D]."""
        found = self.vectors.fetch(ids[wanted])
        vectors = np.zeros((len(ids), found.vectors.shape[1]), np.float32)
        vectors[np.searchsorted(ids, found.ids)] = found.vectors
        return vectors

    def _rejected(self, connection: Connection, persons: I64) -> tuple[I64, F32]:
        """Read who was rejected for some persons: persons, int64 [R], and descriptors, float32 [R, D]."""
        refused = rejections_for(connection, persons)
        faces = self.vectors.fetch(np.unique(refused.face_ids))
        known = np.isin(refused.face_ids, faces.ids)
        rows = np.searchsorted(faces.ids, refused.face_ids[known])
        return refused.person_ids[known], faces.vectors[rows]


def _may_be_new(faces: ConfirmedFaces, gone: Mapping[int, int]) -> Flags:
    """Tell which faces of a person may have taken the place of faces that are gone, counted by year.

    A year that is full, see ``FACES_A_YEAR``, takes the next ones in the order of the sample.
    """
    found = np.zeros(len(faces), bool)
    for year, number in gone.items():
        rows = np.flatnonzero(faces.years == year)
        if len(rows) >= FACES_A_YEAR:
            order = np.argsort(sample_order(faces.face_ids[rows]))
            found[rows[order[-number:]]] = True
    return found


def _changed_templates(gallery: Gallery, person_id: int, about: I64, dated: I64) -> F32:
    """Return those templates of a person, float32 [T, D], that may not have been there before.

    If one face came, ``about`` which the changes are, and none went, these are the ones that are not there
    without it; else all. A face that is ``dated`` anew has left another year.
    """
    templates, faces = gallery.of(person_id)
    came = faces.at(np.isin(faces.face_ids, about))
    is_plain = len(about) == 1 and len(came) == 1 and not np.isin(about, dated).any()
    if not is_plain or (faces.years == came.years).sum() >= FACES_A_YEAR:
        return templates.vectors
    before = gallery.without(about.tolist()).of(person_id)[0].vectors
    is_old = (templates.vectors[:, None] == before[None]).all(axis=2).any(axis=1)
    changed: F32 = templates.vectors[~is_old]
    return changed
