"""What people decide about faces: the kinds of decision, as values.

A decision names faces by content and box, and persons by keys that no two persons in the world share, so
that it means the same in every library that has the photos, whatever was found in them by whatever
detector. What all decisions together come to is the matter of ``index.decisions.replay``, how they are kept
that of ``index.decisions.journal``. This module knows neither.
"""

import unicodedata
import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias

from pipeline.values import Box

NAME_CHARACTERS = 200
"""Names are at most so long."""

_UNFIT = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Unicode's categories of what no name holds: control characters, halves of characters, ends of lines."""

_OVERRIDES = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""They turn the direction of the text after them, so that a name could make its whole line unreadable."""


@dataclass(frozen=True, slots=True)
class FaceKey:
    """A face, wherever it is.

    Attributes:
        digest: BLAKE3 of the content that it is in, 32 bytes.
        box: Where, in pixels of the upright, full-size photo, as it was found when this was decided.
    """

    digest: bytes
    box: Box

    def __hash__(self) -> int:
        # All of the box would take three times as long, and tell no more faces apart.
        return hash((self.digest, self.box.x))


@dataclass(frozen=True, slots=True)
class Assign:
    """These faces are this person.

    Attributes:
        faces: At least one.
        person: Key of the person; one that is new makes a new person.
        name: What a new person is called; a known one keeps its name. ``None`` only in what is handed to
            the journal, for a known person: it writes down the name that the person has.
    """

    faces: tuple[FaceKey, ...]
    person: str
    name: str | None


@dataclass(frozen=True, slots=True)
class Reject:
    """These faces are not this person."""

    faces: tuple[FaceKey, ...]
    person: str


@dataclass(frozen=True, slots=True)
class NotAFace:
    """These are no faces of people: a mistake of the detector, a statue, a poster."""

    faces: tuple[FaceKey, ...]


@dataclass(frozen=True, slots=True)
class Ignore:
    """These are strangers: do not ask again."""

    faces: tuple[FaceKey, ...]


@dataclass(frozen=True, slots=True)
class Merge:
    """Two persons are one: ``other`` is part of ``person`` from now on, whose name stays."""

    person: str
    other: str


@dataclass(frozen=True, slots=True)
class Split:
    """These faces are a person of their own, and not ``other``.

    Attributes:
        faces: At least one.
        person: Key of the new person.
        other: Key of the person that they were taken for.
        name: What the new person is called.
    """

    faces: tuple[FaceKey, ...]
    person: str
    other: str
    name: str


@dataclass(frozen=True, slots=True)
class Rename:
    """This person is called so from now on."""

    person: str
    name: str


@dataclass(frozen=True, slots=True)
class Hide:
    """This person is left out of lists from now on, or is in them again."""

    person: str
    hidden: bool


@dataclass(frozen=True, slots=True)
class Undo:
    """A decision, named by its uid, is as if it had never been made. Undoing an undo makes it hold again."""

    target: str


@dataclass(frozen=True, slots=True)
class Forget:
    """Nothing is to be known of this person, for ever: all that is said of this key is void. No undo."""

    person: str


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Stands where a decision stood that was about a forgotten person; says nothing."""


Act: TypeAlias = (
    Assign | Reject | NotAFace | Ignore | Merge | Split | Rename | Hide | Undo | Forget | Forgotten
)


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


def folded(name: str) -> str:
    """What two names have in common that are the same but for case and composition.

    The source is the Unicode Standard, section 3.13, definition D145 (canonical caseless match).
    """
    return unicodedata.normalize("NFD", unicodedata.normalize("NFD", name).strip().casefold())


def faces_of(act: Act) -> tuple[FaceKey, ...]:
    """The faces that an act is about; none where it is about persons or decisions."""
    return act.faces if isinstance(act, Assign | Reject | NotAFace | Ignore | Split) else ()


def persons_of(act: Act) -> tuple[str, ...]:
    """Keys of the persons that an act is about."""
    match act:
        case Assign() | Reject() | Rename() | Hide() | Forget():
            return (act.person,)
        case Merge() | Split():
            return (act.person, act.other)
        case NotAFace() | Ignore() | Undo() | Forgotten():
            return ()


def without(
    act: Act, persons: Collection[str], is_forgotten: Callable[[FaceKey], bool] = lambda _: False
) -> Act:
    """What is left of an act when persons and faces are forgotten; what it says of others stays.

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
