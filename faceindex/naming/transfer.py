"""What is done with all that was decided: take over another journal, or erase a person for good."""

import os

from faceindex.errors import BadRequest
from faceindex.naming.decide import regroup
from faceindex.paths import AnyPath
from faceindex.session import Session
from index.people.queries import PeopleQueries, PersonSummary
from index.privacy.forget import Erased, purge
from index.privacy.forget import forget as erase
from index.privacy.journal_merge import Imported, import_lines


def import_journal(session: Session, file: AnyPath) -> Imported:
    """Take over the decisions of a journal file; nothing of a file with a line that makes no sense."""
    try:
        with open(file, "rb") as opened:
            lines = opened.read().splitlines()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise BadRequest(f"{os.fsdecode(file)} cannot be read: {reason}.") from error
    imported = import_lines(session.database, lines)
    if imported.erased_faces:
        purge(session.database)
    regroup(session)
    return imported


def summary(session: Session, name: str) -> PersonSummary:
    """A person, and how many faces it has."""
    people = PeopleQueries(session.database)
    person = people.named(name)
    return next(each for each in people.summaries() if each.person == person)


def forget(session: Session, name: str) -> Erased:
    """Erase a person for good; see ``index.privacy.forget``."""
    erased = erase(session.database, PeopleQueries(session.database).named(name).key)
    regroup(session)
    return erased
