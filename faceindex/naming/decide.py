"""Naming people: each function makes one decision, has the journal keep it, and regroups what follows.

Every decision but ``forget`` can be undone. Faces are named by their numbers, or by a photo and the place of
the face in it; persons by their names. Nothing here prints.
"""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from faceindex.errors import BadRequest, explained
from faceindex.session import Session
from index.clustering.regroup import Regrouped
from index.clustering.regroup import regroup as bring_up_to_date
from index.decisions.journal import Journal, LoggedDecision
from index.decisions.model import (
    Act,
    Assign,
    Decision,
    FaceKey,
    Hide,
    Ignore,
    Merge,
    NotAFace,
    Reject,
    Rename,
    Split,
    Unhide,
    clean_name,
    folded,
    new_key,
)
from index.decisions.model import faces_of as faces_in_act
from index.people.queries import ClusterFaces, FaceStatus, PeopleQueries, Person, PersonSummary
from index.privacy.forget import Erased, purge
from index.privacy.forget import forget as erase
from index.privacy.journal_merge import Imported, import_lines
from index.values import Descriptors, FaceRecord

_PLACE_IN_PHOTO = re.compile(r"(.+):([1-9][0-9]*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Decided:
    """What came of a decision.

    Attributes:
        decision: As the journal has it.
        faces: How many faces it names.
        regrouped: What followed from it; ``None`` where nothing can.
    """

    decision: Decision
    faces: int
    regrouped: Regrouped | None


def regroup(session: Session, *, write: bool = True) -> Regrouped:
    """Bring clusters and recognised faces up to date with the decisions and descriptors there are.

    Args:
        session: Open; for writing, unless ``write`` is false.
        write: Also write it down; else only count what would change.

    Raises:
        FaceindexError: See ``faceindex.errors``.
    """
    with explained():
        return bring_up_to_date(session.database, session.thresholds(), write=write)


def name_cluster(session: Session, number: int, name: str) -> Decided:
    """Say who the faces of a cluster are: a new person, or one who is known.

    Raises:
        BadRequest: There is no such cluster, or the name is none.
    """
    with explained():
        return _decide(session, _assign(session, _cluster(session, number), name))


def confirm(session: Session, name: str, faces: Sequence[str], *, every: bool = False) -> Decided:
    """Say that faces are a person.

    Args:
        session: Open for writing.
        name: Of the person, who is known.
        faces: As in ``face_ids``.
        every: All faces that are recognised as the person, instead.

    Raises:
        BadRequest: There is no such person or face.
    """
    with explained():
        person = _person(session, name)
        if every == bool(faces):
            raise BadRequest("Name the faces to confirm, or say --all for all that are recognised.")
        chosen = face_ids(session, faces)
        if every:
            recognised = PeopleQueries(session.database).faces_of(person.id).recognised
            chosen = tuple(each.face_id for each in recognised)
            if not chosen:
                raise BadRequest(f"No face is recognised as {person.name} that is not confirmed already.")
        return _decide(session, Assign(_keys(session, chosen), person.key, None))


def move(session: Session, name: str, faces: Sequence[str]) -> Decided:
    """Say that faces are a person, whoever they were taken for; a name that is new makes a new person.

    Raises:
        BadRequest: There is no such face, or the name is none.
    """
    with explained():
        return _decide(session, _assign(session, face_ids(session, faces), name))


def reject(session: Session, name: str, faces: Sequence[str]) -> Decided:
    """Say that faces are not a person.

    Raises:
        BadRequest: There is no such person or face.
    """
    with explained():
        chosen = face_ids(session, faces)
        return _decide(session, Reject(_keys(session, chosen), _person(session, name).key))


def split(session: Session, name: str, faces: Sequence[str], new_name: str) -> Decided:
    """Say that some faces of a person are somebody else.

    Raises:
        BadRequest: There is no such person or face, a face is not the person's, or the new name is taken.
    """
    with explained():
        person = _person(session, name)
        own = PeopleQueries(session.database).faces_of(person.id)
        chosen = face_ids(session, faces)
        strange = set(chosen) - {*own.confirmed, *(each.face_id for each in own.recognised)}
        if strange:
            raise BadRequest(f"Face {min(strange)} is none of {person.name}'s: see 'faceindex people show'.")
        _refuse_known(session, new_name)
        return _decide(session, Split(_keys(session, chosen), new_key(), person.key, new_name))


def ignore(session: Session, faces: Sequence[str], clusters: Sequence[int]) -> Decided:
    """Say that faces, or all that are in some clusters, are strangers of whom nobody wants to be asked.

    Raises:
        BadRequest: There is no such face or cluster, or none was named.
    """
    with explained():
        chosen = [*face_ids(session, faces), *(face for each in clusters for face in _cluster(session, each))]
        if not chosen:
            raise BadRequest("Name the faces to ignore, or a cluster with --cluster.")
        return _decide(session, Ignore(_keys(session, list(dict.fromkeys(chosen)))))


def not_a_face(session: Session, faces: Sequence[str]) -> Decided:
    """Say that what was found is no face of anybody.

    Raises:
        BadRequest: There is no such face.
    """
    with explained():
        return _decide(session, NotAFace(_keys(session, face_ids(session, faces))))


def merge(session: Session, name: str, other: str) -> Decided:
    """Say that two persons are one; the first one's name stays.

    Raises:
        BadRequest: There is no such person, or both are the same.
    """
    with explained():
        first, second = _person(session, name), _person(session, other)
        if first == second:
            raise BadRequest(f"{first.name} is one person already.")
        return _decide(session, Merge(first.key, second.key))


def rename(session: Session, name: str, new_name: str) -> Decided:
    """Call a person something else.

    Raises:
        BadRequest: There is no such person, or the new name is taken or none.
    """
    with explained():
        person = _person(session, name)
        if folded(new_name) != folded(person.name):
            _refuse_known(session, new_name)
        return _decide(session, Rename(person.key, new_name))


def hide(session: Session, name: str, *, hidden: bool) -> Decided:
    """Leave a person out of lists and answers, or show it again; its faces stay its own.

    Raises:
        BadRequest: There is no such person.
    """
    with explained():
        return _decide(session, (Hide if hidden else Unhide)(_person(session, name).key))


def undo(session: Session, number: int | None) -> LoggedDecision:
    """Take a decision back; by default the last one that holds.

    Raises:
        BadRequest: There is no such decision, or it does not hold.
    """
    with explained():
        undone = Journal(session.database).undo(number)
        regroup(session)
        return undone


def face_ids(session: Session, names: Sequence[str]) -> tuple[int, ...]:
    """The faces that a person means.

    Args:
        session: Open.
        names: The number of a face; a photo with one face; or a photo, a colon and the place of the face in
            it, as ``who`` counts them.

    Raises:
        BadRequest: There is no such face.
    """
    return tuple(dict.fromkeys(_face_id(session, name) for name in names))


def faces_of(
    session: Session, name: str | None, cluster: int | None, faces: Sequence[str] = ()
) -> tuple[list[FaceRecord], dict[int, FaceStatus]]:
    """The faces of a person, confirmed ones first, or of a cluster; and what is known of each, by number.

    Args:
        session: Open.
        name: Of the person.
        cluster: Its number, instead.
        faces: As in ``face_ids``, instead.

    Raises:
        BadRequest: Nothing or several things are named, or there is no such person, cluster or face.
    """
    with explained():
        if (name is not None) + (cluster is not None) + bool(faces) != 1:
            raise BadRequest("Name a person, or a cluster with --cluster, or faces with --face.")
        people = PeopleQueries(session.database)
        if faces:
            chosen = list(face_ids(session, faces))
        elif name is None:
            chosen = list(_cluster(session, cluster or 0))
        else:
            own = people.faces_of(_person(session, name).id)
            chosen = [*own.confirmed, *(each.face_id for each in own.recognised)]
        records = session.catalog.faces(chosen)
        return [records[each] for each in chosen if each in records], people.statuses(chosen)


def clusters(session: Session, most: int) -> tuple[list[tuple[ClusterFaces, FaceRecord]], int]:
    """The largest clusters without a name, each with the face that shows it best; and how many there are."""
    with explained():
        found = PeopleQueries(session.database).clusters()
        exemplars = ((each, _exemplar(session, each)) for each in found[:most])
        return [(each, record) for each, record in exemplars if record is not None], len(found)


def _exemplar(session: Session, cluster: ClusterFaces) -> FaceRecord | None:
    """The face that shows a cluster best; ``None`` if all its faces were deleted since it was read.

    Where the library's model has described none of the faces, it is the one of the best quality.
    """
    from index.clustering.linkage import exemplar

    records = session.catalog.faces(cluster.face_ids)
    described = Descriptors.joined(session.descriptors(sorted(records)), session.model().dimension)
    if not len(described):
        return max(records.values(), key=lambda record: record.quality.score, default=None)
    chosen = [records[face] for face in described.ids.tolist()]
    return chosen[exemplar(described.vectors, np.array([each.quality.score for each in chosen], np.float32))]


def import_journal(session: Session, file: Path) -> Imported:
    """Take over the decisions of a journal file.

    Raises:
        BadRequest: The file cannot be read.
        FaceindexError: A line of it is not as it must be; nothing was imported.
    """
    with explained():
        try:
            lines = file.read_bytes().splitlines()
        except OSError as error:
            raise BadRequest(f"{file} cannot be read: {(error.strerror or str(error)).lower()}.") from error
        imported = import_lines(session.database, lines)
        if imported.erased_faces:
            purge(session.database)
        regroup(session)
        return imported


def about_to_forget(session: Session, name: str) -> PersonSummary:
    """Whom ``forget`` would erase, and how many faces.

    Raises:
        BadRequest: There is no such person.
    """
    with explained():
        person = _person(session, name)
        return next(each for each in PeopleQueries(session.database).summaries() if each.person == person)


def forget(session: Session, name: str) -> Erased:
    """Erase a person for good; see ``index.privacy.forget``. It cannot be undone.

    Raises:
        BadRequest: There is no such person.
        FaceindexError: See ``faceindex.errors``.
    """
    with explained():
        erased = erase(session.database, _person(session, name).key)
        regroup(session)
        return erased


def _face_id(session: Session, name: str) -> int:
    if name.isascii() and name.isdigit():
        if not session.catalog.faces([int(name)]):
            raise BadRequest(f"There is no face {name}: 'faceindex people show' and 'cluster' list numbers.")
        return int(name)
    own, place = _faces_in(session, name), None
    if own is None and (match := _PLACE_IN_PHOTO.fullmatch(name)):
        own, place = _faces_in(session, match[1]), int(match[2])
    if own is None:
        raise BadRequest(f"{name} is neither the number of a face nor a photo of the library: scan it first.")
    if place is None and len(own) != 1:
        raise BadRequest(f"{name} has {len(own)} faces: name one by its number, or as PHOTO:1 for the first.")
    if place is not None and place > len(own):
        raise BadRequest(f"{name}: there are only {len(own)} faces in this photo.")
    return own[(place or 1) - 1]


def _faces_in(session: Session, photo: str) -> list[int] | None:
    digest = PeopleQueries(session.database).digest_of(os.path.abspath(os.fsencode(photo)))
    return None if digest is None else session.catalog.face_ids_of(digest)


def _decide(session: Session, act: Act) -> Decided:
    decision = Journal(session.database).append(act)
    follows = not isinstance(act, Rename | Hide | Unhide)
    return Decided(decision, len(faces_in_act(act)), regroup(session) if follows else None)


def _assign(session: Session, chosen: Sequence[int], name: str) -> Assign:
    """These faces are the person of this name; nobody has it yet: they are a new person."""
    keys = _keys(session, chosen)
    for person in PeopleQueries(session.database).everyone().values():
        if folded(person.name) == folded(name):
            return Assign(keys, person.key, None)
    return Assign(keys, new_key(), clean(name))


def clean(name: str) -> str:
    """A name as it is kept.

    Raises:
        BadRequest: It is none.
    """
    try:
        return clean_name(name)
    except ValueError as error:
        raise BadRequest(f"{name!r} is no name: {error}.") from error


def _refuse_known(session: Session, name: str) -> None:
    for person in PeopleQueries(session.database).everyone().values():
        if folded(person.name) == folded(clean(name)):
            raise BadRequest(
                f"There is a {person.name} already: 'faceindex people merge' makes two persons one."
            )


def _person(session: Session, name: str) -> Person:
    return PeopleQueries(session.database).named(name)


def _cluster(session: Session, number: int) -> tuple[int, ...]:
    faces = PeopleQueries(session.database).cluster(number).face_ids
    if not faces:
        raise BadRequest(f"There is no cluster {number} without a name: 'faceindex cluster' lists them.")
    return faces


def _keys(session: Session, chosen: Sequence[int]) -> tuple[FaceKey, ...]:
    if not chosen:
        raise BadRequest("No face is named.")
    return Journal(session.database).face_keys(chosen)
