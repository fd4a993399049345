"""Real damage: pages of a library are overwritten, and what can still be read is saved."""

import os
import random
import shutil
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from index.errors import LibraryDamaged, LibraryTooNew
from index.maintenance.check import inspections
from index.photos.catalog import Catalog
from index.photos.redetection import Redetection
from index.store.opening import create_store, open_store
from index.store.sqlite.salvage import damage, salvage
from index.store.store import Access, Salvage
from index.values import NewDetections
from index.vectors.saved_index import index_version
from pipeline.values import PhotoFile
from tests.index.builders import DIMENSION, MODEL, add_roots, indexed, units

pytestmark = pytest.mark.slow

PAGE = 4096
NOW = "2024-05-06T07:08:09+00:00"
PHOTOS, FACES = 400, 800
TABLES = ("photo", "content", "face", "descriptor", "root")

Rows = dict[str, list[tuple[object, ...]]]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of many pages: 400 photos of two faces each."""
    path = tmp_path_factory.mktemp("sound") / "library.db"
    vectors = units(FACES)
    with create_store(path) as database:
        catalog = Catalog(database)
        catalog.choose_model(MODEL)
        add_roots(catalog.store, [b"/p"])
        files = [PhotoFile(b"/p/%04d.jpg" % number, number, number) for number in range(PHOTOS)]
        catalog.record([indexed(file, str(n), vectors[2 * n : 2 * n + 2]) for n, file in enumerate(files)])
    return path


@pytest.fixture
def library(sound: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(sound, tmp_path))


def rows(path: Path) -> Rows:
    with closing(sqlite3.connect(path)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        return {
            table: connection.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608
            for (table,) in tables
        }


def overwrite(path: Path, page: int, content: bytes) -> None:
    """Put something else in the place of a page; the first is 1."""
    with open(path, "r+b") as file:
        file.seek((page - 1) * PAGE)
        file.write(content[:PAGE])


def root_page(path: Path, name: str) -> int:
    with closing(sqlite3.connect(path)) as connection:
        query = "SELECT rootpage FROM sqlite_master WHERE name = ?"
        return int(connection.execute(query, (name,)).fetchone()[0])


def leaves(path: Path, table: str) -> list[int]:
    """The leaf pages of a table whose root page leads to them (fileformat.html, section 1.6)."""
    content = path.read_bytes()
    start = (root_page(path, table) - 1) * PAGE
    page = content[start : start + PAGE]
    assert page[0] == 5, "the table is too small, or too large"
    cells = [int.from_bytes(page[12 + 2 * n : 14 + 2 * n]) for n in range(int.from_bytes(page[3:5]))]
    return [int.from_bytes(page[cell : cell + 4]) for cell in cells] + [int.from_bytes(page[8:12])]


def clean(path: Path) -> None:
    """Repair what the salvage left for the check; nothing is found after it."""
    with open_store(path, Access.WRITE) as database:
        looks = inspections(database, lambda model: DIMENSION)
        for _ in range(2):
            for look in looks:
                look.repair()
        assert [finding for look in looks for finding in look.find()] == []
    assert damage(path) is None


def check_kept(result: Salvage, path: Path, damaged: bytes) -> None:
    assert result.kept == path.with_name("library.db.damaged")
    assert result.kept.read_bytes() == damaged
    assert set(os.listdir(path.parent)) - {"library.db.writing"} == {"library.db", "library.db.damaged"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_sound_library_is_not_damaged(library: Path) -> None:
    assert damage(library) is None


def test_a_damaged_page_of_faces_costs_the_faces_on_it(library: Path, sound: Path) -> None:
    pages = leaves(library, "face")
    overwrite(library, pages[len(pages) // 2], bytes(PAGE))
    damaged = library.read_bytes()
    said = damage(library)
    assert said is not None
    assert "\n" not in said
    result = salvage(library, NOW)
    check_kept(result, library, damaged)
    before, after = rows(sound), rows(library)
    (table,) = result.tables
    assert table.table == "face"
    assert table.lost_at_most in range(11, 100)
    assert set(after["face"]) < set(before["face"])
    # Those that lost a face, or have one next to it, are read again: no photo lacks faces unnoticed.
    whole = {content for face_id, content, *_ in after["face"]}
    assert {content for (content, *_) in after["content"]} == whole
    faces_of = {content: sum(face[1] == content for face in after["face"]) for content in whole}
    assert set(faces_of.values()) == {2}
    assert result.read_again == PHOTOS - len(after["photo"])
    clean(library)


@pytest.mark.parametrize("table", ["photo", "descriptor", "content"])
def test_a_damaged_page_of_another_table(library: Path, sound: Path, table: str) -> None:
    pages = leaves(library, table)
    overwrite(library, pages[1], b"\xff" * PAGE)
    result = salvage(library, NOW)
    assert [each.table for each in result.tables] == [table]
    before, after = rows(sound), rows(library)
    lost_at_most = result.tables[0].lost_at_most or 0
    assert 0 < len(before[table]) - len(after[table]) <= lost_at_most < len(before[table]) // 2
    assert all(set(after[each]) <= set(before[each]) for each in before)
    clean(library)


def test_a_damaged_last_page_says_that_nobody_knows_what_was_on_it(library: Path) -> None:
    overwrite(library, leaves(library, "photo")[-1], bytes(PAGE))
    (table,) = salvage(library, NOW).tables
    assert (table.table, table.lost_at_most) == ("photo", None)
    assert 0 < table.saved < PHOTOS


def test_the_ids_of_lost_faces_are_never_used_again(library: Path) -> None:
    """The index file of before the damage may hold them."""
    overwrite(library, leaves(library, "face")[-1], bytes(PAGE))
    result = salvage(library, NOW)
    (table,) = (each for each in result.tables if each.table == "face")
    assert table.lost_at_most == FACES - table.saved
    with open_store(library, Access.WRITE) as database:
        catalog = Catalog(database)
        assert index_version(database, MODEL) is None
        catalog.record([indexed(PhotoFile(b"/p/new", 1, 1), "new", units(1))])
        assert catalog.described_faces(MODEL).max() == FACES + 1


@pytest.mark.parametrize("index", ["ix_face_content_id", "sqlite_autoindex_photo_1", "ix_photo_content_id"])
def test_damage_to_what_only_speeds_it_up_costs_nothing(library: Path, sound: Path, index: str) -> None:
    overwrite(library, root_page(library, index), bytes(PAGE))
    assert damage(library) is not None
    result = salvage(library, NOW)
    assert (result.tables, result.read_again) == ((), 0)
    assert rows(library) == rows(sound)


def test_a_truncated_library(library: Path, sound: Path) -> None:
    os.truncate(library, library.stat().st_size * 2 // 3 // PAGE * PAGE)
    assert damage(library) is not None
    result = salvage(library, NOW)
    assert {each.table for each in result.tables} & {"face", "photo", "descriptor"}
    before, after = rows(sound), rows(library)
    assert sum(map(len, after.values())) > 100
    assert all(set(after[table]) <= set(before[table]) for table in TABLES)
    clean(library)


def test_a_library_whose_model_was_lost_has_it_from_its_descriptors(library: Path) -> None:
    overwrite(library, root_page(library, "library"), bytes(PAGE))
    salvage(library, NOW)
    with open_store(library, Access.READ) as database:
        assert Catalog(database).model() == MODEL
    clean(library)


def test_a_library_whose_detector_was_lost_has_it_from_its_faces(library: Path) -> None:
    with create_store(library) as database:
        redetection = Redetection(database, "yunet")
        for each in redetection.unsearched(0, 9999):
            found = replace(indexed(each.files[0], "any", units(1)), detector="yunet 1600 20")
            redetection.add([NewDetections(each.digest, found)])
        redetection.make_current()
    overwrite(library, root_page(library, "library"), bytes(PAGE))
    salvage(library, NOW)
    with open_store(library, Access.READ) as database:
        assert Catalog(database).detector() == "yunet"
    clean(library)


def test_values_of_the_wrong_kind_are_not_saved(library: Path) -> None:
    with closing(sqlite3.connect(library)) as connection:
        connection.execute("UPDATE photo SET path = 'text' WHERE id = 7")
        connection.execute("UPDATE face SET x = 'left' WHERE id = 9")
        connection.execute("UPDATE content SET taken_at = CAST(x'fffe' AS TEXT) WHERE id = 11")
        connection.commit()
    result = salvage(library, NOW)
    assert {each.table: each.lost_at_most for each in result.tables} == {"photo": 1, "face": 1, "content": 1}
    clean(library)


def noise(seed: int) -> Callable[[bytes], bytes]:
    return lambda page: np.random.default_rng(seed).bytes(PAGE)


def shuffled(page: bytes) -> bytes:
    """As where a disk wrote one half of a page and not the other."""
    return page[PAGE // 2 :] + page[: PAGE // 2]


@pytest.mark.parametrize("seed", range(16))
def test_whatever_pages_are_damaged_the_rest_is_saved_and_sound(
    library: Path, sound: Path, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311
    content = sound.read_bytes()
    for page in chance.sample(range(2, len(content) // PAGE + 1), chance.choice((1, 1, 3, 10))):
        spoil = chance.choice((noise(seed), shuffled, lambda page: bytes(PAGE), lambda page: b"\xff" * PAGE))
        overwrite(library, page, spoil(content[(page - 1) * PAGE : page * PAGE]))
    if damage(library) is None:
        return  # it hit nothing but free pages
    try:
        salvage(library, NOW)
    except LibraryDamaged as error:
        assert "nothing in it can be read" in str(error)  # noqa: PT017
        assert not library.with_name("library.db.damaged").exists()
        return
    clean(library)
    before, after = rows(sound), rows(library)
    for table in TABLES:
        assert set(after[table]) <= set(before[table]), table


def test_where_the_first_page_is_gone_nothing_can_be_read_and_nothing_is_changed(library: Path) -> None:
    content = library.read_bytes()
    overwrite(library, 1, content[:100] + bytes(PAGE))
    damaged = library.read_bytes()
    with pytest.raises(LibraryDamaged, match="nothing in it can be read"):
        salvage(library, NOW)
    assert library.read_bytes() == damaged
    assert os.listdir(library.parent) == ["library.db"]


def test_the_damaged_database_of_another_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "places.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE bookmark (name TEXT UNIQUE)")
        connection.executemany("INSERT INTO bookmark VALUES (?)", [(str(n) * 50,) for n in range(500)])
        connection.commit()
    overwrite(path, 3, b"\xff" * PAGE)
    with pytest.raises(LibraryDamaged):
        damage(path)


def test_a_damaged_library_of_a_newer_version_is_refused(library: Path) -> None:
    with closing(sqlite3.connect(library)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    overwrite(library, leaves(library, "face")[0], bytes(PAGE))
    with pytest.raises(LibraryTooNew, match="9999"):
        salvage(library, NOW)


def test_a_second_damaged_library_is_kept_beside_the_first(library: Path, sound: Path) -> None:
    for name in ("library.db.damaged", "library.db.damaged2"):
        overwrite(library, leaves(library, "face")[1], bytes(PAGE))
        assert salvage(library, NOW).kept.name == name
