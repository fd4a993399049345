"""The journal of a real library: appended to, undone, found again, taken to another library."""

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update

from index.decisions.journal import Journal
from index.decisions.model import (
    Act,
    Apart,
    Assign,
    Decision,
    Forget,
    Hide,
    Ignore,
    Merge,
    NotAFace,
    Reject,
    Rename,
    Split,
    Undo,
    new_key,
)
from index.decisions.replay import State, replay
from index.decisions.same_faces import SameFaces
from index.errors import DecisionRefused, LibraryDamaged
from index.people.queries import PeopleQueries
from index.photos.catalog import Catalog
from index.store.opening import create_store
from index.store.read_again import read_again
from index.store.schema import apart, content, face, person, rejection, verdict
from index.store.store import Store
from tests.index.builders import MODEL, known, make_file
from tests.index.conftest import NOW
from tests.index.journals import (
    ANNA,
    BEN,
    CARL,
    DORA,
    acts,
    assign,
    import_into,
    key,
    keys,
    said,
    scan,
    split,
    uid,
)


def test_a_decision_is_kept_and_has_its_effect_at_once(journal: Journal, people: PeopleQueries) -> None:
    faces = journal.face_keys([1, 4])
    made = journal.append(Assign(faces, ANNA, " Zoe\u0301 "))
    assert made == Decision(1, made.uid, NOW, Assign(faces, ANNA, "Zo\u00e9"))
    assert [each.decision for each in journal.decisions()] == [made]
    assert said(people) == {1: "Zo\u00e9", 4: "Zo\u00e9"}
    assert people.statuses([1])[1].decision_id == 1
    assert journal.append(Ignore(journal.face_keys([4]))).id == 2
    assert said(people) == {1: "Zo\u00e9", 4: "ignored"}


def test_a_known_person_needs_no_name(journal: Journal) -> None:
    journal.append(assign(ANNA, 0))
    journal.append(Rename(ANNA, "Anne"))
    assert journal.append(Assign(keys(1), ANNA, None)).act == Assign(keys(1), ANNA, "Anne")


def test_a_face_that_is_not_in_the_library_can_be_decided_about_but_not_named_by_id(journal: Journal) -> None:
    journal.append(assign(ANNA, 0, 77))
    assert journal.state().faces_of(ANNA) == keys(0, 77)
    with pytest.raises(DecisionRefused, match="no face 78"):
        journal.face_keys([1, 78])


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        (Assign((), ANNA, "Anna"), "no face"),
        (Assign(keys(0), CARL, None), "needs a name"),
        (Assign(keys(0), "Carl", "Carl"), "32 hexadecimal digits"),
        (Assign(keys(0), CARL, " "), "empty"),
        (Assign(keys(0), CARL, "Ca\x07rl"), r"U\+0007"),
        (Reject((), ANNA), "no face"),
        (Reject(keys(0), CARL), "no person has the key"),
        (Ignore(()), "no face"),
        (NotAFace(()), "no face"),
        (Merge(ANNA, CARL), "no person has the key"),
        (Merge(ANNA, ANNA), "with itself"),
        (Apart(ANNA, CARL), "no person has the key"),
        (Apart(BEN, BEN), "be two"),
        (Split(keys(0), BEN, ANNA, "Ben"), "taken"),
        (Split(keys(0), CARL, new_key(), "Carl"), "no person has the key"),
        (Rename(CARL, "Karl"), "no person has the key"),
        (Rename(ANNA, ""), "empty"),
        (Hide(CARL), "no person has the key"),
        (Undo(uid(1)), "methods of their own"),
        (Forget(ANNA), "methods of their own"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(
    journal: Journal, people: PeopleQueries, act: Act, reason: str
) -> None:
    journal.append_all([assign(ANNA, 0), assign(BEN, 1)])
    before, decided = said(people), journal.decisions()
    with pytest.raises(DecisionRefused, match=reason) as refused:
        journal.append_all([assign(ANNA, 3), act])
    assert "\n" not in str(refused.value)
    assert (said(people), journal.decisions()) == (before, decided)


def test_people_merged_count_as_one(journal: Journal, people: PeopleQueries) -> None:
    journal.append_all([assign(ANNA, 0), assign(BEN, 1), Merge(ANNA, BEN)])
    with pytest.raises(DecisionRefused, match="with itself"):
        journal.append(Merge(BEN, ANNA))
    journal.append(Assign(keys(2), BEN, None))
    assert said(people) == {1: "Anna", 2: "Anna", 3: "Anna"}


def test_undo_goes_back_step_by_step(journal: Journal, people: PeopleQueries) -> None:
    journal.append_all([assign(ANNA, 0), assign(BEN, 0), Reject(keys(1), BEN)])
    assert journal.undo().decision.id == 3
    assert said(people) == {1: "Ben"}
    undone = journal.undo()
    assert (undone.decision.id, undone.active, undone.undone_by) == (2, False, 5)
    assert said(people) == {1: "Anna"}
    assert journal.undo().decision.id == 1
    assert said(people) == {}
    with pytest.raises(DecisionRefused, match="no decision left"):
        journal.undo()


def test_undo_of_a_number_and_of_an_undo(journal: Journal, people: PeopleQueries) -> None:
    journal.append_all([assign(ANNA, 0), assign(BEN, 1)])
    journal.undo(1)
    assert said(people) == {2: "Ben"}
    with pytest.raises(DecisionRefused, match="undone already"):
        journal.undo(1)
    assert journal.undo(3).decision.act == Undo(journal.decisions()[0].decision.uid)
    assert said(people) == {1: "Anna", 2: "Ben"}
    with pytest.raises(DecisionRefused, match="no decision 9"):
        journal.undo(9)


def test_persons_keep_their_rows_as_long_as_they_are_known(journal: Journal, people: PeopleQueries) -> None:
    journal.append_all([assign(ANNA, 0), assign(BEN, 1)])
    before = {each.key: each.id for each in people.everyone().values()}
    journal.append_all([Rename(ANNA, "Anne"), Hide(BEN), split(CARL, ANNA, 0)])
    after = {each.key: each for each in people.everyone().values()}
    assert {who: after[who].id for who in before} == before
    assert (after[ANNA].name, after[BEN].hidden) == ("Anne", True)
    journal.append(Merge(BEN, ANNA))
    assert ANNA not in [each.key for each in people.everyone().values()]
    journal.undo()
    (again,) = (each for each in people.everyone().values() if each.key == ANNA)
    assert again.id not in before.values()  # the number of a row is never used twice


def test_who_has_a_name_keeps_it_when_somebody_else_gets_it_back(
    journal: Journal, people: PeopleQueries
) -> None:
    journal.append_all([assign(ANNA, 0), Rename(ANNA, "Anne"), Assign(keys(1), BEN, "anna")])
    journal.undo(2)
    assert said(people) == {1: "Anna (2)", 2: "anna"}
    journal.append_all(
        [Rename(BEN, "Ben"), assign(CARL, 2), Merge(ANNA, CARL), Assign(keys(3), DORA, "Carl")]
    )
    assert said(people) == {1: "Anna", 2: "Ben", 3: "Anna", 4: "Carl"}
    journal.undo(7)
    assert said(people) == {1: "Anna", 2: "Ben", 3: "Carl (2)", 4: "Carl"}


def test_the_log_has_the_names_of_then(journal: Journal) -> None:
    journal.append_all([assign(ANNA, 0), assign(BEN, 1), Rename(ANNA, "Anne"), Merge(BEN, ANNA)])
    journal.append(Rename(BEN, "Benedetta"))
    journal.undo(5)
    journal.append(Hide(BEN))
    log = journal.decisions()
    assert [(each.decision.id, each.person_name, each.other_name) for each in log] == [
        (1, "Anna", None),
        (2, "Ben", None),
        (3, "Anna", None),
        (4, "Ben", "Anne"),
        (5, "Ben", None),
        (6, None, None),
        (7, "Ben", None),
    ]
    assert [(each.active, each.undone_by) for each in log[3:6]] == [(True, None), (False, 6), (True, None)]


def test_a_journal_that_is_none_is_damage(journal: Journal, database: Store) -> None:
    journal.append(assign(ANNA, 0))
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE decision SET kind = 'adore'")
    with pytest.raises(LibraryDamaged, match=r"decision 1 cannot be read: .*'adore'"):
        journal.decisions()
    with pytest.raises(LibraryDamaged):
        journal.append(assign(BEN, 1))


def test_wrong_rows_are_counted_and_derived_again(
    journal: Journal, people: PeopleQueries, database: Store
) -> None:
    journal.append_all([assign(ANNA, 0), assign(BEN, 1), Reject(keys(2), ANNA)])
    assert journal.rederive() == {}
    with database.write() as connection:
        connection.execute(delete(verdict))
        connection.execute(update(person).where(person.c.key == BEN).values(name="Bob"))
    assert journal.rederive() == {"person": 1, "verdict": 2}
    assert said(people) == {1: "Anna", 2: "Ben", 3: "!Anna"}


def test_a_decision_beside_a_person_whose_row_is_lost_brings_it_back(
    journal: Journal, people: PeopleQueries, database: Store
) -> None:
    journal.append_all([assign(ANNA, 0), assign(BEN, 2)])
    with database.write() as connection:
        connection.execute(delete(person).where(person.c.key == ANNA))
    journal.append(Ignore(keys(1)))
    assert said(people) == {1: "Anna", 2: "ignored", 3: "Ben"}


def test_decisions_survive_a_move(
    journal: Journal, people: PeopleQueries, catalog: Catalog, photos: Path, tmp_path: Path
) -> None:
    journal.append(assign(ANNA, 0))
    (photos / "0.jpg").unlink()
    catalog.record([known(make_file(tmp_path / "moved" / "0.jpg"), "content 0")])
    assert said(people) == {1: "Anna"}


def test_decisions_find_the_boxes_of_another_detector(
    journal: Journal, people: PeopleQueries, database: Store, catalog: Catalog, photos: Path
) -> None:
    journal.append_all([assign(ANNA, 0), Ignore(keys(1)), Reject(keys(2), ANNA)])
    with database.write() as connection:  # as a check does that had faces found once more
        read_again(connection, list(connection.scalars(select(content.c.id))))
    assert said(people, 20) == {}
    scan(catalog, photos, shift=6.0)
    assert said(people, 20) == {7: "Anna", 8: "ignored", 9: "!Anna"}
    journal.append(Assign(journal.face_keys([8]), BEN, "Ben"))  # names the new box of a face that is known
    assert said(people, 20) == {7: "Anna", 8: "Ben", 9: "!Anna"}


def test_a_box_elsewhere_is_another_face(journal: Journal, people: PeopleQueries) -> None:
    journal.append(Assign((key(0, shift=25.0),), ANNA, "Anna"))
    assert said(people) == {}


STEPS = st.lists(st.one_of(acts(), acts(), st.integers(1, 12), st.none()), max_size=12)
"""Acts, and undos: of the decision with a number, or of the last one."""


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library to copy, with three photos and six faces."""
    folder = tmp_path_factory.mktemp("scanned")
    with create_store(folder / "library.sqlite3") as database:
        catalog = Catalog(database)
        catalog.choose_model(MODEL)
        scan(catalog, folder / "photos")
    return folder / "library.sqlite3"


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_whatever_is_decided_and_undone_the_library_says_what_replay_says(
    scanned: Path, steps: list[Act | int | None]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        copy, rebuilt = Path(folder, "library.sqlite3"), Path(folder, "rebuilt.sqlite3")
        shutil.copy(scanned, copy)
        shutil.copy(scanned, rebuilt)
        with create_store(copy) as database, create_store(rebuilt) as other:
            journal = Journal(database)
            for step in steps:
                take(journal, step)
            state = journal.state()
            decisions = [each.decision for each in journal.decisions()]
            assert replay(decisions, SameFaces()) == replay(decisions, SameFaces()) == state
            assert derived(database) == expected(database, state)

            import_into(Journal(other), journal.export_lines())
            assert Journal(other).state() == state
            assert derived(other) == expected(other, state)
            rows = whole(other)
            import_into(Journal(other), journal.export_lines())
            assert whole(other) == rows


def take(journal: Journal, step: Act | int | None) -> None:
    """Take a step, or leave things as they are where it makes no sense."""
    before = journal.state()
    try:
        if step is None or isinstance(step, int):
            journal.undo(step)
        else:
            journal.append(step)
    except DecisionRefused:
        assert journal.state() == before


def derived(database: Store) -> tuple[set[object], ...]:
    """The derived tables, with keys for ids."""
    with database.read() as connection:
        who = {row.id: row.key for row in connection.execute(select(person))}
        return (
            {(row.key, row.name, row.hidden) for row in connection.execute(select(person))},
            {
                (row.face_id, row.status, who.get(row.person_id), row.decision_id)
                for row in connection.execute(select(verdict))
            },
            {
                (row.face_id, who[row.person_id], row.decision_id)
                for row in connection.execute(select(rejection))
            },
            {
                (frozenset({who[row.person_id], who[row.other_id]}), row.decision_id)
                for row in connection.execute(select(apart))
            },
        )


def expected(database: Store, state: State) -> tuple[set[object], ...]:
    """What the derived tables must hold: a key is the face in its content that is nearest."""
    with database.read() as connection:
        rows = connection.execute(
            select(face.c.id, content.c.digest, face.c.x).join_from(face, content)
        ).all()
    ids = {
        each: min(
            (row for row in rows if row.digest == each.digest), key=lambda row: abs(row.x - each.box.x)
        ).id
        for each in (*state.verdicts, *state.rejections)
    }
    return (
        {(each.key, each.name, each.hidden) for each in state.persons.values()},
        {(ids[key], each.status, each.person, each.decision_id) for key, each in state.verdicts.items()},
        {
            (ids[key], who, number)
            for key, each in state.rejections.items()
            for who, number in each.items()
            if who in state.persons
        },
        {
            (frozenset(pair), number)
            for pair, number in state.apart.items()
            if state.persons.keys() >= set(pair)
        },
    )


def whole(database: Store) -> list[str]:
    """Every row of every table."""
    with database.read() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        return list(raw.iterdump())
