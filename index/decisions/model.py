"""What people decide about faces: the kinds of decision, as values.

A decision names faces by content and box, and persons by keys that no two persons in the world share, so
that it means the same in every library that has the photos, whatever was found in them by whatever
detector. The annotations of the fields check what is read from a journal (``index.decisions.fields``); in
this program, acts are made without a check. What decisions come to is said in ``index.decisions.replay``.
"""

import re
import unicodedata
import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field, PlainValidator

from pipeline.values import Box

NAME_CHARACTERS = 200
"""Names are at most so long."""

_KEY = re.compile("[0-9a-f]{32}")

_DIGEST = re.compile("[0-9a-fA-F]{64}")

_UNFIT = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Unicode's categories of what no name holds: control characters, halves of characters, ends of lines."""

_OVERRIDES = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""They turn the direction of the text after them, so that a name could make its whole line unreadable."""


def new_key() -> str:
    """A key for a new person, or a uid for a new decision: 32 hexadecimal digits, at random."""
    return uuid.uuid4().hex


def clean_name(name: str) -> str:
    """A name as it is kept: composed (Unicode NFC), and without blanks at its ends.

    Raises:
        ValueError: It is empty, too long, or holds characters that no name has; the message says which.
    """
    cleaned = unicodedata.normalize("NFC", name).strip()
    if not cleaned:
        raise ValueError("a name cannot be empty")
    if len(cleaned) > NAME_CHARACTERS:
        raise ValueError(f"a name has at most {NAME_CHARACTERS} characters")
    for each in cleaned:
        if unicodedata.category(each) in _UNFIT or each in _OVERRIDES:
            raise ValueError(f"a name cannot hold the character U+{ord(each):04X}")
    return cleaned


def checked_key(key: str) -> str:
    """A key of a person, or the uid of a decision, that is well-formed.

    Raises:
        ValueError: It is not.
    """
    if not _KEY.fullmatch(key):
        raise ValueError("a key is 32 hexadecimal digits")
    return key


def digest_from_json(value: object) -> bytes:
    """A content's digest, from its hexadecimal digits.

    Raises:
        ValueError: It has other characters or another length.
    """
    if not (isinstance(value, str) and _DIGEST.fullmatch(value)):
        raise ValueError("a digest is 32 bytes in hexadecimal digits")
    return bytes.fromhex(value)


def numbers_from_json(value: object, count: int) -> list[float]:
    """Check coordinates: a list of ``count`` finite numbers.

    Raises:
        ValueError: It is another number of values, or one is not such a number.
    """
    if not isinstance(value, list) or len(value) != count or not all(map(_is_number, value)):
        raise ValueError(f"it is not {count} numbers")
    return [float(each) for each in value]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15


def _box_from_json(value: object) -> Box:
    box = Box(*numbers_from_json(value, 4))
    if box.w < 0 or box.h < 0:
        raise ValueError("a box cannot have a negative side")
    return box


Key: TypeAlias = Annotated[str, AfterValidator(checked_key)]
"""Names a person, or a decision, in every library: 32 hexadecimal digits."""

Digest: TypeAlias = Annotated[bytes, PlainValidator(digest_from_json)]
"""BLAKE3 of a content, 32 bytes."""

Name: TypeAlias = Annotated[str, AfterValidator(clean_name)]
"""What a person is called, as ``clean_name`` leaves it."""


@dataclass(frozen=True, slots=True)
class FaceKey:
    """A face, wherever it is.

    Attributes:
        digest: BLAKE3 of the content that it is in, 32 bytes.
        box: Where, in pixels of the upright, full-size photo, as it was found when this was decided.
    """

    digest: Digest
    box: Annotated[Box, PlainValidator(_box_from_json)]

    def __hash__(self) -> int:
        # All of the box would take three times as long, and tell no more faces apart.
        return hash((self.digest, self.box.x))


Faces: TypeAlias = Annotated[tuple[FaceKey, ...], Field(min_length=1)]
"""The faces that a decision is about: at least one."""


@dataclass(frozen=True, slots=True)
class Assign:
    """These faces are this person.

    Attributes:
        faces: At least one.
        person: Key of the person; a new key makes a new person.
        name: What a new person is called; a known one keeps its name. ``None`` only in what is handed to
            the journal, for a known person: it writes down the name that the person has.
    """

    faces: Faces
    person: Key
    name: Name | None
    kind: Literal["assign"] = "assign"


@dataclass(frozen=True, slots=True)
class Reject:
    """These faces are not this person."""

    faces: Faces
    person: Key
    kind: Literal["reject"] = "reject"


@dataclass(frozen=True, slots=True)
class NotAFace:
    """These are no faces of people: a mistake of the detector, a statue, a poster."""

    faces: Faces
    kind: Literal["not-a-face"] = "not-a-face"


@dataclass(frozen=True, slots=True)
class Ignore:
    """These are strangers: do not ask again."""

    faces: Faces
    kind: Literal["ignore"] = "ignore"


@dataclass(frozen=True, slots=True)
class Merge:
    """Two persons are one: ``other`` is part of ``person`` from now on, whose name stays."""

    person: Key
    other: Key
    kind: Literal["merge"] = "merge"


@dataclass(frozen=True, slots=True)
class Split:
    """These faces are a new person, and not ``other``, for whom they were taken.

    Attributes:
        faces: At least one.
        person: Key of the new person.
        other: Key of the person that they were taken for.
        name: What the new person is called.
    """

    faces: Faces
    person: Key
    other: Key
    name: Name
    kind: Literal["split"] = "split"


@dataclass(frozen=True, slots=True)
class Rename:
    """This person has another name from now on."""

    person: Key
    name: Name
    kind: Literal["rename"] = "rename"


@dataclass(frozen=True, slots=True)
class Hide:
    """This person is left out of lists from now on."""

    person: Key
    kind: Literal["hide"] = "hide"


@dataclass(frozen=True, slots=True)
class Unhide:
    """This person is in lists again."""

    person: Key
    kind: Literal["unhide"] = "unhide"


@dataclass(frozen=True, slots=True)
class Undo:
    """A decision, named by its uid, is as if it had never been made. Undoing an undo makes it hold again."""

    target: Key
    kind: Literal["undo"] = "undo"


@dataclass(frozen=True, slots=True)
class Forget:
    """Nothing may be known of this person, ever: all that is said of this key is void. No undo."""

    person: Key
    kind: Literal["forget"] = "forget"


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Stands where a decision about a forgotten person stood, and says nothing."""

    kind: Literal["forgotten"] = "forgotten"


Act: TypeAlias = (
    Assign | Reject | NotAFace | Ignore | Merge | Split | Rename | Hide | Unhide | Undo | Forget | Forgotten
)
"""What can be decided; ``kind`` tells the acts apart wherever they are written down."""


@dataclass(frozen=True, slots=True)
class Decision:
    """An act in the journal.

    Attributes:
        id: Its number in this library, rising in the order in which decisions count.
        uid: Names it in every library, 32 hexadecimal digits.
        made_at: When, with an offset from UTC.
        act: What was decided.
    """

    id: int
    uid: str
    made_at: datetime
    act: Act


def folded(name: str) -> str:
    """The form in which two names are equal that differ only in case or composition.

    The source is the Unicode Standard, section 3.13, definition D145 (canonical caseless match).
    """
    return unicodedata.normalize("NFD", unicodedata.normalize("NFD", name).strip().casefold())


def faces_of(act: Act) -> tuple[FaceKey, ...]:
    """The faces that an act is about; none where it is about persons or decisions."""
    return act.faces if isinstance(act, Assign | Reject | NotAFace | Ignore | Split) else ()


def persons_of(act: Act) -> tuple[str, ...]:
    """Keys of the persons that an act is about."""
    return tuple(getattr(act, name) for name in ("person", "other") if hasattr(act, name))


def without(
    act: Act, persons: Collection[str], is_forgotten: Callable[[FaceKey], bool] = lambda _: False
) -> Act:
    """What an act still says when persons and faces are forgotten.

    Args:
        act: The act. A ``Forget`` or an ``Undo`` stays as it is.
        persons: Keys of persons of whom nothing may be said.
        is_forgotten: Whether nothing may be said of a face.

    Returns:
        An act without them: ``Forgotten`` where nothing is left, and for a split of which one of the two
        persons is left, what it says of that one.
    """
    if isinstance(act, Forget | Undo | Forgotten):
        return act
    if isinstance(act, Split):
        act = _unsplit(act, persons)
    if any(person in persons for person in persons_of(act)):
        return Forgotten()
    if not isinstance(act, Assign | Reject | NotAFace | Ignore | Split):
        return act
    kept = tuple(face for face in act.faces if not is_forgotten(face))
    if not kept:
        return Forgotten()
    return act if len(kept) == len(act.faces) else replace(act, faces=kept)


def _unsplit(split: Split, persons: Collection[str]) -> Act:
    if split.person in persons:
        return Reject(split.faces, split.other)
    if split.other in persons:
        return Assign(split.faces, split.person, split.name)
    return split
