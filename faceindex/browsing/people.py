"""Lists persons, by name or by the number of their faces, and finds them by the beginnings of their names."""

from collections.abc import Callable, Iterable, Sequence
from typing import Literal, TypeAlias

from faceindex.browsing.pages import Page, Ranked, cut
from faceindex.session import Session
from index.people.face_counts import FaceCounts, count_faces
from index.people.name_search import order_key
from index.people.person_tiles import PersonTile, count_some, read_portraits
from index.people.persons import Person, PersonName

PersonOrder: TypeAlias = Literal["name", "faces"]


def page_of_people(
    session: Session, search: str, order: PersonOrder, *, hidden: bool, after: str | None, most: int
) -> Page[PersonTile]:
    """Return a page of the persons who are found; see ``faceindex.lists``."""
    key = ("people", search, order, hidden)
    page = cut(session.kept.get(key, lambda: _ranked(session, search, order, hidden)), after, most)
    return page.of(person_tiles(session, page.items))


def person_tiles(session: Session, persons: Iterable[Person]) -> tuple[PersonTile, ...]:
    """Read what shows some persons, in this order."""
    chosen = tuple(persons)
    ids = [each.id for each in chosen]
    with session.database.read() as connection:
        counts, portraits = count_some(connection, ids), read_portraits(connection, ids)
    return tuple(PersonTile(each, *counts.get(each.id, (0, 0)), portraits.get(each.id)) for each in chosen)


def tiles_of(session: Session, names: Sequence[PersonName]) -> tuple[PersonTile, ...]:
    """Read what shows the persons of these names."""
    return person_tiles(session, [session.people.named(each) for each in names])


def named_like(session: Session, text: str, most: int, *, hidden: bool) -> tuple[Person, ...]:
    """Return the persons whom a text may name: those with most faces first, then by name."""
    persons = session.people.persons()
    counts = _counts(session)
    found = [persons.by_id[each] for each in persons.search.beginning_with(text)]
    shown = [each for each in found if hidden or not each.hidden]
    return tuple(sorted(shown, key=_by_faces(counts))[:most])


def _ranked(session: Session, search: str, order: PersonOrder, hidden: bool) -> Ranked[Person]:
    persons = session.people.persons()
    found = persons.search.beginning_with(search) if search.strip() else persons.by_id
    shown = [each for each in (persons.by_id[one] for one in found) if hidden or not each.hidden]
    return Ranked.by(shown, _by_name if order == "name" else _by_faces(_counts(session)))


def _counts(session: Session) -> dict[int, FaceCounts]:
    def read() -> dict[int, FaceCounts]:
        with session.database.read() as connection:
            return count_faces(connection)

    return session.kept.get("counts of faces", read)


def _by_name(person: Person) -> tuple[str, str, int]:
    return *order_key(person.name), person.id


def _by_faces(counts: dict[int, FaceCounts]) -> Callable[[Person], tuple[int, str, str, int]]:
    def key(person: Person) -> tuple[int, str, str, int]:
        found = counts.get(person.id)
        return -(found.confirmed + found.recognised) if found else 0, *_by_name(person)

    return key
