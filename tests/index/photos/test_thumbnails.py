"""The pictures of faces follow the faces: new ones are given with their ids, and those of gone ones go."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import delete, select

from index.decisions.journal import Journal
from index.decisions.model import Assign, new_key
from index.photos import thumbnails
from index.photos.catalog import Catalog
from index.photos.thumbnails import erase_stale_thumbnails, stamp_of
from index.privacy.forget import forget
from index.store.schema import content, stored_face
from index.store.store import Store
from pipeline.values import PhotoIndexed
from tests.index.builders import indexed, make_file, units

PICTURES = tuple(bytes([letter]) * 20_000 for letter in b"abc")


def with_pictures(outcome: PhotoIndexed, pictures: Sequence[bytes | None]) -> PhotoIndexed:
    pairs = zip(outcome.faces, pictures, strict=True)
    return replace(outcome, faces=tuple(replace(each, thumbnail=picture) for each, picture in pairs))


@pytest.fixture
def ids(catalog: Catalog, photos: Path) -> list[int]:
    """The ids of three faces in a photo, whose pictures are kept."""
    outcome = indexed(make_file(photos / "all.jpg"), "content 1", units(3))
    recorded = catalog.record([with_pictures(outcome, PICTURES)])
    catalog.store.thumbnails.write(recorded.thumbnails)
    return [each.face_id for each in recorded.thumbnails]


def kept(store: Store) -> dict[int, bytes | None]:
    return {each: store.thumbnails.read(each, stamp) for each, stamp in store.thumbnails.stamps(0, 100)}


def in_files(store: Store) -> list[bytes]:
    """The pictures of which a part is in any file of the library's folder."""
    content = b"".join(path.read_bytes() for path in store.path.parent.iterdir())
    return [each for each in PICTURES if each[:64] in content]


def test_recording_gives_each_new_face_its_picture(
    catalog: Catalog, database: Store, photos: Path, ids: list[int]
) -> None:
    with database.read() as connection:
        rows = connection.execute(select(stored_face, content.c.digest).join_from(stored_face, content)).all()
    assert [row.id for row in rows] == ids
    assert list(kept(database).values()) == list(PICTURES)
    records = catalog.faces(ids)
    for face_id, picture in zip(ids, PICTURES, strict=True):
        stamp = stamp_of(records[face_id].digest, records[face_id].box)
        assert database.thumbnails.read(face_id, stamp) == picture


def test_a_face_without_a_picture_is_recorded_all_the_same(catalog: Catalog, photos: Path) -> None:
    outcome = indexed(make_file(photos / "two.jpg"), "content 2", units(2))
    recorded = catalog.record([with_pictures(outcome, [None, b"second"])])
    assert recorded.faces == 2
    assert [each.picture for each in recorded.thumbnails] == [b"second"]
    assert catalog.record([outcome]).thumbnails == []  # it is known


def test_pictures_of_faces_that_are_gone_are_erased(
    database: Store, ids: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thumbnails, "_CHUNK", 2)
    assert erase_stale_thumbnails(database) == 0
    assert in_files(database) == list(PICTURES)
    with database.write() as connection:
        connection.execute(delete(stored_face).where(stored_face.c.id == ids[1]))
    assert erase_stale_thumbnails(database) == 1
    assert kept(database) == {ids[0]: PICTURES[0], ids[2]: PICTURES[2]}
    assert in_files(database) == [PICTURES[0], PICTURES[2]]


def test_a_picture_of_another_face_with_the_id_is_erased(database: Store, ids: list[int]) -> None:
    """As of a library in whose place an older copy was put."""
    with database.write() as connection:
        connection.execute(stored_face.update().where(stored_face.c.id == ids[0]).values(x=77.0))
    assert erase_stale_thumbnails(database) == 1
    assert sorted(kept(database)) == ids[1:]


def test_a_damaged_file_is_thrown_away(database: Store, ids: list[int]) -> None:
    database.thumbnails.path.write_bytes(b"rubbish" * 1000)
    erase_stale_thumbnails(database)
    assert not database.thumbnails.path.exists()


def test_forgetting_a_person_leaves_none_of_their_pictures_in_any_file(
    catalog: Catalog, database: Store, ids: list[int]
) -> None:
    journal, anna = Journal(database), new_key()
    journal.append_all([Assign(journal.face_keys([ids[1]]), anna, "Anna")])
    assert in_files(database) == list(PICTURES)
    forget(database, anna)
    assert in_files(database) == [PICTURES[0], PICTURES[2]]
    assert sorted(kept(database)) == [ids[0], ids[2]]
