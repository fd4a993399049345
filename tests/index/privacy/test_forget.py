"""Forgetting a person: nothing is left in any file, nothing comes back, and others keep what is theirs."""

import struct
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import func, insert, select

from index.decisions.journal import Journal
from index.decisions.model import (
    Apart,
    Assign,
    Forget,
    Forgotten,
    Ignore,
    Merge,
    NotAFace,
    Reject,
    Rename,
    Undo,
    new_key,
)
from index.errors import DecisionRefused
from index.people.queries import PeopleQueries
from index.photos.catalog import Catalog
from index.privacy.forget import faces_to_forget, forget, purge
from index.privacy.redaction import redact
from index.store.opening import create_store
from index.store.read_again import read_again
from index.store.schema import (
    apart,
    calibration,
    cluster,
    cluster_face,
    content,
    descriptor,
    face,
    photo,
    recognised,
    stored_face,
)
from index.store.store import Store
from index.vectors.saved_index import index_path, load_index, save_index
from pipeline.values import Box, ModelId
from tests.index.builders import DIMENSION, MODEL, indexed, make_file, units
from tests.index.conftest import NOW
from tests.index.journals import (
    ANNA,
    BEN,
    CARL,
    DORA,
    assign,
    import_into,
    key,
    keys,
    scan,
    split,
)
from tests.index.journals import (
    journal as journal_of,
)


@pytest.fixture
def journal(journal: Journal, catalog: Catalog) -> Journal:
    """As everywhere; the library has a saved index too."""
    save_index(load_index(catalog, MODEL, DIMENSION).index, catalog, MODEL)
    return journal


def face_ids(database: Store) -> list[int]:
    with database.read() as connection:
        return list(connection.scalars(select(face.c.id).order_by(face.c.id)))


def named(people: PeopleQueries) -> dict[int, str]:
    statuses = people.statuses(range(1, 30))
    return {face_id: each.person.name for face_id, each in statuses.items() if each.person}


def holders(folder: Path, needles: Sequence[bytes]) -> dict[str, int]:
    """The files in a folder that hold some of the needles, and how many of them."""
    found = {path.name: sum(each in path.read_bytes() for each in needles) for path in folder.iterdir()}
    return {name: count for name, count in found.items() if count}


def traces(database: Store, face_id: int) -> list[bytes]:
    """What a face looks like in files: its descriptor as it is stored and as FAISS has it, its landmarks."""
    with database.read() as connection:
        row = connection.execute(
            select(face.c.landmarks, descriptor.c.vector)
            .join_from(face, descriptor)
            .where(face.c.id == face_id)
        ).one()
    stored = np.frombuffer(row.vector, "<f2").astype(np.float32)
    stored /= np.sqrt(np.einsum("d,d->", stored, stored))
    return [row.vector, stored.tobytes(), row.landmarks]


def test_nothing_of_a_person_is_left_in_any_file(
    journal: Journal, database: Store, catalog: Catalog, photos: Path
) -> None:
    folder = database.path.parent
    outcome = indexed(make_file(photos / "anna.jpg"), "content 9", units(1, 77))
    (described,) = outcome.faces
    landmarks = np.full((5, 2), 123.4375, np.float32)
    there = replace(described.face, box=Box(321.0625, 77.03125, 40.0, 50.0), landmarks=landmarks)
    catalog.record([replace(outcome, faces=(replace(described, face=there),))])
    save_index(load_index(catalog, MODEL, DIMENSION).index, catalog, MODEL)
    journal.append_all([Assign(journal.face_keys([7]), ANNA, "Annamária"), Rename(ANNA, "Annabelle-Luise")])
    needles = [
        *traces(database, 7),
        struct.pack(">d", 321.0625),
        "Annamária".encode(),
        b"Annabelle-Luise",
    ]
    kept = traces(database, 1)
    index = index_path(database.path, MODEL).name
    copy = folder / f"{database.path.name}.revision-0001"
    copy.write_bytes(database.path.read_bytes())
    own = folder / f"{database.path.name}.mine"
    own.write_bytes(database.path.read_bytes())
    assert holders(folder, needles) == {database.path.name: 5, index: 1, copy.name: 5, own.name: 5}

    erased = forget(database, ANNA)

    assert (erased.name, erased.faces, erased.decisions) == ("Annabelle-Luise", 1, 2)
    assert erased.purged.rewritten == (database.path, index_path(database.path, MODEL))
    assert erased.purged.removed == (copy,)
    assert erased.purged.left == (own,)
    assert holders(folder, needles) == {own.name: 5}
    own.unlink()
    assert holders(folder, kept) == {database.path.name: 2, index: 1}
    assert load_index(catalog, MODEL, DIMENSION).saved


def test_deleted_rows_are_overwritten_before_anything_is_vacuumed(journal: Journal, database: Store) -> None:
    needles = traces(database, 1)[:2]
    with database.write() as connection:
        connection.execute(stored_face.delete().where(stored_face.c.id == 1))
    assert holders(database.path.parent, needles) == {index_path(database.path, MODEL).name: 1}


@pytest.fixture
def recognised_as_anna(journal: Journal, people: PeopleQueries, database: Store) -> None:
    """Face 1 is Anna by decision; 3 and 6 look like her, but of 6 somebody said that it is not her."""
    journal.append_all([assign(ANNA, 0), assign(BEN, 1), Reject(keys(5), ANNA)])
    with database.write() as connection:
        rows = [{"face_id": each, "person_id": people.named("Anna").id, "similarity": 0.9} for each in (3, 6)]
        connection.execute(insert(recognised), rows)


@pytest.mark.usefixtures("recognised_as_anna")
class TestRecognisedFaces:
    """They may be somebody else's."""

    def test_they_are_let_go(self, journal: Journal, people: PeopleQueries, database: Store) -> None:
        planned = faces_to_forget(database, ANNA)
        assert (planned.erased, planned.let_go) == ((1,), (3,))
        kept = traces(database, 3)
        erased = forget(database, ANNA)
        assert (erased.faces, erased.let_go) == (1, 1)
        assert face_ids(database) == [2, 3, 4, 5, 6]
        assert holders(database.path.parent, kept)[database.path.name] == len(kept[::2])
        assert named(people) == {2: "Ben"}
        assert not journal.is_forgotten(key(2))
        journal.append(assign(DORA, 2))  # a face of its own from now on
        with pytest.raises(DecisionRefused, match="no person has the key"):
            forget(database, ANNA)

    def test_they_go_too_if_that_is_asked_for(
        self, journal: Journal, people: PeopleQueries, database: Store
    ) -> None:
        planned = faces_to_forget(database, ANNA, also_recognised=True)
        assert (planned.erased, planned.let_go) == ((1, 3), ())
        erased = forget(database, ANNA, also_recognised=True)
        assert (erased.faces, erased.let_go) == (2, 0)
        assert face_ids(database) == [2, 4, 5, 6]
        assert named(people) == {2: "Ben"}
        with pytest.raises(DecisionRefused, match="forgotten, which is final"):
            journal.append(assign(DORA, 2))

    def test_a_plan_changes_nothing(self, database: Store) -> None:
        before = database.path.read_bytes()
        faces_to_forget(database, ANNA)
        assert database.path.read_bytes() == before


def test_confirmed_faces_whose_photos_are_gone_go_too(journal: Journal, database: Store) -> None:
    journal.append(assign(ANNA, 0, 2))
    with database.write() as connection:
        first = select(content.c.id).where(content.c.digest == key(0).digest).scalar_subquery()
        connection.execute(photo.delete().where(photo.c.content_id == first))
    assert faces_to_forget(database, ANNA).erased == (1, 3)
    assert forget(database, ANNA).faces == 2
    assert face_ids(database) == [2, 4, 5, 6]


def test_a_rescan_does_not_bring_a_forgotten_face_back(
    journal: Journal, people: PeopleQueries, database: Store, catalog: Catalog, photos: Path
) -> None:
    journal.append_all([assign(ANNA, 0), assign(BEN, 1, 2)])
    forget(database, ANNA)
    with database.write() as connection:  # so that all photos are read once more, by another detector
        read_again(connection, list(connection.scalars(select(content.c.id))))
    scan(catalog, photos, shift=10.0)
    assert len(face_ids(database)) == 5
    assert sorted(named(people).values()) == ["Ben", "Ben"]


def test_nothing_can_be_decided_of_a_forgotten_face(journal: Journal, database: Store) -> None:
    journal.append(assign(ANNA, 0))
    forget(database, ANNA)
    before = journal.decisions()
    with pytest.raises(DecisionRefused, match="was forgotten"):
        journal.append(assign(BEN, 0, 1))
    assert journal.decisions() == before
    assert journal.is_forgotten(key(0))
    assert not journal.is_forgotten(key(1))


def test_a_face_that_no_photo_had_yet_is_kept_out_too(
    journal: Journal, database: Store, catalog: Catalog, photos: Path
) -> None:
    journal.append(assign(ANNA, 0, 6))
    forget(database, ANNA)
    catalog.record([indexed(make_file(photos / "late.jpg"), "content 3", units(2, 3))])
    assert len(catalog.face_ids_of(key(6).digest)) == 1


def test_who_was_merged_is_forgotten_too(journal: Journal, people: PeopleQueries, database: Store) -> None:
    journal.append_all([assign(ANNA, 0), assign(BEN, 1), assign(CARL, 2), Merge(ANNA, BEN)])
    old = [line for line in journal.export_lines() if "uid" in line]
    forget(database, BEN)
    assert journal.state().forgotten == {ANNA, BEN}
    assert named(people) == {3: "Carl"}
    with pytest.raises(DecisionRefused, match="cannot be undone"):
        journal.undo(4)
    fork = [line.replace(journal_uid(line), new_key()) for line in old]
    assert import_into(journal, fork).redacted == 3
    assert named(people) == {3: "Carl"}


def journal_uid(line: str) -> str:
    return line.split('"uid":"')[1][:32]


def test_the_log_keeps_its_numbers(journal: Journal, database: Store) -> None:
    journal.append_all([assign(ANNA, 0), assign(BEN, 1), Rename(ANNA, "Anne")])
    journal.undo(3)
    before = [(each.decision.id, each.decision.uid, each.decision.made_at) for each in journal.decisions()]
    forget(database, ANNA, clock=lambda: NOW)
    log = journal.decisions()
    assert [(each.decision.id, each.decision.uid, each.decision.made_at) for each in log[:4]] == before
    assert [type(each.decision.act) for each in log] == [Forgotten, Assign, Forgotten, Undo, Forget]
    assert [each.active for each in log] == [False, True, False, True, True]
    for number in (1, 5):
        with pytest.raises(DecisionRefused, match="cannot be undone"):
            journal.undo(number)
    assert journal.undo().decision.id == 2


def test_decisions_keep_what_they_say_of_others(journal: Journal, database: Store) -> None:
    journal.append_all(
        [
            Ignore(keys(0, 2)),
            NotAFace(keys(0)),
            assign(BEN, 0, 3),
            split(CARL, BEN, 3),
            Reject(keys(1, 4), CARL),
            assign(ANNA, 0),
        ]
    )
    forget(database, ANNA)
    assert [each.decision.act for each in journal.decisions()][:6] == [
        Ignore(keys(2)),
        Forgotten(),
        assign(BEN, 3),
        split(CARL, BEN, 3),
        Reject(keys(1, 4), CARL),
        Forgotten(),
    ]


def test_who_was_split_off_stays(journal: Journal, people: PeopleQueries, database: Store) -> None:
    journal.append_all([assign(ANNA, 0, 1), split(BEN, ANNA, 1)])
    forget(database, ANNA)
    assert named(people) == {2: "Ben"}
    assert face_ids(database) == [2, 3, 4, 5, 6]


def test_a_name_that_a_forgotten_person_had_before_goes_too() -> None:
    decisions = journal_of(assign(DORA, 0), Rename(DORA, "Dorothea"), assign(BEN, 1), Rename(BEN, "Benno"))
    gone = {key(0), key(1)}.__contains__
    others = journal_of(assign(BEN, 2))
    assert [each.act for each in redact(decisions, (), gone, others)] == [
        Forgotten(),
        Forgotten(),
        Forgotten(),
        Rename(BEN, "Benno"),
    ]


def test_calibrations_that_name_a_person_go(journal: Journal, database: Store) -> None:
    journal.append_all([assign(ANNA, 0), assign(BEN, 1)])
    rows = [
        {"model": MODEL, "made_at": "2024-05-06", "body": f'{{"close":["{who}"]}}'} for who in (ANNA, BEN)
    ]
    with database.write() as connection:
        connection.execute(insert(calibration), rows)
    forget(database, ANNA)
    with database.read() as connection:
        assert list(connection.scalars(select(calibration.c.body))) == [rows[1]["body"]]


@pytest.mark.parametrize(
    ("erased", "left"), [((0, 1), {2: (3, 4, 5)}), ((0, 2), {2: (4, 5)}), ((2, 3), {1: (1, 2)})]
)
def test_clusters_left_with_less_than_two_faces_go(
    journal: Journal,
    people: PeopleQueries,
    database: Store,
    erased: tuple[int, ...],
    left: dict[int, tuple[int, ...]],
) -> None:
    with database.write() as connection:
        connection.execute(insert(cluster), [{"id": each, "made_at": "2024-05-06"} for each in (1, 2)])
        rows = [{"face_id": number, "cluster_id": 1 + (number > 2)} for number in (1, 2, 3, 4, 5)]
        connection.execute(insert(cluster_face), rows)
    journal.append(assign(ANNA, *erased))
    forget(database, ANNA)
    assert {each.cluster_id: each.face_ids for each in people.clusters()} == left
    with database.read() as connection:
        assert set(connection.scalars(select(cluster.c.id))) == left.keys()


def test_an_old_journal_does_not_bring_a_person_back(
    journal: Journal, people: PeopleQueries, database: Store, catalog: Catalog, tmp_path: Path
) -> None:
    journal.append_all([assign(ANNA, 0), assign(BEN, 1), Rename(ANNA, "Annabelle")])
    old = list(journal.export_lines())
    forget(database, ANNA)
    assert import_into(journal, old).known == 3
    assert named(people) == {2: "Ben"}
    new = list(journal.export_lines())
    assert not any("Anna" in line for line in new)

    with create_store(tmp_path / "anew" / "library.sqlite3") as rebuilt:
        there = Catalog(rebuilt)
        there.choose_model(MODEL)
        scan(there, tmp_path / "photos elsewhere")
        again = Journal(rebuilt)
        imported = import_into(again, new)
        assert (imported.added, imported.erased_faces) == (4, 1)  # the mark came with the journal
        purge(rebuilt)
        assert face_ids(rebuilt) == [2, 3, 4, 5, 6]
        assert import_into(again, old).known == 3
        assert again.state() == journal.state()
        assert named(PeopleQueries(rebuilt)) == {2: "Ben"}
        assert holders(rebuilt.path.parent, [b"Annabelle"]) == {}


def test_a_journal_from_elsewhere_does_not_bring_a_person_back(
    journal: Journal, people: PeopleQueries, database: Store
) -> None:
    journal.append_all([assign(ANNA, 0), assign(BEN, 1)])
    forget(database, ANNA)
    elsewhere = [
        '{"uid":"%s","made_at":"2024-05-06T07:08:09+00:00",%s}' % (new_key(), fields)  # noqa: UP031
        for fields in (
            f'"kind":"assign","person":"{ANNA}","name":"Annabelle","faces":[{face_json(2)}]',
            f'"kind":"assign","person":"{DORA}","name":"Dorabelle","faces":[{face_json(0)}]',
            f'"kind":"rename","person":"{DORA}","name":"Dorothea"',
            f'"kind":"assign","person":"{CARL}","name":"Carl","faces":[{face_json(0)},{face_json(3)}]',
        )
    ]
    imported = import_into(journal, elsewhere)
    assert (imported.added, imported.redacted, imported.erased_faces) == (0, 4, 0)
    assert named(people) == {2: "Ben", 4: "Carl"}
    assert holders(database.path.parent, [b"Annabelle", b"Dorabelle", b"Dorothea"]) == {}
    assert import_into(journal, elsewhere).known == 4


def face_json(number: int) -> str:
    box = key(number).box
    return f'{{"digest":"{key(number).digest.hex()}","box":[{box.x},{box.y},{box.w},{box.h}]}}'


def test_who_was_forgotten_elsewhere_is_forgotten_here(
    journal: Journal, people: PeopleQueries, database: Store, tmp_path: Path
) -> None:
    journal.append_all([assign(ANNA, 0), assign(BEN, 1), assign(CARL, 2)])
    lines = list(journal.export_lines())
    with create_store(tmp_path / "elsewhere" / "library.sqlite3") as other:
        import_into(Journal(other), lines)
        forget(other, ANNA)
        theirs = list(Journal(other).export_lines())
    journal.append_all([Merge(ANNA, CARL), Assign(keys(4), ANNA, None)])
    assert import_into(journal, theirs).erased_faces == 3
    assert named(people) == {2: "Ben"}
    assert face_ids(database) == [2, 4, 6]
    assert journal.state().forgotten == {ANNA, CARL}
    assert not any("Anna" in line or "Carl" in line for line in journal.export_lines())


def test_every_model_of_the_library_forgets(journal: Journal, database: Store, catalog: Catalog) -> None:
    other = ModelId("facenet")
    with database.write() as connection:
        rows = [
            {"face_id": number, "model": other, "vector": vector.astype("<f2").tobytes()}
            for number, vector in enumerate(units(6, 5, 24), start=1)
        ]
        connection.execute(insert(descriptor), rows)
    save_index(load_index(catalog, other, 24).index, catalog, other)
    journal.append(assign(ANNA, 0))
    erased = forget(database, ANNA)
    assert set(erased.purged.rewritten) == {
        database.path,
        index_path(database.path, MODEL),
        index_path(database.path, other),
    }
    assert load_index(catalog, other, 24).index.ids().tolist() == [2, 3, 4, 5, 6]


def test_the_last_face_takes_the_index_with_it(journal: Journal, database: Store, catalog: Catalog) -> None:
    journal.append(assign(ANNA, *range(6)))
    erased = forget(database, ANNA)
    assert erased.purged.removed == (index_path(database.path, MODEL),)
    loaded = load_index(catalog, MODEL, DIMENSION)
    assert (len(loaded.index), loaded.note) == (0, None)
    with database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(descriptor)) == 0


def test_nothing_says_from_whom_a_forgotten_person_was_told_apart(journal: Journal, database: Store) -> None:
    journal.append_all([assign(ANNA, 0), assign(BEN, 2), assign(CARL, 3)])
    journal.append_all([Apart(BEN, ANNA), Apart(CARL, BEN), Merge(CARL, ANNA)])
    forget(database, CARL)
    acts = [each.decision.act for each in journal.decisions()]
    assert acts[3:6] == [Forgotten(), Forgotten(), Forgotten()]
    assert journal.state().apart == {}
    with database.read() as connection:
        assert connection.execute(select(apart)).all() == []
    assert not any('"apart"' in line for line in journal.export_lines())
