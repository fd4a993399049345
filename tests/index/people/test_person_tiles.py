"""Which face is shown for a person."""

from sqlalchemy import update

from index.decisions.journal import Journal
from index.decisions.model import Portrait
from index.people.person_tiles import read_portraits
from index.people.queries import PeopleQueries
from index.store.schema import recognised
from index.store.store import Store
from tests.index.journals import ANNA, BEN, assign, keys
from tests.index.people.test_queries import recognise


def shown(store: Store, people: PeopleQueries) -> dict[str, int]:
    names = {each.id: each.name for each in people.everyone().values()}
    with store.read() as connection:
        return {names[each]: face_id for each, face_id in read_portraits(connection, list(names)).items()}


def test_the_face_that_was_chosen_is_shown(journal: Journal, people: PeopleQueries, database: Store) -> None:
    journal.append_all([assign(ANNA, 0, 2, 4), assign(BEN, 1)])
    assert shown(database, people) == {"Anna": 1, "Ben": 2}
    journal.append(Portrait(keys(4), ANNA))
    assert shown(database, people) == {"Anna": 5, "Ben": 2}
    journal.append(Portrait(keys(2), ANNA))
    assert shown(database, people) == {"Anna": 3, "Ben": 2}
    journal.append(assign(BEN, 2))
    assert shown(database, people) == {"Anna": 1, "Ben": 2}
    journal.undo(4)
    journal.undo(5)
    assert shown(database, people) == {"Anna": 5, "Ben": 2}


def test_a_chosen_face_that_is_recognised_as_somebody_else_since_is_not_shown(
    journal: Journal, people: PeopleQueries, database: Store
) -> None:
    journal.append_all([assign(ANNA, 0), assign(BEN, 1)])
    recognise(database, people.named("Anna"), f6=0.8)
    journal.append(Portrait(keys(5), ANNA))
    assert shown(database, people) == {"Anna": 6, "Ben": 2}
    with database.write() as connection:
        connection.execute(update(recognised).values(person_id=people.named("Ben").id))
    assert shown(database, people) == {"Anna": 1, "Ben": 2}
