"""A decision as plain fields, the same for a row of the journal's tables and a line of its file.

This module knows neither SQL nor JSON.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from index.decisions.model import (
    Act,
    Assign,
    FaceKey,
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
    clean_name,
    faces_of,
)

_KEY = re.compile("[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Fields:
    """What an act consists of; what its kind does not have is ``None``, or empty.

    Attributes:
        kind: What sort of act it is.
        person: Key of a person.
        other: Key of another person.
        name: What a person is called.
        target: Uid of another decision.
        faces: The faces that it is about.
    """

    kind: str
    person: str | None = None
    other: str | None = None
    name: str | None = None
    target: str | None = None
    faces: tuple[FaceKey, ...] = ()


def fields_of(act: Act) -> Fields:
    """The fields of an act."""
    kind = "unhide" if isinstance(act, Hide) and not act.hidden else _KINDS[type(act)]
    return Fields(
        kind=kind,
        person=getattr(act, "person", None),
        other=getattr(act, "other", None),
        name=getattr(act, "name", None),
        target=getattr(act, "target", None),
        faces=faces_of(act),
    )


def act_of(fields: Fields) -> Act:
    """The act that fields describe.

    Raises:
        ValueError: They describe none; the message says why.
    """
    maker = _MAKERS.get(fields.kind)
    if maker is None:
        raise ValueError(f"there is no kind of decision called {fields.kind[:40]!r}")
    return maker(fields)


def checked_key(key: str | None, what: str) -> str:
    """A key of a person, or the uid of a decision, that is well-formed.

    Args:
        key: The key.
        what: What it is called, for the message.

    Raises:
        ValueError: It is not.
    """
    if key is None or not _KEY.fullmatch(key):
        raise ValueError(f"its {what} is not 32 hexadecimal digits")
    return key


def _person(fields: Fields) -> str:
    return checked_key(fields.person, "person")


def _other(fields: Fields) -> str:
    return checked_key(fields.other, "other person")


def _name(fields: Fields) -> str:
    if fields.name is None:
        raise ValueError("it has no name")
    return clean_name(fields.name)


def _faces(fields: Fields) -> tuple[FaceKey, ...]:
    if not fields.faces:
        raise ValueError("it has no faces")
    return fields.faces


_KINDS: Mapping[type, str] = {
    Assign: "assign",
    Reject: "reject",
    NotAFace: "not-a-face",
    Ignore: "ignore",
    Merge: "merge",
    Split: "split",
    Rename: "rename",
    Hide: "hide",
    Undo: "undo",
    Forget: "forget",
    Forgotten: "forgotten",
}

_MAKERS: Mapping[str, Callable[[Fields], Act]] = {
    "assign": lambda fields: Assign(_faces(fields), _person(fields), _name(fields)),
    "reject": lambda fields: Reject(_faces(fields), _person(fields)),
    "not-a-face": lambda fields: NotAFace(_faces(fields)),
    "ignore": lambda fields: Ignore(_faces(fields)),
    "merge": lambda fields: Merge(_person(fields), _other(fields)),
    "split": lambda fields: Split(_faces(fields), _person(fields), _other(fields), _name(fields)),
    "rename": lambda fields: Rename(_person(fields), _name(fields)),
    "hide": lambda fields: Hide(_person(fields), hidden=True),
    "unhide": lambda fields: Hide(_person(fields), hidden=False),
    "undo": lambda fields: Undo(checked_key(fields.target, "target")),
    "forget": lambda fields: Forget(_person(fields)),
    "forgotten": lambda fields: Forgotten(),
}
