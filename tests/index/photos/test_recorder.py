"""What each outcome does to the library, and that doing it twice does nothing more."""

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from index.errors import ModelMismatch
from index.photos.catalog import Catalog
from index.store.schema import content
from index.store.store import Store
from index.values import FaceRecord, Recorded
from pipeline.values import (
    Box,
    ModelId,
    Outcome,
    PhotoFailed,
    PhotoFile,
    PhotoIndexed,
    PhotoKnown,
    Quality,
    Reason,
    Size,
    Stage,
)
from tests.index.builders import (
    MODEL,
    broken,
    described,
    digest_of,
    indexed,
    known,
    make_file,
    skipped,
    stored,
    units,
    unreadable,
)
from tests.index.counted_work import counted_work


def shown(catalog: Catalog) -> list[tuple[bytes, bytes, bool]]:
    """Every face that can be seen: where, of which content, and whether that is missing."""
    return [(face.photo, face.digest, face.missing) for chunk in catalog.all_faces() for face in chunk]


def everything(database: Store) -> list[tuple[object, ...]]:
    """All rows of all tables, but for the times."""
    with database.read() as connection:
        return [
            tuple(row)
            for table in ("library", "root", "content", "photo", "face", "descriptor", "sqlite_sequence")
            for row in connection.exec_driver_sql(f"SELECT * FROM {table} ORDER BY 1")  # noqa: S608
        ]


def test_a_new_photo_is_stored_whole(catalog: Catalog, photos: Path) -> None:
    file, vectors = make_file(photos / "a.jpg"), units(2)
    assert catalog.record([indexed(file, "a", vectors)]) == Recorded(indexed=1, faces=2)

    ((first, second),) = list(catalog.all_faces())
    assert isinstance(first, FaceRecord)
    assert (first.photo, first.digest, first.missing) == (file.path, digest_of("a"), False)
    assert first.box == Box(0.0, -2.5, 40.25, 50.0)
    assert first.landmarks.dtype == np.float32
    assert np.array_equal(second.landmarks, np.arange(10, dtype=np.float32).reshape(5, 2) + 100)
    assert first.confidence == 0.98
    assert first.quality == Quality(0.75, ("small", "blurred"))
    assert catalog.face_ids_of(digest_of("a")) == [first.face_id, second.face_id]
    (descriptors,) = catalog.descriptors(MODEL, [first.face_id, second.face_id])
    assert np.allclose(descriptors.vectors, stored(vectors), atol=1e-7)
    state = catalog.states_under([os.fsencode(photos)])[file.path]
    assert (state.size, state.mtime_ns) == (file.size, file.mtime_ns)
    assert not any((state.failed, state.unread, state.missing))


def test_a_good_face_has_no_reasons(catalog: Catalog, photos: Path) -> None:
    face = described(units(1)[0])
    good = type(face)(face.face, Quality(1.0, ()), MODEL, face.vector)
    file = make_file(photos / "a.jpg")
    catalog.record(
        [
            PhotoIndexed(
                file, digest_of("a"), Size(1, 1), None, (good,), "png pillow 12.0.0", "mtcnn", digest_of("a")
            )
        ]
    )
    (record,) = catalog.faces(catalog.face_ids_of(digest_of("a"))).values()
    assert record.quality == Quality(1.0, ())


def test_a_photo_without_a_face_is_known_all_the_same(catalog: Catalog, photos: Path) -> None:
    catalog.record([indexed(make_file(photos / "hill.jpg"), "hill")])
    assert catalog.is_known(digest_of("hill"))
    assert shown(catalog) == []


def test_a_touched_photo_is_unchanged(catalog: Catalog, photos: Path) -> None:
    file = make_file(photos / "a.jpg")
    catalog.record([indexed(file, "a", units(1))])
    os.utime(file.path, ns=(5, 5))
    touched = PhotoFile(file.path, file.size, 5)
    assert catalog.record([known(touched, "a")]) == Recorded(unchanged=1)
    assert catalog.states_under([file.path])[file.path].mtime_ns == 5


def test_a_second_photo_of_one_content_is_a_duplicate(catalog: Catalog, photos: Path) -> None:
    first, second = make_file(photos / "b.jpg"), make_file(photos / "a.jpg")
    catalog.record([indexed(first, "same", units(1))])
    assert catalog.record([known(second, "same")]) == Recorded(duplicate=1)
    assert len(catalog.states_under([os.fsencode(photos)])) == 2
    assert shown(catalog) == [(second.path, digest_of("same"), False)]  # one face, once


def test_two_photos_that_swap_names(catalog: Catalog, photos: Path) -> None:
    a, b = make_file(photos / "a.jpg"), make_file(photos / "b.jpg")
    catalog.record([indexed(a, "a", units(1, 1)), indexed(b, "b", units(1, 2))])
    catalog.record([known(a, "b"), known(b, "a")])
    assert sorted(shown(catalog)) == [(a.path, digest_of("b"), False), (b.path, digest_of("a"), False)]


def test_an_edited_photo_shows_its_new_content_and_undoing_brings_the_old_back(
    catalog: Catalog, photos: Path
) -> None:
    file = make_file(photos / "a.jpg")
    catalog.record([indexed(file, "before", units(2))])
    assert catalog.record([indexed(file, "after", units(1))]) == Recorded(indexed=1, faces=1)
    assert shown(catalog) == [(file.path, digest_of("after"), False)]
    old = catalog.face_ids_of(digest_of("before"))
    assert len(old) == 2
    assert catalog.faces(old) == {}

    assert catalog.is_known(digest_of("before"))
    assert catalog.record([known(file, "before")]) == Recorded(indexed=1)
    assert set(catalog.faces(old)) == set(old)


def test_content_that_another_decoder_failed_to_decode_is_tried_again(
    catalog: Catalog, database: Store, photos: Path
) -> None:
    """Also what an earlier version recorded, which named no decoder."""
    names = ("heic none", "jpeg pillow 1", "jpeg pillow 2", "none of pillow 1")
    failures = [
        replace(broken(make_file(photos / str(number)), str(number)), decoder=name)
        for number, name in enumerate([*names, "of an earlier version"])
    ]
    catalog.record([*failures, indexed(make_file(photos / "whole"), "whole", units(1))])
    with database.write() as connection:
        connection.exec_driver_sql(
            "UPDATE content SET decoder = NULL WHERE decoder = 'of an earlier version' OR width IS NOT NULL"
        )
    current = Catalog(database, is_current=lambda decoder: decoder == "jpeg pillow 2")
    states = current.states_under([os.fsencode(photos)])
    assert [states[failure.file.path].unread for failure in failures] == [True, True, False, True, True]
    assert not states[os.fsencode(photos / "whole")].unread
    asked = ["0", "1", "2", "3", "4", "whole", "another"]
    assert [name for name in asked if current.is_known(digest_of(name))] == ["2", "whole"]
    again = replace(failures[0], decoder="jpeg pillow 2")
    assert catalog.record([again]) == Recorded(failed=1)
    assert not current.states_under([again.file.path])[again.file.path].unread


def test_what_looked_at_a_photo_is_written_down(catalog: Catalog, database: Store, photos: Path) -> None:
    file = make_file(photos / "a")
    for outcome in (broken(file, "a"), indexed(file, "a")):
        catalog.record([outcome])
        with database.read() as connection:
            (row,) = connection.execute(select(content.c.decoder, content.c.detector)).all()
        detector = None if isinstance(outcome, PhotoFailed) else "mtcnn"
        assert tuple(row) == (outcome.decoder, detector)


def test_content_that_cannot_be_decoded_is_not_tried_again(catalog: Catalog, photos: Path) -> None:
    file = make_file(photos / "half.jpg")
    assert catalog.record([broken(file, "half")]) == Recorded(failed=1)
    assert catalog.is_known(digest_of("half"))
    state = catalog.states_under([file.path])[file.path]
    assert state.failed
    assert not state.unread
    copy = make_file(photos / "copy of half.jpg")
    assert catalog.record([known(copy, "half")]) == Recorded(failed=1)
    (first, second) = catalog.failures_under([os.fsencode(photos)])
    assert (first.path, second.path) == (copy.path, file.path)
    assert (first.stage, first.reason) == ("decode", "truncated")
    assert first.message == "the file ends in the middle of the picture"


def test_a_file_that_cannot_be_read_is_tried_again(catalog: Catalog, photos: Path) -> None:
    file = make_file(photos / "a.jpg")
    assert catalog.record([unreadable(file)]) == Recorded(failed=1)
    assert not catalog.is_known(digest_of("a"))
    state = catalog.states_under([file.path])[file.path]
    assert state.failed
    assert state.unread
    assert [each.reason for each in catalog.failures_under([file.path])] == ["unreadable"]
    assert catalog.record([indexed(file, "a", units(1))]) == Recorded(indexed=1, faces=1)
    assert not catalog.states_under([file.path])[file.path].failed
    assert catalog.failures_under([file.path]) == []


@pytest.mark.parametrize("failed", [unreadable, lambda file: broken(file, "half of it")])
def test_a_known_photo_that_cannot_be_read_keeps_its_faces(
    catalog: Catalog, photos: Path, failed: Callable[[PhotoFile], Outcome]
) -> None:
    file = make_file(photos / "a.jpg")
    catalog.record([indexed(file, "a", units(1))])
    before = shown(catalog)
    for _ in range(2):
        recorded = catalog.record([failed(file)])
        assert (recorded.failed, recorded.unread) == (1, {file.path})
        assert shown(catalog) == before
        (failure,) = catalog.failures_under([file.path])
        assert failure.path == file.path
        assert catalog.states_under([file.path])[file.path].unread
    assert catalog.record([known(file, "a")]) == Recorded(unchanged=1)
    assert (shown(catalog), catalog.failures_under([file.path])) == (before, [])


def test_a_photo_that_is_being_written_does_not_count_as_missing(catalog: Catalog, photos: Path) -> None:
    file = make_file(photos / "a.jpg")
    catalog.record([indexed(file, "a", units(1))])
    changing = PhotoFailed(file, Stage.READ, Reason.CHANGED, "it changed while it was read", None)
    assert catalog.record([changing]).unread == set()
    assert len(shown(catalog)) == 1


def test_other_metadata_make_no_other_content(catalog: Catalog, database: Store, photos: Path) -> None:
    file, copy = make_file(photos / "a.jpg"), make_file(photos / "copy.jpg")
    catalog.record([indexed(file, "a", units(2))])
    before = shown(catalog)
    tagged = PhotoKnown(file, digest_of("a, tagged"), digest_of("a"), datetime(2001, 2, 3))
    assert catalog.record([tagged]) == Recorded(unchanged=1)
    assert shown(catalog) == before
    assert catalog.is_known(digest_of("a"))
    assert catalog.is_known(digest_of("a, tagged"))
    assert catalog.record([PhotoKnown(copy, digest_of("a, tagged"))]) == Recorded(duplicate=1)
    anew = replace(indexed(file, "read at once", units(2)), picture=digest_of("a"))
    assert catalog.record([anew]) == Recorded(unchanged=1)
    with database.read() as connection:
        assert connection.scalars(select(content.c.taken_at)).all() == ["2001-02-03T00:00:00"]


def test_content_that_failed_and_can_be_decoded_after_all(catalog: Catalog, photos: Path) -> None:
    file = make_file(photos / "large.jpg")
    catalog.record([broken(file, "large")])
    assert catalog.record([indexed(file, "large", units(1))]) == Recorded(indexed=1, faces=1)
    assert catalog.failures_under([file.path]) == []
    assert len(shown(catalog)) == 1


def test_content_that_was_decoded_once_does_not_fail_later(catalog: Catalog, photos: Path) -> None:
    file = make_file(photos / "large.jpg")
    catalog.record([indexed(file, "large", units(1))])
    assert catalog.record([broken(file, "large")]) == Recorded(unchanged=1)
    assert len(shown(catalog)) == 1


def test_what_is_no_photo_is_not_stored(catalog: Catalog, photos: Path) -> None:
    file = make_file(photos / "notes.txt")
    assert catalog.record([skipped(file)]) == Recorded(skipped=1)
    assert catalog.states_under([os.fsencode(photos)]) == {}


def test_a_photo_that_was_overwritten_with_something_else_is_missing(catalog: Catalog, photos: Path) -> None:
    file = make_file(photos / "a.jpg")
    catalog.record([indexed(file, "a", units(1))])
    catalog.record([skipped(file)])
    assert shown(catalog) == [(file.path, digest_of("a"), True)]
    elsewhere = make_file(photos / "b.jpg")
    assert catalog.record([known(elsewhere, "a")]) == Recorded(indexed=1)
    assert shown(catalog) == [(elsewhere.path, digest_of("a"), False)]


def test_one_content_twice_in_a_batch(catalog: Catalog, photos: Path) -> None:
    a, b, c = (make_file(photos / name) for name in ("a.jpg", "b.jpg", "c.jpg"))
    outcomes: list[Outcome] = [indexed(a, "same", units(2)), indexed(b, "same", units(2)), known(c, "same")]
    assert catalog.record(outcomes) == Recorded(indexed=1, duplicate=2, faces=2)
    assert len(shown(catalog)) == 2


def test_many_faces_take_no_more_statements_than_one(catalog: Catalog, photos: Path) -> None:
    catalog.record([indexed(make_file(photos / "first.jpg"), "first", units(1))])  # they are made once
    counts = []
    for number in (1, 9):
        files = [make_file(photos / f"{number}-{place}.jpg") for place in range(5)]
        batch = [indexed(file, str(file.path), units(number)) for file in files]
        with counted_work() as work:
            assert catalog.record(batch).faces == 5 * number
        counts.append(work.statements)
    assert counts[0] == counts[1]
    assert counts[0] <= 5 * 4 + 20


def test_recording_twice_is_recording_once(catalog: Catalog, database: Store, photos: Path) -> None:
    files = [make_file(photos / f"{number}.jpg") for number in range(7)]
    outcomes: list[Outcome] = [
        indexed(files[0], "a", units(2)),
        indexed(files[1], "b"),
        known(files[2], "a"),
        broken(files[3], "half"),
        known(files[4], "half"),
        unreadable(files[5]),
        skipped(files[6]),
    ]
    catalog.record(outcomes)
    once = everything(database)
    assert catalog.record(outcomes) == Recorded(unchanged=3, failed=3, skipped=1)
    assert everything(database) == once


def test_a_batch_with_an_impossible_outcome_leaves_nothing(
    catalog: Catalog, database: Store, photos: Path
) -> None:
    before = everything(database)
    a, b = make_file(photos / "a.jpg"), make_file(photos / "b.jpg")
    with pytest.raises(ValueError, match="never recorded"):
        catalog.record([indexed(a, "a", units(1)), known(b, "never seen")])
    with pytest.raises(ValueError, match="unit norm"):
        catalog.record([indexed(a, "a", units(1)), indexed(b, "b", [np.zeros(16, dtype=np.float32)])])
    assert everything(database) == before


def test_descriptors_of_two_models_never_meet(catalog: Catalog, database: Store, photos: Path) -> None:
    before = everything(database)
    face = described(units(1)[0], model=ModelId("facenet"))
    outcome = PhotoIndexed(
        make_file(photos / "a.jpg"),
        digest_of("a"),
        Size(1, 1),
        None,
        (face,),
        "png pillow 12.0.0",
        "mtcnn",
        digest_of("a"),
    )
    with pytest.raises(ModelMismatch, match=r"sface.*facenet"):
        catalog.record([indexed(make_file(photos / "b.jpg"), "b", units(1)), outcome])
    assert everything(database) == before


def test_a_name_that_is_not_text_is_kept(catalog: Catalog, tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/caf\xe9\n%_.jpg"
    Path(os.fsdecode(name)).touch()
    catalog.record([indexed(PhotoFile(name, 0, 1), "a", units(1))])
    assert shown(catalog)[0][0] == name


def test_face_ids_are_never_used_twice(catalog: Catalog, database: Store, photos: Path) -> None:
    file = make_file(photos / "a.jpg")
    catalog.record([indexed(file, "a", units(3))])
    highest = max(catalog.face_ids_of(digest_of("a")))
    with database.write() as connection:
        connection.exec_driver_sql("DELETE FROM photo")
        connection.exec_driver_sql("DELETE FROM content")
    assert len(catalog.described_faces(MODEL)) == 0  # faces and descriptors go with their content
    catalog.record([indexed(file, "a", units(1))])
    assert catalog.face_ids_of(digest_of("a"))[0] > highest
