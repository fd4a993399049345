"""The persons of a library: what each is called, and whom a name or a key means."""

from collections.abc import Iterable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, TypeAlias

from sqlalchemy import Connection, select

from index.decisions.excerpt import Excerpt
from index.decisions.model import folded
from index.store.schema import person


@dataclass(frozen=True, slots=True)
class Person:
    """A person that the library knows.

    Attributes:
        id: Its row, stable as long as the person is known.
        key: Identifies the person in every library, 32 hexadecimal digits.
        name: For users; if another person has had the same name for longer, a number follows, as in
            ``Anna (2)``.
        hidden: Left out of lists.
        born: The day, month or year of birth in ISO 8601, as 2010-05-17, 2010-05 or 2010, if it is known.
    """

    id: int
    key: str
    name: str
    hidden: bool
    born: str | None = None


PersonName: TypeAlias = str | Person
"""The name of a person in any case, or the person as it was read before, who is found by its key."""


def read_everyone(connection: Connection) -> dict[int, Person]:
    """Read all persons by id, each with a unique name."""
    return listed(connection.execute(select(person)).all())


def listed(rows: Iterable[Any]) -> dict[int, Person]:
    """Give all persons, rows of ``person``, unique names; by id."""
    persons: dict[int, Person] = {}
    taken: set[str] = set()
    for row in sorted(rows, key=attrgetter("named", "id")):
        name, number = row.name, 1
        while (seen := folded(name)) in taken:
            number += 1
            name = f"{row.name} ({number})"
        taken.add(seen)
        persons[row.id] = Person(row.id, row.key, name, row.hidden, row.born)
    return dict(sorted(persons.items()))


def current_key(connection: Connection, key: str) -> str | None:
    """Return the key of the person that a key means now, after merges; ``None`` if it means nobody."""
    excerpt = Excerpt(connection)
    excerpt.add_persons([key])
    found = excerpt.replay().person(key)
    return None if found is None else found.key
