"""A second detector looks at known contents: what it finds stays hidden until the library changes to it.

Decisions go with the faces, there and back, whatever the boxes are; none goes to a neighbour.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.decisions.journal import Journal
from index.decisions.model import Act, FaceKey, Ignore, NotAFace, Reject
from index.errors import DecisionRefused
from index.maintenance.check import inspections
from index.people.queries import PeopleQueries
from index.photos.catalog import Catalog
from index.photos.redetection import Redetection
from index.privacy.forget import forget
from index.store.opening import create_store
from index.store.store import Store
from index.values import DetectorComparison, DetectorCoverage, NewLook
from pipeline.values import F32, Box, PhotoFile, PhotoIndexed
from tests.index.builders import DIMENSION, MODEL, crawled, described, digest_of, indexed, near, units
from tests.index.journals import ANNA, acts, assign, import_into, key, said, scan

WHO, OTHER = units(2, seed=3)
"""Descriptors of two people."""

FACE = Box(100, 50, 40, 50)
CLOSE = Box(103, 47, 42, 54)
WIDE = Box(80, 30, 80, 100)
"""All of ``FACE``, and three times as much more."""

BESIDE = Box(139, 50, 40, 50)
"""The face of a neighbour, which covers a little of ``FACE``."""

BEHIND = Box(112, 58, 40, 50)
"""A face that hides most of ``FACE``."""


@dataclass
class Looks:
    """A library, and what detectors find in the photos of it."""

    store: Store

    def __post_init__(self) -> None:
        self.catalog, self.journal = Catalog(self.store), Journal(self.store)
        self.people = PeopleQueries(self.store)

    def scan(self, content: str, *faces: tuple[Box, F32], path: str = "") -> None:
        """Record a photo with what mtcnn finds in it."""
        self.catalog.record([self._found(content, faces, "mtcnn 1600 20", path)])

    def look(self, content: str, *faces: tuple[Box, F32], by: str = "yunet") -> int:
        """Add what another detector finds in the photo; return how many faces were added."""
        look = NewLook(digest_of(content), self._found(content, faces, f"{by} 1600 20", ""))
        return Redetection(self.store, by).add([look])

    def change(self, detector: str) -> None:
        Redetection(self.store, detector).make_current()

    def shown(self) -> dict[Box, int]:
        return {face.box: face.face_id for chunk in self.catalog.all_faces() for face in chunk}

    def said(self) -> dict[Box, str]:
        """What is decided of each face that is shown."""
        names = said(self.people, 99)
        return {box: names[number] for box, number in self.shown().items() if number in names}

    def faults(self) -> list[str]:
        looks = inspections(self.store, lambda model: DIMENSION)
        return [each.message for look in looks for each in look.find()]

    def _found(
        self, content: str, faces: Sequence[tuple[Box, F32]], detector: str, path: str
    ) -> PhotoIndexed:
        file = PhotoFile(f"/photos/{path or content}.jpg".encode(), 1, 1)
        there = [described(vector) for _, vector in faces]
        boxed = [
            replace(each, face=replace(each.face, box=box))
            for each, (box, _) in zip(there, faces, strict=True)
        ]
        return replace(indexed(file, content), faces=tuple(boxed), detector=detector)


@pytest.fixture
def looks(database: Store, catalog: Catalog) -> Looks:
    return Looks(database)


def near_one(vector: F32, cosine: float) -> F32:
    (found,) = near(vector[np.newaxis], cosine)
    return np.asarray(found, np.float32)


class TestTheChange:
    def test_what_is_found_stays_hidden_until_the_library_changes_to_it(self, looks: Looks) -> None:
        looks.scan("a", (FACE, WHO))
        looks.scan("b")
        before = looks.shown()
        described_before = looks.catalog.described_faces(MODEL).tolist()
        redetection = Redetection(looks.store, "yunet")
        assert redetection.coverage() == DetectorCoverage(contents=2, looked_at=0, waiting=2)
        assert [each.digest for each in redetection.unlooked(0, 9)] == [digest_of("a"), digest_of("b")]
        assert looks.look("a", (CLOSE, WHO), (BESIDE, OTHER)) == 2
        assert looks.look("b") == 0
        assert redetection.coverage() == DetectorCoverage(contents=2, looked_at=2, waiting=0)
        assert redetection.unlooked(0, 9) == ()
        assert looks.shown() == before
        assert looks.catalog.described_faces(MODEL).tolist() == described_before
        assert looks.catalog.statistics().faces == 1
        assert redetection.compare() == DetectorComparison(before=1, after=2, gained=1, lost=0)
        looks.change("yunet")
        assert looks.catalog.detector() == "yunet"
        assert looks.shown().keys() == {CLOSE, BESIDE}
        assert looks.catalog.described_faces(MODEL).tolist() == [2, 3]
        assert looks.catalog.statistics().faces == 2
        assert looks.faults() == []

    def test_it_can_be_taken_back_at_once(self, looks: Looks) -> None:
        looks.scan("a", (FACE, WHO))
        before = looks.shown()
        looks.look("a", (CLOSE, WHO))
        for _ in range(2):
            looks.change("yunet")
            assert looks.shown() == {CLOSE: 2}
            looks.change("mtcnn")
            assert looks.shown() == before
        assert Redetection(looks.store, "mtcnn").coverage().waiting == 0

    def test_a_content_is_looked_at_once(self, looks: Looks) -> None:
        looks.scan("a", (FACE, WHO))
        assert [looks.look("a", (CLOSE, WHO)) for _ in range(2)] == [1, 0]
        assert looks.look("unknown", (CLOSE, WHO)) == 0

    def test_what_was_out_of_reach_shows_what_was_found_before_until_it_is_looked_at(
        self, looks: Looks
    ) -> None:
        looks.scan("here", (FACE, WHO))
        looks.scan("away", (BESIDE, OTHER))
        looks.journal.append(assign_box(ANNA, "away", BESIDE))
        looks.look("here", (CLOSE, WHO))
        looks.change("yunet")
        assert looks.shown().keys() == {CLOSE, BESIDE}
        assert looks.faults() == []
        beside = Box(BESIDE.x + 4, BESIDE.y, BESIDE.w, BESIDE.h)
        looks.look("away", (beside, OTHER))
        assert looks.shown().keys() == {CLOSE, beside}
        assert looks.said() == {beside: "Anna"}
        assert looks.faults() == []

    def test_a_face_in_a_missing_photo_waits_for_nobody(self, looks: Looks) -> None:
        looks.scan("a", (FACE, WHO))
        crawled(looks.store, [b"/photos"])
        redetection = Redetection(looks.store, "yunet")
        assert redetection.coverage() == DetectorCoverage(contents=1, looked_at=0, waiting=0)
        assert redetection.unlooked(0, 9) == ()

    def test_a_new_photo_shows_what_the_library_s_detector_found(self, looks: Looks) -> None:
        looks.change("yunet")
        looks.catalog.record([looks._found("new", [(FACE, WHO)], "yunet 1600 20", "")])
        assert looks.shown().keys() == {FACE}
        assert Redetection(looks.store, "mtcnn").coverage().waiting == 1

    def test_check_finds_faces_that_are_shown_against_the_detector(self, looks: Looks) -> None:
        looks.scan("a", (FACE, WHO))
        looks.look("a", (CLOSE, WHO))
        looks.change("yunet")
        with looks.store.write() as connection:
            connection.exec_driver_sql("DELETE FROM other_face")
        assert looks.shown().keys() == {FACE, CLOSE}
        (fault,) = looks.faults()
        assert fault.endswith("against the library's detector: 1 (faces 1)")
        for inspection in inspections(looks.store, lambda model: DIMENSION):
            inspection.repair()
        assert looks.shown().keys() == {CLOSE}
        assert looks.faults() == []


def assign_box(person: str, content: str, box: Box) -> Act:
    return replace(assign(person, 0), faces=(FaceKey(digest_of(content), box),))


def about(act: type, content: str, box: Box, *others: str) -> Act:
    made: Act = act((FaceKey(digest_of(content), box),), *others)
    return made


class TestDecisions:
    @pytest.mark.parametrize("act", [Ignore, NotAFace])
    def test_what_is_said_of_a_face_is_said_of_it_as_another_detector_finds_it(
        self, looks: Looks, act: type
    ) -> None:
        looks.scan("a", (FACE, WHO))
        looks.look("a", (CLOSE, OTHER))  # faces that are none look like anything
        looks.journal.append(about(act, "a", FACE))
        before = looks.said()
        looks.change("yunet")
        assert looks.said() == {CLOSE: before[FACE]}
        looks.change("mtcnn")
        assert looks.said() == before

    def test_what_is_said_afterwards_holds_after_a_change_back(self, looks: Looks) -> None:
        looks.scan("a", (FACE, WHO))
        looks.journal.append(assign_box(ANNA, "a", FACE))
        looks.look("a", (CLOSE, WHO))
        looks.change("yunet")
        looks.journal.append(about(Reject, "a", CLOSE, ANNA))
        assert looks.said() == {CLOSE: "!Anna"}
        looks.change("mtcnn")
        assert looks.said() == {FACE: "!Anna"}
        looks.journal.undo()
        assert looks.said() == {FACE: "Anna"}
        looks.change("yunet")
        assert looks.said() == {CLOSE: "Anna"}

    def test_a_decided_face_that_is_not_found_stays(self, looks: Looks) -> None:
        looks.scan("a", (FACE, WHO), (BESIDE, OTHER))
        looks.journal.append(assign_box(ANNA, "a", FACE))
        looks.look("a")
        looks.change("yunet")
        assert looks.said() == {FACE: "Anna"}
        assert looks.shown().keys() == {FACE}
        (kept,) = looks.catalog.faces([1]).values()
        assert (kept.detector, kept.kept) == ("mtcnn", True)
        assert Redetection(looks.store, "yunet").kept() == 1
        looks.journal.undo()
        assert looks.shown() == {}  # nothing is said of it
        looks.journal.undo(2)
        assert looks.said() == {FACE: "Anna"}
        assert looks.faults() == []
        looks.change("mtcnn")
        assert looks.shown().keys() == {FACE, BESIDE}
        assert Redetection(looks.store, "mtcnn").kept() == 0

    def test_a_decision_that_comes_with_a_journal_shows_a_hidden_face(
        self, looks: Looks, tmp_path: Path
    ) -> None:
        looks.scan("a", (FACE, WHO))
        looks.look("a")
        looks.change("yunet")
        with create_store(tmp_path / "other.db") as store:
            Catalog(store).choose_model(MODEL)
            other = Looks(store)
            other.scan("a", (FACE, WHO))
            other.journal.append(assign_box(ANNA, "a", FACE))
            lines = list(other.journal.export_lines())
        import_into(looks.journal, lines)
        assert looks.said() == {FACE: "Anna"}

    def test_boxes_of_one_face_that_differ_much_are_one_by_their_descriptors(self, looks: Looks) -> None:
        looks.scan("a", (FACE, WHO))
        looks.journal.append(assign_box(ANNA, "a", FACE))
        looks.look("a", (WIDE, near_one(WHO, 0.7)))
        looks.change("yunet")
        assert looks.said() == {WIDE: "Anna"}
        assert not looks.people.statuses([2])[2].edited
        looks.change("mtcnn")
        assert looks.said() == {FACE: "Anna"}

    def test_boxes_that_differ_much_of_faces_that_are_not_alike_are_two(self, looks: Looks) -> None:
        looks.scan("a", (FACE, WHO))
        looks.journal.append(assign_box(ANNA, "a", FACE))
        looks.look("a", (WIDE, near_one(WHO, 0.4)))
        looks.change("yunet")
        assert looks.said() == {FACE: "Anna"}
        assert looks.shown().keys() == {FACE, WIDE}

    def test_no_decision_goes_to_a_neighbour(self, looks: Looks) -> None:
        """Anna's face is not found any more, and that of a neighbour who hides much of it is."""
        looks.scan("a", (FACE, WHO), (BEHIND, OTHER))
        looks.journal.append(assign_box(ANNA, "a", FACE))
        shifted = Box(BEHIND.x - 4, BEHIND.y - 4, BEHIND.w, BEHIND.h)
        looks.look("a", (shifted, OTHER))
        looks.change("yunet")
        assert looks.said() == {FACE: "Anna"}
        assert looks.shown().keys() == {FACE, shifted}

    def test_what_may_be_the_same_face_after_an_edit_is_still_asked_about(self, looks: Looks) -> None:
        from index.people.edited_faces import edited_faces

        looks.scan("before", (FACE, WHO), path="photo")
        looks.journal.append(assign_box(ANNA, "before", FACE))
        after = Box(300, 60, 40, 50)
        looks.scan("after", (after, near_one(WHO, 0.5)), path="photo")
        (asked,) = edited_faces(looks.store)
        assert asked.face_id == looks.shown()[after]
        close = Box(302, 61, 42, 50)
        looks.look("after", (close, near_one(WHO, 0.5)))
        looks.change("yunet")
        (asked,) = edited_faces(looks.store)
        assert asked.face_id == looks.shown()[close]


class TestPrivacy:
    def test_who_is_forgotten_is_forgotten_in_what_every_detector_found(self, looks: Looks) -> None:
        looks.scan("a", (FACE, WHO), (BESIDE, OTHER))
        looks.look("a", (CLOSE, WHO), (Box(142, 50, 40, 50), OTHER))
        looks.journal.append(assign_box(ANNA, "a", FACE))
        forget(looks.store, ANNA)
        with looks.store.read() as connection:
            faces = connection.exec_driver_sql("SELECT id FROM face ORDER BY id").scalars().all()
            vectors = connection.exec_driver_sql("SELECT face_id FROM descriptor ORDER BY 1").scalars().all()
        assert faces == vectors == [2, 4]
        looks.change("yunet")
        assert len(looks.shown()) == 1

    def test_a_forgotten_face_is_not_found_again(self, looks: Looks) -> None:
        looks.scan("a", (FACE, WHO))
        looks.journal.append(assign_box(ANNA, "a", FACE))
        forget(looks.store, ANNA)
        assert looks.look("a", (CLOSE, WHO)) == 0


def test_a_hidden_face_can_have_no_decision(looks: Looks) -> None:
    looks.scan("a", (FACE, WHO))
    looks.look("a", (CLOSE, WHO))
    with pytest.raises(DecisionRefused, match="no face 2"):
        looks.journal.face_keys([2])


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library with the faces 1 to 6, two in each of three photos."""
    library = tmp_path_factory.mktemp("looks") / "library.db"
    with create_store(library) as store:
        Catalog(store).choose_model(MODEL)
        scan(Catalog(store), library.parent)
    return library


@given(st.lists(acts(), max_size=10), st.lists(acts(), max_size=4), st.data())
@settings(deadline=None, max_examples=8)
def test_whatever_was_decided_holds_there_and_back(
    scanned: Path, first: list[Act], second: list[Act], data: st.DataObject
) -> None:
    """The faces that yunet finds, moved a little; it may miss some, which stay if they are decided."""
    library = Path(shutil.copy(scanned, scanned.with_name("copy.db")))
    with create_store(library) as store:
        looks = Looks(store)
        appended(looks.journal, first)
        missed = data.draw(st.sets(st.integers(0, 5)))
        for number in range(3):
            there = [
                (key(face, 6.0).box, units(2, number)[place])
                for place, face in enumerate((2 * number, 2 * number + 1))
                if face not in missed
            ]
            looks.look(f"content {number}", *there)
        before = decided(looks)
        looks.change("yunet")
        assert decided(looks) == before
        appended(looks.journal, second)
        there_too = decided(looks)
        looks.change("mtcnn")
        assert decided(looks) == there_too
        assert looks.faults() == []


def decided(looks: Looks) -> dict[tuple[bytes, int], str]:
    """What is said of each face, by its content and place, whoever found it."""
    faces = [face for chunk in looks.catalog.all_faces() for face in chunk]
    names = said(looks.people, 99)
    found = {(face.digest, round(face.box.x / 100)): names.get(face.face_id) for face in faces}
    return {face: name for face, name in found.items() if name is not None}


def appended(journal: Journal, some: Sequence[Act]) -> None:
    for act in some:
        try:
            journal.append(act)
        except (DecisionRefused, ValueError):
            continue
