"""Ages in photos, from dates of birth that are known more or less exactly."""

from datetime import datetime

import pytest

from faceindex.browsing.ages import age_at


@pytest.mark.parametrize(
    ("born", "taken_at", "age"),
    [
        ("2010-05-17", datetime(2020, 5, 16), 9),
        ("2010-05-17", datetime(2020, 5, 17), 10),
        ("2010-05", datetime(2020, 4, 30), 9),
        ("2010-05", datetime(2020, 5, 1), 10),
        ("2010", datetime(2020, 1, 1), 10),
        ("2010", datetime(2010, 1, 1), 0),
        ("2010", datetime(2009, 12, 31), None),
        ("2000-02-29", datetime(2001, 2, 28), 0),
        ("2010", None, None),
        (None, datetime(2020, 1, 1), None),
    ],
)
def test_age(born: str | None, taken_at: datetime | None, age: int | None) -> None:
    assert age_at(born, taken_at) == age
