"""Faults of a library: found, told with what repair would do, and repaired; a sound one has none."""

import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from index.decisions.journal import Journal
from index.decisions.model import Assign, Born, Ignore, InPhoto, Portrait, Reject, new_key
from index.maintenance.check import (
    DerivedTablesInspection,
    DescriptorInspection,
    FaceInspection,
    Finding,
    FindingKind,
    IndexFileInspection,
    Inspection,
    PermissionInspection,
    ReferenceInspection,
    inspections,
)
from index.people.queries import PeopleQueries
from index.photos.catalog import Catalog
from index.photos.redescription import Redescription
from index.store.opening import open_store
from index.store.store import Access, Store
from index.vectors.saved_index import index_path, load_index, save_index
from pipeline.values import ModelId
from tests.index.builders import DIMENSION, MODEL, broken, digest_of, indexed, make_file, units, unreadable


def dimension(model: ModelId) -> int | None:
    return DIMENSION if model == MODEL else None


def save(catalog: Catalog) -> Path:
    save_index(load_index(catalog, MODEL, DIMENSION).index, catalog, MODEL)
    return index_path(catalog.path, MODEL)


@pytest.fixture
def album(catalog: Catalog, photos: Path) -> Catalog:
    """Ten photos of three faces each, one without, two that cannot be read, and a saved index."""
    vectors = units(30)
    for number in range(10):
        file = make_file(photos / f"{number}.jpg", str(number))
        catalog.record([indexed(file, str(number), vectors[3 * number : 3 * number + 3])])
    catalog.record([indexed(make_file(photos / "empty.jpg"), "empty")])
    catalog.record([broken(make_file(photos / "broken.jpg"), "broken")])
    catalog.record([unreadable(make_file(photos / "locked.jpg"))])
    save(catalog)
    return catalog


def found(database: Store) -> list[Finding]:
    return [finding for inspection in inspections(database, dimension) for finding in inspection.find()]


def execute(database: Store, *statements: str) -> None:
    """Do something to the rows that nobody may do: references are not enforced."""
    with closing(sqlite3.connect(database.path)) as connection, connection:
        connection.execute("PRAGMA ignore_check_constraints=ON")
        for statement in statements:
            connection.execute(statement)


def repaired(database: Store, inspection: Inspection, kind: FindingKind, *said: str) -> None:
    """The inspection finds just this, and nothing once it is repaired; a repair repeated changes nothing."""
    (finding,) = inspection.find()
    assert finding.kind is kind
    for each in said:
        assert each in finding.message
    assert finding.remedy
    inspection.repair()
    assert inspection.find() == []
    inspection.repair()
    assert found(database) == []


def test_a_sound_library_has_no_faults(album: Catalog, database: Store) -> None:
    assert found(database) == []
    with open_store(album.path, Access.READ) as read_only:
        assert found(read_only) == []


def test_a_new_library_has_none_either(database: Store) -> None:
    assert found(database) == []


def test_missing_photos_and_contents_without_a_photo_are_no_fault(album: Catalog, database: Store) -> None:
    execute(database, "UPDATE photo SET missing_since = '2024-01-01T00:00:00+00:00' WHERE id < 4")
    execute(database, "DELETE FROM photo WHERE id BETWEEN 4 AND 6")
    assert found(database) == []


def test_rows_that_refer_to_nothing_are_deleted(album: Catalog, database: Store) -> None:
    execute(database, "DELETE FROM face WHERE id IN (1, 2)")
    repaired(database, ReferenceInspection(database), FindingKind.REFERENCES, "rows of descriptor", ": 2")
    assert len(album.described_faces(MODEL)) == 28


def test_what_hangs_on_rows_that_refer_to_nothing_goes_too(album: Catalog, database: Store) -> None:
    execute(database, "DELETE FROM content WHERE id = 1")
    assert {each.message for each in ReferenceInspection(database).find()} == {
        "rows of photo that refer to missing rows: 1",
        "rows of face that refer to missing rows: 3",
    }
    ReferenceInspection(database).repair()
    assert found(database) == []
    assert len(album.described_faces(MODEL)) == 27


DESCRIPTORS = {
    "short": "x'0000'",
    "zeros": f"zeroblob({2 * DIMENSION})",
    "text": "'words'",
    "not finite": f"x'{np.full(DIMENSION, np.nan, '<f2').tobytes().hex()}'",
    "infinite": f"x'{np.full(DIMENSION, np.inf, '<f2').tobytes().hex()}'",
    "too long": f"x'{np.full(DIMENSION, 0.5, '<f2').tobytes().hex()}'",
    "of another dimension": f"x'{np.full(4, 0.5, '<f2').tobytes().hex()}'",
}


@pytest.mark.parametrize("vector", DESCRIPTORS.values(), ids=DESCRIPTORS)
def test_a_descriptor_that_is_none_is_deleted_and_made_again_later(
    album: Catalog, database: Store, vector: str
) -> None:
    execute(database, f"UPDATE descriptor SET vector = {vector} WHERE face_id = 5")  # noqa: S608
    look = DescriptorInspection(database, dimension)
    repaired(database, look, FindingKind.DESCRIPTORS, "invalid descriptors of sface: 1 (faces 5)")
    assert 5 not in album.described_faces(MODEL)
    assert len(album.faces(range(1, 31))) == 30
    (waiting,) = Redescription(database, MODEL).undescribed(0, 10)
    assert waiting.face_ids == (5,)


def test_a_face_without_a_descriptor_is_no_fault(album: Catalog, database: Store) -> None:
    """As after a change of the model, where its photo was out of reach."""
    execute(database, "DELETE FROM descriptor WHERE face_id IN (1, 30)")
    assert found(database) == []


@pytest.mark.parametrize(
    "change", ["landmarks = x'00'", "landmarks = 'words'", "w = -1.0", "x = 9e999", "y = 'left'", "h = 9e999"]
)
def test_a_box_or_landmarks_that_are_none(album: Catalog, database: Store, change: str) -> None:
    execute(database, f"UPDATE face SET {change} WHERE id = 7")  # noqa: S608
    repaired(database, FaceInspection(database), FindingKind.FACES, "box, landmarks or track", "(faces 7)")


def test_the_photo_of_a_face_at_no_place_is_read_again(album: Catalog, database: Store, photos: Path) -> None:
    execute(database, "UPDATE face SET w = 0.0 - 1 WHERE id = 5")
    FaceInspection(database).repair()
    states = album.states_under([bytes(photos)])
    assert os.fsencode(photos / "1.jpg") not in states  # so that the next scan takes it for new
    assert len(states) == 12
    assert len(album.described_faces(MODEL)) == 27


def test_where_the_photo_is_missing_only_the_face_goes(album: Catalog, database: Store, photos: Path) -> None:
    execute(
        database,
        "UPDATE photo SET missing_since = '2024-01-01T00:00:00+00:00' WHERE id = 2",
        "UPDATE face SET landmarks = x'00' WHERE id = 5",
    )
    repaired(database, FaceInspection(database), FindingKind.FACES)
    assert len(album.states_under([bytes(photos)])) == 13
    assert {4, 5, 6} & set(album.described_faces(MODEL).tolist()) == {4, 6}


def test_of_many_faults_a_few_are_named(album: Catalog, database: Store) -> None:
    execute(database, "UPDATE descriptor SET vector = x'00'")
    (finding,) = DescriptorInspection(database, dimension).find()
    assert finding.message.endswith(": 30 (faces 1, 2, 3, 4, 5, ...)")


def test_descriptors_of_a_model_that_is_not_known_here_are_left_alone(
    album: Catalog, database: Store
) -> None:
    execute(database, "INSERT INTO descriptor SELECT face_id, 'tomorrow', x'00' FROM descriptor")
    assert found(database) == []


@pytest.mark.parametrize("damage", ["missing", "truncated", "flipped", "another"])
def test_an_index_file_that_cannot_be_used_is_built_anew(
    album: Catalog, database: Store, damage: str
) -> None:
    path = index_path(album.path, MODEL)
    content = bytearray(path.read_bytes())
    before = bytes(content)
    if damage == "missing":
        path.unlink()
    elif damage == "truncated":
        path.write_bytes(content[:-7])
    elif damage == "flipped":
        content[len(content) // 2] ^= 4
        path.write_bytes(content)
    else:
        execute(database, "UPDATE vector_index SET digest = zeroblob(32)")
    repaired(database, IndexFileInspection(album, dimension), FindingKind.INDEX, "saved index")
    assert path.read_bytes() == before


def test_an_index_that_is_behind_the_library_is_no_fault(
    album: Catalog, database: Store, photos: Path
) -> None:
    """A scan that was killed before it saved the index leaves it so; loading it puts in what is new."""
    album.record([indexed(make_file(photos / "new.jpg"), "new", units(2, seed=9))])
    assert found(database) == []


@pytest.fixture
def decided(album: Catalog, database: Store) -> Store:
    """Decisions about seven faces and two persons."""
    journal = Journal(database)
    anna, ben = new_key(), new_key()
    journal.append(Assign(journal.face_keys([1, 4, 7]), anna, "Anna"))
    journal.append(Assign(journal.face_keys([2, 5]), ben, "Ben"))
    journal.append(Reject(journal.face_keys([8]), anna))
    journal.append(Ignore(journal.face_keys([3])))
    journal.append(Portrait(journal.face_keys([4]), anna))
    journal.append(InPhoto(tuple(digest_of(name) for name in ("1", "2")), ben, None))
    journal.append(Born(anna, "2010-05-17"))
    assert found(database) == []
    return database


@pytest.mark.parametrize(
    ("change", "table", "rows"),
    [
        (
            "DELETE FROM verdict WHERE face_id = 4",
            "verdict",
            1,
        ),
        (
            "UPDATE verdict SET person_id = 2 WHERE face_id = 4",
            "verdict",
            1,
        ),
        (
            "UPDATE verdict SET decision_id = 2",
            "verdict",
            4,
        ),
        ("DELETE FROM rejection", "rejection", 1),
        (
            "INSERT INTO rejection VALUES (9, 2, 1)",
            "rejection",
            1,
        ),
        (
            "UPDATE person SET name = 'Hannah' WHERE id = 1",
            "person",
            1,
        ),
        ("UPDATE person SET hidden = 1", "person", 2),
        (
            "INSERT INTO person VALUES (3, 'c', 'Carl', 0, 1, NULL)",
            "person",
            1,
        ),
        ("UPDATE person SET born = '2010'", "person", 2),
        ("DELETE FROM portrait", "portrait", 1),
        ("INSERT INTO portrait VALUES (2, 2, 1)", "portrait", 1),
        ("DELETE FROM in_photo", "in_photo", 2),
        ("UPDATE in_photo SET person_id = 1", "in_photo", 4),
    ],
)
def test_what_follows_from_the_journal_is_made_anew(
    decided: Store, change: str, table: str, rows: int
) -> None:
    before = PeopleQueries(decided).statuses(range(1, 31))
    execute(decided, change)
    repaired(decided, DerivedTablesInspection(decided), FindingKind.JOURNAL, f"rows of {table} ", f": {rows}")
    assert PeopleQueries(decided).statuses(range(1, 31)) == before


def test_persons_that_were_lost_come_back_from_the_journal(decided: Store) -> None:
    tables = ("verdict", "rejection", "portrait", "in_photo", "person")
    execute(decided, *(f"DELETE FROM {table}" for table in tables))  # noqa: S608
    assert {each.kind for each in found(decided)} == {FindingKind.JOURNAL}
    DerivedTablesInspection(decided).repair()
    assert found(decided) == []
    assert [each.person.name for each in PeopleQueries(decided).summaries()] == ["Anna", "Ben"]


def test_a_decision_that_is_none_is_deleted_and_the_others_hold(decided: Store) -> None:
    execute(decided, "UPDATE decision SET kind = 'nonsense' WHERE id IN (2, 4, 6)")
    (finding,) = DerivedTablesInspection(decided).find()
    assert "decision 2 cannot be read" in finding.message
    DerivedTablesInspection(decided).repair()
    assert found(decided) == []
    assert [each.person.name for each in PeopleQueries(decided).summaries()] == ["Anna"]


def test_faces_that_come_back_are_who_they_were(decided: Store, photos: Path) -> None:
    """At once, in the transaction that records them: a scan that is killed right after loses no name."""
    execute(decided, "UPDATE face SET landmarks = x'00' WHERE id = 5")
    FaceInspection(decided).repair()
    assert found(decided) == []
    album = Catalog(decided)
    album.record([indexed(make_file(photos / "1.jpg", "1"), "1", units(30)[3:6])])
    assert found(decided) == []
    statuses = PeopleQueries(decided).statuses([31, 32, 33])
    assert [each.person and each.person.name for each in statuses.values()] == ["Anna", "Ben", None]


def test_files_that_others_may_read_are_shut(album: Catalog, database: Store, library: Path) -> None:
    copy = library.with_name(f"{library.name}.revision-0001")
    copy.touch(0o600)
    index_path(library, MODEL).chmod(0o640)
    copy.chmod(0o604)
    library.parent.chmod(0o755)
    messages = [finding.message for finding in PermissionInspection(library).find()]
    assert [each.rpartition("mode is ")[2] for each in messages] == ["0604)", "0640)", "0755)"]
    PermissionInspection(library).repair()
    assert found(database) == []
    assert stat.S_IMODE(library.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600


def test_a_folder_that_holds_other_things_is_the_user_s_own(
    album: Catalog, database: Store, library: Path
) -> None:
    (library.parent / "letters.txt").touch(0o644)
    library.parent.chmod(0o755)
    assert found(database) == []
