"""What a decision reads depends on the faces and persons that it touches, not on the journal's length."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from sqlalchemy import insert, update

from index.decisions.derived_tables import read_state, write_derived_tables
from index.decisions.journal import Journal
from index.decisions.journal_rows import append_decisions
from index.decisions.model import (
    Act,
    Apart,
    Assign,
    Decision,
    FaceKey,
    Hide,
    Ignore,
    Merge,
    NotAFace,
    Reject,
    Rename,
    Split,
    new_key,
)
from index.people.queries import PeopleQueries
from index.photos.catalog import Catalog
from index.store import schema
from index.store.opening import create_store
from index.store.schema import content, stored_face
from index.store.store import Store
from pipeline.values import Box
from tests.index.builders import MODEL, digest_of, indexed, make_file, units
from tests.index.counted_work import Work, counted_work
from tests.index.journals import ANNA, BEN, CARL, MADE_AT, assign, keys, scan

SIZES = (200, 2000)
"""Decisions about other faces: half of them about Anna, the others about persons with ten each."""


def other(number: int) -> FaceKey:
    return FaceKey(digest_of(f"other {number}"), Box(10.0, 10.0, 50.0, 50.0))


def others(count: int) -> list[Act]:
    persons = [f"{number:032x}" for number in range(count // 20)]
    return [
        Assign((other(n),), *((ANNA, "Anna") if n % 2 else (persons[n // 20], f"Person {n // 20}")))
        for n in range(count)
    ]


@pytest.fixture(scope="module")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> Sequence[Path]:
    return [_library(tmp_path_factory.mktemp(str(size)), size) for size in SIZES]


def _library(folder: Path, size: int) -> Path:
    with create_store(folder / "library.sqlite3") as store:
        catalog = Catalog(store)
        catalog.choose_model(MODEL)
        scan(catalog, folder)
        acts = [assign(ANNA, 0), assign(BEN, 1), assign(CARL, 2), Reject(keys(3), ANNA), *others(size)]
        with store.write() as connection:
            rows = [{"id": n + 10, "digest": other(n).digest, "width": 1, "height": 1} for n in range(size)]
            connection.execute(insert(content), rows)
            face = {"landmarks": b"", "confidence": 1.0, "quality": 1.0, "quality_reasons": ""}
            boxes = [{"content_id": n + 10, **_sides(other(n)), **face} for n in range(size)]
            connection.execute(insert(stored_face), boxes)
            made = [Decision(n, new_key(), MADE_AT, act) for n, act in enumerate(acts, start=1)]
            append_decisions(connection, made)
            write_derived_tables(connection, read_state(connection))
    return folder / "library.sqlite3"


def _sides(face: FaceKey) -> dict[str, float]:
    return {name: getattr(face.box, name) for name in "xywh"}


def work(library: Path, folder: Path, do: Callable[[Store], object]) -> Work:
    """Count the work of doing something in a copy of a library."""
    copy = folder / library.parent.name
    shutil.copy(library, copy)
    with create_store(copy) as store, counted_work() as counted:
        do(store)
    return counted


@pytest.mark.parametrize(
    "act",
    [
        Assign(keys(3), ANNA, None),
        Assign(keys(4), CARL, None),
        Assign(keys(4, 5), new_key(), "Dora"),
        Reject(keys(0), ANNA),
        NotAFace(keys(3)),
        Ignore(keys(1)),
        Split(keys(0), new_key(), ANNA, "Dora"),
        Rename(ANNA, "Anne"),
        Hide(ANNA),
        Apart(ANNA, BEN),
        Merge(ANNA, BEN),
    ],
    ids=lambda act: act.kind,
)
def test_a_decision_and_its_undo_read_as_much_in_a_long_journal(
    libraries: Sequence[Path], tmp_path: Path, act: Act
) -> None:
    def decide(store: Store) -> None:
        journal = Journal(store)
        number = journal.append(act).id
        journal.undo()
        journal.logged(number)
        journal.undo(number + 1)
        journal.decisions(3)

    short, long = (work(each, tmp_path, decide) for each in libraries)
    assert long == short


def test_an_undo_of_an_early_decision_reads_as_much_in_a_long_journal(
    libraries: Sequence[Path], tmp_path: Path
) -> None:
    short, long = (work(each, tmp_path, lambda store: Journal(store).undo(1)) for each in libraries)
    assert long == short


def test_a_batch_about_decided_faces_reads_as_much_in_a_long_journal(
    libraries: Sequence[Path], tmp_path: Path
) -> None:
    photo = indexed(make_file(tmp_path / "0.jpg"), "edited", units(2, 0))

    def record(store: Store) -> None:
        with store.write() as connection:
            connection.execute(
                update(schema.photo).where(schema.photo.c.id == 1).values(path=photo.file.path)
            )
        Catalog(store).record([photo])

    short, long = (work(each, tmp_path, record) for each in libraries)
    assert long == short
    with create_store(tmp_path / libraries[1].parent.name) as store:
        edited = Catalog(store).face_ids_of(digest_of("edited"))
        found = PeopleQueries(store).statuses(edited).values()
    assert [each.person and each.person.key for each in found] == [ANNA, BEN]


def test_a_person_with_many_faces_costs_those_that_a_merge_moves(
    libraries: Sequence[Path], tmp_path: Path
) -> None:
    short, long = (
        work(each, tmp_path, lambda store: Journal(store).append(Merge(BEN, ANNA))) for each in libraries
    )
    faces = (SIZES[1] - SIZES[0]) // 2
    assert faces < long.rows - short.rows <= 6 * faces
