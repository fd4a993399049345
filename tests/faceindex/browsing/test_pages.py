"""Pages give each item once, whatever their size, and whatever comes or goes between them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceindex.browsing.pages import Ranked, cut
from faceindex.errors import BadRequest

keys = st.tuples(st.sampled_from(["", "anna", "ünal", "\U0001f436"]), st.floats(-2, 2), st.integers(0, 9))
lists = st.sets(keys, max_size=30)


def ranked(items: set[tuple[str, float, int]]) -> Ranked[tuple[str, float, int]]:
    return Ranked.by(list(items), lambda item: item)


@given(lists, lists, lists, st.integers(1, 7))
def test_each_item_that_stays_comes_once_and_in_order(
    stays: set[tuple[str, float, int]],
    comes: set[tuple[str, float, int]],
    goes: set[tuple[str, float, int]],
    most: int,
) -> None:
    before, after = ranked(stays | goes), ranked(stays | (comes - goes))
    seen: list[tuple[str, float, int]] = []
    cursor, now = None, before
    while True:
        page = cut(now, cursor, most)
        assert len(page.items) <= most
        assert page.total == len(now.items)
        seen += page.items
        now, cursor = after, page.after
        if cursor is None:
            break
    assert seen == sorted(set(seen))
    assert stays <= set(seen)


def test_a_list_begins_where_it_is_asked_to() -> None:
    numbers = Ranked.by([5, 1, 3, 2, 4], lambda each: (each,))
    page = cut(numbers, None, 2, lambda key: key >= (3,))
    assert page.items == (3, 4)
    assert cut(numbers, page.after, 2, lambda key: key >= (3,)).items == (5,)


@pytest.mark.parametrize("cursor", ["", "x", "äöü", "bm8", "WzFd", "W10", "eyJhIjoxfQ", "A" * 4000])
def test_what_is_no_cursor_of_a_list_is_refused_or_a_place_in_it(cursor: str) -> None:
    names = Ranked.by(["a", "b"], lambda each: (each,))
    try:
        page = cut(names, cursor, 1)
    except BadRequest as error:
        assert "This is no place in the list" in str(error)  # noqa: PT017 - some are places
    else:
        assert cursor == "W10"  # an empty key is before all others
        assert page.items == ("a",)


@pytest.mark.parametrize("most", [0, -1, 1001])
def test_a_page_has_a_size(most: int) -> None:
    with pytest.raises(BadRequest, match="A page has 1 to 1,000 items"):
        cut(Ranked.by([1], lambda each: (each,)), None, most)
