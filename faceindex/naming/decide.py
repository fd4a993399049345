"""What a person decides about faces: each function makes one decision, and regroups what follows from it.

Faces are named by their numbers, or by a photo and the place of the face in it; persons by their names.
``faceindex.people`` documents the functions for whoever calls them. Nothing here prints.
"""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from faceindex.errors import BadRequest
from faceindex.results import LibraryFace
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
from index.people.queries import PeopleQueries, Person

FaceName: TypeAlias = int | str | os.PathLike[str]
"""The number of a face; a photo with one face; or ``PHOTO:2`` for the second face that ``who`` lists."""

_PLACE_IN_PHOTO = re.compile(r"(.+):([1-9][0-9]*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision, and what followed from it.

    Attributes:
        logged: The decision, as the journal has it.
        faces: How many faces it names.
        regrouped: What followed from it; ``None`` where nothing can.
    """

    logged: LoggedDecision
    faces: int
    regrouped: Regrouped | None

    @property
    def decision(self) -> Decision:
        """The decision itself."""
        return self.logged.decision


def regroup(session: Session, *, write: bool = True) -> Regrouped:
    """Bring clusters and recognised faces up to date with the decisions and descriptors there are.

    Args:
        session: Open; for writing, unless ``write`` is false.
        write: Also write it down; else only count what would change.
    """
    return bring_up_to_date(session.database, session.thresholds(), write=write)


def name_cluster(session: Session, number: int, name: str) -> Decided:
    """The faces of a cluster are this person, new or known."""
    return _decide(session, _assign(session, _cluster(session, number), name))


def confirm(session: Session, name: str, faces: Sequence[FaceName] = (), *, every: bool = False) -> Decided:
    """Faces, or all that are recognised as a known person, are that person."""
    person = _person(session, name)
    if every == bool(faces):
        raise BadRequest("Name the faces to confirm, or use --all for all that are recognised.")
    chosen = face_ids(session, faces)
    if every:
        recognised = PeopleQueries(session.database).faces_of(person.id).recognised
        chosen = tuple(each.face_id for each in recognised)
        if not chosen:
            raise BadRequest(f"No face is recognised as {person.name} that is not confirmed already.")
    return _decide(session, Assign(_keys(session, chosen), person.key, None))


def move(session: Session, name: str, faces: Sequence[FaceName]) -> Decided:
    """Faces are this person, new or known, whoever they were taken for."""
    return _decide(session, _assign(session, face_ids(session, faces), name))


def reject(session: Session, name: str, faces: Sequence[FaceName]) -> Decided:
    """Faces are not this person."""
    chosen = face_ids(session, faces)
    return _decide(session, Reject(_keys(session, chosen), _person(session, name).key))


def split(session: Session, name: str, faces: Sequence[FaceName], new_name: str) -> Decided:
    """Some faces of a person are somebody else, who is new."""
    person = _person(session, name)
    chosen = face_ids(session, faces)
    others = set(chosen) - set(_faces_of_person(session, name))
    if others:
        raise BadRequest(f"Face {min(others)} is not one of {person.name}'s: see 'faceindex people show'.")
    _refuse_known(session, new_name)
    return _decide(session, Split(_keys(session, chosen), new_key(), person.key, new_name))


def ignore(session: Session, faces: Sequence[FaceName] = (), clusters: Sequence[int] = ()) -> Decided:
    """Faces, and all that are in some clusters, are strangers of whom nobody wants to be asked."""
    chosen = [*face_ids(session, faces), *(face for each in clusters for face in _cluster(session, each))]
    if not chosen:
        raise BadRequest("Name the faces to ignore, or a cluster with --cluster.")
    return _decide(session, Ignore(_keys(session, list(dict.fromkeys(chosen)))))


def not_a_face(session: Session, faces: Sequence[FaceName]) -> Decided:
    """What was found is no face of anybody."""
    return _decide(session, NotAFace(_keys(session, face_ids(session, faces))))


def merge(session: Session, name: str, other: str) -> Decided:
    """Two persons are one; the first one's name stays."""
    first, second = _person(session, name), _person(session, other)
    if first == second:
        raise BadRequest(f"{name} and {other} are the same person already.")
    return _decide(session, Merge(first.key, second.key))


def rename(session: Session, name: str, new_name: str) -> Decided:
    """A person is called something else."""
    person = _person(session, name)
    if folded(new_name) != folded(person.name):
        _refuse_known(session, new_name)
    return _decide(session, Rename(person.key, new_name))


def hide(session: Session, name: str, *, hidden: bool = True) -> Decided:
    """A person is left out of lists and answers, or shown again."""
    return _decide(session, (Hide if hidden else Unhide)(_person(session, name).key))


def undo(session: Session, number: int | None = None) -> LoggedDecision:
    """Take a decision back; by default the last one that holds."""
    undone = Journal(session.database).undo(number)
    regroup(session)
    return undone


def face_ids(session: Session, names: Sequence[FaceName]) -> tuple[int, ...]:
    """The faces that a person means, each once.

    Raises:
        BadRequest: There is no such face.
    """
    return tuple(
        dict.fromkeys(
            _face_id(session, str(name) if isinstance(name, int) else os.fspath(name)) for name in names
        )
    )


def faces_of(
    session: Session, name: str | None = None, cluster: int | None = None, faces: Sequence[FaceName] = ()
) -> tuple[LibraryFace, ...]:
    """The faces of a person, confirmed ones first, of a cluster, or those that are named.

    Raises:
        BadRequest: Nothing or several things are named, or there is no such person, cluster or face.
    """
    if (name is not None) + (cluster is not None) + bool(faces) != 1:
        raise BadRequest("Name a person, or a cluster with --cluster, or faces with --face.")
    if name is not None:
        chosen = _faces_of_person(session, name)
    else:
        chosen = face_ids(session, faces) if cluster is None else _cluster(session, cluster)
    records = session.catalog.faces(chosen)
    status = PeopleQueries(session.database).statuses(chosen)
    return tuple(LibraryFace(records[each], status[each]) for each in chosen if each in records)


def clean(name: str) -> str:
    """A name as it is kept.

    Raises:
        BadRequest: It is none.
    """
    try:
        return clean_name(name)
    except ValueError as error:
        raise BadRequest(f"{name!r} cannot be a name: {error}.") from error


def _faces_of_person(session: Session, name: str) -> tuple[int, ...]:
    found = PeopleQueries(session.database).faces_of(_person(session, name).id)
    return *found.confirmed, *(each.face_id for each in found.recognised)


def _face_id(session: Session, name: str) -> int:
    if name.isascii() and name.isdigit():
        if not session.catalog.faces([int(name)]):
            raise BadRequest(f"There is no face {name}: 'faceindex people show' and 'cluster' list numbers.")
        return int(name)
    ids, place = _faces_in(session, name), None
    if ids is None and (match := _PLACE_IN_PHOTO.fullmatch(name)):
        ids, place = _faces_in(session, match[1]), int(match[2])
    if ids is None:
        raise BadRequest(f"{name} is neither the number of a face nor a photo of the library: scan it first.")
    if place is None and len(ids) != 1:
        raise BadRequest(f"{name} has {len(ids)} faces: name one by its number, or as PHOTO:1 for the first.")
    if place is not None and place > len(ids):
        raise BadRequest(f"{name}: there are only {len(ids)} faces in this photo.")
    return ids[(place or 1) - 1]


def _faces_in(session: Session, photo: str) -> list[int] | None:
    digest = PeopleQueries(session.database).digest_of(os.path.abspath(os.fsencode(photo)))
    return None if digest is None else session.catalog.face_ids_of(digest)


def _decide(session: Session, act: Act) -> Decided:
    journal = Journal(session.database)
    number = journal.append(act).id
    follows = not isinstance(act, Rename | Hide | Unhide)
    regrouped = regroup(session) if follows else None
    logged = next(each for each in reversed(journal.decisions()) if each.decision.id == number)
    return Decided(logged, len(faces_in_act(act)), regrouped)


def _assign(session: Session, chosen: Sequence[int], name: str) -> Assign:
    """These faces are the person of this name; nobody has it yet: they are a new person."""
    person = person_called(session, name)
    key, new_name = (new_key(), clean(name)) if person is None else (person.key, None)
    return Assign(_keys(session, chosen), key, new_name)


def person_called(session: Session, name: str) -> Person | None:
    """The person of this name, however it is capitalised; ``None`` where nobody has it."""
    everyone = PeopleQueries(session.database).everyone().values()
    return next((each for each in everyone if folded(each.name) == folded(name)), None)


def _refuse_known(session: Session, name: str) -> None:
    if person := person_called(session, clean(name)):
        raise BadRequest(f"There is a {person.name} already: 'faceindex people merge' makes two persons one.")


def _person(session: Session, name: str) -> Person:
    return PeopleQueries(session.database).named(name)


def _cluster(session: Session, number: int) -> tuple[int, ...]:
    faces = PeopleQueries(session.database).cluster(number).face_ids
    if not faces:
        raise BadRequest(f"There is no cluster {number} without a name: 'faceindex cluster' lists them.")
    return faces


def _keys(session: Session, chosen: Sequence[int]) -> tuple[FaceKey, ...]:
    if not chosen:
        raise BadRequest("Name at least one face.")
    return Journal(session.database).face_keys(chosen)
