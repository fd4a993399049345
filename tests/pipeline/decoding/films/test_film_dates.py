"""When a film was taken, by the metadata of its container."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from pipeline.decoding.films.film_dates import taken_at

SUMMER = timezone(timedelta(hours=2))


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({"creation_time": "2019-07-04T10:20:30.000000Z"}, datetime(2019, 7, 4, 10, 20, 30, tzinfo=UTC)),
        (
            {
                "creation_time": "2026-05-23T10:18:57.000000Z",  # of the copy
                "com.apple.quicktime.creationdate": "2019-07-04T12:20:30+0200",
            },
            datetime(2019, 7, 4, 12, 20, 30, tzinfo=SUMMER),
        ),
        ({"date": "2012-04-07T14:33:12+0200"}, datetime(2012, 4, 7, 14, 33, 12, tzinfo=SUMMER)),
        (
            {"date": "2012", "creation_time": "2013-01-02T03:04:05Z"},
            datetime(2013, 1, 2, 3, 4, 5, tzinfo=UTC),
        ),
        ({"date": "2012-04-07"}, None),  # the day of a release, as of bought films
        ({"creation_time": "1904-01-01T00:00:00.000000Z"}, None),
        ({"creation_time": "1970-01-01T00:00:00.000000Z"}, None),
        ({"creation_time": "yesterday"}, None),
        ({}, None),
    ],
)
def test_dates(metadata: dict[str, str], expected: datetime | None) -> None:
    found = taken_at(metadata)
    assert found == expected
    assert found is None or expected is None or found.utcoffset() == expected.utcoffset()
