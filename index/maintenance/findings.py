"""What a check finds: each finding is one fault, with what a repair would do about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

_NAMED = 5
"""At most so many of the faulty things are named."""


class FindingKind(StrEnum):
    """What is at fault."""

    DATABASE = "database"
    REFERENCES = "references"
    FACES = "faces"
    DESCRIPTORS = "descriptors"
    JOURNAL = "journal"
    INDEX = "index"
    PERMISSIONS = "permissions"


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault of a library.

    Attributes:
        kind: What is at fault.
        message: What is wrong, in one line without a full stop.
        remedy: What repair would do, likewise.
    """

    kind: FindingKind
    message: str
    remedy: str


def named(values: Sequence[object]) -> str:
    """A few of the faulty things, for a message."""
    shown = ", ".join(str(each) for each in values[:_NAMED])
    return shown if len(values) <= _NAMED else f"{shown}, ..."
