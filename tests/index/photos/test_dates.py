"""Which date a content has, when its file is written anew, is copied, or is renamed."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from index.photos.catalog import Catalog
from index.store.schema import content
from index.store.store import Store
from pipeline.values import DateSource, PhotoFile, PhotoKnown
from tests.index.builders import digest_of, indexed, make_file, units

EARLY, LATE = datetime(1998, 5, 6), datetime(2019, 7, 4)


@pytest.fixture
def file(photos: Path) -> PhotoFile:
    return make_file(photos / "a.jpg")


def put(catalog: Catalog, file: PhotoFile, at: datetime | None, source: DateSource | None) -> None:
    catalog.record([replace(indexed(file, "a", units(1)), taken_at=at, taken_from=source)])


def read_again(catalog: Catalog, file: PhotoFile, at: datetime, source: DateSource) -> None:
    catalog.record([PhotoKnown(file, digest_of("a"), None, at, source)])


def date_of(database: Store) -> tuple[datetime | None, DateSource | None]:
    with database.read() as connection:
        at, source = connection.execute(select(content.c.taken_at, content.c.taken_from)).one()
    return at and datetime.fromisoformat(at), source and DateSource(source)


@pytest.mark.parametrize("source", DateSource)
def test_a_content_without_a_date_takes_any(
    catalog: Catalog, database: Store, file: PhotoFile, source: DateSource
) -> None:
    put(catalog, file, None, None)
    read_again(catalog, file, EARLY, source)
    assert date_of(database) == (EARLY, source)


def test_what_the_metadata_of_the_only_file_say_now_counts(
    catalog: Catalog, database: Store, file: PhotoFile
) -> None:
    put(catalog, file, LATE, DateSource.SIDECAR)
    read_again(catalog, file, EARLY, DateSource.ORIGINAL)
    assert date_of(database) == (EARLY, DateSource.ORIGINAL)


@pytest.mark.parametrize("source", [DateSource.FILE_NAME, DateSource.CHANGED])
def test_a_file_that_lost_its_metadata_keeps_its_date(
    catalog: Catalog, database: Store, file: PhotoFile, source: DateSource
) -> None:
    put(catalog, file, EARLY, DateSource.ORIGINAL)
    read_again(catalog, file, LATE, source)
    assert date_of(database) == (EARLY, DateSource.ORIGINAL)


def test_of_two_copies_the_better_source_counts(
    catalog: Catalog, database: Store, file: PhotoFile, photos: Path
) -> None:
    copy = make_file(photos / "b.jpg")
    put(catalog, file, EARLY, DateSource.XMP)
    read_again(catalog, copy, LATE, DateSource.DIGITIZED)
    assert date_of(database) == (EARLY, DateSource.XMP)
    read_again(catalog, copy, LATE, DateSource.ORIGINAL)
    assert date_of(database) == (LATE, DateSource.ORIGINAL)


def test_two_files_of_one_picture_that_were_read_at_once(
    catalog: Catalog, database: Store, file: PhotoFile, photos: Path
) -> None:
    put(catalog, file, EARLY, DateSource.CHANGED)
    put(catalog, make_file(photos / "b.jpg"), LATE, DateSource.SIDECAR)
    put(catalog, make_file(photos / "c.jpg"), EARLY, DateSource.XMP)
    assert date_of(database) == (LATE, DateSource.SIDECAR)


def test_renaming_changes_no_date_and_a_name_says_more_than_a_day_of_editing(
    catalog: Catalog, database: Store, file: PhotoFile, photos: Path
) -> None:
    put(catalog, file, LATE, DateSource.CHANGED)
    read_again(catalog, make_file(photos / "1998-05-06.jpg"), EARLY, DateSource.FILE_NAME)
    assert date_of(database) == (EARLY, DateSource.FILE_NAME)
    read_again(catalog, make_file(photos / "2019-07-04.jpg"), LATE, DateSource.FILE_NAME)
    assert date_of(database) == (EARLY, DateSource.FILE_NAME)


def test_a_date_from_before_sources_were_known_is_trusted_until_its_file_is_read_again(
    catalog: Catalog, database: Store, file: PhotoFile, photos: Path
) -> None:
    put(catalog, file, EARLY, None)
    read_again(catalog, file, LATE, DateSource.FILE_NAME)
    assert date_of(database) == (EARLY, None)
    copy = make_file(photos / "2019-07-04.jpg")
    read_again(catalog, copy, LATE, DateSource.FILE_NAME)
    assert date_of(database) == (EARLY, None)
    read_again(catalog, copy, LATE, DateSource.DIGITIZED)
    assert date_of(database) == (LATE, DateSource.DIGITIZED)


def test_a_photo_that_is_asked_about_has_the_date_of_the_library(catalog: Catalog, file: PhotoFile) -> None:
    put(catalog, file, LATE, DateSource.SIDECAR)
    asked = replace(indexed(file, "a", units(1)), taken_at=EARLY, taken_from=DateSource.ORIGINAL)
    stored = catalog.with_stored_date(asked)
    assert (stored.taken_at, stored.taken_from) == (LATE, DateSource.SIDECAR)
    unknown = replace(asked, digest=digest_of("b"), picture=digest_of("b"))
    assert catalog.with_stored_date(unknown) is unknown


def test_that_nothing_says_a_date_is_stored(catalog: Catalog, database: Store, file: PhotoFile) -> None:
    put(catalog, file, None, None)
    with database.read() as connection:
        assert connection.scalars(select(content.c.taken_from)).all() == ["none"]
    assert catalog.with_stored_date(indexed(file, "a", units(1))).taken_from is None
