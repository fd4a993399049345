"""What a check finds: one fault a finding, with what repair would do about it. Values only."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

_NAMED = 5
"""So many of the things that are wrong are named; of the others the number is enough."""


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
    """A few of the things that are wrong, for a message."""
    shown = ", ".join(str(each) for each in values[:_NAMED])
    return shown if len(values) <= _NAMED else f"{shown}, ..."
