"""Finds the photos that show persons, together or alone, by when they were taken.

This module prints nothing and writes nothing.
"""

import calendar
import re
from dataclasses import dataclass
from datetime import date

from faceindex.errors import BadRequest
from faceindex.session import Session
from index.people.photo_search import FoundPhoto, PhotoFilter, find_photos
from index.people.queries import PeopleQueries

_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")


@dataclass(frozen=True, slots=True)
class PhotoQuery:
    """Which photos are wanted.

    Attributes:
        names: Of persons who are all in the photo; at least one.
        without: Names of persons none of whom is.
        only: Nobody else is in it.
        since: Taken on this day or later; a year, a month or a day, as in 2019-07.
        until: Taken on this day or earlier.
        hidden: Hidden persons may be asked for.
    """

    names: tuple[str, ...]
    without: tuple[str, ...] = ()
    only: bool = False
    since: str | None = None
    until: str | None = None
    hidden: bool = False


def find(session: Session, query: PhotoQuery) -> tuple[FoundPhoto, ...]:
    """The photos that are wanted, by the time they were taken, then by path; missing ones are left out.

    Raises:
        BadRequest: Nobody has one of the names, or has it hidden, or a date is none.
    """
    since = None if query.since is None else first_day(query.since)
    until = None if query.until is None else last_day(query.until)
    if since is not None and until is not None and since > until:
        raise BadRequest(f"No photo can be taken since {since} and until {until}: check the two dates.")
    people = PeopleQueries(session.database)
    return find_photos(
        session.database,
        PhotoFilter(
            persons=tuple(_person(people, name, query) for name in query.names),
            without=tuple(_person(people, name, query) for name in query.without),
            only=query.only,
            since=since,
            until=until,
        ),
    )


def first_day(text: str) -> date:
    """The first day of a year, a month or a day, as in 2019, 2019-07 or 2019-07-14.

    Raises:
        BadRequest: It is none.
    """
    return _day(text, last=False)


def last_day(text: str) -> date:
    """The last day of a year, a month or a day; see ``first_day``."""
    return _day(text, last=True)


def _day(text: str, *, last: bool) -> date:
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


def _person(people: PeopleQueries, name: str, query: PhotoQuery) -> int:
    person = people.named(name)
    if person.hidden and not query.hidden:
        raise BadRequest(f"{person.name} is hidden: to find hidden persons, add --hidden.")
    return person.id
