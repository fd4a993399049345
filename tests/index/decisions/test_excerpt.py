"""An excerpt says of its faces and persons what the whole journal says, whatever the journal is."""

from collections.abc import Iterator, Set
from dataclasses import astuple
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from index.decisions.derived_tables import read_state
from index.decisions.excerpt import Excerpt
from index.decisions.journal_rows import append_decisions
from index.decisions.model import Apart, Decision, Merge, Rename, Undo
from index.decisions.same_faces import SameFace, add_same_faces
from index.store.opening import create_store
from index.store.schema import decision
from index.store.store import Store
from tests.index.builders import digest_of
from tests.index.journals import ANNA, BEN, CARL, KEYS, assign, journal, journals, key, uid


@pytest.fixture(scope="module")
def linked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library whose first two contents show one face certainly, and perhaps another one."""
    path = tmp_path_factory.mktemp("linked") / "library.sqlite3"
    with create_store(path) as store, store.write() as connection:
        pairs = [SameFace(key(1), key(2), 0.9, certain=True), SameFace(key(0), key(3), 0.4, certain=False)]
        add_same_faces(connection, pairs)
    return path


@pytest.fixture(scope="module")
def store(linked: Path) -> Iterator[Store]:
    with create_store(linked) as store:
        yield store


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(journals(), st.sets(st.sampled_from(KEYS)), st.sets(st.integers(0, 2)))
@example(
    journal(assign(ANNA, 0), assign(BEN, 1), Merge(ANNA, BEN), Merge(CARL, BEN), Undo(uid(3))), {CARL}, {0}
)
@example(journal(assign(ANNA, 0), assign(BEN, 1), Apart(ANNA, BEN), Merge(CARL, BEN)), {ANNA}, set())
@example(journal(assign(ANNA, 0), Undo(uid(1)), Rename(ANNA, "Anne"), assign(ANNA, 1)), {ANNA}, set())
def test_it_says_what_the_whole_journal_says(
    store: Store, decisions: list[Decision], persons: Set[str], contents: Set[int]
) -> None:
    with store.write() as connection:
        connection.execute(delete(decision))
        append_decisions(connection, decisions)
        whole, excerpt = read_state(connection), Excerpt(connection)
        excerpt.add_persons(persons)
        excerpt.add_contents(digest_of(f"content {number}") for number in contents)
        part = excerpt.replay().state()
    for who in excerpt.persons:
        one, other = part.person(who), whole.person(who)
        assert (one and astuple(one)) == (other and astuple(other))
        assert {pair: number for pair, number in part.apart.items() if who in pair} == {
            pair: number for pair, number in whole.apart.items() if who in pair
        }
    for face in {*whole.verdicts, *whole.rejections, *part.verdicts, *part.rejections}:
        if face.digest in excerpt.contents:
            assert part.verdicts.get(face) == whole.verdicts.get(face)
            assert part.rejections.get(face) == whole.rejections.get(face)
