"""Dates as a person types them."""

from datetime import date

import pytest

from faceindex.asking.find import parse_day
from faceindex.errors import BadRequest


def test_a_year_and_a_month_are_all_their_days() -> None:
    assert parse_day("2019", last=False) == date(2019, 1, 1)
    assert parse_day("2019", last=True) == date(2019, 12, 31)
    assert parse_day("2020-02", last=False) == date(2020, 2, 1)
    assert parse_day("2020-02", last=True) == date(2020, 2, 29)
    assert parse_day("2019-07-14", last=False) == parse_day("2019-07-14", last=True) == date(2019, 7, 14)


@pytest.mark.parametrize(
    "text", ["", "19", "2019-7", "2019-02-30", "2019-13", "0000", "tomorrow", "2019-07-14T1"]
)
def test_what_is_no_date_is_said_to_be_none(text: str) -> None:
    with pytest.raises(BadRequest, match="not a date"):
        parse_day(text, last=False)
    with pytest.raises(BadRequest, match="not a date"):
        parse_day(text, last=True)
