"""The journal as a file: taken to another library, merged, malformed."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from index.decisions.journal import Journal
from index.decisions.journal_lines import from_lines, to_lines
from index.decisions.model import (
    Act,
    Assign,
    Born,
    Draw,
    FaceKey,
    Forget,
    Forgotten,
    Hide,
    Ignore,
    Merge,
    NotAFace,
    NotInPhoto,
    Portrait,
    Reject,
    Rename,
    Split,
    Undo,
    Unhide,
)
from index.decisions.tombstones import Tombstone
from index.errors import JournalMalformed
from index.people.queries import PeopleQueries
from index.photos.catalog import Catalog
from index.store.opening import create_store
from index.store.store import Store
from pipeline.values import Box, ModelId
from tests.index.builders import MODEL
from tests.index.journals import (
    ANNA,
    BEN,
    CARL,
    DORA,
    MADE_AT,
    assign,
    import_into,
    in_photo,
    key,
    keys,
    said,
    scan,
    uid,
)


@contextmanager
def another(
    folder: Path, shift: float = 0.0, model: ModelId = MODEL
) -> Iterator[tuple[Journal, PeopleQueries]]:
    """A library built anew from the same photos."""
    with create_store(folder / "another" / "library.sqlite3") as database:
        catalog = Catalog(database)
        catalog.choose_model(model)
        scan(catalog, folder / "photos elsewhere", shift=shift, model=model)
        yield Journal(database), PeopleQueries(database)


def test_a_library_built_anew_gets_its_names_back(
    journal: Journal, people: PeopleQueries, tmp_path: Path
) -> None:
    journal.append_all([assign(ANNA, 0, 2), assign(BEN, 1), Merge(ANNA, BEN), Rename(ANNA, "Anne")])
    journal.append_all([NotAFace(keys(3)), Reject(keys(4), ANNA), Hide(ANNA)])
    journal.undo(3)
    lines = list(journal.export_lines())
    with another(tmp_path, shift=-5.0, model=ModelId("facenet")) as (rebuilt, there):
        imported = import_into(rebuilt, lines)
        assert (imported.added, imported.known, imported.redacted, imported.erased_faces) == (8, 0, 0, 0)
        assert said(there) == said(people)
        assert rebuilt.state() == journal.state()
        assert rebuilt.decisions() == journal.decisions()
        assert rebuilt.undo(8).decision.id == 8  # numbers are the same in a library that had no others


def test_a_library_built_anew_gets_back_what_is_known_beyond_found_faces(
    journal: Journal, people: PeopleQueries, database: Store, tmp_path: Path
) -> None:
    drawn = FaceKey(key(0).digest, Box(400.0, 30.5, 40.0, 50.0))
    acts: list[Act] = [
        Draw((drawn,), ANNA, "Anna"),
        in_photo(BEN, 1, 2),
        NotInPhoto((key(2).digest,), BEN),
        Portrait((drawn,), ANNA),
        Born(ANNA, "2010-05"),
        Born(BEN, None),
    ]
    Journal(database, source="command line").append_all(acts)
    lines = list(journal.export_lines())
    assert all('"source":"command line"' in line for line in lines if '"uid"' in line)
    with another(tmp_path) as (rebuilt, there):
        assert import_into(rebuilt, lines).added == 6
        assert rebuilt.decisions() == journal.decisions()
        assert list(rebuilt.export_lines()) == lines
        assert [each.born for each in there.everyone().values()] == ["2010-05", None]
        assert {each.person and each.person.name for each in there.statuses([7]).values()} == {"Anna"}
        assert rebuilt.rederive() == {}
        assert import_into(rebuilt, lines).known == 6


def test_what_made_a_decision_is_one_line_however_it_was_written(journal: Journal) -> None:
    stamp = f'"uid":"{uid(1)}","made_at":"2024-05-06T07:08:09+00:00"'
    source = "a\\n\\u001bb " + "x" * 300
    import_into(journal, [f'{{{stamp},"kind":"hide","person":"{ANNA}","source":"{source}"}}'])
    (logged,) = journal.decisions()
    assert logged.decision.source == f"a b {'x' * 300}"[:200]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        (f'"kind":"born","person":"{ANNA}","date":"May"', "no day, month or year"),
        (f'"kind":"in-photo","person":"{ANNA}","name":"Anna","photos":[]', "it has no photos"),
        (f'"kind":"in-photo","person":"{ANNA}","name":"Anna","photos":["ab"]', "a digest is 32 bytes"),
        (f'"kind":"portrait","person":"{ANNA}"', "it has no faces"),
        (f'"kind":"embody","person":"{ANNA}"', "unknown kind of decision 'embody'"),
    ],
)
def test_what_is_no_fact_of_a_person_is_refused_with_its_line(
    journal: Journal, fields: str, reason: str
) -> None:
    with pytest.raises(JournalMalformed, match=reason):
        import_into(journal, [f'{{"uid":"{uid(1)}","made_at":"2024-05-06T07:08:09+00:00",{fields}}}'])


def test_importing_twice_changes_nothing(journal: Journal, database: Store, tmp_path: Path) -> None:
    journal.append_all([assign(ANNA, 0), assign(BEN, 1)])
    lines = [line + "\n" for line in journal.export_lines()]
    journal.undo(2)
    before = database.path.read_bytes()
    imported = import_into(journal, (line.encode() for line in lines))
    assert (imported.added, imported.known) == (0, 2)
    assert database.path.read_bytes() == before
    with another(tmp_path) as (rebuilt, _):
        assert import_into(rebuilt, [*lines, "\n", *lines]).added == 2
        assert import_into(rebuilt, lines).known == 2
        assert len(rebuilt.decisions()) == 2


def test_two_libraries_can_be_brought_together(
    journal: Journal, people: PeopleQueries, tmp_path: Path
) -> None:
    journal.append_all([assign(ANNA, 0), assign(BEN, 3)])
    with another(tmp_path) as (rebuilt, there):
        rebuilt.append(Assign(keys(1), CARL, "anna"))
        rebuilt.append(Assign(keys(3), CARL, None))
        import_into(rebuilt, journal.export_lines())
        # Two of one name both live, and what is imported is the later word.
        assert said(there) == {1: "Anna (2)", 2: "anna", 4: "Ben"}
        import_into(journal, rebuilt.export_lines())
    assert said(people) == {1: "Anna", 2: "anna (2)", 4: "anna (2)"}


def test_an_undo_of_something_unknown_is_kept_until_that_comes(
    journal: Journal, people: PeopleQueries, tmp_path: Path
) -> None:
    journal.append_all([assign(ANNA, 0), assign(BEN, 1)])
    journal.undo(1)
    first, second, undo = (line for line in journal.export_lines() if "uid" in line)
    with another(tmp_path) as (rebuilt, there):
        import_into(rebuilt, [undo, second])
        assert said(there) == {2: "Ben"}
        import_into(rebuilt, [first])
        assert said(there) == said(people) == {2: "Ben"}


DIGEST = "ab" * 32
GOOD = (
    f'{{"uid":"{"1" * 32}","made_at":"2024-05-06T07:08:09+00:00","kind":"ignore",'
    f'"faces":[{{"digest":"{DIGEST}","box":[1,2,3,4]}}]}}'
)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("Anna", "not JSON"),
        ("[1]", "not a JSON object"),
        ("[" * 100_000, "nested|JSON"),
        (b'{"kind":"\xff"}', "UTF-8"),
        (GOOD[:-5], "not JSON"),
        (GOOD.replace("ignore", "adore"), "'adore'"),
        (GOOD.replace('"ignore"', "7"), "unknown kind of decision '7'"),
        (GOOD.replace('"kind":"ignore",', ""), "no kind"),
        (GOOD.replace("1" * 32, "1" * 31), "uid"),
        (GOOD.replace("+00:00", ""), "offset"),
        (GOOD.replace("2024", "soon"), "not a time"),
        (GOOD.replace(DIGEST, "ab"), "faces.0.digest: a digest is 32 bytes"),
        (GOOD.replace(DIGEST, "xy" * 32), "hexadecimal"),
        (GOOD.replace("[1,2,3,4]", "[1,2,3]"), "faces.0.box: it is not 4 numbers"),
        (GOOD.replace("[1,2,3,4]", "[1,2,3,NaN]"), "4 numbers"),
        (GOOD.replace("[1,2,3,4]", "[1,2,3,true]"), "4 numbers"),
        (GOOD.replace("[1,2,3,4]", f"[1,2,3,1{'0' * 400}]"), "4 numbers"),
        (GOOD.replace("[1,2,3,4]", "[1,2,3,-4]"), "negative"),
        (GOOD.replace('"faces"', '"heads"'), "no faces"),
        (GOOD.replace("ignore", "assign"), "no person"),
        (GOOD.replace('"faces":[{', '"faces":{"a":{').replace("}]}", "}}}"), "faces: .* valid tuple"),
        (GOOD.replace('"uid":"', '"id":"'), "no uid"),
        (GOOD.replace('"ignore"', f'"rename","person":"{ANNA}","name":"\\u001b[2J"'), r"U\+001B"),
        (GOOD.replace('"ignore"', f'"rename","person":"{ANNA}","name":"\\ud800"'), r"U\+D800"),
        (GOOD.replace('"ignore"', f'"rename","person":"{ANNA}","name":["Anna"]'), "name: .* valid string"),
        (GOOD.replace('"ignore"', '"undo","target":"the last one"'), "target"),
        (f'{{"kind":"forgotten-face","digest":"{DIGEST}","point":[1]}}', "2 numbers"),
    ],
)
def test_a_malformed_line_is_named_and_nothing_is_imported(
    journal: Journal, line: str | bytes, reason: str
) -> None:
    with pytest.raises(JournalMalformed, match=reason) as malformed:
        import_into(journal, [GOOD, "", line, GOOD.replace("1" * 32, "2" * 32)])
    assert malformed.value.line == 3
    assert str(malformed.value).startswith("line 3 ")
    assert journal.decisions() == ()
    assert import_into(journal, [GOOD]).added == 1


def test_fields_that_a_later_version_may_add_are_passed_over(journal: Journal) -> None:
    assert import_into(journal, [GOOD.replace('"kind"', '"mood":{"good":1},"kind"')]).added == 1


GOLDEN = Path(__file__).with_name("journal.jsonl")
"""A journal as it was exported before the decisions were validated by pydantic: every kind, and a mark."""


def test_a_journal_of_an_earlier_version_is_read_and_written_as_it_was() -> None:
    lines = GOLDEN.read_text(encoding="utf-8").splitlines()
    file = from_lines(lines, GOLDEN)
    decisions, points = file.decisions, file.points
    assert [each.act for each in decisions] == [
        Assign(keys(0, 3), ANNA, "Æsa Zo\u00e9"),
        Reject(keys(1), ANNA),
        NotAFace(keys(2)),
        Ignore(keys(4)),
        Assign(keys(5), BEN, "Ben"),
        Merge(ANNA, BEN),
        Split(keys(3), CARL, ANNA, "Carl"),
        Rename(ANNA, "Anna Maria"),
        Hide(CARL),
        Unhide(CARL),
        Undo(uid(4)),
        Forget(DORA),
        Forgotten(),
    ]
    assert [each.uid for each in decisions] == [uid(number) for number in range(1, 14)]
    assert {each.made_at for each in decisions} == {MADE_AT}
    assert points == [Tombstone(key(6).digest, 20.125, 22.5)]
    assert list(to_lines(file)) == lines
