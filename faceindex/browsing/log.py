"""Reads the log page by page, with some of the faces that each decision is about."""

from collections.abc import Sequence
from dataclasses import dataclass

from faceindex.session import Session
from index.decisions.log import LoggedDecision
from index.decisions.model import faces_of
from index.values import FaceRecord


@dataclass(frozen=True, slots=True, eq=False)
class LogEntry:
    """A decision, and the first of the faces that it names that photos still show."""

    logged: LoggedDecision
    faces: tuple[FaceRecord, ...]


@dataclass(frozen=True, slots=True, eq=False)
class LogPage:
    """A part of the log, the newest decision first; the next part is ``before`` a number, if there is one."""

    entries: tuple[LogEntry, ...]
    before: int | None


def log_page(session: Session, before: int | None, most: int, faces: int) -> LogPage:
    """Read the newest decisions, or those before a number: at most so many, with so many faces each."""
    found = session.journal.decisions(most + 1, before)[::-1]
    shown = found[:most]
    entries = zip(shown, _faces(session, shown, faces), strict=True)
    last = shown[-1].decision.id if len(found) > most else None
    return LogPage(tuple(LogEntry(logged, records) for logged, records in entries), last)


def _faces(session: Session, shown: Sequence[LoggedDecision], most: int) -> list[tuple[FaceRecord, ...]]:
    keys = [faces_of(each.decision.act)[:most] for each in shown]
    ids = session.journal.faces_at({key for each in keys for key in each})
    records = session.catalog.faces(sorted(set(ids.values())))
    known = ([ids[key] for key in each if key in ids] for each in keys)
    return [
        tuple(records[face_id] for face_id in dict.fromkeys(each) if face_id in records) for each in known
    ]
