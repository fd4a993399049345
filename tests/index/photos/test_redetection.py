"""A second detector searches known contents: what it finds stays hidden until the library changes to it.

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
from index.values import DetectorComparison, DetectorCoverage, NewDetections
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
class Redetected:
    """A library, and what detectors find in the photos of it."""

    store: Store

    def __post_init__(self) -> None:
        self.catalog, self.journal = Catalog(self.store), Journal(self.store)
        self.people = PeopleQueries(self.store)

    def scan(self, content: str, *faces: tuple[Box, F32], path: str = "") -> None:
        """Record a photo with what mtcnn finds in it."""
        self.catalog.record([self._found(content, faces, "mtcnn 1600 20", path)])

    def detect(self, content: str, *faces: tuple[Box, F32], by: str = "yunet") -> int:
        """Add what another detector finds in the photo; return how many faces were added."""
        new = NewDetections(digest_of(content), self._found(content, faces, f"{by} 1600 20", ""))
        return Redetection(self.store, by).add([new])

    def change(self, detector: str) -> None:
        Redetection(self.store, detector).make_current()

    def shown(self) -> dict[Box, int]:
        return {face.box: face.face_id for chunk in self.catalog.all_faces() for face in chunk}

    def said(self) -> dict[Box, str]:
        """What is decided of each face that is shown."""
        names = said(self.people, 99)
        return {box: names[number] for box, number in self.shown().items() if number in names}

    def faults(self) -> list[str]:
        checks = inspections(self.store, lambda model: DIMENSION)
        return [each.message for check in checks for each in check.find()]

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
def library(database: Store, catalog: Catalog) -> Redetected:
    return Redetected(database)


def near_one(vector: F32, cosine: float) -> F32:
    (found,) = near(vector[np.newaxis], cosine)
    return np.asarray(found, np.float32)


class TestTheChange:
    def test_what_is_found_stays_hidden_until_the_library_changes_to_it(self, library: Redetected) -> None:
        library.scan("a", (FACE, WHO))
        library.scan("b")
        before = library.shown()
        described_before = library.catalog.described_faces(MODEL).tolist()
        redetection = Redetection(library.store, "yunet")
        assert redetection.coverage() == DetectorCoverage(contents=2, looked_at=0, waiting=2)
        assert [each.digest for each in redetection.unsearched(0, 9)] == [digest_of("a"), digest_of("b")]
        assert library.detect("a", (CLOSE, WHO), (BESIDE, OTHER)) == 2
        assert library.detect("b") == 0
        assert redetection.coverage() == DetectorCoverage(contents=2, looked_at=2, waiting=0)
        assert redetection.unsearched(0, 9) == ()
        assert library.shown() == before
        assert library.catalog.described_faces(MODEL).tolist() == described_before
        assert library.catalog.statistics().faces == 1
        assert redetection.compare() == DetectorComparison(before=1, after=2, gained=1, lost=0)
        library.change("yunet")
        assert library.catalog.detector() == "yunet"
        assert library.shown().keys() == {CLOSE, BESIDE}
        assert library.catalog.described_faces(MODEL).tolist() == [2, 3]
        assert library.catalog.statistics().faces == 2
        assert library.faults() == []

    def test_it_can_be_taken_back_at_once(self, library: Redetected) -> None:
        library.scan("a", (FACE, WHO))
        before = library.shown()
        library.detect("a", (CLOSE, WHO))
        for _ in range(2):
            library.change("yunet")
            assert library.shown() == {CLOSE: 2}
            library.change("mtcnn")
            assert library.shown() == before
        assert Redetection(library.store, "mtcnn").coverage().waiting == 0

    def test_a_content_is_searched_once(self, library: Redetected) -> None:
        library.scan("a", (FACE, WHO))
        assert [library.detect("a", (CLOSE, WHO)) for _ in range(2)] == [1, 0]
        assert library.detect("unknown", (CLOSE, WHO)) == 0

    def test_what_was_out_of_reach_shows_what_was_found_before_until_it_is_searched(
        self, library: Redetected
    ) -> None:
        library.scan("here", (FACE, WHO))
        library.scan("away", (BESIDE, OTHER))
        library.journal.append(assign_box(ANNA, "away", BESIDE))
        library.detect("here", (CLOSE, WHO))
        library.change("yunet")
        assert library.shown().keys() == {CLOSE, BESIDE}
        assert library.faults() == []
        beside = Box(BESIDE.x + 4, BESIDE.y, BESIDE.w, BESIDE.h)
        library.detect("away", (beside, OTHER))
        assert library.shown().keys() == {CLOSE, beside}
        assert library.said() == {beside: "Anna"}
        assert library.faults() == []

    def test_a_face_in_a_missing_photo_waits_for_nobody(self, library: Redetected) -> None:
        library.scan("a", (FACE, WHO))
        crawled(library.store, [b"/photos"])
        redetection = Redetection(library.store, "yunet")
        assert redetection.coverage() == DetectorCoverage(contents=1, looked_at=0, waiting=0)
        assert redetection.unsearched(0, 9) == ()

    def test_a_new_photo_shows_what_the_library_s_detector_found(self, library: Redetected) -> None:
        library.change("yunet")
        library.catalog.record([library._found("new", [(FACE, WHO)], "yunet 1600 20", "")])
        assert library.shown().keys() == {FACE}
        assert Redetection(library.store, "mtcnn").coverage().waiting == 1

    def test_check_finds_faces_that_are_shown_against_the_detector(self, library: Redetected) -> None:
        library.scan("a", (FACE, WHO))
        library.detect("a", (CLOSE, WHO))
        library.change("yunet")
        with library.store.write() as connection:
            connection.exec_driver_sql("DELETE FROM other_face")
        assert library.shown().keys() == {FACE, CLOSE}
        (fault,) = library.faults()
        assert fault.endswith("against the library's detector: 1 (faces 1)")
        for inspection in inspections(library.store, lambda model: DIMENSION):
            inspection.repair()
        assert library.shown().keys() == {CLOSE}
        assert library.faults() == []


def assign_box(person: str, content: str, box: Box) -> Act:
    return replace(assign(person, 0), faces=(FaceKey(digest_of(content), box),))


def about(act: type, content: str, box: Box, *others: str) -> Act:
    made: Act = act((FaceKey(digest_of(content), box),), *others)
    return made


class TestDecisions:
    @pytest.mark.parametrize("act", [Ignore, NotAFace])
    def test_what_is_said_of_a_face_is_said_of_it_as_another_detector_finds_it(
        self, library: Redetected, act: type
    ) -> None:
        library.scan("a", (FACE, WHO))
        library.detect("a", (CLOSE, OTHER))  # faces that are none look like anything
        library.journal.append(about(act, "a", FACE))
        before = library.said()
        library.change("yunet")
        assert library.said() == {CLOSE: before[FACE]}
        library.change("mtcnn")
        assert library.said() == before

    def test_what_is_said_afterwards_holds_after_a_change_back(self, library: Redetected) -> None:
        library.scan("a", (FACE, WHO))
        library.journal.append(assign_box(ANNA, "a", FACE))
        library.detect("a", (CLOSE, WHO))
        library.change("yunet")
        library.journal.append(about(Reject, "a", CLOSE, ANNA))
        assert library.said() == {CLOSE: "!Anna"}
        library.change("mtcnn")
        assert library.said() == {FACE: "!Anna"}
        library.journal.undo()
        assert library.said() == {FACE: "Anna"}
        library.change("yunet")
        assert library.said() == {CLOSE: "Anna"}

    def test_a_decided_face_that_is_not_found_stays(self, library: Redetected) -> None:
        library.scan("a", (FACE, WHO), (BESIDE, OTHER))
        library.journal.append(assign_box(ANNA, "a", FACE))
        library.detect("a")
        library.change("yunet")
        assert library.said() == {FACE: "Anna"}
        assert library.shown().keys() == {FACE}
        (kept,) = library.catalog.faces([1]).values()
        assert (kept.detector, kept.kept) == ("mtcnn", True)
        assert Redetection(library.store, "yunet").kept() == 1
        library.journal.undo()
        assert library.shown() == {}  # nothing is said of it
        library.journal.undo(2)
        assert library.said() == {FACE: "Anna"}
        assert library.faults() == []
        library.change("mtcnn")
        assert library.shown().keys() == {FACE, BESIDE}
        assert Redetection(library.store, "mtcnn").kept() == 0

    def test_a_decision_that_comes_with_a_journal_shows_a_hidden_face(
        self, library: Redetected, tmp_path: Path
    ) -> None:
        library.scan("a", (FACE, WHO))
        library.detect("a")
        library.change("yunet")
        with create_store(tmp_path / "other.db") as store:
            Catalog(store).choose_model(MODEL)
            other = Redetected(store)
            other.scan("a", (FACE, WHO))
            other.journal.append(assign_box(ANNA, "a", FACE))
            lines = list(other.journal.export_lines())
        import_into(library.journal, lines)
        assert library.said() == {FACE: "Anna"}

    def test_boxes_of_one_face_that_differ_much_are_one_by_their_descriptors(
        self, library: Redetected
    ) -> None:
        library.scan("a", (FACE, WHO))
        library.journal.append(assign_box(ANNA, "a", FACE))
        library.detect("a", (WIDE, near_one(WHO, 0.7)))
        library.change("yunet")
        assert library.said() == {WIDE: "Anna"}
        assert not library.people.statuses([2])[2].edited
        library.change("mtcnn")
        assert library.said() == {FACE: "Anna"}

    def test_boxes_that_differ_much_of_faces_that_are_not_alike_are_two(self, library: Redetected) -> None:
        library.scan("a", (FACE, WHO))
        library.journal.append(assign_box(ANNA, "a", FACE))
        library.detect("a", (WIDE, near_one(WHO, 0.4)))
        library.change("yunet")
        assert library.said() == {FACE: "Anna"}
        assert library.shown().keys() == {FACE, WIDE}

    def test_no_decision_goes_to_a_neighbour(self, library: Redetected) -> None:
        """Anna's face is not found any more, and that of a neighbour who hides much of it is."""
        library.scan("a", (FACE, WHO), (BEHIND, OTHER))
        library.journal.append(assign_box(ANNA, "a", FACE))
        shifted = Box(BEHIND.x - 4, BEHIND.y - 4, BEHIND.w, BEHIND.h)
        library.detect("a", (shifted, OTHER))
        library.change("yunet")
        assert library.said() == {FACE: "Anna"}
        assert library.shown().keys() == {FACE, shifted}

    def test_what_may_be_the_same_face_after_an_edit_is_still_asked_about(self, library: Redetected) -> None:
        from index.people.edited_faces import edited_faces

        library.scan("before", (FACE, WHO), path="photo")
        library.journal.append(assign_box(ANNA, "before", FACE))
        after = Box(300, 60, 40, 50)
        library.scan("after", (after, near_one(WHO, 0.5)), path="photo")
        (asked,) = edited_faces(library.store)
        assert asked.face_id == library.shown()[after]
        close = Box(302, 61, 42, 50)
        library.detect("after", (close, near_one(WHO, 0.5)))
        library.change("yunet")
        (asked,) = edited_faces(library.store)
        assert asked.face_id == library.shown()[close]


class TestPrivacy:
    def test_who_is_forgotten_is_forgotten_in_what_every_detector_found(self, library: Redetected) -> None:
        library.scan("a", (FACE, WHO), (BESIDE, OTHER))
        library.detect("a", (CLOSE, WHO), (Box(142, 50, 40, 50), OTHER))
        library.journal.append(assign_box(ANNA, "a", FACE))
        forget(library.store, ANNA)
        with library.store.read() as connection:
            faces = connection.exec_driver_sql("SELECT id FROM face ORDER BY id").scalars().all()
            vectors = connection.exec_driver_sql("SELECT face_id FROM descriptor ORDER BY 1").scalars().all()
        assert faces == vectors == [2, 4]
        library.change("yunet")
        assert len(library.shown()) == 1

    def test_a_forgotten_face_is_not_found_again(self, library: Redetected) -> None:
        library.scan("a", (FACE, WHO))
        library.journal.append(assign_box(ANNA, "a", FACE))
        forget(library.store, ANNA)
        assert library.detect("a", (CLOSE, WHO)) == 0


def test_a_hidden_face_can_have_no_decision(library: Redetected) -> None:
    library.scan("a", (FACE, WHO))
    library.detect("a", (CLOSE, WHO))
    with pytest.raises(DecisionRefused, match="no face 2"):
        library.journal.face_keys([2])


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library with the faces 1 to 6, two in each of three photos."""
    library = tmp_path_factory.mktemp("library") / "library.db"
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
    copy = Path(shutil.copy(scanned, scanned.with_name("copy.db")))
    with create_store(copy) as store:
        library = Redetected(store)
        appended(library.journal, first)
        missed = data.draw(st.sets(st.integers(0, 5)))
        for number in range(3):
            there = [
                (key(face, 6.0).box, units(2, number)[place])
                for place, face in enumerate((2 * number, 2 * number + 1))
                if face not in missed
            ]
            library.detect(f"content {number}", *there)
        before = decided(library)
        library.change("yunet")
        assert decided(library) == before
        appended(library.journal, second)
        there_too = decided(library)
        library.change("mtcnn")
        assert decided(library) == there_too
        assert library.faults() == []


def decided(library: Redetected) -> dict[tuple[bytes, int], str]:
    """What is said of each face, by its content and place, whoever found it."""
    faces = [face for chunk in library.catalog.all_faces() for face in chunk]
    names = said(library.people, 99)
    found = {(face.digest, round(face.box.x / 100)): names.get(face.face_id) for face in faces}
    return {face: name for face, name in found.items() if name is not None}


def appended(journal: Journal, some: Sequence[Act]) -> None:
    for act in some:
        try:
            journal.append(act)
        except (DecisionRefused, ValueError):
            continue
