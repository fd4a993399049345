"""Checks a decision against all earlier ones before it is appended; replay accepts any journal."""

from dataclasses import replace

from index.decisions.model import (
    OF_FACES,
    OF_PHOTOS,
    Act,
    Apart,
    Assign,
    Born,
    Draw,
    Forget,
    Forgotten,
    Hide,
    InPhoto,
    Merge,
    NotInPhoto,
    Portrait,
    Reject,
    Rename,
    Split,
    Undo,
    Unhide,
    checked_date,
    checked_key,
)
from index.decisions.names import clean_name
from index.decisions.replay import KnownPerson, Replay


def checked(act: Act, replayed: Replay) -> Act:
    """Return the act to append, with a clean name or that of the known person.

    Raises a ``ValueError``, which says why, if it contradicts the decisions so far, ``replayed``.
    """
    _check_fields(act)
    match act:
        case Assign() | Draw() | InPhoto():
            return _assignment(act, replayed)
        case Split():
            return _split(act, replayed)
        case Rename():
            _known(act.person, replayed)
            return replace(act, name=clean_name(act.name))
        case Merge() | Apart():
            if _known(act.person, replayed) == _known(act.other, replayed):
                raise ValueError("a person cannot be merged with itself, or be two")
        case Reject() | Hide() | Unhide() | NotInPhoto() | Portrait() | Born():
            _known(act.person, replayed)
        case Undo() | Forget() | Forgotten():
            raise ValueError("an undo and a forgetting cannot be appended: they have methods of their own")
    return act


def _check_fields(act: Act) -> None:
    if isinstance(act, OF_FACES) and not act.faces:
        raise ValueError("it names no face")
    if isinstance(act, OF_PHOTOS) and not act.photos:
        raise ValueError("it names no photo")
    if isinstance(act, Portrait) and len(act.faces) > 1:
        raise ValueError("a person is shown by one face")
    if isinstance(act, Born) and act.date is not None:
        checked_date(act.date)


def _assignment(act: Assign | Draw | InPhoto, replayed: Replay) -> Act:
    key = act.person
    if key is None:
        raise ValueError("it names no person")
    person = replayed.person(key)
    if person is not None:
        return replace(act, name=person.name)
    _new(key, replayed)
    if act.name is None:
        raise ValueError(f"no person has the key {key}, and a new person needs a name")
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
