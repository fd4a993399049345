"""A face that somebody drew stays, whatever happens to the photo, the detector and the model."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import delete, select, update

from index.decisions.journal import Journal
from index.decisions.model import Assign, Draw, NotAFace, Reject
from index.maintenance.check import inspections
from index.people.edited_faces import edited_faces
from index.people.queries import PeopleQueries
from index.photos.catalog import Catalog
from index.photos.drawn_faces import DrawnFaceRows
from index.photos.photo_roots import Roots
from index.photos.redescription import Redescription
from index.photos.redetection import Redetection
from index.privacy.forget import forget
from index.store.opening import create_store
from index.store.schema import NOT_LOOKED_AT, descriptor, photo, stored_face
from index.store.store import Store
from index.values import FaceRecord, NewDetections
from index.vectors.saved_index import load_index, save_index
from pipeline.values import (
    F32,
    NO_LANDMARKS,
    Box,
    Descriptor,
    DetectedFace,
    DrawnFace,
    FilmPart,
    ModelId,
    PhotoFile,
    PhotoIndexed,
    Quality,
    Size,
    moment_alone,
)
from tests.index.builders import (
    DIMENSION,
    MODEL,
    add_roots,
    crawled,
    digest_of,
    indexed,
    known,
    make_file,
    near,
    units,
)
from tests.index.journals import ANNA, import_into

WHO, OTHER, DRAWN = units(3, seed=3)

BOX = Box(300, 100, 40, 50)

LANDMARKS = np.arange(10, dtype=np.float32).reshape(5, 2)


def seen(content: str, box: Box = BOX, vector: F32 | None = None, model: ModelId = MODEL) -> DrawnFace:
    """What is seen in a box: a face, or nothing."""
    described = None
    if vector is not None:
        found = DetectedFace(box, LANDMARKS, 0.9)
        alone = None if box.moment is None else moment_alone(box, LANDMARKS)
        described = Descriptor(found, Quality(0.8, ()), model, vector, alone)
    digest = digest_of(content)
    return DrawnFace(PhotoFile(b"", 0, 0), digest, digest, Size(640, 480), box, described)


@dataclass
class Library:
    """A library of photos in which faces are drawn."""

    store: Store
    folder: Path

    def __post_init__(self) -> None:
        self.catalog, self.journal = Catalog(self.store), Journal(self.store)
        self.people, self.rows = PeopleQueries(self.store), DrawnFaceRows(self.store, MODEL)

    def scan(
        self, content: str, *vectors: F32, name: str = "a.jpg", size: Size | None = None
    ) -> PhotoIndexed:
        """Record a photo with what the detector finds in it."""
        found = indexed(make_file(self.folder / name, content), content, vectors)
        found = found if size is None else replace(found, size=size)
        self.catalog.record([found])
        return found

    def draw(self, content: str, box: Box = BOX, vector: F32 | None = None, person: str = ANNA) -> int:
        """Draw a face of Anna; the number of the decision."""
        key = self.rows.add(digest_of(content), seen(content, box, vector))
        return self.journal.append(Draw((key,), person, "Anna")).id

    def faces(self, content: str) -> list[FaceRecord]:
        return list(self.catalog.faces(self.catalog.face_ids_of(digest_of(content))).values())

    def drawn(self, content: str) -> FaceRecord:
        (found,) = (each for each in self.faces(content) if each.drawn)
        return found

    def who(self, content: str) -> list[str]:
        """Who the faces of a content are, by id; an empty name for nobody."""
        ids = self.catalog.face_ids_of(digest_of(content))
        status = self.people.statuses(ids)
        return ["" if (who := status[each].person) is None else who.name for each in ids]

    def faults(self) -> list[str]:
        every = inspections(self.store, lambda model: DIMENSION)
        return [found.message for each in every for found in each.find() if "permission" not in each.about]

    def repair(self) -> None:
        for each in inspections(self.store, lambda model: DIMENSION):
            each.repair()


@pytest.fixture
def library(database: Store, catalog: Catalog, photos: Path) -> Library:
    return Library(database, photos)


@pytest.fixture
def shown(library: Library) -> Library:
    """A photo of two faces, neither of which is known, and Anna's, which was drawn and is not described."""
    library.scan("photo", WHO, OTHER)
    library.draw("photo")
    return library


@pytest.mark.parametrize("vector", [None, DRAWN], ids=["named only", "described"])
def test_a_drawn_face_is_shown_as_long_as_its_decision_holds(library: Library, vector: F32 | None) -> None:
    library.scan("photo", WHO)
    number = library.draw("photo", vector=vector)
    face = library.drawn("photo")
    assert (face.box, face.described, face.kept) == (BOX, vector is not None, True)
    assert np.array_equal(face.landmarks, NO_LANDMARKS if vector is None else LANDMARKS)
    assert library.who("photo") == ["", "Anna"]
    library.journal.undo(number)
    assert library.who("photo") == [""]
    assert face.face_id not in library.catalog.described_faces(MODEL)
    library.journal.undo(number + 1)
    assert library.who("photo") == ["", "Anna"]
    assert library.drawn("photo").face_id == face.face_id
    assert not library.faults()


def test_a_face_drawn_again_in_the_same_place_is_the_same_row(library: Library) -> None:
    library.scan("photo")
    library.journal.undo(library.draw("photo"))
    library.draw("photo", vector=DRAWN)
    with library.store.read() as connection:
        assert len(connection.execute(select(stored_face)).all()) == 1
    assert library.drawn("photo").described


def test_a_face_without_landmarks_waits_for_nothing(shown: Library) -> None:
    coverage = Redescription(shown.store, MODEL).coverage()
    assert (coverage.faces, coverage.described, coverage.waiting) == (2, 2, 0)
    assert shown.rows.to_look_at() == ()
    other = Redescription(shown.store, ModelId("other")).coverage()
    assert (other.faces, other.described, other.waiting) == (2, 0, 2)


def test_another_model_looks_at_the_boxes_again_that_have_landmarks(library: Library) -> None:
    library.scan("photo", WHO)
    library.draw("photo", vector=DRAWN)
    other, model = ModelId("other"), Redescription(library.store, ModelId("other"))
    rows = DrawnFaceRows(library.store, other)
    assert model.undescribed(0, 10)[0].face_ids == (1,)
    (waiting,) = rows.to_look_at()
    assert (waiting.boxes, waiting.known) == ({2: BOX}, (library.faces("photo")[0].box,))
    assert [each.path for each in waiting.files] == [library.faces("photo")[0].photo]
    assert rows.describe([(2, seen("photo", vector=WHO, model=other)), (99, seen("photo"))]) == 1
    assert rows.to_look_at() == ()
    assert model.coverage().waiting == 1
    with library.store.read() as connection:
        models = connection.scalars(select(descriptor.c.model).where(descriptor.c.face_id == 2))
        assert sorted(models) == ["other", MODEL]


def test_a_rescan_changes_nothing(shown: Library) -> None:
    before = shown.drawn("photo")
    for mtime in (before.photo, b""):
        file = make_file(shown.folder / "a.jpg", "photo")
        shown.catalog.record([known(replace(file, mtime_ns=file.mtime_ns + len(mtime)), "photo")])
        assert shown.drawn("photo").face_id == before.face_id
        assert shown.who("photo") == ["", "", "Anna"]


def test_a_missing_photo_keeps_its_drawn_face_and_a_moved_one_too(shown: Library) -> None:
    folder = str(shown.folder).encode()
    add_roots(shown.store, [folder])
    assert crawled(shown.store, [folder]) == 1
    assert shown.drawn("photo").missing
    moved = make_file(shown.folder / "b.jpg", "photo")
    shown.catalog.record([known(moved, "photo")])
    assert shown.drawn("photo").photo == moved.path
    assert shown.who("photo") == ["", "", "Anna"]


def test_other_metadata_are_the_same_picture(shown: Library) -> None:
    file = make_file(shown.folder / "a.jpg", "tagged")
    shown.catalog.record([replace(known(file, "tagged"), picture=digest_of("photo"))])
    assert shown.who("photo") == ["", "", "Anna"]


@pytest.mark.parametrize(
    ("size", "place"),
    [
        (Size(640, 480), BOX),
        (Size(1280, 960), Box(600, 200, 80, 100)),
        (Size(320, 240), Box(150, 50, 20, 25)),
    ],
    ids=["encoded again", "enlarged", "shrunk"],
)
@pytest.mark.parametrize("vector", [None, DRAWN], ids=["named only", "described"])
def test_an_edited_photo_shows_it_in_the_same_part(
    library: Library, size: Size, place: Box, vector: F32 | None
) -> None:
    library.scan("photo")
    library.draw("photo", vector=vector)
    library.scan("edited", size=size)
    face = library.drawn("edited")
    assert (face.box, face.described) == (place, False)
    assert library.who("edited") == ["Anna"]
    (waiting,) = library.rows.to_look_at()
    assert waiting.boxes == {face.face_id: place}
    assert not library.faults()


def faces_at(found: PhotoIndexed, *boxes: Box) -> PhotoIndexed:
    """The same faces, elsewhere."""
    faces = (
        replace(each, face=replace(each.face, box=box)) for each, box in zip(found.faces, boxes, strict=True)
    )
    return replace(found, faces=tuple(faces))


def test_other_faces_say_how_a_photo_was_turned(library: Library) -> None:
    corner = Box(10, 20, 40, 50)
    photo = indexed(make_file(library.folder / "a.jpg", "photo"), "photo", [WHO])
    library.catalog.record([faces_at(photo, corner)])
    library.draw("photo")
    turned = indexed(make_file(library.folder / "a.jpg", "turned"), "turned", [WHO])
    library.catalog.record([replace(faces_at(turned, Box(410, 10, 50, 40)), size=Size(480, 640))])
    assert library.drawn("turned").box == pytest.approx(Box(330, 300, 50, 40))  # to the right
    assert library.who("turned") == ["", "Anna"]


def test_a_turned_photo_without_another_face_is_asked_about(shown: Library, library: Library) -> None:
    library.scan("alone", name="b.jpg")
    library.draw("alone", vector=DRAWN)
    library.scan("turned", name="b.jpg", size=Size(480, 640))
    (question,) = edited_faces(library.store)
    face = library.drawn("turned")
    assert (question.face_id, library.who("turned")) == (face.face_id, [""])
    assert not library.faults()
    library.journal.append(Assign(library.journal.face_keys([face.face_id]), ANNA, None))
    assert (edited_faces(library.store), library.who("turned")) == ((), ["Anna"])
    library.journal.undo()
    library.journal.append(Reject(library.journal.face_keys([face.face_id]), ANNA))
    assert (edited_faces(library.store), library.who("turned")) == ((), [""])
    library.journal.append(NotAFace(library.journal.face_keys([face.face_id])))
    assert edited_faces(library.store) == ()


def test_a_cropped_photo_is_asked_about(library: Library) -> None:
    photo = indexed(make_file(library.folder / "a.jpg", "photo"), "photo", [WHO])
    library.catalog.record([faces_at(photo, Box(350, 200, 40, 50))])
    library.draw("photo")
    cropped = indexed(make_file(library.folder / "a.jpg", "cropped"), "cropped", [WHO])
    library.catalog.record([replace(faces_at(cropped, Box(150, 150, 40, 50)), size=Size(300, 400))])
    (question,) = edited_faces(library.store)
    assert question.face_id == library.drawn("cropped").face_id
    assert library.drawn("cropped").box == Box(100, 50, 40, 50)


def test_another_picture_in_its_place_shows_nobody_drawn(shown: Library) -> None:
    shown.scan("another", units(1, seed=9)[0])
    assert (shown.who("another"), edited_faces(shown.store)) == ([""], ())
    file = make_file(shown.folder / "a.jpg", "photo")
    shown.catalog.record([known(file, "photo")])
    assert shown.who("photo") == ["", "", "Anna"]


def test_a_photo_of_another_day_is_asked_about(library: Library) -> None:
    library.scan("photo")
    library.draw("photo")
    later = indexed(make_file(library.folder / "a.jpg", "later"), "later")
    taken_at = later.taken_at
    assert taken_at is not None
    library.catalog.record([replace(later, taken_at=taken_at.replace(year=2020))])
    assert (library.who("later"), len(edited_faces(library.store))) == ([""], 1)


def test_a_face_found_in_the_same_place_after_an_edit_stands_for_the_drawn_one(library: Library) -> None:
    library.scan("photo")
    library.draw("photo")
    edited = indexed(make_file(library.folder / "a.jpg", "edited"), "edited", [WHO])
    library.catalog.record([faces_at(edited, Box(303, 102, 42, 52))])
    (face,) = library.faces("edited")
    assert (face.drawn, library.who("edited")) == (False, ["Anna"])


def test_a_described_face_is_found_again_wherever_it_is(library: Library) -> None:
    library.scan("photo")
    library.draw("photo", vector=DRAWN)
    edited = indexed(make_file(library.folder / "a.jpg", "edited"), "edited", [near(DRAWN[None], 0.9)[0]])
    library.catalog.record([replace(faces_at(edited, Box(20, 10, 60, 70)), size=Size(200, 150))])
    (face,) = library.faces("edited")
    assert (face.drawn, library.who("edited")) == (False, ["Anna"])


def detected(library: Library, content: str, *faces: tuple[Box, F32]) -> None:
    """Have another detector search a photo, and show what it finds."""
    found = replace(
        indexed(make_file(library.folder / "a.jpg", content), content, [vector for _, vector in faces]),
        detector="yunet 1600 0 turned",
    )
    found = faces_at(found, *(box for box, _ in faces))
    redetection = Redetection(library.store, "yunet")
    redetection.add([NewDetections(digest_of(content), found)])
    redetection.make_current()


def test_a_detector_that_misses_it_too_leaves_it_shown(shown: Library) -> None:
    detected(shown, "photo", (Box(0, 0, 40, 50), WHO))
    assert shown.who("photo") == ["Anna", ""]
    assert not shown.faults()


@pytest.mark.parametrize("vector", [None, DRAWN], ids=["named only", "described"])
@pytest.mark.parametrize("box", [Box(302, 101, 40, 50), Box(310, 112, 25, 30)], ids=["as drawn", "inside"])
def test_a_detector_that_finds_it_takes_the_name_over(library: Library, box: Box, vector: F32 | None) -> None:
    library.scan("photo", WHO)
    library.draw("photo", vector=vector)
    detected(library, "photo", (box, DRAWN))
    (face,) = library.faces("photo")
    assert (face.box, face.drawn, library.who("photo")) == (box, False, ["Anna"])
    assert not library.faults()
    Redetection(library.store, "mtcnn").make_current()
    assert library.drawn("photo").box == BOX


def test_the_face_of_a_neighbour_is_not_taken_for_it(library: Library) -> None:
    neighbour, drawn = Box(300, 100, 80, 100), Box(360, 150, 40, 50)
    photo = indexed(make_file(library.folder / "a.jpg", "photo"), "photo", [WHO])
    library.catalog.record([faces_at(photo, neighbour)])
    library.draw("photo", drawn)
    detected(library, "photo", (neighbour, WHO))
    assert library.drawn("photo").box == drawn
    assert sorted(library.who("photo")) == ["", "Anna"]


def test_an_imported_face_is_made_here_and_waits_to_be_looked_at(library: Library, tmp_path: Path) -> None:
    library.scan("photo", WHO)
    library.draw("photo", vector=DRAWN)
    lines = list(library.journal.export_lines())
    with create_store(tmp_path / "other.db") as store:
        Catalog(store).choose_model(MODEL)
        other = Library(store, library.folder)
        import_into(other.journal, lines)
        assert other.who("photo") == []
        other.scan("photo", WHO)  # only now the library knows the photo
        assert other.who("photo") == ["", "Anna"]
        face = other.drawn("photo")
        assert (face.described, face.quality.reasons) == (False, (NOT_LOOKED_AT,))
        assert Redescription(store, MODEL).coverage().waiting == 1
        (waiting,) = other.rows.to_look_at()
        assert other.rows.describe([(face.face_id, seen("photo", vector=DRAWN))]) == 1
        assert waiting.boxes == {face.face_id: BOX}
        assert Redescription(store, MODEL).coverage().waiting == 0


def test_a_lost_row_is_made_again(shown: Library) -> None:
    with shown.store.write() as connection:
        connection.execute(delete(stored_face).where(stored_face.c.detector == "drawn"))
    assert any("face" in each for each in shown.faults())
    shown.repair()
    assert (shown.who("photo"), shown.faults()) == (["", "", "Anna"], [])


def test_landmarks_that_are_none_are_a_fault_of_a_detected_face_alone(shown: Library) -> None:
    assert not shown.faults()
    with shown.store.write() as connection:
        connection.execute(update(stored_face).where(stored_face.c.id == 1).values(landmarks=b""))
    assert len(shown.faults()) == 1


@pytest.mark.parametrize("vector", [None, DRAWN], ids=["named only", "described"])
def test_nothing_is_left_of_a_forgotten_one(library: Library, vector: F32 | None) -> None:
    library.scan("photo", WHO)
    library.draw("photo", vector=vector)
    save_index(load_index(library.catalog, MODEL, DIMENSION).index, library.catalog, MODEL)
    forget(library.store, ANNA)
    assert library.who("photo") == [""]
    with library.store.read() as connection:
        assert connection.scalars(select(stored_face.c.id)).all() == [1]
        assert connection.scalars(select(descriptor.c.face_id)).all() == [1]
    whole = library.store.path.read_bytes()
    assert b"Anna" not in whole
    assert DRAWN.astype("<f2").tobytes() not in whole
    library.scan("edited", WHO)
    assert library.who("edited") == [""]


def test_nothing_is_left_of_a_drawn_face_that_was_taken_back_before_it_was_forgotten(
    library: Library,
) -> None:
    library.scan("photo", WHO)
    library.journal.undo(library.draw("photo", vector=DRAWN))
    library.journal.append(Assign(library.journal.face_keys([1]), ANNA, "Anna"))
    forget(library.store, ANNA)
    with library.store.read() as connection:
        assert connection.scalars(select(stored_face.c.id)).all() == []
    whole = library.store.path.read_bytes()
    assert DRAWN.astype("<f2").tobytes() not in whole
    assert not library.faults()


def test_pruning_keeps_what_somebody_is_known_by_and_makes_the_others_again(library: Library) -> None:
    library.scan("described", name="a.jpg")
    library.scan("named", name="b.jpg")
    library.draw("described", vector=DRAWN)
    library.draw("named")
    folder = str(library.folder).encode()
    add_roots(library.store, [folder])
    crawled(library.store, [folder])
    with library.store.write() as connection:
        connection.execute(update(photo).values(missing_since="2001-01-01T00:00:00+00:00"))
    Roots(library.store).prune(30)
    (anna,) = library.people.summaries()
    assert (anna.confirmed, anna.exemplars) == (0, 1)
    with library.store.read() as connection:
        assert connection.scalars(select(stored_face.c.id)).all() == [1]
    library.scan("named", name="b.jpg")
    assert library.who("named") == ["Anna"]


def test_a_face_of_a_film_is_drawn_at_a_moment(library: Library) -> None:
    there = Box(300, 100, 40, 50, 12.5)
    found = indexed(make_file(library.folder / "a.mp4", "film"), "film")
    library.catalog.record([replace(found, decoder="video mov", film=FilmPart(0.0, None, 60.0, 1.0))])
    library.draw("film", there)
    face = library.drawn("film")
    assert (face.box, face.span and (face.span.start, face.span.end)) == (there, (12.5, 12.5))
    known = library.rows.photo(face.photo, 12.5)
    assert known is not None
    assert (known.faces, known.duration, known.is_film) == ({face.face_id: there}, 60.0, True)
    other = library.rows.photo(face.photo, 30.0)
    assert other is not None
    assert other.faces == {}
    assert (library.who("film"), library.faults()) == (["Anna"], [])
