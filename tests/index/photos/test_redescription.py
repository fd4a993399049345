"""Descriptors of another model come in beside those of the library's, and only for the faces they are of."""

from pathlib import Path

import pytest

from index.errors import LibraryDamaged
from index.photos.catalog import Catalog
from index.photos.redescription import Redescription
from index.store.store import Store
from index.values import Coverage, NewDescriptors
from pipeline.values import ModelId
from tests.index.builders import MODEL, crawled, digest_of, indexed, make_file, units

OTHER = ModelId("other")


@pytest.fixture
def other(database: Store, catalog: Catalog, photos: Path) -> Redescription:
    """Of three contents with two faces, one face and none; the first is in two photos."""
    first, copy = make_file(photos / "b.jpg"), make_file(photos / "a.jpg")
    outcomes = [indexed(first, "two", units(2)), indexed(copy, "two", units(2))]
    outcomes += [indexed(make_file(photos / "c.jpg"), "one", units(1, seed=1))]
    outcomes += [indexed(make_file(photos / "d.jpg"), "none")]
    catalog.record(outcomes)
    return Redescription(database, OTHER)


def test_what_is_to_be_described_stands_in_order_with_all_its_photos(other: Redescription) -> None:
    two, one = other.undescribed(0, 10)
    assert [Path(file.path.decode()).name for file in two.files] == ["a.jpg", "b.jpg"]
    assert (two.digest, one.digest) == (digest_of("two"), digest_of("one"))
    assert [len(each.face_ids) for each in (two, one)] == [2, 1]
    assert [face.box.x for face in two.faces] == [0.0, 100.0]
    assert [each.digest for each in other.undescribed(two.content_id, 10)] == [one.digest]
    assert [each.digest for each in other.undescribed(0, 1)] == [two.digest]
    assert other.coverage() == Coverage(faces=3, described=0, waiting=3, contents=2)


def test_descriptors_are_added_once_and_the_library_s_own_are_left_alone(
    catalog: Catalog, other: Redescription
) -> None:
    two, one = other.undescribed(0, 10)
    new = NewDescriptors(two.digest, two.face_ids, units(2, seed=5, dimension=8))
    assert (other.add([new]), other.add([new])) == (2, 0)
    assert [each.digest for each in other.undescribed(0, 10)] == [one.digest]
    assert other.coverage() == Coverage(faces=3, described=2, waiting=1, contents=1)
    assert catalog.described_faces(OTHER).tolist() == list(two.face_ids)
    assert len(catalog.described_faces(MODEL)) == 3


def test_a_face_is_not_described_by_what_was_meant_for_another(other: Redescription) -> None:
    two, one = other.undescribed(0, 10)
    meant_for_another = NewDescriptors(digest_of("another library's"), two.face_ids, units(2, dimension=8))
    gone = NewDescriptors(one.digest, (999,), units(1, dimension=8))
    assert other.add([meant_for_another, gone]) == 0
    assert other.coverage().described == 0


def test_faces_of_missing_photos_wait_for_nobody(database: Store, other: Redescription, photos: Path) -> None:
    crawled(database, [bytes(photos / "c.jpg"), bytes(photos / "b.jpg")])
    (two,) = other.undescribed(0, 10)
    assert [Path(file.path.decode()).name for file in two.files] == ["a.jpg"]
    assert other.coverage() == Coverage(faces=3, described=0, waiting=2, contents=1)


def test_the_library_changes_its_model_and_remembers_the_one_before(
    database: Store, catalog: Catalog, other: Redescription
) -> None:
    for _ in range(2):
        other.make_current()
        assert (catalog.model(), previous(database)) == (OTHER, MODEL)
    Redescription(database, MODEL).make_current()
    assert (catalog.model(), previous(database)) == (MODEL, OTHER)


def previous(database: Store) -> str:
    with database.read() as connection:
        return str(connection.exec_driver_sql("SELECT previous_model FROM library").scalar_one())


def test_a_face_without_landmarks_is_damage(database: Store, other: Redescription) -> None:
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE face SET landmarks = X'00'")
    with pytest.raises(LibraryDamaged, match="landmarks"):
        other.undescribed(0, 10)
