"""The kinds of decision about faces, as values; ``index.decisions.replay`` defines their meaning.

Decisions name faces by content and box, and persons by globally unique keys, so that they mean the same in
every library. The annotations check what is read from a journal, not acts made in this program.
"""

import re
import uuid
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field, PlainValidator

from index.decisions.names import clean_name
from pipeline.values import Box

_KEY = re.compile("[0-9a-f]{32}")

_DIGEST = re.compile("[0-9a-fA-F]{64}")

_DATE = re.compile("[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?")


def new_key() -> str:
    """Make a key for a new person, or a uid for a new decision: 32 random hexadecimal digits."""
    return uuid.uuid4().hex


def checked_key(key: str) -> str:
    """Check that a person's key or a decision's uid is well-formed; else raise a ``ValueError``."""
    if not _KEY.fullmatch(key):
        raise ValueError("a key is 32 hexadecimal digits")
    return key


def clean_source(source: str) -> str:
    """Return what a decision was made by as one line of at most 200 characters."""
    return " ".join("".join(each if each.isprintable() else " " for each in source).split())[:200]


def checked_date(text: str) -> str:
    """Check that a date is a day, month or year in ISO 8601, as 2010-05-17; else raise a ``ValueError``."""
    with suppress(ValueError):
        if _DATE.fullmatch(text):
            date.fromisoformat(f"{text}-01-01"[:10])
            return text
    raise ValueError(f"{text[:40]!r} is no day, month or year: write 2010-05-17, 2010-05 or 2010")


def _digest_from_json(value: object) -> bytes:
    if not (isinstance(value, str) and _DIGEST.fullmatch(value)):
        raise ValueError("a digest is 32 bytes in hexadecimal digits")
    return bytes.fromhex(value)


def numbers_from_json(value: object, count: int) -> list[float]:
    """Check that coordinates are a list of ``count`` finite numbers; else raise a ``ValueError``."""
    if not isinstance(value, list) or len(value) != count or not all(map(_is_coordinate, value)):
        raise ValueError(f"it is not {count} numbers")
    return [float(each) for each in value]


def _is_coordinate(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15


def _box_from_json(value: object) -> Box:
    in_film = isinstance(value, list) and len(value) == 5
    box = Box(*numbers_from_json(value, 5 if in_film else 4))
    if box.w < 0 or box.h < 0:
        raise ValueError("a box cannot have a negative side")
    return box


Key: TypeAlias = Annotated[str, AfterValidator(checked_key)]
"""Names a person or a decision in every library: 32 hexadecimal digits."""

Digest: TypeAlias = Annotated[bytes, PlainValidator(_digest_from_json)]
"""BLAKE3 of a content, 32 bytes."""

JsonBox: TypeAlias = Annotated[Box, PlainValidator(_box_from_json)]
"""A box, in JSON its four numbers x, y, w, h, and in a film the moment as fifth."""

Name: TypeAlias = Annotated[str, AfterValidator(clean_name)]

IsoDate: TypeAlias = Annotated[str, AfterValidator(checked_date)]
"""A day, month or year, as 2010-05-17, 2010-05 or 2010."""


@dataclass(frozen=True, slots=True)
class FaceKey:
    """Names a face by its content and its box, in pixels of the upright, full-size photo, when decided.

    In a film, the box is of one moment. All moments of a tracklet name it.
    """

    digest: Digest
    box: JsonBox

    def __hash__(self) -> int:
        # Hashing the whole box would take three times as long, and distinguish no more faces.
        return hash((self.digest, self.box.x))


Faces: TypeAlias = Annotated[tuple[FaceKey, ...], Field(min_length=1)]

Photos: TypeAlias = Annotated[tuple[Digest, ...], Field(min_length=1)]
"""Digests of contents."""


@dataclass(frozen=True, slots=True)
class Assign:
    """These faces are this person; a new key makes a new person.

    A known person keeps its name. ``name`` is ``None`` only for a known person, in an argument of the
    journal, which fills it in.
    """

    faces: Faces
    person: Key
    name: Name | None
    kind: Literal["assign"] = "assign"


@dataclass(frozen=True, slots=True)
class Draw:
    """These faces, which no detector found, are there, and are this person; see ``Assign``.

    Without a person, ``None``, they are there: what is left if the person is forgotten, and somebody said
    since that they are not that person.
    """

    faces: Faces
    person: Key | None = None
    name: Name | None = None
    kind: Literal["draw"] = "draw"


@dataclass(frozen=True, slots=True)
class Reject:
    """These faces are not this person."""

    faces: Faces
    person: Key
    kind: Literal["reject"] = "reject"


@dataclass(frozen=True, slots=True)
class NotAFace:
    """These are not faces of people, but a mistake of the detector, a statue, a poster."""

    faces: Faces
    kind: Literal["not-a-face"] = "not-a-face"


@dataclass(frozen=True, slots=True)
class Ignore:
    """These are strangers: do not ask again."""

    faces: Faces
    kind: Literal["ignore"] = "ignore"


@dataclass(frozen=True, slots=True)
class Merge:
    """Two persons are one: ``other`` becomes part of ``person``, which keeps its name."""

    person: Key
    other: Key
    kind: Literal["merge"] = "merge"


@dataclass(frozen=True, slots=True)
class Apart:
    """Two persons are two, however much they look alike."""

    person: Key
    other: Key
    kind: Literal["apart"] = "apart"


@dataclass(frozen=True, slots=True)
class Split:
    """These faces are the new person ``person``, and not ``other``."""

    faces: Faces
    person: Key
    other: Key
    name: Name
    kind: Literal["split"] = "split"


@dataclass(frozen=True, slots=True)
class Rename:
    """This person gets another name."""

    person: Key
    name: Name
    kind: Literal["rename"] = "rename"


@dataclass(frozen=True, slots=True)
class Hide:
    """This person is left out of lists."""

    person: Key
    kind: Literal["hide"] = "hide"


@dataclass(frozen=True, slots=True)
class Unhide:
    """This person is in lists again."""

    person: Key
    kind: Literal["unhide"] = "unhide"


@dataclass(frozen=True, slots=True)
class Born:
    """This person was born on this day, in this month or year; ``None`` if that is unknown."""

    person: Key
    date: IsoDate | None = None
    kind: Literal["born"] = "born"


@dataclass(frozen=True, slots=True)
class Portrait:
    """This face, one, is shown for this person."""

    faces: Faces
    person: Key
    kind: Literal["portrait"] = "portrait"


@dataclass(frozen=True, slots=True)
class InPhoto:
    """This person is in these photos, without a face. A new key makes a new person; see ``Assign``."""

    photos: Photos
    person: Key
    name: Name | None
    kind: Literal["in-photo"] = "in-photo"


@dataclass(frozen=True, slots=True)
class NotInPhoto:
    """It is not so that this person is in these photos, as far as an ``InPhoto`` said so."""

    photos: Photos
    person: Key
    kind: Literal["not-in-photo"] = "not-in-photo"


@dataclass(frozen=True, slots=True)
class Undo:
    """The decision with the uid ``target`` no longer holds; undoing the undo restores it."""

    target: Key
    kind: Literal["undo"] = "undo"


@dataclass(frozen=True, slots=True)
class Forget:
    """Forget this person: all other decisions about the key are void. It cannot be undone."""

    person: Key
    kind: Literal["forget"] = "forget"


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Replaces a decision about a forgotten person; has no effect."""

    kind: Literal["forgotten"] = "forgotten"


Act: TypeAlias = (
    Assign
    | Draw
    | Reject
    | NotAFace
    | Ignore
    | Merge
    | Apart
    | Split
    | Rename
    | Hide
    | Unhide
    | Born
    | Portrait
    | InPhoto
    | NotInPhoto
    | Undo
    | Forget
    | Forgotten
)
"""Any decision; ``kind`` is the discriminator in rows and files."""

OF_FACES = Assign | Draw | Reject | NotAFace | Ignore | Split | Portrait
"""The kinds of decision that name faces."""

OF_PHOTOS = InPhoto | NotInPhoto
"""The kinds of decision that name photos."""

NAMING = Assign | Draw | Split | InPhoto
NAMING_KINDS = ("assign", "draw", "split", "in-photo")
"""The kinds of decision that make a person known, by a name; and as texts."""


@dataclass(frozen=True, slots=True)
class Decision:
    """An act in the journal.

    Attributes:
        id: Its number in this library; decisions apply in this order.
        uid: Names it in every library, 32 hexadecimal digits.
        made_at: With an offset from UTC.
        source: What it was made by, such as ``command line``; ``None`` if that is unknown.
    """

    id: int
    uid: str
    made_at: datetime
    act: Act
    source: str | None = None


def faces_of(act: Act) -> tuple[FaceKey, ...]:
    """Return the faces that an act names; none if it is about persons or decisions."""
    return act.faces if isinstance(act, OF_FACES) else ()


def photos_of(act: Act) -> tuple[bytes, ...]:
    """Return the digests of the photos that an act names as a whole."""
    return act.photos if isinstance(act, OF_PHOTOS) else ()


def contents_of(act: Act) -> set[bytes]:
    """Return the digests of all contents that an act names: of photos, and of those that show its faces."""
    return {*photos_of(act), *(face.digest for face in faces_of(act))}


def persons_in(act: Act) -> tuple[str, ...]:
    """Return the keys of the persons that an act names."""
    return tuple(key for each in ("person", "other") if (key := getattr(act, each, None)) is not None)


def without(
    act: Act, persons: Collection[str], is_forgotten: Callable[[FaceKey], bool] = lambda _: False
) -> Act:
    """Return an act without forgotten persons, by keys, and faces; a ``Forget`` or an ``Undo`` is unchanged.

    Returns:
        ``Forgotten`` if nothing is left; for a split with one person left, the act about that one.
    """
    if isinstance(act, Forget | Undo | Forgotten):
        return act
    if isinstance(act, Split) and act.person in persons:
        act = Reject(act.faces, act.other)
    elif isinstance(act, Split) and act.other in persons:
        act = Assign(act.faces, act.person, act.name)
    if any(getattr(act, name, None) in persons for name in ("person", "other")):
        return Forgotten()
    if not isinstance(act, OF_FACES):
        return act
    kept = tuple(face for face in act.faces if not is_forgotten(face))
    if len(kept) == len(act.faces):
        return act
    return replace(act, faces=kept) if kept else Forgotten()
