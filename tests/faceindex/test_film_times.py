"""Times of a film as a person reads them."""

import pytest

from faceindex.film_times import Seen, clock, times, when_seen
from index.spans import at_once
from index.values import TimeSpan
from pipeline.values import Box
from tests.faceindex.made_films import appearing
from tests.faceindex.made_library import direction, face


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00"), (7.9, "0:07"), (61, "1:01"), (3599.9, "59:59"), (3600, "1:00:00"), (36_061, "10:01:01")],
)
def test_a_time_is_rounded_down(seconds: float, text: str) -> None:
    assert clock(seconds) == text


def test_spans_come_in_order_and_those_that_touch_are_one() -> None:
    spans = [TimeSpan(7.2, 9.9), TimeSpan(1.0, 3.1), TimeSpan(3.9, 4.5), TimeSpan(12.0, 12.4)]
    assert times(spans) == "0:01-0:04, 0:07-0:09, 0:12"
    assert times([]) == ""


def test_a_face_of_a_photo_is_seen_at_no_time() -> None:
    assert when_seen(face(direction(1))) is None
    assert when_seen(appearing(direction(1), 1.0, 3.0)) == Seen(1.0, 3.0, 3.0)
    assert when_seen(Box(1, 2, 3, 4, 5.5)) == Seen(5.5, 5.5, 5.5)


def test_people_are_seen_at_once_where_the_spans_of_all_overlap() -> None:
    anna = [TimeSpan(10, 20), TimeSpan(0, 5)]
    bob, carl = [TimeSpan(4, 12), TimeSpan(15, 16)], [TimeSpan(11, 30)]
    assert at_once([anna]) == (TimeSpan(0, 5), TimeSpan(10, 20))
    assert at_once([anna, bob]) == (TimeSpan(4, 5), TimeSpan(10, 12), TimeSpan(15, 16))
    assert at_once([anna, bob, carl]) == (TimeSpan(11, 12), TimeSpan(15, 16))
    assert at_once([[TimeSpan(0, 1)], [TimeSpan(2, 3)]]) == ()
    assert at_once([[TimeSpan(0, 2), TimeSpan(1, 4)], [TimeSpan(0, 9)]]) == (TimeSpan(0, 4),)
