"""A photo that is edited in place, or written anew by a program that puts tags into it, keeps its names."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from index.decisions.journal import Journal
from index.decisions.model import Assign, FaceKey, Ignore, InPhoto, NotAFace, Portrait, Reject, new_key
from index.decisions.tombstones import Tombstone, add_tombstones
from index.people.edited_faces import edited_faces
from index.people.photo_search import PhotoFilter, find_photos
from index.people.queries import PeopleQueries
from index.photos.catalog import Catalog
from index.photos.edited_photo import PhotoFaces, same_faces
from index.photos.photo_roots import Roots
from index.privacy.forget import forget
from index.privacy.journal_merge import import_lines
from index.recognition.decided_faces import load_gallery
from index.store.opening import create_store
from index.store.schema import portrait, same_face
from index.store.store import Store
from index.values import RELIABLE
from pipeline.values import F32, Box, DateSource, PhotoFile, Quality, Size
from tests.index.builders import MODEL, digest_of, indexed, known, make_file, near, units


@pytest.fixture
def journal(database: Store, catalog: Catalog) -> Journal:
    return Journal(database)


@pytest.fixture
def vectors() -> F32:
    return units(4)


@pytest.fixture
def file(catalog: Catalog, photos: Path, vectors: F32) -> PhotoFile:
    """A photo of four faces."""
    file = make_file(photos / "a.jpg")
    catalog.record([indexed(file, "as it came", vectors)])
    return file


def faces_of(catalog: Catalog, content: str) -> list[int]:
    return catalog.face_ids_of(digest_of(content))


def slightly_changed(vectors: F32) -> F32:
    """As after saving a JPEG again."""
    moved = vectors + np.float32(0.02) * units(len(vectors), seed=1)
    return np.asarray(moved / np.linalg.norm(moved, axis=1, keepdims=True), np.float32)


def test_what_was_decided_is_decided_of_the_same_faces(
    database: Store, catalog: Catalog, journal: Journal, file: PhotoFile, vectors: F32
) -> None:
    anna, stranger, statue, nobody = journal.face_keys(faces_of(catalog, "as it came"))
    key = new_key()
    journal.append(Assign((anna,), key, "Anna"))
    journal.append(Ignore((stranger,)))
    journal.append(NotAFace((statue,)))
    journal.append(Reject((nobody, stranger), key))
    catalog.record([indexed(file, "with a caption", slightly_changed(vectors))])
    found = list(PeopleQueries(database).statuses(faces_of(catalog, "with a caption")).values())
    assert [each.person.name if each.person else None for each in found] == ["Anna", None, None, None]
    assert [each.confirmed for each in found] == [True, False, False, False]
    assert [each.ignored for each in found] == [False, True, False, False]
    assert [each.not_a_face for each in found] == [False, False, True, False]
    assert [[who.name for who in each.rejected] for each in found] == [[], ["Anna"], [], ["Anna"]]


def person_of(database: Store, catalog: Catalog, content: str) -> str | None:
    """Who the first face of a content is."""
    status, *_ = PeopleQueries(database).statuses(faces_of(catalog, content)).values()
    return None if status.person is None else status.person.name


def test_nothing_is_decided_by_it_and_an_undo_undoes_all_of_it(
    database: Store, catalog: Catalog, journal: Journal, file: PhotoFile, vectors: F32
) -> None:
    journal.append(Assign(journal.face_keys(faces_of(catalog, "as it came")[:1]), new_key(), "Anna"))
    for _ in range(2):
        catalog.record([indexed(file, "with a caption", vectors)])
    catalog.record([indexed(file, "and smaller", vectors)])
    assert len(journal.decisions()) == 1
    versions = ["as it came", "with a caption", "and smaller"]
    assert [person_of(database, catalog, each) for each in versions] == ["Anna"] * 3
    journal.undo(1)
    catalog.record([known(file, "as it came"), indexed(file, "and larger", vectors)])
    assert [person_of(database, catalog, each) for each in (*versions, "and larger")] == [None] * 4
    journal.undo(2)
    assert [person_of(database, catalog, each) for each in (*versions, "and larger")] == ["Anna"] * 4


def test_what_is_decided_later_holds_for_the_earlier_content_that_comes_back(
    database: Store, catalog: Catalog, journal: Journal, file: PhotoFile, vectors: F32
) -> None:
    catalog.record([indexed(file, "with a caption", vectors)])
    journal.append(Assign(journal.face_keys(faces_of(catalog, "with a caption")[:1]), new_key(), "Anna"))
    catalog.record([known(file, "as it came")])
    assert person_of(database, catalog, "as it came") == "Anna"


def test_it_goes_into_another_library_with_the_journal(
    database: Store, catalog: Catalog, journal: Journal, file: PhotoFile, vectors: F32, tmp_path: Path
) -> None:
    journal.append(Assign(journal.face_keys(faces_of(catalog, "as it came")[:1]), new_key(), "Anna"))
    catalog.record([indexed(file, "with a caption", vectors)])
    with create_store(tmp_path / "other") as other:
        there = Catalog(other)
        there.choose_model(MODEL)
        there.record([replace(indexed(file, "read there", vectors), picture=digest_of("with a caption"))])
        import_lines(other, journal.export_lines())
        assert person_of(other, there, "read there") == "Anna"
        assert set(Journal(other).export_lines()) > set(journal.export_lines())  # and the file read there


def test_who_is_forgotten_is_forgotten_in_every_version(
    database: Store, catalog: Catalog, journal: Journal, file: PhotoFile, vectors: F32
) -> None:
    key = new_key()
    journal.append(Assign(journal.face_keys(faces_of(catalog, "as it came")[:1]), key, "Anna"))
    catalog.record([indexed(file, "with a caption", vectors)])
    forget(database, key)
    tagged = replace(indexed(file, "tagged", vectors), picture=digest_of("with a caption"))
    catalog.record([tagged])
    assert [len(faces_of(catalog, each)) for each in ("as it came", "with a caption")] == [3, 3]
    with database.read() as connection:
        links = connection.execute(select(same_face.c.x)).scalars().all()
    assert sorted(links) == [100.0, 200.0, 300.0]


def test_other_faces_and_other_pictures_inherit_nothing(
    database: Store, catalog: Catalog, journal: Journal, file: PhotoFile
) -> None:
    journal.append(Assign(journal.face_keys(faces_of(catalog, "as it came")), new_key(), "Anna"))
    catalog.record([indexed(file, "another photo of that name", units(4, seed=9))])
    found = PeopleQueries(database).statuses(faces_of(catalog, "another photo of that name"))
    assert [each.person for each in found.values()] == [None] * 4
    assert len(journal.decisions()) == 1


SHOT = datetime(2019, 7, 14, 12, 30, 1)


@pytest.mark.parametrize(
    ("before", "after", "is_one"),
    [
        ((SHOT, DateSource.ORIGINAL), (SHOT, DateSource.ORIGINAL), True),
        ((SHOT, None), (SHOT, DateSource.ORIGINAL), True),
        ((SHOT, DateSource.ORIGINAL), (SHOT.replace(second=2), DateSource.ORIGINAL), False),
        ((SHOT, DateSource.FILE_NAME), (SHOT, DateSource.FILE_NAME), False),
        ((None, None), (None, None), False),
    ],
)
def test_a_person_stays_in_an_edited_photo_without_a_face(
    journal: Journal,
    catalog: Catalog,
    database: Store,
    photos: Path,
    before: tuple[datetime | None, DateSource | None],
    after: tuple[datetime | None, DateSource | None],
    is_one: bool,
) -> None:
    for name, (taken_at, source) in (("shot", before), ("edited shot", after)):
        made = indexed(make_file(photos / "shot.jpg", name), name)
        catalog.record([replace(made, taken_at=taken_at, taken_from=source)])
        if name == "shot":
            journal.append(InPhoto((digest_of("shot"),), new_key(), "Anna"))
    (anna,) = PeopleQueries(database).everyone()
    assert [each.digest for each in find_photos(database, PhotoFilter((anna,)))] == (
        [digest_of("edited shot")] if is_one else []
    )
    assert journal.rederive() == {}


def test_a_person_stays_in_an_edited_photo_with_faces(
    journal: Journal, catalog: Catalog, database: Store, photos: Path, vectors: F32
) -> None:
    catalog.record([indexed(make_file(photos / "shot.jpg", "shot"), "shot", vectors[:1])])
    journal.append(InPhoto((digest_of("shot"),), new_key(), "Anna"))
    catalog.record([indexed(make_file(photos / "shot.jpg", "edited"), "edited", near(vectors[:1], 0.9))])
    (anna,) = PeopleQueries(database).everyone()
    assert [each.digest for each in find_photos(database, PhotoFilter((anna,)))] == [digest_of("edited")]


def test_a_portrait_follows_its_face(
    journal: Journal, catalog: Catalog, database: Store, photos: Path, vectors: F32
) -> None:
    catalog.record([indexed(make_file(photos / "shot.jpg", "shot"), "shot", vectors[:1])])
    (face_key,) = journal.face_keys([1])
    anna = new_key()
    journal.append_all([Assign((face_key,), anna, "Anna"), Portrait((face_key,), anna)])
    catalog.record([indexed(make_file(photos / "shot.jpg", "edited"), "edited", near(vectors[:1], 0.9))])
    with database.read() as connection:
        assert set(connection.scalars(select(portrait.c.face_id))) == {1, 2}
    journal.append(Reject((face_key,), anna))
    with database.read() as connection:
        assert set(connection.scalars(select(portrait.c.face_id))) == set()


def test_of_two_decisions_about_one_face_the_last_counts(
    database: Store, catalog: Catalog, journal: Journal, file: PhotoFile, photos: Path, vectors: F32
) -> None:
    copy = make_file(photos / "copy.jpg")
    catalog.record([indexed(copy, "with a caption", vectors)])
    journal.append(Assign(journal.face_keys(faces_of(catalog, "with a caption")[:1]), new_key(), "Ben"))
    journal.append(Assign(journal.face_keys(faces_of(catalog, "as it came")[:1]), new_key(), "Anna"))
    with database.write() as connection:
        connection.exec_driver_sql("DELETE FROM photo WHERE path = ?", (copy.path,))
        connection.exec_driver_sql("DELETE FROM content WHERE digest = ?", (digest_of("with a caption"),))
    catalog.record([indexed(file, "with a caption", vectors)])
    assert person_of(database, catalog, "with a caption") == "Anna"


@pytest.mark.parametrize("quality", [0.9, 0.1])
def test_what_a_person_is_known_by_outlives_edits_that_spoil_the_face(
    database: Store, catalog: Catalog, journal: Journal, file: PhotoFile, vectors: F32, quality: float
) -> None:
    journal.append(Assign(journal.face_keys(faces_of(catalog, "as it came")[:1]), new_key(), "Anna"))
    for content in ("saved", "saved again"):
        edited = indexed(file, content, vectors)
        faces = [replace(each, quality=Quality(quality, ())) for each in edited.faces]
        catalog.record([replace(edited, faces=tuple(faces))])
        for _ in range(2):
            (anna,) = PeopleQueries(database).summaries()
            assert (anna.confirmed, anna.exemplars) == (1, int(quality < RELIABLE))
            assert len(load_gallery(database, MODEL)) == 1
            if content == "saved again":
                Roots(database).prune(0)


def test_a_question_about_an_edited_photo_stays_open_when_the_photo_is_edited_again(
    database: Store, catalog: Catalog, journal: Journal, file: PhotoFile, vectors: F32
) -> None:
    journal.append(Assign(journal.face_keys(faces_of(catalog, "as it came")[:1]), new_key(), "Anna"))
    perhaps = near(vectors[:1], 0.5)
    for content in ("retouched", "retouched and saved", "and saved again"):
        catalog.record([indexed(file, content, perhaps)])
        asked = [(each.face_id, round(each.similarity, 2)) for each in edited_faces(database)]
        assert asked == [(faces_of(catalog, content)[0], 0.5)]
    catalog.record([indexed(file, "not retouched after all", slightly_changed(vectors))])
    assert person_of(database, catalog, "not retouched after all") == "Anna"
    assert not edited_faces(database)


def test_a_forgotten_face_does_not_come_back_with_a_caption(
    database: Store, catalog: Catalog, file: PhotoFile, vectors: F32
) -> None:
    with database.write() as connection:
        add_tombstones(connection, [Tombstone(digest_of("as it came"), 20.0, 20.0)])
        connection.exec_driver_sql("DELETE FROM face WHERE x = 0")
    catalog.record([indexed(file, "with a caption", vectors)])
    assert len(faces_of(catalog, "with a caption")) == 3


SIZE = Size(400, 300)


def photo(size: Size, boxes: Sequence[Box], vectors: F32, digest: str) -> PhotoFaces:
    return PhotoFaces(size, [FaceKey(digest_of(digest), box) for box in boxes], vectors)


def linked(before: PhotoFaces, after: PhotoFaces) -> dict[tuple[int, int], bool]:
    """Which faces are one, by position, and whether that is certain."""
    return {
        (before.keys.index(each.earlier), after.keys.index(each.later)): each.certain
        for each in same_faces(before, after)
    }


LEFT, RIGHT = Box(40, 60, 50, 60), Box(260, 100, 40, 48)

EDITS = {
    "same": (SIZE, LEFT, RIGHT),
    "half": (Size(200, 150), Box(20, 30, 25, 30), Box(130, 50, 20, 24)),
    "mirrored": (SIZE, Box(310, 60, 50, 60), Box(100, 100, 40, 48)),
    "upside down": (SIZE, Box(310, 180, 50, 60), Box(100, 152, 40, 48)),
    "turned left": (Size(300, 400), Box(60, 310, 60, 50), Box(100, 100, 48, 40)),
    "turned right": (Size(300, 400), Box(180, 40, 60, 50), Box(152, 260, 48, 40)),
}


@pytest.mark.parametrize("edit", EDITS)
def test_in_its_place_a_face_may_look_different(edit: str) -> None:
    size, *boxes = EDITS[edit]
    vectors = units(2)
    before = photo(SIZE, (LEFT, RIGHT), vectors, "before")
    assert linked(before, photo(size, boxes, near(vectors, 0.65), "after")) == {(0, 0): True, (1, 1): True}
    assert linked(before, photo(size, boxes, near(vectors, 0.4), "after")) == {(0, 0): False, (1, 1): False}
    assert linked(before, photo(size, boxes, near(vectors, 0.2), "after")) == {}


def test_elsewhere_it_must_look_alike_or_a_person_is_asked() -> None:
    vectors = units(1)
    before = photo(SIZE, (LEFT,), vectors, "before")
    elsewhere = (Box(150, 150, 30, 36),)
    assert linked(before, photo(SIZE, elsewhere, near(vectors, 0.85), "after")) == {(0, 0): True}
    assert linked(before, photo(SIZE, elsewhere, near(vectors, 0.65), "after")) == {(0, 0): False}


def test_one_face_that_is_alike_shows_where_a_crop_brought_the_others() -> None:
    vectors = units(2)
    before = photo(SIZE, (LEFT, RIGHT), vectors, "before")
    cropped = (Box(220, 80, 40, 48), Box(0, 40, 50, 60))  # 40 from the left and 20 from the top are gone
    after = np.stack([near(vectors, 0.65)[1], near(vectors, 0.9)[0]])
    assert linked(before, photo(Size(320, 250), cropped, after, "after")) == {(0, 1): True, (1, 0): True}


def test_each_face_is_linked_once_to_the_one_that_looks_most_like_it() -> None:
    one = units(1)
    twice = np.concatenate([near(one, 0.9), near(one, 0.95)])
    before, after = photo(SIZE, (LEFT,), one, "before"), photo(SIZE, (LEFT, RIGHT), twice, "after")
    assert linked(before, after) == {(0, 1): True}
    assert linked(after, before) == {(1, 0): True}
