"""Whatever is decided and recorded, the tables say what a replay of the whole journal says.

Photos are edited and copied, searched by another detector, and lost; only what a step touches is read again.
"""

import shutil
import tempfile
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TypeAlias

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import case, delete, func, select, update

from index.decisions.derived_tables import differences, read_state
from index.decisions.journal import Journal
from index.decisions.model import (
    Act,
    Apart,
    Born,
    Draw,
    FaceKey,
    Merge,
    NotAFace,
    Portrait,
    Reject,
    Rename,
)
from index.errors import DecisionRefused
from index.photos.catalog import Catalog
from index.photos.photo_roots import Roots
from index.photos.redetection import Redetection
from index.privacy.forget import forget
from index.recognition.likeness import ITSELF
from index.store.opening import create_store
from index.store.read_again import read_again
from index.store.schema import changed, content, photo, rejection, verdict
from index.store.store import Store
from index.values import NewDetections
from pipeline.values import Box, PhotoKnown
from tests.index.builders import MODEL, digest_of, indexed, make_file, near, units
from tests.index.journals import (
    ANNA,
    BEN,
    CARL,
    DORA,
    KEYS,
    acts,
    assign,
    in_photo,
    keys,
    moved,
    scan,
    split,
)

VERSIONS = ("content 0", "content 1", "content 2", "edited 0", "edited 1", "perhaps 0", "copy 1")
"""Contents that photos have, at first or later; each has two faces."""


@dataclass(frozen=True)
class Photos:
    """Something that happens to photos.

    An edited version has the same faces, one that is perhaps the same has similar ones, and a copy has the
    same picture. ``found`` are other boxes that a second detector finds; ``lost`` contents are unknown again,
    and of ``pruned`` ones only exemplars are left.
    """

    what: Literal["edited", "perhaps", "copy", "back", "found", "switched", "lost", "pruned"]
    number: int

    def happen(self, store: Store, folder: Path) -> None:
        catalog, file = Catalog(store), make_file(folder / f"{self.number}.jpg", self.what)
        vectors, name = units(2, self.number), f"{self.what} {self.number}"
        match self.what:
            case "edited":
                catalog.record([indexed(file, name, vectors)])
            case "perhaps":
                catalog.record([indexed(file, name, near(vectors, 0.5))])
            case "copy":
                copied = indexed(make_file(folder / f"{name}.jpg"), name, vectors)
                catalog.record([replace(copied, picture=digest_of(f"content {self.number}"))])
            case "back":
                catalog.record([indexed(file, f"content {self.number}", vectors)])
            case "found":
                for version in (f"content {self.number}", f"edited {self.number}"):
                    found = moved(indexed(file, version, vectors), 30.0, MODEL)
                    new = NewDetections(digest_of(version), replace(found, detector="yunet 1"))
                    Redetection(store, "yunet").add([new])
            case "switched":
                Redetection(store, "yunet" if self.number else "mtcnn").make_current()
            case "pruned":
                with store.write() as connection:
                    file_is_gone = photo.c.path.in_([file.path])
                    connection.execute(update(photo).where(file_is_gone).values(missing_since="2000-01-01"))
                Roots(store).prune(1)
            case "lost":
                with store.write() as connection:
                    is_lost = content.c.digest.in_(
                        [digest_of(f"{each} {self.number}") for each in ("content", "edited")]
                    )
                    read_again(connection, list(connection.scalars(select(content.c.id).where(is_lost))))


Step: TypeAlias = Act | Photos | int | str | None
"""An act; something that happens to photos; an undo, of a number or of the last; a person to forget."""


def face_of(version: str, place: int, shift: float) -> FaceKey:
    return FaceKey(digest_of(version), Box(100.0 * place + shift, -2.5, 40.25, 50.0))


FACES = st.builds(
    face_of, st.sampled_from(VERSIONS), st.integers(0, 1), st.sampled_from([0.0, 0.0, 5.0, 30.0])
)

PHOTOS = st.builds(
    Photos,
    st.sampled_from(["edited", "perhaps", "copy", "back", "found", "switched", "lost", "pruned"]),
    st.integers(0, 1),
)

STEPS = st.lists(
    st.one_of(
        acts(face=FACES),
        acts(face=FACES),
        acts(),
        st.integers(1, 12),
        st.none(),
        PHOTOS,
        st.sampled_from(KEYS),
    ),
    min_size=4,
    max_size=14,
)


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library to copy, with three photos of two faces, in which three persons are named."""
    folder = tmp_path_factory.mktemp("scanned")
    with create_store(folder / "library.sqlite3") as store:
        catalog = Catalog(store)
        catalog.choose_model(MODEL)
        scan(catalog, folder / "photos")
        Journal(store).append_all([assign(ANNA, 0, 1), assign(BEN, 2), assign(CARL, 3, 4)])
    return folder / "library.sqlite3"


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
@example(steps=[Merge(ANNA, BEN), Reject(keys(2), BEN), 4, Merge(CARL, BEN), 5, 6, 4])
@example(steps=[Reject(keys(5), BEN), 2, 5, Merge(ANNA, CARL), 2])
@example(steps=[NotAFace((face_of("content 0", 0, 30.0),)), Photos("found", 0)])
@example(steps=[Photos("edited", 0), Photos("found", 0), Photos("switched", 1), Reject(keys(0), ANNA), 1])
@example(steps=[Portrait(keys(0), ANNA), Merge(ANNA, BEN), Portrait(keys(2), BEN), 5])
@example(steps=[Portrait(keys(1), ANNA), Portrait(keys(2), BEN), Merge(BEN, ANNA), Reject(keys(2), BEN), 6])
@example(steps=[in_photo(BEN, 0), Photos("edited", 0), Merge(ANNA, BEN), in_photo(CARL, 0), 5])
@example(steps=[in_photo(DORA, 1), Photos("lost", 1), Photos("back", 1), 4, Born(DORA, "2010"), 5])
@example(steps=[Draw((face_of("content 0", 0, 400.0),), BEN, "Ben"), Photos("switched", 1), 4, 5, BEN])
@example(steps=[Draw((face_of("content 0", 0, 400.0),), DORA, "Dora"), Photos("edited", 0), 4])
@example(steps=[Apart(ANNA, BEN), Merge(CARL, BEN), 4, 5, split(CARL, ANNA, 1), Rename(BEN, "Anna"), 2])
def test_the_tables_say_what_a_whole_replay_says(scanned: Path, steps: list[Step]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(scanned, Path(folder, "library.sqlite3"))
        with create_store(Path(folder, "library.sqlite3")) as store:
            for step in steps:
                before = rows_by_face(store)
                clear_marks(store)
                take(store, step, scanned.parent / "photos")
                with store.read() as connection:
                    assert differences(connection, read_state(connection)) == {}
                assert marks(store) >= changes(before, rows_by_face(store))


def take(store: Store, step: Step, folder: Path) -> None:
    """Take a step, or leave things as they are where it makes no sense."""
    journal = Journal(store)
    try:
        match step:
            case Photos():
                step.happen(store, folder)
            case int() | None:
                journal.undo(step)
            case str():
                forget(store, step)
            case _:
                journal.append(step)
    except DecisionRefused:
        pass


def rows_by_face(store: Store) -> dict[tuple[int, int], object]:
    """What the tables say of each face: its verdict, with the person or 0, and each rejection."""
    concerned = case((verdict.c.status == "not-a-face", ITSELF), else_=func.coalesce(verdict.c.person_id, 0))
    verdicts = select(verdict.c.face_id, concerned, verdict.c.status)
    rejections = select(rejection.c.face_id, rejection.c.person_id)
    with store.read() as connection:
        found: dict[tuple[int, int], object] = {
            (face_id, who): status for face_id, who, status in connection.execute(verdicts)
        }
        return found | {(row.face_id, -row.person_id): "rejected" for row in connection.execute(rejections)}


def changes(
    before: dict[tuple[int, int], object], after: dict[tuple[int, int], object]
) -> set[tuple[int, int]]:
    return {each for each in before.keys() | after.keys() if before.get(each) != after.get(each)}


def clear_marks(store: Store) -> None:
    with store.write() as connection:
        connection.execute(delete(changed))


def marks(store: Store) -> set[tuple[int, int]]:
    with store.read() as connection:
        return {(row.face_id, row.person_id) for row in connection.execute(select(changed))}


@pytest.mark.parametrize(
    ("year", "marked"), [(2019, set()), (2020, {(1, 1), (2, 1), (1, ITSELF), (2, ITSELF)})]
)
def test_another_year_of_a_photo_marks_its_confirmed_faces(
    scanned: Path, tmp_path: Path, year: int, marked: set[tuple[int, int]]
) -> None:
    shutil.copy(scanned, tmp_path / "library")
    with create_store(tmp_path / "library") as store:
        clear_marks(store)
        photo = indexed(make_file(tmp_path / "0.jpg"), "content 0")
        dated = PhotoKnown(photo.file, photo.digest, taken_at=datetime(year, 7, 15, tzinfo=UTC))
        Catalog(store).record([dated])
        assert marks(store) == marked
