"""Finds the photos that show persons, together or alone, by when they were taken."""

import calendar
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from faceindex.errors import BadRequest
from faceindex.session import Session
from index.people.persons import Person, PersonName
from index.people.photo_search import FoundPhoto, PhotoFilter, count_undated, find_photos

if TYPE_CHECKING:
    from faceindex.asking.identifier import Identifier

_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")


@dataclass(frozen=True, slots=True)
class PhotoQuery:
    """Which photos to find; ``Library.find`` documents the fields."""

    names: tuple[PersonName, ...]
    without: tuple[PersonName, ...]
    only: bool
    since: str | None
    until: str | None
    hidden: bool


def find(
    session: Session, query: PhotoQuery, identifier: "Callable[[], Identifier] | None" = None
) -> tuple[FoundPhoto, ...]:
    """Find photos that are not missing; ``BadRequest`` for an unknown or hidden name or a wrong date.

    With an ``identifier`` also those that probably show the persons asked for.
    """
    since = None if query.since is None else parse_day(query.since, last=False)
    until = None if query.until is None else parse_day(query.until, last=True)
    if since is not None and until is not None and since > until:
        raise BadRequest(f"No photo can be taken since {since} and until {until}: check the two dates.")
    persons = tuple(each.id for each in persons_of(session, query))
    probable: dict[int, Sequence[int]] = {}
    if identifier is not None:
        from faceindex.asking.probable import probable_faces  # it brings what compares faces

        probable = {each: probable_faces(session, identifier, each) for each in persons}
    search = PhotoFilter(
        persons=persons,
        without=tuple(_person(session, name, query).id for name in query.without),
        only=query.only,
        since=since,
        until=until,
        probable=probable,
    )
    if undated := count_undated(session.database, search):
        session.listeners.note(_left_out(undated))
    return find_photos(session.database, search)


def persons_of(session: Session, query: PhotoQuery) -> tuple[Person, ...]:
    """Return the persons whom a query names; ``BadRequest`` for an unknown or hidden one."""
    return tuple(_person(session, name, query) for name in query.names)


def parse_day(text: str, *, last: bool) -> date:
    """Parse 2019, 2019-07 or 2019-07-14 as its first or ``last`` day; ``BadRequest`` for other text."""
    found = _DATE.fullmatch(text)
    try:
        if found is None:
            raise ValueError(text)
        year = int(found[1])
        month = int(found[2] or (12 if last else 1))
        day = int(found[3] or (calendar.monthrange(year, month)[1] if last else 1))
        return date(year, month, day)
    except ValueError as error:
        raise BadRequest(f"{text!r} is not a date: write 2019, 2019-07 or 2019-07-14.") from error


def _left_out(undated: int) -> str:
    have, are, them = ("has", "is", "it") if undated == 1 else ("have", "are", "them")
    return (
        f"{undated:,} more {have} no date, and {are} left out: leave out --since and --until to find {them}."
    )


def _person(session: Session, name: PersonName, query: PhotoQuery) -> Person:
    person = session.people.named(name)
    if person.hidden and not query.hidden:
        raise BadRequest(f"{person.name} is hidden: to find hidden persons, add --hidden.")
    return person
