"""Checks a decision against all earlier ones before it is appended; replay accepts any journal."""

from dataclasses import replace

from index.decisions.model import (
    Act,
    Apart,
    Assign,
    Forget,
    Forgotten,
    Hide,
    Ignore,
    Merge,
    NotAFace,
    Reject,
    Rename,
    Split,
    Undo,
    Unhide,
    checked_key,
    clean_name,
    faces_of,
)
from index.decisions.replay import KnownPerson, Replay


def checked(act: Act, replayed: Replay) -> Act:
    """Return the act to append, with a clean name or that of the known person.

    Raises a ``ValueError``, which says why, if it contradicts the decisions so far, ``replayed``.
    """
    if hasattr(act, "faces") and not faces_of(act):
        raise ValueError("it names no face")
    match act:
        case Assign():
            return _assignment(act, replayed)
        case Split():
            return _split(act, replayed)
        case Rename():
            _known(act.person, replayed)
            return replace(act, name=clean_name(act.name))
        case Merge() | Apart():
            if _known(act.person, replayed) == _known(act.other, replayed):
                raise ValueError("a person cannot be merged with itself, or be two")
        case Reject() | Hide() | Unhide():
            _known(act.person, replayed)
        case Undo() | Forget() | Forgotten():
            raise ValueError("an undo and a forgetting cannot be appended: they have methods of their own")
        case NotAFace() | Ignore():
            pass
    return act


def _assignment(act: Assign, replayed: Replay) -> Assign:
    person = replayed.person(act.person)
    if person is not None:
        return replace(act, name=person.name)
    _new(act.person, replayed)
    if act.name is None:
        raise ValueError(f"no person has the key {act.person}, and a new person needs a name")
    return replace(act, name=clean_name(act.name))


def _split(act: Split, replayed: Replay) -> Split:
    _known(act.other, replayed)
    _new(act.person, replayed)
    if not replayed.is_new(act.person):
        raise ValueError(f"the key {act.person} is taken: faces are split off as a new person")
    return replace(act, name=clean_name(act.name))


def _new(key: str, replayed: Replay) -> None:
    checked_key(key)
    if key in replayed.forgotten:
        raise ValueError("the person was forgotten, which is final")


def _known(key: str, replayed: Replay) -> KnownPerson:
    person = replayed.person(key)
    if person is None:
        raise ValueError(f"no person has the key {key}")
    return person
