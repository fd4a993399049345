"""Deletes persons from the tables: their faces, names, and the decisions about them.

Numbers, uids and times of decisions stay, as do ``Forget`` decisions and tombstones. All functions work in a
transaction of the caller; ``index.privacy.forget`` cleans what is outside the tables.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, and_, delete, func, select

from index.decisions.face_overlap import SAME_FACE, overlap
from index.decisions.journal_rows import face_keys, rewrite_decision
from index.decisions.model import (
    Assign,
    Born,
    Decision,
    Draw,
    FaceKey,
    Forgotten,
    Hide,
    Ignore,
    InPhoto,
    NotAFace,
    NotInPhoto,
    Rename,
    Split,
    Unhide,
    faces_of,
    without,
)
from index.decisions.replay import State, replay
from index.decisions.same_faces import SameFaces, pictures_of, read_same_faces, remove_same_faces
from index.decisions.tombstones import Tombstone, Tombstones, add_tombstones, tombstone_of
from index.decisions.tracklets import read_tracklets
from index.people.named_faces import named_faces
from index.recognition.stored_calibration import forget_in_calibrations
from index.store.schema import DRAWN, cluster, cluster_face, content, face, is_shown, person, stored_face
from index.store.statements import is_one_of
from pipeline.values import Box

_GIVES_FACES = Assign | Draw | Split
"""Decisions that give a person faces."""

_DESCRIBES = Rename | Hide | Unhide | Born | InPhoto | NotInPhoto
"""Other decisions about a person, without a face."""


@dataclass(frozen=True, slots=True)
class Redacted:
    """Counts of ``rewritten`` decisions and deleted faces, and all decisions as they are now."""

    decisions: tuple[Decision, ...]
    rewritten: int
    faces: int


def redact(
    decisions: Sequence[Decision],
    persons: Collection[str],
    is_forgotten: Callable[[FaceKey], bool],
    others: Iterable[Decision] = (),
    is_drawn: Callable[[FaceKey], bool] = lambda _: False,
) -> tuple[Decision, ...]:
    """Remove persons, by keys, and forgotten faces from decisions, and keep the rest of them.

    A person that had only forgotten faces loses what else is said of it: it may be a forgotten person.
    ``others`` are other decisions, which may give faces to the same persons. A face that was drawn as a
    forgotten person stays if it ``is_drawn`` all the same, or a decision that is left says who it is instead.
    """
    left = [replace(each, act=without(each.act, persons, is_forgotten)) for each in decisions]
    had = {
        before.act.person
        for before, after in zip(decisions, left, strict=True)
        if isinstance(before.act, _GIVES_FACES) and before.act != after.act
    }
    acts = [each.act for each in (*left, *others)]
    bare = had - {act.person for act in acts if isinstance(act, _GIVES_FACES)}
    said = {
        face for act in acts if isinstance(act, _GIVES_FACES | Ignore | NotAFace) for face in faces_of(act)
    }

    def stays(face: FaceKey) -> bool:
        return not is_forgotten(face) and (face in said or is_drawn(face))

    return tuple(_redacted(after, before, bare, stays) for before, after in zip(decisions, left, strict=True))


def _redacted(
    after: Decision, before: Decision, bare: Collection[str | None], stays: Callable[[FaceKey], bool]
) -> Decision:
    act, source = after.act, after.source
    if isinstance(act, _DESCRIBES) and act.person in bare:
        act = Forgotten()
    if isinstance(before.act, Draw) and isinstance(act, Forgotten):
        stay = tuple(filter(stays, before.act.faces))
        act = Draw(stay) if stay else act
    if isinstance(act, Forgotten):
        source = None  # it may name a file
    return replace(after, act=act, source=source)


def keys_of(state: State, key: str) -> tuple[str, ...]:
    """Return all keys of a person: this one, and those of persons merged with it."""
    key = state.merged.get(key, key)
    return (key, *(other for other, current in state.merged.items() if current == key))


def faces_of_persons(
    connection: Connection, persons: Collection[str], *, recognised: bool
) -> dict[int, FaceKey]:
    """Read the confirmed or ``recognised`` faces of persons, by all their keys, in a photo or not."""
    one = named_faces()
    of_persons = select(one.c.face_id).join(person, person.c.id == one.c.person_id)
    of_persons = of_persons.where(
        is_one_of(person.c.key, persons), one.c.similarity.is_not(None) == recognised
    )
    return face_keys(connection, face.c.id.in_(of_persons))


def take_out_persons(
    connection: Connection,
    decisions: Sequence[Decision],
    persons: Collection[str],
    *,
    also_recognised: bool = False,
) -> Redacted:
    """Delete persons, by all their keys, and their faces; ``decisions`` are all.

    Recognised faces stay, without a person, unless ``also_recognised``: they may be somebody else's.
    """
    state = replay(decisions, read_same_faces(connection))
    faces = faces_of_persons(connection, persons, recognised=False)
    if also_recognised:
        faces |= faces_of_persons(connection, persons, recognised=True)
    keys = [*faces.values(), *(key for person in persons for key in state.faces_of(person))]
    add_tombstones(connection, map(tombstone_of, keys))
    digests = {key.digest for key in keys}
    pictures = pictures_of(connection, digests)
    boxes: dict[bytes, list[Box]] = {}
    for key in keys:
        boxes.setdefault(pictures[key.digest], []).append(key.box)

    def is_forgotten(key: FaceKey) -> bool:
        return any(overlap(key.box, box) > SAME_FACE for box in boxes.get(pictures[key.digest], ()))

    def is_drawn(key: FaceKey) -> bool:
        return any(state.same.are_one(key, each) for each in state.drawn)

    after = redact(decisions, persons, is_forgotten, is_drawn=is_drawn)
    withdrawn = _withdrawn(connection, decisions, after, state.same)
    remove_same_faces(connection, digests | pictures.keys(), is_forgotten)
    forget_in_calibrations(connection, persons)
    covered = _faces_at(connection, Tombstones(map(tombstone_of, keys), pictures), digests | pictures.keys())
    _delete_hidden(connection, [*covered, *withdrawn])
    return _take_out(connection, decisions, after, list(faces))


def _withdrawn(
    connection: Connection, before: Sequence[Decision], after: Sequence[Decision], same: SameFaces
) -> list[int]:
    """Find the drawn faces that no decision says to be there any more, not even one that was undone: ids."""
    drawn, left = (
        {face for each in decisions if isinstance(each.act, Draw) for face in each.act.faces}
        for decisions in (before, after)
    )
    gone, stay = (
        [version for face in faces for version in same.versions(face)] for faces in (drawn - left, left)
    )
    in_question = content.c.digest.in_({face.digest for face in gone})
    rows = face_keys(connection, and_(in_question, stored_face.c.detector == DRAWN), stored_face)
    return [
        face_id
        for face_id, key in rows.items()
        if any(same.are_one(key, each) for each in gone) and not any(same.are_one(key, each) for each in stay)
    ]


def take_out_tombstones(
    connection: Connection, decisions: Sequence[Decision], points: Sequence[Tombstone]
) -> Redacted:
    """Delete the faces at tombstones of another library; see ``take_out_persons``."""
    digests = {point.digest for point in points}
    pictures = pictures_of(connection, digests)
    tombstones = Tombstones(points, pictures)
    covered = _faces_at(connection, tombstones, digests | pictures.keys())
    in_films = [
        each for each in read_tracklets(connection, digests | pictures.keys()) if each.face_id in covered
    ]

    def is_forgotten(key: FaceKey) -> bool:
        return tombstones.cover(key) or any(
            pictures[each.key.digest] == pictures[key.digest] and each.overlap(key.box) > SAME_FACE
            for each in in_films
        )

    remove_same_faces(connection, digests, is_forgotten)
    _delete_hidden(connection, covered)
    doomed = list(connection.scalars(select(face.c.id).where(is_one_of(face.c.id, covered))))
    return _take_out(connection, decisions, redact(decisions, (), is_forgotten), doomed)


def _faces_at(connection: Connection, tombstones: Tombstones, digests: Iterable[bytes]) -> list[int]:
    """Find the faces at tombstones in some contents, by any detector."""
    digests = list(digests)
    appearances = {each.face_id: each.appearance for each in read_tracklets(connection, digests)}
    return [
        face_id
        for digest in digests
        for face_id, key in face_keys(connection, content.c.digest == digest, stored_face).items()
        if tombstones.cover(key, appearances.get(face_id))
    ]


def _delete_hidden(connection: Connection, faces: Sequence[int]) -> None:
    """Delete those of some faces that a change of the detector would bring back."""
    columns = stored_face.c
    connection.execute(delete(stored_face).where(is_one_of(columns.id, faces), ~is_shown(columns.id)))


def _take_out(
    connection: Connection, before: Sequence[Decision], after: tuple[Decision, ...], doomed: Sequence[int]
) -> Redacted:
    """Rewrite changed decisions; delete faces, rows that refer to them, and clusters without a second face.

    The face that is left of a cluster has no cluster row then, and is compared anew.
    """
    changed = [new for old, new in zip(before, after, strict=True) if old.act != new.act]
    for each in changed:
        rewrite_decision(connection, each)
    members = select(cluster_face.c.cluster_id).where(is_one_of(cluster_face.c.face_id, doomed))
    touched = [each for each in connection.scalars(members.distinct()) if each is not None]
    connection.execute(delete(stored_face).where(is_one_of(stored_face.c.id, doomed)))
    members = select(cluster_face.c.cluster_id).where(is_one_of(cluster_face.c.cluster_id, touched))
    large = members.group_by(cluster_face.c.cluster_id).having(func.count() > 1)
    connection.execute(delete(cluster).where(is_one_of(cluster.c.id, touched), cluster.c.id.not_in(large)))
    return Redacted(after, len(changed), len(doomed))
