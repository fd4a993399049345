"""Whom a name or a key means, whatever was merged, renamed or taken back since."""

import pytest

from index.decisions.journal import Journal
from index.decisions.model import Assign, Merge, Rename, new_key
from index.errors import PersonUnknown
from index.people.queries import PeopleQueries
from index.privacy.forget import forget
from index.store.store import Store
from tests.index.journals import ANNA, BEN, CARL, assign, keys


def test_a_key_means_the_person_that_it_became(journal: Journal, people: PeopleQueries) -> None:
    journal.append_all([assign(ANNA, 0), assign(BEN, 1), assign(CARL, 2)])
    assert people.by_key(BEN).name == "Ben"
    merge = journal.append(Merge(ANNA, BEN))
    assert people.by_key(BEN).key == ANNA
    journal.append(Merge(CARL, ANNA))
    assert {people.by_key(each).key for each in (ANNA, BEN, CARL)} == {CARL}
    journal.undo()
    journal.undo(merge.id)
    assert [people.by_key(each).key for each in (ANNA, BEN, CARL)] == [ANNA, BEN, CARL]


def test_a_person_is_found_by_its_key_whatever_its_name_is_now(
    journal: Journal, people: PeopleQueries
) -> None:
    journal.append_all([assign(ANNA, 0), Assign(keys(1), BEN, "Anna")])
    second = people.named("Anna (2)")
    assert second.key == BEN
    journal.append(Rename(ANNA, "Anne"))
    assert people.named("Anna").key == BEN
    assert people.named(second) == people.by_key(BEN)
    assert people.summary(second).confirmed == 1
    journal.append(Merge(ANNA, BEN))
    assert people.named(second).name == "Anne"


def test_a_key_that_means_nobody_is_refused(journal: Journal, people: PeopleQueries, database: Store) -> None:
    journal.append_all([assign(ANNA, 0), assign(BEN, 1), Merge(ANNA, BEN)])
    anna = people.named("Anna")
    forget(database, ANNA)
    for each in (ANNA, BEN, new_key(), "no key"):
        with pytest.raises(PersonUnknown, match=f"nobody is called {each}"):
            people.by_key(each)
    with pytest.raises(PersonUnknown, match="nobody is called Anna"):
        people.named(anna)
