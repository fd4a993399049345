"""The persons of a library: what each is called, and whom a name or a key means."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from typing import Any, TypeAlias

from sqlalchemy import Connection, func, select

from index.decisions.excerpt import Excerpt
from index.decisions.names import folded
from index.people.name_search import NameSearch
from index.store.schema import decision, person


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


@dataclass(frozen=True, eq=False)
class Persons:
    """All persons of a library at one moment, by rising id; ``own_names`` are those without a number."""

    by_id: Mapping[int, Person]
    own_names: Mapping[int, str]

    @cached_property
    def by_key(self) -> Mapping[str, Person]:
        """The persons by key."""
        return {each.key: each for each in self.by_id.values()}

    @cached_property
    def by_name(self) -> Mapping[str, Person]:
        """The persons by name, as ``folded`` makes it."""
        return {folded(each.name): each for each in self.by_id.values()}

    @cached_property
    def search(self) -> NameSearch:
        """Finds persons, by id, by the beginnings of the words of their names; and puts them in order."""
        return NameSearch({each.id: each.name for each in self.by_id.values()})


@dataclass(slots=True, eq=False)
class KnownPersons:
    """Reads the persons of a library, and keeps them until a decision may have changed them: no scan does.

    Threads share it. Only for transactions that read: what one wrote may be rolled back.
    """

    _kept: tuple[tuple[int, ...], Sequence[Any], Persons] | None = None

    def read(self, connection: Connection) -> Persons:
        """Return the persons that a transaction sees: the same object where nothing is different."""
        seen, kept = tuple(connection.execute(_WHAT_CHANGES).one()), self._kept
        if kept is not None and kept[0] == seen:
            return kept[2]
        rows = connection.execute(_ALL).all()
        persons = kept[2] if kept is not None and kept[1] == rows else listed(rows)
        self._kept = seen, rows, persons
        return persons


def listed(rows: Iterable[Any]) -> Persons:
    """Give all persons, rows of ``person``, unique names."""
    persons: dict[int, Person] = {}
    names: dict[int, str] = {}
    taken: set[str] = set()
    for row in sorted(rows, key=attrgetter("named", "id")):
        name, number = row.name, 1
        while (seen := folded(name)) in taken:
            number += 1
            name = f"{row.name} ({number})"
        taken.add(seen)
        persons[row.id] = Person(row.id, row.key, name, row.hidden, row.born)
        names[row.id] = row.name
    return Persons(dict(sorted(persons.items())), names)


def current_key(connection: Connection, key: str) -> str | None:
    """Return the key of the person that a key means now, after merges; ``None`` if it means nobody."""
    excerpt = Excerpt(connection)
    excerpt.add_persons([key])
    found = excerpt.replay().person(key)
    return None if found is None else found.key


_ALL = select(person)  # made once: building a statement takes longer than SQLite takes for it

_WHAT_CHANGES = select(
    select(func.coalesce(func.max(decision.c.id), 0)).scalar_subquery(),
    select(func.coalesce(func.max(person.c.id), 0)).scalar_subquery(),
    select(func.count()).select_from(person).scalar_subquery(),
)
"""Says whether persons may have changed: each decision, also an undo, has a number above all before it."""
