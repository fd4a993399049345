"""Dates as a person types them."""

from datetime import date

import pytest

from faceindex.asking.find import first_day, last_day
from faceindex.errors import BadRequest


def test_a_year_and_a_month_are_all_their_days() -> None:
    assert (first_day("2019"), last_day("2019")) == (date(2019, 1, 1), date(2019, 12, 31))
    assert (first_day("2020-02"), last_day("2020-02")) == (date(2020, 2, 1), date(2020, 2, 29))
    assert first_day("2019-07-14") == last_day("2019-07-14") == date(2019, 7, 14)


@pytest.mark.parametrize(
    "text", ["", "19", "2019-7", "2019-02-30", "2019-13", "0000", "tomorrow", "2019-07-14T1"]
)
def test_what_is_no_date_is_said_to_be_none(text: str) -> None:
    with pytest.raises(BadRequest, match="not a date"):
        first_day(text)
    with pytest.raises(BadRequest, match="not a date"):
        last_day(text)
