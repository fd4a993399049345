"""A person draws a face that was missed: it is a face like any other, or named only."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from faceindex.errors import BadRequest
from faceindex.library import Library
from faceindex.output.face_sheet import SheetFace, draw_sheet
from faceindex.results import Answer, Certainty
from index.maintenance.check import Finding
from index.values import FaceRecord, TimeSpan
from pipeline.values import Box
from tests.faceindex.conftest import Album
from tests.functional.people import astronaut, landscape, save

GRACE = Box(345, 85, 65, 80)
"""About where Grace Hopper's face is in ``both``, rather large."""

NOWHERE = Box(430, 220, 50, 60)
"""In the photo, and no face."""


@pytest.fixture
def drawn_in(album: Album, hopper: Path) -> Album:
    """A photo of two, of whom one is too small to be found, and a photo of her alone."""
    with Image.open(hopper) as picture:
        grace = picture.convert("RGB")
    both = Image.new("RGB", (520, 300), (90, 90, 90))
    both.paste(astronaut(), (0, 0))
    both.paste(grace.resize((150, 176)), (300, 60))
    save(both, album.folder / "both.jpg")
    save(grace, album.folder / "grace.jpg")
    album = replace(album, settings=album.settings.model_copy(update={"smallest_face": 80.0}))
    album.scan()
    assert len(album.faces()) == 2
    return album


def asked(library: Library, photo: Path) -> Answer:
    (answer,) = library.who(photo)
    assert isinstance(answer, Answer)
    return answer


def who(library: Library, photo: Path) -> list[str]:
    identities = (each.identity for each in asked(library, photo).faces)
    return ["" if each.person is None else f"{each.person.name} {each.certainty}" for each in identities]


def found(library: Library, name: str) -> list[str]:
    return [Path(each.path.decode()).name for each in library.find(name)]


def record(library: Library, name: str) -> FaceRecord:
    (face,) = (each.record for each in library.people.faces(name) if each.record.drawn)
    return face


def faults(library: Library) -> list[str]:
    return [each.message for each in library.check() if isinstance(each, Finding)]


def test_people_are_recognised_by_a_drawn_face(drawn_in: Album, tmp_path: Path) -> None:
    both, grace = (drawn_in.folder / name for name in ("both.jpg", "grace.jpg"))
    with Library(drawn_in.settings) as library:
        before = library.statistics()
        decided = library.people.draw(both, GRACE, "Grace")
        assert (decided.faces, decided.poor, decided.decision.source) == (1, (), "python")
        assert decided.regrouped is not None
        assert decided.regrouped.newly_recognised == 1
        face = record(library, "Grace")
        assert (face.box, face.described, face.landmarks.shape) == (GRACE, True, (5, 2))
        assert who(library, both) == ["", "Grace confirmed"]
        assert who(library, grace) == ["Grace accepted"]
        assert found(library, "Grace") == ["both.jpg", "grace.jpg"]
        now = library.statistics()
        assert (now.faces, now.descriptors, now.indexed_faces) == (3, 3, 3)

        library.people.undo()
        assert who(library, both) == [""]
        assert who(library, grace) == [""]
        with pytest.raises(BadRequest, match="Grace"):
            library.find("Grace")
        assert library.statistics().faces == before.faces
        library.export(tmp_path / "faces.npz", "npz")
        with np.load(tmp_path / "faces.npz") as arrays:
            assert face.face_id not in arrays["face_id"]

        library.people.undo(decided.decision.id + 1)
        assert who(library, both) == ["", "Grace confirmed"]
        assert found(library, "Grace") == ["both.jpg", "grace.jpg"]
        assert faults(library) == []


def test_a_face_without_landmarks_is_named_only(drawn_in: Album, tmp_path: Path) -> None:
    both = drawn_in.folder / "both.jpg"
    with Library(drawn_in.settings) as library:
        decided = library.people.draw(both, NOWHERE, "Nemo")
        face = record(library, "Nemo")
        assert [each.face_id for each in decided.poor] == [face.face_id]
        assert (face.described, face.landmarks.shape, face.quality.score) == (False, (0, 2), 0)
        assert found(library, "Nemo") == ["both.jpg"]
        eileen, nemo = asked(library, both).faces
        assert (eileen.drawn, nemo.drawn, nemo.described.is_described) == (False, True, False)
        assert (nemo.identity.certainty, nemo.identity.similarity) == (Certainty.CONFIRMED, None)
        assert nemo.matches == ()
        explained = library.why(both, face=2)
        assert isinstance(explained, tuple)
        assert explained[0].candidates == ()
        library.export(tmp_path / "faces.jsonl")
        lines = [json.loads(line) for line in (tmp_path / "faces.jsonl").read_text().splitlines()]
        (line,) = (each for each in lines if each["face_id"] == face.face_id)
        assert (line["drawn"], line["described"], line["landmarks"]) == (True, False, [])
        library.export(tmp_path / "faces.npz", "npz")
        with np.load(tmp_path / "faces.npz") as arrays:
            assert face.face_id not in arrays["face_id"]
        sheet = tmp_path / "sheet.png"
        draw_sheet([SheetFace.of_record(face)], sheet, drawn_in.settings)
        with Image.open(sheet) as picture:
            assert len(picture.getcolors(picture.width * picture.height) or ()) > 2
        assert library.ungrouped().undescribed == 0
        assert faults(library) == []


def test_an_imported_face_is_described_by_the_next_reindex(drawn_in: Album, tmp_path: Path) -> None:
    both, journal = drawn_in.folder / "both.jpg", tmp_path / "journal.jsonl"
    with Library(drawn_in.settings) as library:
        library.people.draw(both, GRACE, "Grace")
        library.people.draw(both, NOWHERE, "Nemo")
        library.people.export_journal(journal)
    other = replace(drawn_in, settings=drawn_in.settings.model_copy(update={"library": tmp_path / "b.db"}))
    other.scan()
    with Library(other.settings) as library:
        library.people.import_journal(journal)
        assert sorted(filter(None, who(library, both))) == ["Grace confirmed", "Nemo confirmed"]
        assert not record(library, "Grace").described
    assert other.reindex().described == 1
    with Library(other.settings) as library:
        assert record(library, "Grace").described
        assert not record(library, "Nemo").described
        assert who(library, drawn_in.folder / "grace.jpg") == ["Grace accepted"]
    assert other.reindex().described == 0


REFUSED: tuple[tuple[str | int, Box, str, str], ...] = (
    ("both.jpg", Box(0, 0, 3, 90), "Ann", "too small for a face"),
    ("both.jpg", Box(510, 100, 90, 90), "Ann", "lies outside of .*both.jpg, which has 520 x 300 pixels"),
    ("both.jpg", Box(10, 10, -5, 9), "Ann", "lies outside"),
    ("both.jpg", Box(float("nan"), 10, 5, 9), "Ann", "four numbers"),
    ("both.jpg", Box(10, 10, 50, 50, 3.0), "Ann", "is a photo, which has no moments"),
    ("both.jpg", GRACE, "", "cannot be a name"),
    ("none.jpg", GRACE, "Ann", "none.jpg is no photo that the library could read"),
    (99, GRACE, "Ann", "There is no photo 99"),
)


def test_what_cannot_be_drawn_is_refused(drawn_in: Album) -> None:
    with Library(drawn_in.settings) as library:
        for photo, box, name, message in REFUSED:
            with pytest.raises(BadRequest, match=message):
                library.people.draw(drawn_in.folder / photo if isinstance(photo, str) else photo, box, name)


def test_a_face_that_is_there_is_named_instead(drawn_in: Album) -> None:
    both = drawn_in.folder / "both.jpg"
    (eileen,) = (each for each in drawn_in.faces() if each.photo.endswith(b"both.jpg"))
    there = eileen.box
    around = Box(there.x - there.w / 2, there.y - there.h / 2, there.w * 2, there.h * 2)
    with Library(drawn_in.settings) as library:
        for box in (there, around):
            with pytest.raises(BadRequest, match=f"Face {eileen.face_id} is there already: name that"):
                library.people.draw(both, box, "Eileen")
        library.people.draw(both, GRACE, "Grace")
        with pytest.raises(BadRequest, match="is there already"):
            library.people.draw(both, GRACE, "Grace")
        assert len(library.people.log()) == 1


def test_a_forgotten_face_is_not_drawn_again(drawn_in: Album) -> None:
    both = drawn_in.folder / "both.jpg"
    with Library(drawn_in.settings) as library:
        library.people.draw(both, GRACE, "Grace")
        library.people.forget("Grace")
        with pytest.raises(BadRequest, match="was forgotten, which is final"):
            library.people.draw(both, GRACE, "Grace")
        assert len(drawn_in.execute("SELECT id FROM face")) == 2


def test_a_photo_that_is_gone_or_another_one_now_is_refused(drawn_in: Album) -> None:
    both = drawn_in.folder / "both.jpg"
    with Library(drawn_in.settings) as library:
        save(landscape(), both)
        with pytest.raises(BadRequest, match="has changed since it was scanned"):
            library.people.draw(both, NOWHERE, "Nemo")
        both.unlink()
        with pytest.raises(BadRequest, match="cannot be read now"):
            library.people.draw(both, NOWHERE, "Nemo")
        assert library.people.log() == ()
    drawn_in.scan()
    with Library(drawn_in.settings) as library, pytest.raises(BadRequest, match="is missing"):
        library.people.draw(both, NOWHERE, "Nemo")


def test_a_face_of_a_film_is_drawn_at_a_moment_of_it(album: Album) -> None:
    films = pytest.importorskip("tests.functional.films")
    film = album.folder / "film.mp4"
    eileen = astronaut().resize((120, 120))
    films.save_film(film, [(2, []), (2, [(eileen, 60)])])
    album = replace(album, settings=album.settings.model_copy(update={"smallest_face": 200.0}))
    album.scan()
    assert album.faces() == []
    with Library(album.settings) as library:
        with pytest.raises(BadRequest, match="is a film: say at which moment"):
            library.people.draw(film, Box(90, 40, 60, 70), "Eileen")
        with pytest.raises(BadRequest, match="is 0:04 long: the moment 9 s is not in it"):
            library.people.draw(film, Box(90, 40, 60, 70, 9.0), "Eileen")
        there = Box(105, 66, 46, 58, 3.0)
        library.people.draw(film, there, "Eileen")
        face = record(library, "Eileen")
        assert (face.described, face.box, face.span) == (True, there, TimeSpan(3.0, 3.0))
        library.people.draw(film, Box(5, 5, 40, 40, 0.5), "Nemo")
        assert [len(library.find(each)[0].moments or ()) for each in ("Eileen", "Nemo")] == [1, 1]
        answer = asked(library, film)
        names = [each.identity.person.name for each in answer.people or () if each.identity.person]
        assert sorted(names) == ["Eileen", "Nemo"]
        assert faults(library) == []
