"""Reads what the pages of people show from the library."""

from typing import TYPE_CHECKING

from faceindex.library import Library
from faceindex.naming.decide import Decided
from faceindex.web.tiles import (
    UNDATED,
    Beside,
    FaceTile,
    Groups,
    Head,
    Heading,
    Year,
    age_in,
    face_tile,
    grouped,
)
from index.decisions.model import Assign
from index.people.persons import Person

if TYPE_CHECKING:
    from faceindex.browsing.faces import FaceOrder, FaceState, Years

_BESIDE = 12
"""Other persons shown on the page of a person."""


def person_head(library: Library, person: Person, years: "Years") -> Head:
    """Read what the page of a person says first."""
    (tile,) = library.lists.tiles_of(person)
    first_to_last = [each.year for each in years.years[::-1]]
    span = (
        f"{first_to_last[0]} to {first_to_last[-1]}"
        if len(first_to_last) > 1
        else "".join(map(str, first_to_last))
    )
    return Head(tile.confirmed, tile.recognised, tile.portrait, span)


def strip_of(years: "Years") -> tuple[Year, ...]:
    """Return the years that the page of a person leads to."""
    strip = [Year(str(each.year), str(each.year), each.faces, each.age) for each in years.years]
    if years.undated:
        strip.append(Year("0", UNDATED, years.undated, None))
    return tuple(strip)


def person_faces(
    library: Library,
    person: Person,
    order: "FaceOrder" = "date",
    state: "FaceState | None" = None,
    year: int | None = None,
    after: str | None = None,
    last: str | None = None,
) -> Groups[FaceTile]:
    """Read a part of the faces of a person: by date below their years."""
    page = library.lists.faces(person, order=order, state=state, year=year, after=after)
    if order == "similarity":
        last = UNDATED
    headed = []
    for each in page.items:
        taken = each.taken_at
        heading = Heading(UNDATED)
        if order == "date" and taken is not None:
            heading = Heading(str(taken.year), age_in(taken.year, person.born))
        headed.append((heading, face_tile(each)))
    return grouped(headed, page.total, page.after, last)


def beside(library: Library, person: Person) -> tuple[Beside, ...]:
    """Read who is in photos with a person."""
    found = library.people.seen_with(person, _BESIDE)
    tiles = library.lists.tiles_of(*(each.person for each in found))
    return tuple(
        Beside(tile.person, tile.portrait, each.photos) for each, tile in zip(found, tiles, strict=True)
    )


def person_of(library: Library, done: Decided) -> Person:
    """Return whom a decision assigns faces to, by its present name."""
    act = done.decision.act
    if not isinstance(act, Assign):
        raise TypeError(f"{act.kind} assigns no faces")
    return library.people.by_key(act.person)
