"""Changes the journal of decisions itself: takes decisions back, and adds those of another journal."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

from faceindex.errors import BadRequest
from faceindex.naming.decide import read_said, regroup
from faceindex.paths import AnyPath
from faceindex.session import Session
from index.decisions.journal import Journal
from index.decisions.log import LoggedDecision
from index.decisions.model import Decision
from index.people.overruled import Renamed, renamed
from index.privacy.forget import purge
from index.privacy.journal_merge import Imported, import_lines


@dataclass(frozen=True, slots=True)
class Undone:
    """A decision that was taken back.

    Attributes:
        logged: The decision; ``undone_by`` is the number of its undo.
        about: If the decision is an undo itself, the one that it is about in the end, which holds again if it
            is active.
        renamed: Persons who are listed by another name now.
        more: Other decisions that were taken back together with it.
    """

    logged: LoggedDecision
    about: LoggedDecision | None
    renamed: tuple[Renamed, ...]
    more: tuple[LoggedDecision, ...] = ()

    @property
    def decision(self) -> Decision:
        """The decision itself."""
        return self.logged.decision

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of the undos, to take them back together."""
        return tuple(each.undone_by for each in (self.logged, *self.more) if each.undone_by is not None)


def undo(session: Session, *numbers: int) -> Undone:
    """Take decisions back together; by default the last one in force."""
    before = read_said(session)
    undone, *more = session.journal.undo_all(numbers) if numbers else [session.journal.undo()]
    changed = renamed(before, read_said(session))
    regroup(session)
    return Undone(undone, _about(undone, session.journal), changed, tuple(more))


def _about(undone: LoggedDecision, journal: Journal) -> LoggedDecision | None:
    """Follow an undo to the decision at the end of the undos; ``None`` for another decision."""
    seen, about = {undone.decision.id}, undone
    while about.undoes is not None and about.undoes not in seen:
        seen.add(about.undoes)
        about = journal.logged(about.undoes)
    return about if len(seen) > 1 else None


def read_journal(file: AnyPath) -> list[bytes]:
    """Read the lines of a journal file, which may be a pipe."""
    try:
        with open(file, "rb") as opened:
            return opened.read().splitlines()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise BadRequest(f"{os.fsdecode(file)} cannot be read: {reason}.") from error


def import_journal(session: Session, lines: Sequence[bytes]) -> Imported:
    """Add the decisions in lines of a journal file; none if a line is invalid."""
    imported = import_lines(session.database, lines)
    if imported.erased_faces:
        purge(session.database)
    regroup(session)
    return imported
